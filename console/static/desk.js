/** The desk: puts the lists, the open conversation and the connection together. */
import { goToLogin, post } from "./api.js";
import { Chime } from "./chime.js";
import { Composer } from "./composer.js";
import { confirmed } from "./confirm.js";
import { need } from "./dom.js";
import { Link } from "./link.js";
import { Lists } from "./lists.js";
import { Thread } from "./thread.js";
import { tell } from "./toast.js";
import { formatDuration, runWaits } from "./waits.js";

/** @typedef {import("./link.js").Frame} Frame */
/** @typedef {import("./link.js").LinkState} LinkState */

const LINK_WORDS = { connecting: "正在连接", live: "已连接", lost: "连接中断，正在重连" };
const TITLE = document.title;

class Desk {
  #root = need("#main");
  #lists = new Lists();
  #chime = new Chime(need("#chime"));
  /** @type {Thread|null} */
  #thread = null;
  /** @type {Composer|null} */
  #composer = null;
  /** @type {{queue: number, danger: number}|null} */
  #counts = null;
  /** @type {number|null} */
  #seen = null;
  #link;

  constructor() {
    runWaits(Number(this.#root.dataset.goal));
    this.#link = new Link({
      onFrame: (frame) => this.#hear(frame),
      onState: (state) => this.#showLink(state),
      onSignedOut: goToLogin,
      resume: () => this.#watchFrame(),
    });
    document.addEventListener("htmx:after:swap", () => this.#swapped());
    document.addEventListener("htmx:response:error", (event) => this.#refused(event));
    document.addEventListener("htmx:error", (event) => this.#failed(event));
    document.addEventListener("click", (event) => void this.#clicked(event));
    document.addEventListener("keydown", (event) => this.#pressed(event));
    document.addEventListener("visibilitychange", () => this.#markSeen());
    this.#openStage();
    this.#lists.markOpen();
  }

  // --- the open conversation -----------------------------------------------------------------

  #swapped() {
    const id = document.querySelector("#conversation")?.getAttribute("data-id") ?? null;
    if (id !== (this.#thread?.id ?? null)) this.#openStage();
    else this.#composer?.update();
    this.#lists.markOpen();
  }

  #openStage() {
    const id = document.querySelector("#conversation")?.getAttribute("data-id");
    this.#seen = null;
    this.#thread = id ? new Thread(id) : null;
    this.#composer = id ? this.#newComposer(id) : null;
    this.#link.send(this.#watchFrame() ?? { type: "unwatch" });
  }

  /** @param {string} id */
  #newComposer(id) {
    return new Composer(id, Number(this.#root.dataset.mostChars), {
      onTyping: (active) => this.#link.send({ type: "typing", active }),
      onSent: (mode) => mode === "note" && this.#refreshFolder(),
    });
  }

  /** @returns {Frame|null} */
  #watchFrame() {
    if (!this.#thread) return null;
    return { type: "watch", conversation_id: this.#thread.id, after: this.#thread.last };
  }

  #refreshFolder() {
    document.querySelector("#folder")?.dispatchEvent(new Event("refresh"));
  }

  #markSeen() {
    const last = this.#thread?.last ?? null;
    if (document.hidden || last === null || last === this.#seen) return;
    this.#seen = last;
    this.#link.send({ type: "read", seq: last });
    this.#lists.clearUnread(this.#thread?.id ?? "");
  }

  // --- what the server tells -------------------------------------------------------------------

  /** @param {Frame} frame */
  #hear(frame) {
    if (frame.type === "desk") this.#showCounts(/** @type {any} */ (frame));
    else if (frame.type === "signed_out") goToLogin();
    else if (!this.#thread || (frame.conversation_id && frame.conversation_id !== this.#thread.id)) return;
    else if (frame.type === "entries") {
      this.#thread.append(frame.entries);
      this.#markSeen();
    } else if (frame.type === "typing") this.#thread.showTyping(frame.active);
    else if (frame.type === "state") this.#refreshFolder();
    else if (frame.type === "presence") this.#showViewers(frame.viewers);
    else if (frame.type === "gone") tell("没有找到这个会话。");
  }

  /** @param {{queue: number, danger: number, mine: number, longest_wait: number}} counts */
  #showCounts(counts) {
    const words = { ...counts, longest_wait: counts.queue ? formatDuration(counts.longest_wait) : "–" };
    for (const [name, value] of Object.entries(words)) {
      const place = document.querySelector(`[data-total="${name}"]`);
      if (place) place.textContent = String(value);
    }
    need("#totals").dataset.danger = counts.danger ? "yes" : "no";
    const waiting = counts.queue ? `（${counts.queue}）` : "";
    document.title = (counts.danger ? "【紧急】" : "") + waiting + TITLE;
    const before = this.#counts;
    if (before && counts.danger > before.danger) this.#chime.ring(true);
    else if (before && counts.queue > before.queue) this.#chime.ring(false);
    this.#counts = counts;
    this.#lists.refresh();
  }

  /** @param {{id: string, name: string}[]} viewers */
  #showViewers(viewers) {
    const place = need("#viewers");
    place.hidden = viewers.length === 0;
    place.textContent = viewers.length ? `${viewers.map(({ name }) => name).join("、")} 也打开了这个会话` : "";
  }

  /** @param {LinkState} state */
  #showLink(state) {
    const place = need("#link-state");
    place.dataset.state = state;
    need("#link-state [data-words]").textContent = LINK_WORDS[state];
  }

  /** @param {Event} event */
  #failed(event) {
    // the lists and the folder renew themselves in the background and will try again
    const asked = /** @type {Element} */ (event.target).matches?.(".card");
    if (asked) tell("网络连接中断，请稍后再试。");
  }

  /** @param {Event} event */
  #refused(event) {
    const status = /** @type {CustomEvent} */ (event).detail?.ctx?.response?.status;
    if (status === 401) goToLogin();
    else tell(status === 404 ? "没有找到这个会话。" : "没有打开，请稍后再试。");
  }

