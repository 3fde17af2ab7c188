/**
 * The conversation as one ordered list: what the server has placed by seq,
 * then what is still on its way, each exactly once however often it arrives.
 */

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Outgoing} Outgoing */

export class Timeline {
  /** @type {Entry[]} */
  #entries = [];
  /** @type {Map<number, Entry>} */
  #bySeq = new Map();
  /** @type {Map<string, Entry>} */
  #byClientId = new Map();

  /** @returns {readonly Entry[]} */
  get entries() {
    return this.#entries;
  }

  clear() {
    this.#entries = [];
    this.#bySeq.clear();
    this.#byClientId.clear();
  }

  /**
   * @param {string} clientMessageId
   * @returns {boolean} whether the server already has this message
   */
  isPlaced(clientMessageId) {
    return this.#byClientId.get(clientMessageId)?.seq != null;
  }

  /**
   * Puts a message that is not sent yet at the end.
   * @param {Outgoing} item
   * @returns {Entry}
   */
  addOutgoing(item) {
    /** @type {Message} */
    const message = {
      sender: "resident",
      text: item.title ?? item.text,
      location: item.location,
      client_message_id: item.id,
      sent_at: item.created_at,
    };
    const entry = { id: `own-${item.id}`, seq: null, message, outgoing: item };
    this.#entries.push(entry);
    this.#byClientId.set(item.id, entry);
    return entry;
  }

  /** @param {string} clientMessageId */
  removeOutgoing(clientMessageId) {
    const entry = this.#byClientId.get(clientMessageId);
    if (!entry || entry.seq !== null) return;
    this.#byClientId.delete(clientMessageId);
    this.#entries = this.#entries.filter((each) => each !== entry);
  }

  /**
   * Takes a message from the server.
   * @param {Message & {seq: number}} message
   * @returns {Entry|null} the entry when it is new to this page, else null
   */
  place(message) {
    if (this.#bySeq.has(message.seq)) return null;
    const clientId = message.sender === "resident" ? message.client_message_id : undefined;
    const own = clientId ? this.#byClientId.get(clientId) : undefined;
    if (own && own.seq !== null) return null;
    const shown = this.#withButtonTitle(message);
    /** @type {Entry} */
    const entry = own ?? { id: `seq-${message.seq}`, seq: null, message: shown, outgoing: null };
    entry.seq = message.seq;
    // What the resident pressed or typed stays as it looked; the server adds what it knows.
    entry.message = own ? { ...shown, text: own.message.text || shown.text } : shown;
    this.#bySeq.set(message.seq, entry);
    if (clientId) this.#byClientId.set(clientId, entry);
    this.#insert(entry);
    return own ? null : entry;
  }

  /**
   * A pressed button comes back from the server as its payload; the resident
   * knows it by its title.
   * @param {Message & {seq: number}} message
   */
  #withButtonTitle(message) {
    if (message.sender !== "resident") return message;
    for (let index = this.#entries.length - 1; index >= 0; index -= 1) {
      const earlier = this.#entries[index];
      if (earlier.seq === null || earlier.seq > message.seq) continue;
      const pressed = earlier.message.buttons?.find((each) => each.payload === message.text);
      if (pressed) return { ...message, text: pressed.title };
    }
    return message;
  }

  /** @param {Entry} entry whose seq is known */
  #insert(entry) {
    const rest = this.#entries.filter((each) => each !== entry);
    const seq = /** @type {number} */ (entry.seq);
    let index = rest.length;
    while (index > 0 && isAfter(rest[index - 1], seq)) index -= 1;
    rest.splice(index, 0, entry);
    this.#entries = rest;
  }
}

/**
 * @param {Entry} entry
 * @param {number} seq
 */
function isAfter(entry, seq) {
  return entry.seq === null || entry.seq > seq;
}
