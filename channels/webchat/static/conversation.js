/**
 * One resident's conversation: opened or restored, kept in step with the
 * server, and told to a listener that draws it. Knows nothing of the page.
 */
import { ApiError } from "./api.js";
import { Pause } from "./backoff.js";
import { openPersistently } from "./opening.js";
import { Outbox } from "./outbox.js";
import { createOutgoing, isSendable, sendOutgoing } from "./outgoing.js";
import { EventStream } from "./socket.js";
import { Timeline } from "./timeline.js";

/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").Holder} Holder */
/** @typedef {import("./types.js").Outgoing} Outgoing */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").StreamEvent} StreamEvent */

const TYPING_SILENCE = 3000;
const ECHO_TIMEOUT = 5000;

export class Conversation {
  timeline = new Timeline();
  /** @type {Holder} */
  holder = { holder: "bot" };
  /** @type {import("./types.js").Phase} */
  phase = "starting";
  #api;
  #store;
  #listener;
  #outbox;
  /** @type {EventStream|null} */
  #stream = null;
  /** @type {Session|null} */
  #session = null;
  #pause = new Pause();
  #typingSentAt = 0;
  #readSeq = 0;
  /** @type {import("./types.js").Entry[]|null} lines held back while history is read */
  #gathered = null;

  /**
   * @param {import("./api.js").ChatApi} api
   * @param {import("./store.js").BrowserStore} store
   * @param {import("./types.js").ConversationListener} listener
   */
  constructor(api, store, listener) {
    this.#api = api;
    this.#store = store;
    this.#listener = listener;
    this.#outbox = this.#createOutbox();
  }

  /** Opens the conversation this browser remembers, or a new one. */
  async open() {
    this.#setPhase("starting");
    this.#takeBackUnsent();
    this.#session = this.#store.session();
    const refusal = await this.#openOnce(() => (this.#session ? this.#restore() : this.#create()));
    if (refusal) {
      this.#setPhase("failed", refusal.message);
      return;
    }
    this.#setPhase("ready");
    this.#listener.restored();
    this.#startStream(/** @type {Session} */ (this.#session));
    this.#outbox.open();
  }

  /**
   * Leaves this conversation and opens a new one.
   * @param {boolean} keepUnsent send what has not gone out yet in the new conversation
   */
  async startNew(keepUnsent) {
    const waiting = keepUnsent ? this.#outbox.unsent.filter(isSendable) : [];
    this.close();
    this.timeline.clear();
    this.#outbox = this.#createOutbox();
    this.#store.forgetConversation();
    this.#setHolder({ holder: "bot" });
    for (const item of waiting) this.#enqueue({ ...item, state: "waiting", error: undefined });
    await this.open();
  }

  close() {
    this.#stream?.stop();
    this.#stream = null;
    this.#outbox.close();
  }

  /**
   * @param {string} text
   * @param {string} [title] what was pressed, where it differs from the text
   */
  sendText(text, title) {
    this.#enqueue(createOutgoing("text", { text, title }));
  }

  /** @param {import("./types.js").Place} place */
  sendLocation(place) {
    this.#enqueue(createOutgoing("location", { location: place }));
  }

  /** @param {File} file */
  sendImage(file) {
    this.#enqueue(createOutgoing("image", { file }));
  }

  /** @param {string} id client_message_id */
  retry(id) {
    this.#outbox.retry(id);
  }

  /** @param {string} id client_message_id */
  discard(id) {
    this.#outbox.discard(id);
    this.timeline.removeOutgoing(id);
    this.#listener.timelineChanged([]);
  }

