/**
 * The stream of events: a WebSocket that reconnects and resumes after the last
 * seq, or long polling where WebSockets do not get through.
 */
import { ApiError } from "./api.js";
import { Backoff, Pause } from "./backoff.js";

/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").StreamEvent} StreamEvent */
/** @typedef {import("./types.js").Connection} Connection */
/** @typedef {import("./api.js").ChatApi} ChatApi */

const OPEN_TIMEOUT = 8000;
const POLL_SECONDS = 25;
const QUICK_POLL = 1000;
const SOCKET_FAILURES_BEFORE_POLLING = 2;
const SOCKET_REST = 120_000;
/** A socket that lasted this long was a good one: start again with short pauses. */
const GOOD_SOCKET = 10_000;

/** @typedef {"ok"|"failed"|"lost"|"stopped"} Outcome */

/**
 * @typedef {Object} StreamOptions
 * @property {ChatApi} api
 * @property {Session} session
 * @property {() => number} position the last seq received
 * @property {(event: StreamEvent) => void} onEvent
 * @property {(connection: Connection) => void} onConnection
 * @property {() => void} onSessionLost
 */

export class EventStream {
  #options;
  #running = false;
  /** @type {WebSocket|null} */
  #socket = null;
  #requests = new AbortController();
  #backoff = new Backoff();
  #pause = new Pause();
  #socketFailures = 0;
  #socketNotBefore = 0;
  #polling = false;

  /** @param {StreamOptions} options */
  constructor(options) {
    this.#options = options;
  }

  start() {
    this.#running = true;
    void this.#run();
  }

  stop() {
    this.#running = false;
    this.#requests.abort();
    this.#socket?.close();
    this.#pause.end();
  }

  /**
   * Sends an ephemeral frame; without an open socket it is simply not sent.
   * @param {Record<string, unknown>} frame
   */
  send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /**
   * Makes sure the stream is alive: a phone that changed networks or slept
   * may hold a socket that looks open and delivers nothing.
   */
  async verify() {
    this.#pause.end();
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const before = this.#options.position();
    const outcome = await this.#poll(0);
    const missed = this.#options.position() > before;
    if ((missed || outcome === "failed") && socket === this.#socket) socket.close();
  }

  async #run() {
    while (this.#running) {
      const socketDue = Date.now() >= this.#socketNotBefore;
      const outcome = await (socketDue ? this.#listen() : this.#pollOnce());
      if (!this.#running || outcome === "stopped") return;
      if (outcome === "lost") {
        this.stop();
        this.#options.onSessionLost();
        return;
      }
      if (outcome === "ok") continue;
      this.#options.onConnection("reconnecting");
      await this.#pause.wait(this.#backoff.next());
    }
  }

  /** @returns {Promise<Outcome>} when the socket has closed */
  async #listen() {
    const openedFor = await this.#holdSocket();
    this.#socket = null;
    if (!this.#running) return "stopped";
    if (openedFor !== null) {
      this.#socketFailures = 0;
      if (openedFor >= GOOD_SOCKET) this.#backoff.reset();
      return "failed";
    }
    // A browser hides why a socket was refused; an ordinary request tells a lost
    // session or a dead network from a proxy that knows no WebSocket.
    const outcome = await this.#poll(0);
    if (outcome !== "ok") return outcome;
    this.#socketFailures += 1;
    if (this.#socketFailures < SOCKET_FAILURES_BEFORE_POLLING) return "failed";
    this.#socketNotBefore = Date.now() + SOCKET_REST;
    return "ok";
  }

  /** @returns {Promise<number|null>} how long it was open, in milliseconds; null if never */
  #holdSocket() {
    const { api, session, position, onConnection } = this.#options;
    let socket;
    try {
      socket = api.openSocket(session, position());
    } catch {
      return Promise.resolve(null);
    }
    this.#socket = socket;
    return new Promise((resolve) => {
      /** @type {number|null} */
      let openedAt = null;
      const late = setTimeout(() => socket.close(), OPEN_TIMEOUT);
      socket.onopen = () => {
        clearTimeout(late);
        openedAt = Date.now();
        onConnection("live");
      };
      socket.onmessage = ({ data }) => this.#receive(data);
      socket.onclose = () => {
        clearTimeout(late);
        resolve(openedAt === null ? null : Date.now() - openedAt);
      };
    });
  }

  /** @param {unknown} data */
  #receive(data) {
    let event;
    try {
      event = JSON.parse(String(data));
    } catch {
      return;
    }
    if (this.#running && event && typeof event.type === "string") this.#options.onEvent(event);
  }

  /** @returns {Promise<Outcome>} */
  async #pollOnce() {
    const startedAt = Date.now();
    const before = this.#options.position();
    // The first request after a failure returns at once, so that the page soon
    // knows it is connected again; the following ones are held open.
    const wait = this.#polling ? POLL_SECONDS : 0;
    const outcome = await this.#poll(wait);
    this.#polling = outcome === "ok";
    if (this.#polling) this.#options.onConnection("polling");
    // Where a proxy cuts the wait short, do not ask in a tight circle.
    const empty = this.#options.position() === before;
    if (wait && this.#polling && empty && Date.now() - startedAt < QUICK_POLL) {
      await this.#pause.wait(2 * QUICK_POLL);
    }
    return outcome;
  }

  /**
   * @param {number} wait seconds the server may hold the request
   * @returns {Promise<Outcome>}
   */
  async #poll(wait) {
    const { api, session, position, onEvent } = this.#options;
    try {
      const events = await api.events(session, position(), wait, this.#requests.signal);
      if (!this.#running) return "stopped";
      this.#backoff.reset();
      events.forEach(onEvent);
      return "ok";
    } catch (error) {
      if (!this.#running) return "stopped";
      return error instanceof ApiError && error.isSessionLost ? "lost" : "failed";
    }
  }
}
