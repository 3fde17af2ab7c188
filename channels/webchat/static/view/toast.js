/** Short notices that go away by themselves, read out politely. */
import { el, hidden } from "../dom.js";

const SHOWN_FOR = 6000;

export class Toast {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;

  constructor() {
    this.element = el("div", { class: "hc-toast-place", role: "status" });
  }

  /** @param {string} text */
  show(text) {
    this.#put(el("p", { class: "hc-toast" }, text));
  }

  /** @param {string} text read out only, for what can be seen already */
  announce(text) {
    this.#put(hidden(text));
  }

  clear() {
    clearTimeout(this.#timer);
    this.element.replaceChildren();
  }

  /** @param {Element} notice */
  #put(notice) {
    this.clear();
    this.element.append(notice);
    this.#timer = setTimeout(() => this.clear(), SHOWN_FOR);
  }
}
