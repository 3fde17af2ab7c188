/** The chat API over HTTP. Every failure comes out as an `ApiError` with a Chinese message. */

/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Place} Place */
/** @typedef {import("./types.js").Attachment} Attachment */
/** @typedef {import("./types.js").StreamEvent} StreamEvent */

const REQUEST_TIMEOUT = 20_000;
const UPLOAD_STALL_TIMEOUT = 45_000;

/** Used only when the answer brings no message of its own. @type {Record<number, string>} */
const MESSAGES = {
  0: "网络不通，稍后会自动再试。",
  413: "文件太大，没有发出。",
  415: "暂不支持这种文件格式。",
  429: "发送得有点快，请稍等一会儿。",
  502: "服务暂时连不上，稍后会自动再试。",
  503: "服务暂时繁忙，稍后会自动再试。",
  504: "服务响应较慢，稍后会自动再试。",
};
const FALLBACK_MESSAGE = "没有发送成功，请重试。";
const TEMPORARY = new Set([0, 408, 429, 502, 503, 504]);
const SESSION_LOST = new Set([401, 404, 410]);

/** A request the server refused, or one that never reached it (status 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message for the resident
   * @param {number|null} retryAfter milliseconds the server asks to wait
   */
  constructor(status, code, message, retryAfter = null) {
    super(message || MESSAGES[status] || FALLBACK_MESSAGE);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** Worth sending again unchanged after a pause. */
  get isTemporary() {
    return TEMPORARY.has(this.status);
  }

  /** The conversation is gone or the token no longer opens it. */
  get isSessionLost() {
    return SESSION_LOST.has(this.status);
  }
}

/**
 * @param {number} status
 * @param {string} body
 * @param {string|null} retryAfter the header, in seconds
 */
function errorFrom(status, body, retryAfter) {
  let detail = /** @type {{code?: string, message?: string}} */ ({});
  try {
    detail = JSON.parse(body).error ?? {};
  } catch {
    // A proxy in between answers with a page of its own; the status is enough.
  }
  const seconds = Number(retryAfter);
  const pause = retryAfter && Number.isFinite(seconds) ? seconds * 1000 : null;
  return new ApiError(status, detail.code ?? "http_error", detail.message ?? "", pause);
}

/** @param {unknown} error */
function networkError(error) {
  return error instanceof ApiError ? error : new ApiError(0, "network", "");
}

export class ChatApi {
  #base;

  /** @param {string} base the API's path, without a slash at the end */
  constructor(base) {
    this.#base = base;
  }

  /** @returns {Promise<{conversation_id: string, token: string, greeting: Message[]}>} */
  createConversation() {
    return this.#json("/conversations", { method: "POST", body: {} });
  }

  /**
   * @param {Session} session
   * @param {{client_message_id: string, text?: string, location?: Place}} body
   * @returns {Promise<{message_id: string}>}
   */
  sendMessage(session, body) {
    return this.#json(this.#path(session, "messages"), { method: "POST", body, session });
  }

  /**
   * @param {Session} session
   * @param {number} seq of the answer
   * @param {boolean} helpful
   * @param {string} reason
   * @returns {Promise<void>}
   */
  rate(session, seq, helpful, reason) {
    const body = { seq, helpful, reason };
    return this.#json(this.#path(session, "ratings"), { method: "POST", body, session });
  }

  /**
   * @param {Session} session
   * @param {number} after only events with a greater seq
   * @param {number} wait seconds the server may hold the request open
   * @param {AbortSignal} [signal]
   * @returns {Promise<StreamEvent[]>}
   */
  async events(session, after, wait, signal) {
    const query = wait ? `events?after=${after}&wait=${wait}` : `events?after=${after}`;
    const timeout = REQUEST_TIMEOUT + wait * 1000;
    const answer = await this.#json(this.#path(session, query), { session, signal, timeout });
    return answer.events;
  }

