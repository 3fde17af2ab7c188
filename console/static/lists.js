/** The left side: keeps the lists fresh, and moves between conversations by keyboard. */
import { need } from "./dom.js";

const REFRESH_PAUSE = 700;

export class Lists {
  #nav = need("#lists");
  #timer = 0;
  #due = false;

  constructor() {
    // htmx 4.0.1 takes Ctrl+click too; a new tab is the browser's business
    const leaveToBrowser = (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) event.stopPropagation();
    };
    this.#nav.addEventListener("click", leaveToBrowser, { capture: true });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#due) this.refresh();
    });
  }

  /** Asks for the lists anew, soon and not too often. */
  refresh() {
    this.#due = true;
    if (this.#timer || document.hidden) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.#due = false;
      this.#nav.dispatchEvent(new Event("refresh"));
    }, REFRESH_PAUSE);
  }

  /** Shows which conversation is open. */
  markOpen() {
    const open = document.querySelector("#conversation")?.getAttribute("data-id");
    for (const card of this.#cards()) {
      if (card.dataset.id === open) card.setAttribute("aria-current", "true");
      else card.removeAttribute("aria-current");
    }
  }

  /** @param {string} id whose messages have been seen just now */
  clearUnread(id) {
    const card = document.getElementById(`card-${id}`);
    card?.querySelector(".badge")?.remove();
    card?.classList.remove("card-unread");
  }

  /** @param {1|-1} step to the next or previous card */
  move(step) {
    const cards = this.#cards().filter((card) => card.offsetParent !== null);
    const focused = cards.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const current = cards.findIndex((card) => card.hasAttribute("aria-current"));
    const from = focused >= 0 ? focused : current;
    const next = from < 0 ? 0 : Math.min(Math.max(from + step, 0), cards.length - 1);
    cards[next]?.focus();
  }

  /** @returns {HTMLElement[]} */
  #cards() {
    return [...this.#nav.querySelectorAll(".card")].map((each) => /** @type {HTMLElement} */ (each));
  }
}
