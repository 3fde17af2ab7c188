/** Where the resident writes: text, pictures and a place. */
import { el, hidden } from "../dom.js";
import { countCharacters } from "../format.js";
import { icon } from "../icons.js";
import { ACCEPTED_TYPES } from "../pictures.js";
import { PictureTray } from "./picture_tray.js";

const LONGEST = 2000;
const COUNT_FROM = 1800;

/**
 * @typedef {Object} ComposerOptions
 * @property {(text: string) => void} onText
 * @property {(file: File) => void} onImage
 * @property {() => void} onLocation
 * @property {() => void} onTyping
 * @property {(text: string) => void} notify
 */

export class Composer {
  #options;
  #tray;
  #composing = false;
  #field = el("textarea", {
    id: "hc-text",
    rows: 1,
    placeholder: "请输入您的问题",
    enterkeyhint: "send",
    autocomplete: "off",
    "aria-describedby": "hc-count",
  });
  #count = el("p", { id: "hc-count", class: "hc-count", "aria-live": "polite" });
  #send = el("button", { type: "submit", class: "hc-send" }, icon("send"), el("span", {}, "发送"));
  #file = el("input", { type: "file", accept: ACCEPTED_TYPES, multiple: true, hidden: true });

  /** @param {ComposerOptions} options */
  constructor(options) {
    this.#options = options;
    this.#tray = new PictureTray(options.notify, () => this.#changed());
    const picture = tool("picture", "图片", () => this.#file.click());
    const place = tool("pin", "位置", options.onLocation);
    this.element = el(
      "form",
      { class: "hc-composer", "aria-label": "写消息" },
      this.#tray.element,
      el(
        "div",
        { class: "hc-write" },
        el(
          "label",
          { for: "hc-text", class: "hc-hidden" },
          "消息内容，按回车发送，Shift 加回车换行",
        ),
        this.#field,
        this.#send,
      ),
      el("div", { class: "hc-extras" }, picture, place, this.#count, this.#file),
    );
    this.#listen();
    this.#changed();
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** Makes the field as tall as what is written in it. */
  fit() {
    this.#field.style.height = "auto";
    const border = this.#field.offsetHeight - this.#field.clientHeight;
    this.#field.style.height = `${this.#field.scrollHeight + border}px`;
  }

  #listen() {
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener("input", () => {
      this.#changed();
      if (this.#field.value.trim()) this.#options.onTyping();
    });
    this.#field.addEventListener("compositionstart", () => (this.#composing = true));
    this.#field.addEventListener("compositionend", () => (this.#composing = false));
    this.#field.addEventListener("keydown", (event) => this.#onKey(event));
    this.#field.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      void this.#tray.add(files);
    });
    this.#file.addEventListener("change", () => {
      void this.#tray.add([...(this.#file.files ?? [])]);
      this.#file.value = "";
    });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key !== "Enter" || event.shiftKey) return;
    // While a word is being composed, Enter chooses it. Safari has left composition
    // by then and tells it apart only by the key code 229.
    if (this.#composing || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.#field.value.trim();
    const length = countCharacters(text);
    if (length > LONGEST) {
      this.#options.notify(`内容有 ${length} 个字，超过了 ${LONGEST} 字，请删短一些或分几条发送。`);
      return;
    }
    if (!text && this.#tray.isEmpty) return;
    for (const file of this.#tray.take()) this.#options.onImage(file);
    if (text) this.#options.onText(text);
    this.#field.value = "";
    this.#changed();
  }

  #changed() {
    this.fit();
    const length = countCharacters(this.#field.value.trim());
    const over = length > LONGEST;
    this.#field.setAttribute("aria-invalid", String(over));
    this.#count.classList.toggle("hc-over", over);
    const left = over ? `超出 ${length - LONGEST} 字` : `${length} / ${LONGEST} 字`;
    this.#count.textContent = length >= COUNT_FROM ? left : "";
    this.#send.disabled = length === 0 && this.#tray.isEmpty;
  }
}

/**
 * @param {string} iconName
 * @param {string} label
 * @param {() => void} onclick
 */
function tool(iconName, label, onclick) {
  const words = [hidden("发送"), el("span", {}, label)];
  return el("button", { type: "button", class: "hc-extra", onclick }, icon(iconName), ...words);
}
