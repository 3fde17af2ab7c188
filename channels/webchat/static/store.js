/**
 * What the browser remembers: the session, the messages not yet sent, which
 * answers were rated and the size of the type. Each unsent message has a key of its own, so two tabs of
 * the same conversation do not overwrite each other's.
 */

/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").Outgoing} Outgoing */
/** @typedef {import("./types.js").Rating} Rating */

const PREFIX = "hotline.webchat.";
const SESSION = `${PREFIX}session`;
const LARGE_TYPE = `${PREFIX}large_type`;
const RATINGS = `${PREFIX}ratings`;
const UNSENT = `${PREFIX}unsent.`;

export class BrowserStore {
  #storage;

  /** @param {Storage|null} [storage] null where the browser forbids storage: nothing is kept */
  constructor(storage = availableStorage()) {
    this.#storage = storage;
  }

  /** @returns {Session|null} */
  session() {
    const session = this.#read(SESSION);
    return session && session.id && session.token ? session : null;
  }

  /** @param {Session} session */
  saveSession(session) {
    this.#write(SESSION, session);
  }

  /** Forgets the conversation and everything not yet sent in it. */
  forgetConversation() {
    this.#storage?.removeItem(SESSION);
    this.#storage?.removeItem(RATINGS);
    for (const { id } of this.unsent()) this.removeUnsent(id);
  }

  /** @returns {Outgoing[]} oldest first */
  unsent() {
    const storage = this.#storage;
    if (!storage) return [];
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
    const items = keys.filter((key) => key.startsWith(UNSENT)).map((key) => this.#read(key));
    return items.filter(Boolean).sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
  }

  /** @param {Outgoing} item */
  saveUnsent(item) {
    const { file: _file, progress: _progress, ...kept } = item;
    this.#write(UNSENT + item.id, kept);
  }

  /** @param {string} id */
  removeUnsent(id) {
    this.#storage?.removeItem(UNSENT + id);
  }

  /**
   * @param {number} seq of the answer
   * @returns {Rating|null}
   */
  rating(seq) {
    return this.#read(RATINGS)?.[seq] ?? null;
  }

  /**
   * @param {number} seq of the answer
   * @param {Rating} rating
   */
  saveRating(seq, rating) {
    this.#write(RATINGS, { ...this.#read(RATINGS), [seq]: rating });
  }

  /** @returns {boolean} */
  largeType() {
    return this.#read(LARGE_TYPE) === true;
  }

  /** @param {boolean} on */
  saveLargeType(on) {
    this.#write(LARGE_TYPE, on);
  }

  /**
   * @param {string} key
   * @returns {any}
   */
  #read(key) {
    try {
      return JSON.parse(this.#storage?.getItem(key) ?? "null");
    } catch {
      return null;
    }
  }

  /**
   * @param {string} key
   * @param {unknown} value
   */
  #write(key, value) {
    try {
      this.#storage?.setItem(key, JSON.stringify(value));
    } catch {
      // The quota is full or storage was switched off: the page still works, it only forgets.
    }
  }
}

/** @returns {Storage|null} */
function availableStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
