/** The header: who answers now, and the three things always within reach. */
import { el, hidden } from "../dom.js";
import { icon } from "../icons.js";

/** @typedef {"calm"|"waiting"|"human"|"off"} Tone */

/**
 * @typedef {Object} HeaderOptions
 * @property {string} title
 * @property {() => void} onHuman
 * @property {() => void} onLargeType
 * @property {() => void} onNew
 */

export class Header {
  #presence = el("span", { class: "hc-presence-text" });
  #presenceLine = el(
    "p",
    { class: "hc-presence" },
    el("span", { class: "hc-dot" }),
    this.#presence,
  );
  #human;
  #largeType;
  #fresh;

  /** @param {HeaderOptions} options */
  constructor({ title, onHuman, onLargeType, onNew }) {
    this.#human = tool("headset", "人工", "转人工服务", () => {
      if (this.#human.getAttribute("aria-disabled") !== "true") onHuman();
    });
    this.#human.classList.add("hc-tool-human");
    this.#largeType = tool("type", "大字版", "", onLargeType);
    this.#fresh = tool("renew", "新会话", "", onNew);
    this.element = el(
      "header",
      { class: "hc-header" },
      el("div", { class: "hc-mark" }, icon("city")),
      el("div", { class: "hc-titles" }, el("h1", {}, title), this.#presenceLine),
      el("div", { class: "hc-tools" }, this.#human, this.#largeType, this.#fresh),
    );
  }

  /**
   * @param {string} text
   * @param {Tone} tone
   */
  setPresence(text, tone) {
    this.#presence.textContent = text;
    this.#presenceLine.dataset.tone = tone;
  }

  /** @param {boolean} available false while a person is called or already answers */
  setHumanAvailable(available) {
    this.#human.setAttribute("aria-disabled", String(!available));
  }

  /** @param {boolean} on */
  setLargeType(on) {
    this.#largeType.setAttribute("aria-pressed", String(on));
  }

  /** @param {boolean} available */
  setNewAvailable(available) {
    this.#fresh.disabled = !available;
  }
}

/**
 * @param {string} iconName
 * @param {string} label shown
 * @param {string} spoken read out instead, where the shown word alone is too short
 * @param {() => void} onclick
 */
function tool(iconName, label, spoken, onclick) {
  const words = spoken
    ? [el("span", { "aria-hidden": "true" }, label), hidden(spoken)]
    : [el("span", {}, label)];
  return el("button", { type: "button", class: "hc-tool", onclick }, icon(iconName), ...words);
}
