/** A message the resident has just written, and how it is handed to the server. */

/** @typedef {import("./types.js").Outgoing} Outgoing */

/**
 * @param {Outgoing["kind"]} kind
 * @param {Partial<Outgoing>} content
 * @returns {Outgoing}
 */
export function createOutgoing(kind, content) {
  const created_at = new Date().toISOString();
  return { id: createMessageId(), kind, text: "", created_at, state: "waiting", ...content };
}

/**
 * @param {Outgoing} item
 * @returns {boolean} false for a picture whose file went with an earlier page
 */
export function isSendable(item) {
  return item.kind !== "image" || item.file instanceof File;
}

/**
 * @param {import("./api.js").ChatApi} api
 * @param {import("./types.js").Session} session
 * @param {Outgoing} item
 * @param {(share: number) => void} onProgress
 * @returns {Promise<void>} when the server has stored it
 */
export async function sendOutgoing(api, session, item, onProgress) {
  const { id: client_message_id, text, location, file } = item;
  if (file) await api.sendImage(session, client_message_id, file, onProgress);
  else if (location) await api.sendMessage(session, { client_message_id, location });
  else await api.sendMessage(session, { client_message_id, text });
}

/**
 * `crypto.randomUUID` exists only on https pages, and a closed network may
 * well serve plain http.
 */
function createMessageId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
