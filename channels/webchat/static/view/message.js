/** One line of the conversation: its bubble, and the small print that changes under it. */
import { el, hidden } from "../dom.js";
import { formatClock } from "../format.js";
import { icon } from "../icons.js";
import { renderText } from "../richtext.js";
import { createAttachment, createOwnPicture } from "./attachment.js";
import { createCaseCard } from "./case_card.js";
import { createDelivery } from "./delivery.js";
import { createPlaceCards } from "./place_cards.js";
import { createRating } from "./rating.js";

/** @typedef {import("../types.js").Entry} Entry */
/** @typedef {import("../types.js").Message} Message */
/** @typedef {import("../types.js").Attachment} Attachment */
/** @typedef {import("../types.js").Button} Button */

/**
 * What a line may ask of the page around it.
 * @typedef {Object} MessageActions
 * @property {(attachment: Attachment, small: boolean) => Promise<Blob>} loadAttachment
 * @property {(address: string, name: string) => void} onOpenPicture
 * @property {(button: Button) => void} onButton
 * @property {(clientMessageId: string) => void} onRetry
 * @property {(clientMessageId: string) => void} onDiscard
 * @property {(seq: number, helpful: boolean, reason: string) => Promise<void>} rate
 * @property {(seq: number) => import("../types.js").Rating|null} rating given before
 * @property {(text: string) => void} notify
 */

/**
 * How a line stands among its neighbours.
 * @typedef {Object} Surroundings
 * @property {string} day a separator above, or empty
 * @property {boolean} first of a run by the same sender
 * @property {boolean} last of such a run
 * @property {boolean} latestOwn the resident's latest message
 * @property {boolean} answerable its buttons may be pressed
 * @property {string} chosen the payload or title that was pressed, or empty
 */

/** A server may describe a picture or place in brackets for channels that show text only. */
const PLACEHOLDER = /^[[【](?:图片|照片|位置|image|location)[\]】]$/i;

export class MessageView {
  #actions;
  /** @type {Message|null} */
  #drawn = null;
  /** @type {HTMLButtonElement[]} */
  #buttons = [];
  #day = el("div", { class: "hc-day" });
  #name = el("div", { class: "hc-name", "aria-hidden": "true" });
  #body = el("div", { class: "hc-body" });
  #meta = el("div", { class: "hc-meta", "aria-live": "off" });

  /**
   * @param {Entry} entry
   * @param {MessageActions} actions
   */
  constructor(entry, actions) {
    this.#actions = actions;
    const kind = `hc-from-${entry.message.sender}`;
    this.element = el(
      "div",
      { class: `hc-entry ${kind}` },
      this.#day,
      this.#name,
      this.#body,
      this.#meta,
    );
  }

