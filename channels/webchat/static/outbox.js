/**
 * What the resident has written and the server does not have yet. Messages
 * leave one at a time and in order; a passing failure holds the queue and is
 * tried again, a refusal marks the one message and lets the next go.
 */
import { ApiError } from "./api.js";
import { Backoff, Pause } from "./backoff.js";
import { isSendable } from "./outgoing.js";

/** @typedef {import("./types.js").Outgoing} Outgoing */
/** @typedef {import("./store.js").BrowserStore} BrowserStore */

const SERVER_FAULT_ATTEMPTS = 3;
const PICTURE_LOST = "页面刷新后图片没有保留，请重新选择图片发送。";

/**
 * @typedef {Object} OutboxOptions
 * @property {BrowserStore} store
 * @property {(item: Outgoing, onProgress: (share: number) => void) => Promise<void>} deliver
 * @property {(item: Outgoing) => void} onChange
 * @property {() => void} onSessionLost
 */

export class Outbox {
  /** @type {Outgoing[]} */
  #items = [];
  #backoff = new Backoff();
  #pause = new Pause();
  #open = false;
  #busy = false;
  #options;

  /** @param {OutboxOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @returns {readonly Outgoing[]} what is not sent yet */
  get unsent() {
    return this.#items.filter((item) => item.state !== "sent");
  }

  /** @param {Outgoing} item */
  add(item) {
    this.#items.push(item);
    this.#options.store.saveUnsent(item);
    void this.#run();
  }

  /**
   * Takes back what an earlier visit left unsent.
   * @returns {Outgoing[]}
   */
  restore() {
    const known = new Set(this.#items.map((item) => item.id));
    for (const item of this.#options.store.unsent()) {
      if (known.has(item.id)) continue;
      const lost = !isSendable(item);
      this.#items.push({
        ...item,
        state: lost ? "failed" : "waiting",
        error: lost ? PICTURE_LOST : undefined,
      });
    }
    return this.#items.filter((item) => !known.has(item.id));
  }

  /** Lets messages go: a conversation is open. */
  open() {
    this.#open = true;
    this.#backoff.reset();
    this.wake();
    void this.#run();
  }

  /** Holds messages back until `open`. */
  close() {
    this.#open = false;
  }

  /** Tries at once instead of waiting out the pause. */
  wake() {
    this.#pause.end();
  }

  /** @param {string} id */
  retry(id) {
    const item = this.#find(id);
    if (item?.state === "failed" && isSendable(item))
      this.#set(item, { state: "waiting", error: undefined });
    this.wake();
    void this.#run();
  }

  /** @param {string} id */
  discard(id) {
    this.#items = this.#items.filter((item) => item.id !== id);
    this.#options.store.removeUnsent(id);
  }

  /**
   * The server has this message: its own copy came back.
   * @param {string} id
   */
  confirm(id) {
    const item = this.#find(id);
    if (item) this.#set(item, { state: "sent", error: undefined });
    this.discard(id);
  }

  async #run() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#open) {
        const item = this.#items.find((each) => each.state === "waiting");
        if (!item) return;
        await this.#attempt(item);
      }
    } finally {
      this.#busy = false;
    }
  }

  /** @param {Outgoing} item */
  async #attempt(item) {
    this.#set(item, { state: "sending", progress: item.kind === "image" ? 0 : undefined });
    for (let faults = 1; ; faults += 1) {
      try {
        await this.#options.deliver(item, (progress) => this.#set(item, { progress }));
        this.#backoff.reset();
        this.confirm(item.id);
        return;
      } catch (error) {
        // Its copy may have come back while the answer to the request was lost.
        if (!this.#find(item.id)) return;
        const failure = error instanceof ApiError ? error : new ApiError(500, "unexpected", "");
        if (failure.isSessionLost) {
          this.#open = false;
          this.#set(item, { state: "waiting", error: undefined });
          this.#options.onSessionLost();
          return;
        }
        const again =
          failure.isTemporary || (failure.status >= 500 && faults < SERVER_FAULT_ATTEMPTS);
        if (!again) {
          this.#set(item, { state: "failed", error: failure.message });
          return;
        }
        this.#set(item, { error: failure.message });
        await this.#pause.wait(Math.max(failure.retryAfter ?? 0, this.#backoff.next()));
        if (!this.#open || !this.#find(item.id)) return this.#release(item);
      }
    }
  }

  /** @param {Outgoing} item whose attempts were cut short by `close` or `discard` */
  #release(item) {
    if (item.state === "sending") this.#set(item, { state: "waiting" });
  }

  /** @param {string} id */
  #find(id) {
    return this.#items.find((item) => item.id === id);
  }

  /**
   * @param {Outgoing} item
   * @param {Partial<Outgoing>} change
   */
  #set(item, change) {
    Object.assign(item, change);
    this.#options.onChange(item);
  }
}
