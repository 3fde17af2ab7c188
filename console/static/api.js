/** Calls to the console's API. */

const OFFLINE = "网络连接中断，请稍后再试。";

export class ApiError extends Error {
  /**
   * @param {number} status 0 when no answer came
   * @param {string} message in the operator's words
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {Record<string, unknown>} [body]
 * @returns {Promise<any>}
 */
export function post(path, body = {}) {
  const csrf = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
  return call(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
export function get(path) {
  return call(path, {});
}

/** Leaves for the login page and comes back here afterwards. */
export function goToLogin() {
  const here = location.pathname + location.search;
  location.assign(`/console/login?next=${encodeURIComponent(here)}`);
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function call(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new ApiError(0, OFFLINE);
  }
  const body = await response.json().catch(() => null);
  if (response.ok) return body;
  if (response.status === 401) goToLogin();
  throw new ApiError(response.status, body?.error?.message ?? "没有成功，请稍后再试。");
}