  /**
   * @param {Entry} entry
   * @param {Surroundings} surroundings
   */
  update(entry, surroundings) {
    const { day, first, last, latestOwn, answerable, chosen } = surroundings;
    if (this.#drawn !== entry.message) this.#draw(entry);
    this.element.classList.toggle("hc-first", first);
    if (this.#day.textContent !== day) this.#day.textContent = day;
    for (const button of this.#buttons) {
      button.disabled = !answerable;
      const { payload, title } = button.dataset;
      button.classList.toggle(
        "hc-chosen",
        chosen !== "" && (chosen === title || chosen === payload),
      );
    }
    this.#updateMeta(entry, last, latestOwn);
  }

  /** Takes away what no longer works: the conversation this line belongs to is over. */
  retire() {
    for (const button of this.#buttons) button.disabled = true;
  }

  /** @param {Entry} entry */
  #draw(entry) {
    const file = entry.outgoing?.file;
    // The resident's own picture is on the screen already: the server's copy adds nothing.
    if (file && this.#drawn) {
      this.#drawn = entry.message;
      return;
    }
    this.#drawn = entry.message;
    this.#name.replaceChildren(...nameOf(entry.message));
    this.#body.replaceChildren(spokenSender(entry.message), ...this.#parts(entry.message, file));
  }

  /**
   * @param {Message} message
   * @param {File|undefined} file
   * @returns {Node[]}
   */
  #parts(message, file) {
    const attachments = message.attachments ?? [];
    const replaced = (attachments.length || message.location) && PLACEHOLDER.test(message.text);
    const parts = [];
    if (
      message.text &&
      !replaced &&
      !(message.location && message.text === message.location.label)
    ) {
      parts.push(el("div", { class: "hc-bubble" }, renderText(message.text)));
    }
    if (file) parts.push(createOwnPicture(file, this.#actions.onOpenPicture));
    for (const each of attachments) {
      const { loadAttachment: load, onOpenPicture: onOpen } = this.#actions;
      parts.push(createAttachment(each, { load, onOpen }));
    }
    if (message.location) parts.push(placeCard(message.location));
    if (message.case) parts.push(createCaseCard(message.case, this.#actions.notify));
    if (message.places?.length) parts.push(createPlaceCards(message.places));
    if (message.citations?.length) parts.push(citationList(message.citations));
    if (message.citations?.length && message.sender === "bot") parts.push(this.#rating(message));
    if (message.buttons?.length) parts.push(this.#buttonRow(message.buttons));
    return parts.length ? parts : [el("div", { class: "hc-bubble" }, "图片")];
  }

  /** @param {Message} message */
  #rating({ seq = 0 }) {
    const { rate, rating, notify } = this.#actions;
    return createRating((helpful, reason) => rate(seq, helpful, reason), notify, rating(seq));
  }

  /** @param {Button[]} buttons */
  #buttonRow(buttons) {
    this.#buttons = buttons.map((each) => {
      const press = () => this.#actions.onButton(each);
      const words = [icon("check"), el("span", {}, each.title)];
      const button = el("button", { type: "button", class: "hc-reply", onclick: press }, ...words);
      button.dataset.payload = each.payload;
      button.dataset.title = each.title;
      return button;
    });
    return el(
      "div",
      { class: "hc-replies", role: "group", "aria-label": "快捷回复" },
      ...this.#buttons,
    );
  }

  /**
   * @param {Entry} entry
   * @param {boolean} last
   * @param {boolean} latestOwn
   */
  #updateMeta(entry, last, latestOwn) {
    const { message, outgoing } = entry;
    const busy = outgoing && outgoing.state !== "sent" && entry.seq === null;
    const time = formatClock(message.sent_at);
    const state = busy ? JSON.stringify([outgoing.state, outgoing.error, outgoing.progress]) : "";
    const delivered = !busy && latestOwn;
    const key = `${last}|${delivered}|${time}|${state}`;
    if (this.#meta.dataset.key === key) return;
    this.#meta.dataset.key = key;
    const parts = [];
    if (last && time) parts.push(el("time", { datetime: message.sent_at }, time));
    if (delivered) parts.push(el("span", {}, "已送达"));
    if (busy) parts.push(createDelivery(outgoing, this.#actions));
    this.#meta.replaceChildren(...parts);
  }
}

/** @param {Message} message */
function nameOf({ sender, operator_name: operator }) {
  if (sender === "bot") return [icon("assistant"), "智能助手"];
  if (sender === "operator") return [icon("person"), operator ? `坐席 ${operator}` : "人工坐席"];
  return [];
}

/** @param {Message} message read out with every line, also where the name is not repeated */
function spokenSender({ sender, operator_name: operator = "" }) {
  const names = {
    resident: "我说：",
    bot: "智能助手说：",
    operator: `坐席${operator}说：`,
    system: "系统提示：",
  };
  return hidden(names[sender]);
}

/** @param {import("../types.js").Place} place */
function placeCard({ lat, lon, label }) {
  const position = `北纬 ${Number(lat).toFixed(5)}°，东经 ${Number(lon).toFixed(5)}°`;
  const words = el("span", {}, el("strong", {}, label || "位置"), el("small", {}, position));
  return el("div", { class: "hc-bubble hc-place" }, icon("pin"), words);
}

/** @param {import("../types.js").Citation[]} citations */
function citationList(citations) {
  const items = citations.map(({ slug, title, source }) => {
    const link = el(
      "a",
      { href: `/kb/${encodeURIComponent(slug)}`, target: "_blank", rel: "noopener" },
      el("span", { class: "hc-citation-title" }, title),
      source && el("span", { class: "hc-citation-source" }, source),
      hidden("（在新窗口打开）"),
    );
    return el("li", {}, link);
  });
  const head = el("div", { class: "hc-citations-head" }, icon("book"), "信息来源");
  return el("div", { class: "hc-citations" }, head, el("ul", {}, ...items));
}
