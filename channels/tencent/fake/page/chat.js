/** A chat with the gateway through the fake platforms: what a resident would see. */

const need = (/** @type {string} */ query) => /** @type {HTMLElement} */ (document.querySelector(query));
const value = (/** @type {string} */ query) => /** @type {HTMLInputElement} */ (need(query)).value;
const VIA = { passive: "当场答复", customer: "客服消息", notice: "通知", welcome: "欢迎语", system: "微信提示" };
const PLACE = { lat: "39.98412", lon: "116.30748", label: "海淀区中关村大街27号" };
const pictures = new Map();
let after = 0;
let round = 0;

const base = () => `/${value("#channel")}/dev`;
const isWeChat = () => value("#channel") === "weixin";

/** @param {Record<string, unknown>} deed */
async function act(deed) {
  await fetch(`${base()}/chats/${encodeURIComponent(value("#user"))}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(deed) });
}

/** @param {File} file */
async function keepMedia(file) {
  const type = file.name.endsWith(".amr") ? "audio/amr" : file.type;
  const answer = await fetch(`${base()}/media`, { method: "POST", headers: { "Content-Type": type }, body: file });
  const { media_id: id } = await answer.json();
  pictures.set(id, URL.createObjectURL(file));
  return id;
}

/** @param {string} tag @param {string} name @param {string} text */
function make(tag, name, text) {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
}

/** Text with the links that WeChat would make of `<a href>`. @param {string} text */
function withLinks(text) {
  const bubble = make("div", "bubble", "");
  for (const [index, piece] of text.split(/<a href="(https?:[^"]+)">([^<]*)<\/a>/).entries()) {
    if (index % 3 === 0) bubble.append(piece);
    else if (index % 3 === 1) bubble.append(Object.assign(document.createElement("a"), { href: piece, target: "_blank", rel: "noopener" }));
    else /** @type {HTMLElement} */ (bubble.lastElementChild).textContent = piece;
  }
  return bubble;
}

/** @param {any} message */
function show(message) {
  const line = document.createElement("li");
  line.className = message.type === "event" ? "event" : message.side;
  if (message.type === "event") line.textContent = message.text;
  else if (message.type === "card") {
    const card = Object.assign(document.createElement("a"), { className: "card", href: message.url, target: "_blank", rel: "noopener" });
    card.append(make("strong", "", message.title), make("span", "", message.text));
    line.append(card);
  } else if (pictures.has(message.media_id) && message.type === "image") {
    line.append(Object.assign(document.createElement("img"), { src: pictures.get(message.media_id), alt: "图片" }));
  } else line.append(withLinks(message.text || { voice: "［语音］", location: "［位置］", image: "［图片］" }[message.type] || `［${message.type}］`));
  if (message.side === "account") line.append(make("small", "", VIA[message.via] ?? message.via));
  need("#log").append(line);
  need("#log").scrollTop = need("#log").scrollHeight;
}

async function follow() {
  const mine = (round += 1);
  after = 0;
  need("#log").replaceChildren();
  while (mine === round) {
    try {
      const answer = await fetch(`${base()}/chats/${encodeURIComponent(value("#user"))}?after=${after}&wait=2`);
      const state = await answer.json();
      if (mine !== round) return;
      for (const message of state.messages) show(message);
      after += state.messages.length;
      need("#left").textContent = state.left;
      need("#tries").textContent = state.tries;
      need("#follows").textContent = isWeChat() && !state.follows ? "（未关注）" : "";
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

/** @param {any} entry */
function menuButton(entry) {
  const button = make("button", "", entry.name);
  button.addEventListener("click", () => act({ type: "event", Event: "CLICK", EventKey: entry.key, label: `点了菜单“${entry.name}”` }));
  return button;
}

async function showMenu() {
  const menu = need("#menu");
  menu.replaceChildren();
  if (!isWeChat()) return;
  const answer = await fetch(`${base()}/menu`);
  for (const entry of (await answer.json()).button) {
    if (!entry.sub_button?.length) menu.append(menuButton(entry));
    else {
      const details = document.createElement("details");
      const below = document.createElement("div");
      below.append(...entry.sub_button.map(menuButton));
      details.append(make("summary", "", `≡ ${entry.name}`), below);
      menu.append(details);
    }
  }
}

need("#composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = /** @type {HTMLInputElement} */ (need("#words"));
  if (!words.value.trim()) return;
  void act(isWeChat() ? { type: "text", Content: words.value } : { type: "text", content: words.value });
  words.value = "";
});
need("#more").addEventListener("click", () => {
  const sheet = need("#sheet");
  sheet.hidden = !sheet.hidden;
  need("#more").setAttribute("aria-expanded", String(!sheet.hidden));
});
for (const kind of ["picture", "voice"]) {
  need(`#${kind}`).addEventListener("change", async (event) => {
    const file = /** @type {HTMLInputElement} */ (event.target).files?.[0];
    if (!file) return;
    const id = await keepMedia(file);
    const type = kind === "picture" ? "image" : "voice";
    await act(isWeChat() ? { type, MediaId: id, ...(type === "voice" ? { Format: "amr" } : { PicUrl: "" }) } : { type, media_id: id });
  });
}
need("#place").addEventListener("click", () =>
  act(isWeChat() ? { type: "location", Location_X: PLACE.lat, Location_Y: PLACE.lon, Scale: 16, Label: PLACE.label } : { type: "location", latitude: Number(PLACE.lat), longitude: Number(PLACE.lon), name: PLACE.label, address: "" }),
);
for (const button of document.querySelectorAll("[data-event]")) {
  const name = /** @type {HTMLElement} */ (button).dataset.event;
  button.addEventListener("click", () => act(isWeChat() ? { type: "event", Event: name, EventKey: "", label: name === "subscribe" ? "关注了公众号" : "取消了关注" } : { type: "enter" }));
}
for (const button of document.querySelectorAll("[data-fault]")) {
  button.addEventListener("click", async () => {
    await fetch(`${base()}/faults`, { method: "POST", body: /** @type {HTMLElement} */ (button).dataset.fault });
    need("#note").textContent = `已设置：${button.textContent}`;
  });
}
for (const query of ["#channel", "#user"]) need(query).addEventListener("change", () => { void showMenu(); void follow(); });
void showMenu();
void follow();