  // --- what the operator does ------------------------------------------------------------------

  /** @param {Event} event */
  async #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const button = /** @type {HTMLButtonElement|null} */ (target.closest("[data-deed]"));
    if (button && this.#thread) await this.#doDeed(button, this.#thread.id);
    if (target.closest("[data-reveal-fields]") && this.#thread) await this.#revealFields(this.#thread.id);
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {string} id
   */
  async #doDeed(button, id) {
    const { deed = "", confirm: question, from } = button.dataset;
    if (question && !(await confirmed(question))) return;
    button.disabled = true;
    try {
      await post(`/console/api/conversations/${id}/${deed}`, from ? { from } : {});
      if (deed === "take") this.#focusAfterTaking();
    } catch (error) {
      tell(/** @type {Error} */ (error).message);
    } finally {
      button.disabled = false;
      this.#refreshFolder();
      this.#lists.refresh();
    }
  }

  #focusAfterTaking() {
    const composer = this.#composer;
    const unlocked = () => composer?.focus();
    need("#folder").addEventListener("htmx:finally:swap", unlocked, { once: true });
  }

  /** @param {string} id */
  async #revealFields(id) {
    try {
      const { fields, summary } = await post(`/console/api/conversations/${id}/reveal`, { what: "fields" });
      for (const place of document.querySelectorAll("[data-field]")) {
        place.textContent = fields[Number(place.getAttribute("data-field"))]?.[1] ?? "";
      }
      const told = document.querySelector("[data-summary]");
      if (told) told.textContent = summary;
      document.querySelector("[data-reveal-fields]")?.remove();
    } catch (error) {
      tell(/** @type {Error} */ (error).message);
    }
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const writing = target.matches("textarea, input, select") || target.closest("dialog[open]");
    const arrow = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.ctrlKey || event.metaKey || event.isComposing) return;
    // arrows scroll the messages and the folder where these have the focus
    if (arrow && (event.altKey || !(writing || target.matches("#thread, #folder")))) {
      event.preventDefault();
      this.#lists.move(arrow);
    } else if (event.key === "/" && !writing && this.#composer) {
      event.preventDefault();
      this.#composer.focus();
    }
  }
}

new Desk();
