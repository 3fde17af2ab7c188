/** One line of the conversation, as text and nothing but text. */
import { el, hidden, icon } from "./dom.js";
import { formatClock } from "./times.js";

/**
 * @typedef {Object} Entry
 * @property {number} seq
 * @property {"message"|"holder"} type
 * @property {"resident"|"bot"|"operator"|"system"} sender
 * @property {string} text
 * @property {boolean} covered a number in it is covered and can be revealed
 * @property {string} sent_at
 * @property {string} [operator_name]
 * @property {string} [client_message_id]
 * @property {{title: string, payload: string}[]} [buttons]
 * @property {{slug: string, title: string, source?: string}[]} [citations]
 * @property {{case_number: string}} [case]
 * @property {{lat: number, lon: number, label?: string}} [location]
 * @property {{id: string, url: string, kind?: string, name?: string, width?: number, height?: number}[]} [attachments]
 */

/** @typedef {{onReveal: (seq: number, bubble: HTMLElement) => void, onPicture: (url: string) => void, onArticle: (seq: number, button: HTMLButtonElement) => void}} LineActions */

/** The longest side of a picture among the lines, in CSS pixels. */
const THUMBNAIL = 240;
const NAMES = { resident: "市民", bot: "智能助手", operator: "坐席", system: "系统" };

/**
 * @param {Entry} entry
 * @param {boolean} first of a run by the same sender
 * @param {LineActions} actions
 * @returns {HTMLElement}
 */
export function createLine(entry, first, actions) {
  const line = el("div", { class: `line from-${entry.sender}${first ? " first" : ""}` });
  line.dataset.seq = String(entry.seq);
  if (first && entry.sender !== "system") line.append(nameOf(entry));
  const said = el("div", { class: "line-parts" }, ...parts(entry, actions));
  line.append(el("div", { class: "line-body" }, said, timeOf(entry)));
  return line;
}

/** @param {Entry} entry */
export function nameFor({ sender, operator_name: name }) {
  return sender === "operator" && name ? name : NAMES[sender];
}

/** @param {Entry} entry */
function nameOf(entry) {
  const picture = { resident: "person", bot: "assistant", operator: "headset", system: "alert" };
  return el("p", { class: "line-name" }, icon(picture[entry.sender]), nameFor(entry));
}

/** @param {Entry} entry */
function timeOf({ sent_at: at }) {
  return el("time", { class: "line-time", datetime: at }, formatClock(at));
}

/**
 * @param {Entry} entry
 * @param {LineActions} actions
 * @returns {Node[]}
 */
function parts(entry, actions) {
  const nodes = [];
  if (entry.text) nodes.push(bubble(entry, actions));
  for (const each of entry.attachments ?? []) nodes.push(each.kind === "audio" ? recording(each) : picture(each, actions));
  if (entry.location) nodes.push(place(entry.location));
  if (entry.case) nodes.push(caseLink(entry.case.case_number));
  if (entry.citations?.length) nodes.push(sources(entry.citations));
  if (entry.buttons?.length) nodes.push(offers(entry.buttons));
  return nodes;
}

/**
 * @param {Entry} entry
 * @param {LineActions} actions
 */
function bubble(entry, actions) {
  const words = el("span", { class: "words" }, entry.text);
  const box = el("div", { class: "bubble" }, hidden(`${nameFor(entry)}说：`), words);
  if (entry.covered) {
    const reveal = () => actions.onReveal(entry.seq, box);
    box.append(el("button", { type: "button", class: "reveal", onclick: reveal }, icon("eye"), "显示号码"));
  }
  if (entry.sender === "operator") box.append(articleButton(entry.seq, actions));
  return box;
}

/**
 * @param {NonNullable<Entry["attachments"]>[number]} attachment
 * @param {LineActions} actions
 */
function picture({ url, name, width = THUMBNAIL, height = THUMBNAIL }, actions) {
  // the place is kept before the picture is there, so that the lines below do not jump
  const scale = Math.min(1, THUMBNAIL / width, THUMBNAIL / height);
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const image = el("img", { src: `${url}?size=small`, alt: "", loading: "lazy", ...size });
  const label = `查看大图：${name || "图片"}`;
  return el("button", { type: "button", class: "picture", "aria-label": label, onclick: () => actions.onPicture(url) }, image);
}

/**
 * @param {number} seq
 * @param {LineActions} actions
 */
function articleButton(seq, actions) {
  const press = (/** @type {Event} */ event) => actions.onArticle(seq, /** @type {HTMLButtonElement} */ (event.currentTarget));
  return el("button", { type: "button", class: "line-deed", title: "用这句答复起草一篇知识条目", onclick: press }, icon("book"), "存为知识草稿");
}

/** @param {NonNullable<Entry["attachments"]>[number]} attachment */
function recording({ url }) {
  return el("audio", { class: "recording", src: url, controls: true, preload: "none", "aria-label": "市民的语音" });
}

/** @param {NonNullable<Entry["location"]>} location */
function place({ lat, lon, label }) {
  const position = `北纬 ${Number(lat).toFixed(5)}°，东经 ${Number(lon).toFixed(5)}°`;
  const words = el("span", {}, el("strong", {}, label || "市民发来的位置"), el("small", {}, position));
  return el("div", { class: "bubble place" }, icon("pin"), words);
}

/** @param {string} number */
function caseLink(number) {
  const address = `/console/cases/${encodeURIComponent(number)}`;
  return el("a", { class: "case-link", href: address, target: "_blank", rel: "noopener" }, icon("case"), `工单 ${number}`, hidden("（在新窗口打开）"));
}

/** @param {NonNullable<Entry["citations"]>} citations */
function sources(citations) {
  const items = citations.map(({ slug, title, source }) => {
    const address = `/kb/${encodeURIComponent(slug)}`;
    const link = el("a", { href: address, target: "_blank", rel: "noopener" }, title, hidden("（在新窗口打开）"));
    const editor = `/console/kb/new?of=${encodeURIComponent(slug)}`;
    const named = hidden(`：${title}（在新窗口打开）`);
    const mend = el("a", { href: editor, target: "_blank", rel: "noopener" }, "改这篇", named);
    return el("li", {}, link, " ", mend, source && el("small", {}, source));
  });
  return el("ul", { class: "sources", "aria-label": "信息来源" }, ...items);
}

/** @param {NonNullable<Entry["buttons"]>} buttons what the resident could press */
function offers(buttons) {
  const items = buttons.map(({ title }) => el("li", {}, title));
  return el("ul", { class: "offers", "aria-label": "给市民的选项" }, ...items);
}
