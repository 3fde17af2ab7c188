/** Where the operator writes: to the resident, or a note that he never sees. */
import { ApiError, post } from "./api.js";
import { need } from "./dom.js";
import { tell } from "./toast.js";

/** @typedef {"reply"|"note"} Mode */
/** @typedef {{onTyping: (active: boolean) => void, onSent: (mode: Mode) => void}} ComposerActions */

const TYPING_STOPS = 3000;
const COUNT_FROM = 0.9;
const LOCKED = {
  bot: "智能助手正在接待，接管后可以回复市民。",
  queue: "市民在等候人工，接管后可以回复。",
  operator: "正在接待，只有接待的坐席可以回复。",
  closed: "会话已结束，不能再回复市民。",
};

/** What was being written in conversations left open; gone with the page. */
/** @type {Map<string, string>} */
const unsent = new Map();

export class Composer {
  #id;
  #most;
  #actions;
  /** @type {Mode} */
  #mode = "reply";
  #form = /** @type {HTMLFormElement} */ (need("#composer"));
  #words = /** @type {HTMLTextAreaElement} */ (need("#words"));
  #send = /** @type {HTMLButtonElement} */ (need("#send"));
  #composing = false;
  #sending = false;
  #typing = false;
  #typingTimer = 0;
  #messageId = "";

  /**
   * @param {string} id of the conversation
   * @param {number} most characters
   * @param {ComposerActions} actions
   */
  constructor(id, most, actions) {
    this.#id = id;
    this.#most = most;
    this.#actions = actions;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#words.addEventListener("input", () => this.#changed(true));
    this.#words.addEventListener("compositionstart", () => (this.#composing = true));
    this.#words.addEventListener("compositionend", () => (this.#composing = false));
    this.#words.addEventListener("keydown", (event) => this.#onKey(event));
    for (const button of this.#form.querySelectorAll("[data-mode]")) {
      button.addEventListener("click", () => {
        this.#keep();
        this.#setMode(button.getAttribute("data-mode") === "note" ? "note" : "reply");
        this.focus();
      });
    }
    this.#setMode("reply");
  }

  /** Takes over who holds the conversation now. */
  update() {
    const { holder = "", mine = "", operatorName = "" } = need("#standing").dataset;
    const locked = this.#mode === "reply" && mine !== "yes";
    const box = need("#locked");
    const words = LOCKED[/** @type {keyof typeof LOCKED} */ (holder)] ?? "";
    /** @type {HTMLElement} */ (box.firstElementChild).textContent =
      holder === "operator" ? `${operatorName} ${words}` : words;
    box.hidden = !locked;
    need("#write").hidden = locked;
    need("#write-hint").hidden = locked;
    if (locked) this.#stopTyping();
  }

  focus() {
    if (!need("#write").hidden) this.#words.focus();
  }

  /** @param {Mode} mode */
  #setMode(mode) {
    this.#stopTyping();
    this.#mode = mode;
    this.#messageId = "";
    this.#form.dataset.mode = mode;
    for (const button of this.#form.querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-mode") === mode));
    }
    const note = mode === "note";
    this.#words.placeholder = note ? "写给同事的备注，市民看不到" : "回复市民";
    /** @type {HTMLElement} */ (this.#send.querySelector("span")).textContent = note ? "保存备注" : "发送";
    this.#words.value = unsent.get(`${this.#id}:${mode}`) ?? "";
    this.#changed(false);
    this.update();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key === "Escape") this.#words.blur();
    if (event.key !== "Enter" || event.shiftKey) return;
    // While a word is being composed, Enter chooses it. Safari has left composition
    // by then and tells it apart only by the key code 229.
    if (this.#composing || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    void this.#submit();
  }

  async #submit() {
    const text = this.#words.value.trim();
    if (!text || this.#sending) return;
    const mode = this.#mode;
    // the same words sent again after a failure keep their id: nothing arrives twice
    this.#messageId ||= newId();
    const body = mode === "note" ? { text } : { text, client_message_id: this.#messageId };
    this.#busy(true);
    try {
      const path = mode === "note" ? "notes" : "messages";
      await post(`/console/api/conversations/${this.#id}/${path}`, body);
      unsent.delete(`${this.#id}:${mode}`);
      this.#messageId = "";
      if (this.#mode === mode) this.#words.value = "";
      this.#stopTyping();
      this.#actions.onSent(mode);
    } catch (error) {
      tell(error instanceof ApiError ? error.message : "没有发送成功，请再试一次。");
    } finally {
      this.#busy(false);
      this.#changed(false);
    }
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.#sending = busy;
    this.#words.readOnly = busy;
    this.#send.setAttribute("aria-disabled", String(busy));
  }

  /** @param {boolean} typed by the operator, not put there by the page */
  #changed(typed) {
    const length = [...this.#words.value.trim()].length;
    const over = length > this.#most;
    const count = need("#count-chars");
    count.textContent = length >= this.#most * COUNT_FROM ? `${length} / ${this.#most} 字` : "";
    count.classList.toggle("over", over);
    this.#words.setAttribute("aria-invalid", String(over));
    this.#send.disabled = length === 0 || over;
    if (!typed) return;
    this.#messageId = "";
    this.#keep();
    if (length && this.#mode === "reply") this.#startTyping();
    else this.#stopTyping();
  }

  #keep() {
    const key = `${this.#id}:${this.#mode}`;
    if (this.#words.value) unsent.set(key, this.#words.value);
    else unsent.delete(key);
  }

  #startTyping() {
    this.#typing = true;
    this.#actions.onTyping(true);
    clearTimeout(this.#typingTimer);
    this.#typingTimer = window.setTimeout(() => this.#stopTyping(), TYPING_STOPS);
  }

  #stopTyping() {
    clearTimeout(this.#typingTimer);
    if (this.#typing) this.#actions.onTyping(false);
    this.#typing = false;
  }
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
