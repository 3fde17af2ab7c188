/** The lines between header and conversation: the network, and who holds the conversation. */
import { el } from "../dom.js";
import { icon } from "../icons.js";

/** @typedef {{label: string, onclick: () => void}} BannerAction */

/**
 * @typedef {Object} BannerContent
 * @property {"offline"|"queue"|"human"|"bot"|"closed"|"problem"} kind
 * @property {string} text
 * @property {BannerAction} [action]
 */

const ICONS = {
  offline: "offline",
  queue: "clock",
  human: "person",
  bot: "assistant",
  closed: "check",
  problem: "alert",
};

export class Banner {
  #shown = "";

  constructor() {
    this.element = el("div", { class: "hc-banner-place", role: "status" });
  }

  /** @param {BannerContent|null} content null takes the banner away */
  show(content) {
    const key = content ? `${content.kind}|${content.text}` : "";
    if (key === this.#shown) return;
    this.#shown = key;
    this.element.replaceChildren(...(content ? [draw(content)] : []));
  }
}

/** @param {BannerContent} content */
function draw({ kind, text, action }) {
  const button =
    action &&
    el("button", { type: "button", class: "hc-link", onclick: action.onclick }, action.label);
  return el(
    "div",
    { class: `hc-banner hc-banner-${kind}` },
    icon(ICONS[kind]),
    el("p", {}, text),
    button,
  );
}