  /**
   * @param {Session} session
   * @returns {Promise<StreamEvent[]>} everything so far, page after page
   */
  async history(session) {
    /** @type {StreamEvent[]} */
    const events = [];
    for (;;) {
      const after = events.length ? (events[events.length - 1].seq ?? 0) : 0;
      const page = await this.events(session, after, 0);
      if (!page.length) return events;
      events.push(...page);
    }
  }

  /**
   * @param {Session} session
   * @param {Attachment} attachment
   * @param {boolean} small the thumbnail will do
   * @returns {Promise<Blob>}
   */
  async attachment(session, attachment, small) {
    const path = this.#path(session, `attachments/${encodeURIComponent(attachment.id)}`);
    const named = attachment.url ? new URL(attachment.url, location.href) : null;
    // The token goes to this site only, whatever address a message carries.
    const url = named && named.origin === location.origin ? named.href : this.#base + path;
    return (await this.#fetch(small ? `${url}?size=small` : url, { session })).blob();
  }

  /**
   * Sends a picture; XMLHttpRequest because fetch reports no upload progress.
   * @param {Session} session
   * @param {string} clientMessageId
   * @param {File} file
   * @param {(share: number) => void} onProgress called with 0 to 1
   * @returns {Promise<void>}
   */
  sendImage(session, clientMessageId, file, onProgress) {
    const form = new FormData();
    form.append("client_message_id", clientMessageId);
    form.append("image", file, file.name);
    const request = new XMLHttpRequest();
    return new Promise((resolve, reject) => {
      /** @type {ReturnType<typeof setTimeout>|undefined} */
      let stall;
      const watch = () => {
        clearTimeout(stall);
        stall = setTimeout(() => request.abort(), UPLOAD_STALL_TIMEOUT);
      };
      const fail = () => reject(new ApiError(0, "network", ""));
      request.open("POST", this.#base + this.#path(session, "messages"));
      request.setRequestHeader("Authorization", `Bearer ${session.token}`);
      request.upload.onprogress = (event) => {
        watch();
        if (event.lengthComputable) onProgress(event.loaded / event.total);
      };
      request.onload = () => {
        if (request.status >= 200 && request.status < 300) return resolve();
        const retryAfter = request.getResponseHeader("Retry-After");
        return reject(errorFrom(request.status, request.responseText, retryAfter));
      };
      request.onerror = fail;
      request.onabort = fail;
      request.onloadend = () => clearTimeout(stall);
      watch();
      request.send(form);
    });
  }

  /**
   * @param {Session} session
   * @param {number} after
   * @returns {WebSocket}
   */
  openSocket(session, after) {
    const url = new URL(this.#base + this.#path(session, `socket?after=${after}`), location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url.href, ["hotline.v1", `token.${session.token}`]);
  }

  /**
   * @param {Session} session
   * @param {string} rest
   */
  #path(session, rest) {
    return `/conversations/${encodeURIComponent(session.id)}/${rest}`;
  }

  /**
   * @typedef {Object} RequestOptions
   * @property {string} [method]
   * @property {unknown} [body]
   * @property {Session} [session]
   * @property {AbortSignal} [signal]
   * @property {number} [timeout]
   */

  /**
   * @param {string} path
   * @param {RequestOptions} options
   * @returns {Promise<any>}
   */
  async #json(path, options) {
    const response = await this.#fetch(this.#base + path, options);
    try {
      return await response.json();
    } catch (error) {
      throw networkError(error);
    }
  }

  /**
   * @param {string} url
   * @param {RequestOptions} options
   * @returns {Promise<Response>}
   */
  async #fetch(url, { method = "GET", body, session, signal, timeout = REQUEST_TIMEOUT }) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (session) headers.Authorization = `Bearer ${session.token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), timeout);
    const stop = () => limit.abort();
    signal?.addEventListener("abort", stop);
    try {
      const response = await fetch(url, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: limit.signal,
        cache: "no-store",
      });
      if (response.ok) return response;
      throw errorFrom(response.status, await response.text(), response.headers.get("Retry-After"));
    } catch (error) {
      throw networkError(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }
}
