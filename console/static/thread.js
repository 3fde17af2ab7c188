/** The open conversation on the screen: lines in order of seq, each exactly once. */
import { get, post } from "./api.js";
import { el, need } from "./dom.js";
import { createLine, nameFor } from "./message.js";
import { dayOf, formatDay } from "./times.js";
import { tell } from "./toast.js";

/** @typedef {import("./message.js").Entry} Entry */

const NEAR_END = 80;
const RUN_PAUSE = 3 * 60_000;
const TYPING_SHOWN = 6000;

export class Thread {
  #id;
  #log;
  #typing;
  #typingTimer = 0;
  /** @type {Map<number, Entry>} */
  #entries = new Map();
  /** @type {number|null} */
  #last = null;
  #atEnd = true;
  #pill;
  #earlier;

  /** @param {string} id of the conversation */
  constructor(id) {
    this.#id = id;
    this.#log = need("#thread");
    this.#typing = need("#typing");
    this.#earlier = el("button", { type: "button", class: "earlier button button-small", hidden: true, onclick: () => void this.#loadEarlier() }, "更早的消息");
    this.#pill = el("button", { type: "button", class: "pill", hidden: true, onclick: () => this.#toEnd() }, "有新消息 ↓");
    this.#log.before(this.#pill);
    this.#log.append(this.#earlier);
    this.#log.addEventListener("scroll", () => this.#moved(), { passive: true });
    // a growing box to write in must not push the end out of sight
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(this.#log);
  }

  get id() {
    return this.#id;
  }

  /** @returns {number|null} the last seq on the screen, null when there is none yet */
  get last() {
    return this.#last;
  }

  /** @param {Entry[]} entries that follow what is there */
  append(entries) {
    const wasEmpty = this.#entries.size === 0;
    if (wasEmpty) this.#log.setAttribute("aria-live", "off");
    const stay = this.#atEnd;
    for (const entry of entries) this.#add(entry);
    if (entries.some(({ sender }) => sender === "resident")) this.showTyping(false);
    this.#earlier.hidden = !this.#hasEarlier();
    if (stay || wasEmpty) this.#toEnd();
    else this.#pill.hidden = false;
    if (wasEmpty) requestAnimationFrame(() => this.#log.setAttribute("aria-live", "polite"));
    this.#log.setAttribute("aria-busy", "false");
  }

  /** @param {boolean} active whether the resident is writing */
  showTyping(active) {
    clearTimeout(this.#typingTimer);
    this.#typing.textContent = active ? "市民正在输入…" : "";
    // the signal that he stopped may get lost
    if (active) this.#typingTimer = window.setTimeout(() => this.showTyping(false), TYPING_SHOWN);
  }

  /** @param {Entry} entry */
  #add(entry) {
    if (this.#entries.has(entry.seq)) return;
    this.#entries.set(entry.seq, entry);
    this.#last = Math.max(this.#last ?? 0, entry.seq);
    // changes of the holder are told by a message of their own, and by the head
    if (entry.type !== "message") return;
    const before = this.#messageBefore(entry.seq);
    if (!before || dayOf(before.sent_at) !== dayOf(entry.sent_at)) {
      this.#log.append(el("p", { class: "day" }, formatDay(entry.sent_at)));
    }
    this.#log.append(createLine(entry, startsRun(before, entry), this.#actions));
  }

  /** @param {number} seq */
  #messageBefore(seq) {
    for (let each = seq - 1; each > 0; each -= 1) {
      const entry = this.#entries.get(each);
      if (!entry) return undefined;
      if (entry.type === "message") return entry;
    }
    return undefined;
  }

  #hasEarlier() {
    return this.#entries.size > 0 && Math.min(...this.#entries.keys()) > 1;
  }

  async #loadEarlier() {
    const before = Math.min(...this.#entries.keys());
    try {
      const { entries } = await get(`/console/api/conversations/${this.#id}/entries?before=${before}`);
      this.#rebuild(entries);
    } catch (error) {
      tell(/** @type {Error} */ (error).message);
    }
  }

  /** @param {Entry[]} earlier */
  #rebuild(earlier) {
    const later = [...this.#entries.values()];
    const fromEnd = this.#log.scrollHeight - this.#log.scrollTop;
    this.#log.setAttribute("aria-live", "off");
    this.#log.replaceChildren(this.#earlier);
    this.#entries.clear();
    for (const entry of [...earlier, ...later]) this.#add(entry);
    this.#earlier.hidden = !this.#hasEarlier();
    this.#log.scrollTop = this.#log.scrollHeight - fromEnd;
    requestAnimationFrame(() => this.#log.setAttribute("aria-live", "polite"));
  }

  #actions = {
    /**
     * @param {number} seq
     * @param {HTMLElement} bubble
     */
    onReveal: async (seq, bubble) => {
      try {
        const { text } = await post(`/console/api/conversations/${this.#id}/reveal`, { seq });
        /** @type {HTMLElement} */ (bubble.querySelector(".words")).textContent = text;
        bubble.querySelector(".reveal")?.remove();
      } catch (error) {
        tell(/** @type {Error} */ (error).message);
      }
    },
    /**
     * @param {number} seq
     * @param {HTMLButtonElement} button
     */
    onArticle: async (seq, button) => {
      button.disabled = true;
      try {
        const { location } = await post(`/console/api/conversations/${this.#id}/articles`, { seq });
        const link = el("a", { class: "line-deed", href: location, target: "_blank", rel: "noopener" }, "已起草，去写完 ↗");
        button.replaceWith(link);
        link.focus();
      } catch (error) {
        button.disabled = false;
        tell(/** @type {Error} */ (error).message);
      }
    },
    /** @param {string} url */
    onPicture: (url) => {
      const dialog = /** @type {HTMLDialogElement} */ (need("#picture"));
      /** @type {HTMLImageElement} */ (need("#picture img")).src = url;
      dialog.showModal();
    },
  };

  #toEnd() {
    this.#atEnd = true;
    this.#pill.hidden = true;
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #moved() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    this.#atEnd = scrollHeight - clientHeight - scrollTop < NEAR_END;
    if (this.#atEnd) this.#pill.hidden = true;
  }
}

/**
 * @param {Entry|undefined} before
 * @param {Entry} entry
 */
function startsRun(before, entry) {
  if (!before || before.sender !== entry.sender || nameFor(before) !== nameFor(entry)) return true;
  return Date.parse(entry.sent_at) - Date.parse(before.sent_at) > RUN_PAUSE;
}
