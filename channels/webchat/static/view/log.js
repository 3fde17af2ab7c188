/** The conversation on the screen: lines in order, kept in place while one reads. */
import { el, hidden } from "../dom.js";
import { dayOf, formatDay } from "../format.js";
import { icon } from "../icons.js";
import { MessageView } from "./message.js";

/** @typedef {import("../types.js").Entry} Entry */
/** @typedef {import("./message.js").MessageActions} MessageActions */
/** @typedef {import("./message.js").Surroundings} Surroundings */

const NEAR_END = 60;
const RUN_PAUSE = 3 * 60_000;

export class MessageLog {
  #actions;
  #onPosition;
  /** @type {Map<string, MessageView>} */
  #views = new Map();
  #atEnd = true;
  #lastTop = 0;
  /** @type {Element|null} the last line of an earlier conversation still on the screen */
  #floor = null;
  #log = el("div", {
    class: "hc-log",
    role: "log",
    "aria-live": "polite",
    "aria-relevant": "additions",
    "aria-label": "对话内容",
  });
  #typing = el("div", { class: "hc-typing", hidden: true });
  #content = el("div", { class: "hc-content" }, this.#log, this.#typing);
  #pillText = el("span");
  #pill = el(
    "button",
    { type: "button", class: "hc-pill", hidden: true },
    icon("down"),
    this.#pillText,
  );
  #scroller = el(
    "div",
    { class: "hc-scroller", tabindex: 0, role: "region", "aria-label": "对话" },
    this.#content,
  );

  /**
   * @param {MessageActions} actions
   * @param {() => void} onPosition the reader has moved
   */
  constructor(actions, onPosition) {
    this.#actions = actions;
    this.#onPosition = onPosition;
    this.element = el("div", { class: "hc-stage" }, this.#scroller, this.#pill);
    this.#pill.addEventListener("click", () => {
      this.focus();
      this.scrollToEnd(true);
    });
    this.#scroller.addEventListener("scroll", () => this.#moved(), { passive: true });
    // Pictures that load and a keyboard that opens must not push the end out of sight.
    const observer = new ResizeObserver(() => this.#atEnd && this.scrollToEnd(false));
    observer.observe(this.#content);
    observer.observe(this.#scroller);
  }

  /** @returns {boolean} whether the end of the conversation is in sight */
  get atEnd() {
    return this.#atEnd;
  }

  focus() {
    this.#scroller.focus({ preventScroll: true });
  }

  /** @param {boolean} quiet no reading out, while a whole history is put in */
  setQuiet(quiet) {
    this.#log.setAttribute("aria-live", quiet ? "off" : "polite");
    this.#log.setAttribute("aria-busy", String(quiet));
  }

  /**
   * @param {readonly Entry[]} entries all of them, in order
   * @param {readonly Entry[]} added those new from others
   * @returns {boolean} whether the new lines were brought into sight
   */
  update(entries, added) {
    const wasAtEnd = this.#atEnd;
    const around = describe(entries);
    const kept = new Set(entries.map((entry) => entry.id));
    for (const [id, view] of this.#views) {
      if (kept.has(id)) continue;
      view.element.remove();
      this.#views.delete(id);
    }
    let previous = this.#floor;
    entries.forEach((entry, index) => {
      const view = this.#viewOf(entry);
      view.update(entry, around[index]);
      const expected = previous ? previous.nextElementSibling : this.#log.firstElementChild;
      // Moving a line that is in place would have it read out again.
      if (expected !== view.element) this.#log.insertBefore(view.element, expected);
      previous = view.element;
    });
    if (wasAtEnd) this.#follow(added);
    return wasAtEnd;
  }

  /**
   * @param {string|null} name who is writing, null for nobody
   */
  setTyping(name) {
    const dots = el("span", { class: "hc-dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
    this.#typing.replaceChildren(...(name ? [dots, hidden(`${name}正在输入`)] : []));
    this.#typing.hidden = !name;
  }

  /** @param {number} count messages below, not seen yet */
  setUnread(count) {
    this.#pill.hidden = this.#atEnd || count === 0;
    this.#pillText.textContent = count > 1 ? `有 ${count} 条新消息` : "有新消息";
  }

  /** @param {boolean} smoothly */
  scrollToEnd(smoothly) {
    this.#atEnd = true;
    this.#glide(this.#scroller.scrollHeight, smoothly);
  }

  /**
   * Ends this conversation on the screen.
   * @param {boolean} keep leaves its text to be read, without what can no longer be done
   */
  end(keep) {
    for (const view of this.#views.values()) {
      const unsent = view.element.querySelector(".hc-delivery") !== null;
      if (keep && !unsent) view.retire();
      else view.element.remove();
    }
    this.#views.clear();
    if (!keep) this.#log.replaceChildren();
    this.#floor = keep ? el("div", { class: "hc-break" }, "以上是之前的会话") : null;
    if (this.#floor) this.#log.append(this.#floor);
    this.setTyping(null);
  }

  /** @param {Entry} entry */
  #viewOf(entry) {
    const known = this.#views.get(entry.id);
    if (known) return known;
    const view = new MessageView(entry, this.#actions);
    this.#views.set(entry.id, view);
    return view;
  }

  /** @param {readonly Entry[]} added shows the end, but never past the beginning of what is new */
  #follow(added) {
    const first = added.length ? this.#views.get(added[0].id) : undefined;
    const { scrollHeight, clientHeight } = this.#scroller;
    const end = scrollHeight - clientHeight;
    const start = first ? first.element.offsetTop - 12 : end;
    this.#atEnd = start >= end - NEAR_END;
    this.#glide(Math.min(start, end), Boolean(first));
  }

  /**
   * @param {number} top
   * @param {boolean} smoothly
   */
  #glide(top, smoothly) {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroller.scrollTo({ top, behavior: smoothly && !calm ? "smooth" : "auto" });
  }

  #moved() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const upwards = scrollTop < this.#lastTop;
    this.#lastTop = scrollTop;
    // Only moving up leaves the end: moving down, the lines that have just been added
    // may still lie below, and the page is on its way to them by itself.
    if (scrollHeight - clientHeight - scrollTop < NEAR_END) this.#atEnd = true;
    else if (upwards) this.#atEnd = false;
    this.#onPosition();
  }
}

/**
 * @param {readonly Entry[]} entries
 * @returns {Surroundings[]}
 */
function describe(entries) {
  const now = new Date();
  const latestOwn = findLast(entries, ({ message }) => message.sender === "resident");
  const offer = openOffer(entries);
  return entries.map((entry, index) => {
    const { message } = entry;
    const newDay = dayOf(message.sent_at) !== dayOf(entries[index - 1]?.message.sent_at);
    const answer = message.buttons?.length ? answerAfter(entries, index) : undefined;
    return {
      day: newDay ? formatDay(message.sent_at, now) : "",
      first: newDay || !sameRun(entries[index - 1], entry),
      last: !sameRun(entry, entries[index + 1]),
      latestOwn: entry === latestOwn,
      answerable: entry === offer,
      chosen: answer?.message.text ?? "",
    };
  });
}

/**
 * The line whose buttons may be pressed: the latest one, or an earlier one of the
 * assistant's when only words of its own have followed.
 * @param {readonly Entry[]} entries
 */
function openOffer(entries) {
  const offer = findLast(entries, ({ message }) => Boolean(message.buttons?.length));
  const last = entries[entries.length - 1];
  if (!offer || offer === last) return offer;
  const after = entries.slice(entries.indexOf(offer));
  return after.every(({ message }) => message.sender === "bot") ? offer : undefined;
}

/**
 * @param {readonly Entry[]} entries
 * @param {number} index of a question
 */
function answerAfter(entries, index) {
  return entries.slice(index + 1).find(({ message }) => message.sender === "resident");
}

/**
 * @param {Entry|undefined} one
 * @param {Entry|undefined} next
 */
function sameRun(one, next) {
  if (!one || !next || one.message.sender !== next.message.sender) return false;
  if (one.message.operator_name !== next.message.operator_name) return false;
  return Date.parse(next.message.sent_at) - Date.parse(one.message.sent_at) < RUN_PAUSE;
}

/**
 * @param {readonly Entry[]} entries
 * @param {(entry: Entry) => boolean} matches
 */
function findLast(entries, matches) {
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    if (matches(entries[index])) return entries[index];
  }
  return undefined;
}