  /** Tells the other side that the resident is writing, at most every three seconds. */
  announceTyping() {
    if (Date.now() - this.#typingSentAt < TYPING_SILENCE) return;
    this.#typingSentAt = Date.now();
    this.#stream?.send({ type: "typing", active: true });
  }

  /** Tells the server that everything received so far has been seen. */
  markRead() {
    const seq = this.#session?.last_seq ?? 0;
    if (seq <= this.#readSeq) return;
    this.#readSeq = seq;
    this.#stream?.send({ type: "read", seq });
  }

  /** Tries everything that waits at once: the network or the page has come back. */
  wake() {
    this.#pause.end();
    this.#outbox.wake();
    void this.#stream?.verify();
  }

  /**
   * @param {import("./types.js").Attachment} attachment
   * @param {boolean} small
   * @returns {Promise<Blob>}
   */
  loadAttachment(attachment, small) {
    if (!this.#session) return Promise.reject(new ApiError(401, "no_session", ""));
    return this.#api.attachment(this.#session, attachment, small);
  }

  /**
   * @param {number} seq of the answer
   * @param {boolean} helpful
   * @param {string} reason
   * @returns {Promise<void>}
   */
  async rate(seq, helpful, reason) {
    if (!this.#session) throw new ApiError(401, "no_session", "");
    await this.#api.rate(this.#session, seq, helpful, reason);
    this.#store.saveRating(seq, { helpful, reason });
  }

  /**
   * How the resident rated an answer before the page was loaded again.
   * @param {number} seq of the answer
   * @returns {import("./types.js").Rating|null}
   */
  rating(seq) {
    return this.#store.rating(seq);
  }

  #createOutbox() {
    const outbox = new Outbox({
      store: this.#store,
      deliver: (item, onProgress) => this.#deliver(item, onProgress),
      onChange: () => this.#listener.timelineChanged([]),
      onSessionLost: () => {
        // A late answer about an earlier conversation says nothing about this one.
        if (outbox === this.#outbox) this.#lose();
      },
    });
    return outbox;
  }

  /**
   * @param {() => Promise<void>} step
   * @returns {Promise<ApiError|null>}
   */
  async #openOnce(step) {
    const onWait = (/** @type {string} */ reason) => this.#setPhase("starting", reason);
    const refusal = await openPersistently(step, this.#pause, onWait);
    if (!refusal?.isSessionLost || !this.#session) return refusal;
    // Nothing of the remembered conversation is on the screen: begin a new one.
    this.#session = null;
    return openPersistently(() => this.#create(), this.#pause, onWait);
  }

  async #create() {
    const created = await this.#api.createConversation();
    this.#session = { id: created.conversation_id, token: created.token, last_seq: 0 };
    this.#readSeq = 0;
    const greeting = created.greeting.map((each) => ({ ...each, type: "message" }));
    this.#gather(greeting, 0);
    this.#store.saveSession(this.#session);
  }

  async #restore() {
    const session = /** @type {Session} */ (this.#session);
    const events = await this.#api.history(session);
    const seen = session.last_seq;
    session.last_seq = 0;
    this.#gather(events, seen);
    this.#store.saveSession(session);
  }

  #takeBackUnsent() {
    for (const item of this.#outbox.restore()) this.timeline.addOutgoing(item);
    this.#listener.timelineChanged([]);
  }

  /** @param {Session} session */
  #startStream(session) {
    this.#stream = new EventStream({
      api: this.#api,
      session,
      position: () => session.last_seq,
      onEvent: (event) => this.#receive(event),
      onConnection: (connection) => this.#listener.connectionChanged(connection),
      onSessionLost: () => this.#lose(),
    });
    this.#stream.start();
  }

  /**
   * Takes many events and has them drawn together.
   * @param {StreamEvent[]} events
   * @param {number} seen the last seq this browser had before: later lines are new
   */
  #gather(events, seen) {
    this.#gathered = [];
    events.forEach((event) => this.#receive(event));
    const added = this.#gathered.filter((entry) => (entry.seq ?? 0) > seen);
    this.#gathered = null;
    this.#listener.timelineChanged(added);
    this.#listener.holderChanged(this.holder, { holder: "bot" });
  }

  /** @param {StreamEvent} event */
  #receive(event) {
    if (event.type === "typing") {
      this.#listener.typingChanged(event.sender, event.active);
      return;
    }
    if (typeof event.seq !== "number") return;
    const content = /** @type {any} */ (event);
    if (event.type === "message") this.#receiveMessage(content);
    if (event.type === "holder" && event.seq > (this.holder.seq ?? 0)) this.#setHolder(content);
    this.#advance(event.seq);
  }

  /** @param {Message & {seq: number}} message */
  #receiveMessage(message) {
    const isOwn = message.sender === "resident";
    if (isOwn && message.client_message_id) this.#outbox.confirm(message.client_message_id);
    const entry = this.timeline.place(message);
    const added = entry && !isOwn ? [entry] : [];
    if (added.length) this.#listener.typingChanged(message.sender, false);
    if (this.#gathered) this.#gathered.push(...added);
    else this.#listener.timelineChanged(added);
  }

  /** @param {number} seq */
  #advance(seq) {
    const session = this.#session;
    if (!session || seq <= session.last_seq) return;
    session.last_seq = seq;
    if (!this.#gathered) this.#store.saveSession(session);
  }

  /** @param {Outgoing} item */
  #enqueue(item) {
    this.timeline.addOutgoing(item);
    this.#listener.timelineChanged([]);
    this.#outbox.add(item);
  }

  /**
   * @param {Outgoing} item
   * @param {(share: number) => void} onProgress
   */
  async #deliver(item, onProgress) {
    await sendOutgoing(this.#api, /** @type {Session} */ (this.#session), item, onProgress);
    // Without its echo in time the stream is probably dead, whatever it says.
    setTimeout(() => {
      if (!this.timeline.isPlaced(item.id)) void this.#stream?.verify();
    }, ECHO_TIMEOUT);
  }

  #lose() {
    if (this.phase === "lost") return;
    this.close();
    this.#setPhase("lost");
  }

  /** @param {Holder} holder */
  #setHolder(holder) {
    const previous = this.holder;
    this.holder = holder;
    if (!this.#gathered) this.#listener.holderChanged(holder, previous);
  }

  /**
   * @param {import("./types.js").Phase} phase
   * @param {string} [reason] for the resident
   */
  #setPhase(phase, reason = "") {
    this.phase = phase;
    this.#listener.phaseChanged(phase, reason);
  }
}
