/** The page's one WebSocket: reconnects by itself and goes on where it stopped. */
import { get } from "./api.js";
import { Backoff } from "./backoff.js";

/** @typedef {"connecting"|"live"|"lost"} LinkState */
/** @typedef {{type: string} & Record<string, any>} Frame */

const SIGNED_OUT = 4401;
/** A connection that lasted this long was a good one: start again with short pauses. */
const GOOD = 10_000;

/**
 * @typedef {Object} LinkOptions
 * @property {(frame: Frame) => void} onFrame
 * @property {(state: LinkState) => void} onState
 * @property {() => void} onSignedOut
 * @property {() => Frame|null} resume what to say first on every new connection
 */

export class Link {
  #options;
  #backoff = new Backoff(500, 15_000);
  /** @type {WebSocket|null} */
  #socket = null;
  #timer = 0;

  /** @param {LinkOptions} options */
  constructor(options) {
    this.#options = options;
    window.addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
    this.#connect();
  }

  /**
   * Without an open connection nothing is sent: `resume` will tell it anew.
   * @param {Frame} frame
   */
  send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #connect() {
    this.#options.onState("connecting");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/console/api/socket`);
    let openedAt = 0;
    this.#socket = socket;
    socket.onopen = () => {
      openedAt = Date.now();
      this.#options.onState("live");
      const first = this.#options.resume();
      if (first) this.send(first);
    };
    socket.onmessage = ({ data }) => this.#options.onFrame(JSON.parse(data));
    socket.onclose = ({ code }) => {
      this.#socket = null;
      if (code === SIGNED_OUT) {
        this.#options.onSignedOut();
        return;
      }
      this.#options.onState("lost");
      if (openedAt && Date.now() - openedAt > GOOD) this.#backoff.reset();
      this.#timer = window.setTimeout(() => this.#retry(openedAt > 0), this.#backoff.next());
    };
  }

  /** @param {boolean} wasOpen */
  async #retry(wasOpen) {
    this.#timer = 0;
    // A browser hides why a connection was refused; an ordinary call that is answered
    // with "log in first" leads there.
    if (!wasOpen) await get("/console/api/me").catch(() => undefined);
    if (!this.#socket) this.#connect();
  }

  #hurry() {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    void this.#retry(true);
  }
}
