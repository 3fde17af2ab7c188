/** Opening a conversation again and again until it works or is refused. */
import { ApiError } from "./api.js";
import { Backoff } from "./backoff.js";

const UNKNOWN_FAILURE = "暂时没有连上服务，请稍后再试。";

/**
 * @param {() => Promise<void>} step
 * @param {import("./backoff.js").Pause} pause ended early when the network comes back
 * @param {(reason: string) => void} onWait told why it waits, in words for the resident
 * @returns {Promise<ApiError|null>} null when open, else the refusal
 */
export async function openPersistently(step, pause, onWait) {
  const backoff = new Backoff();
  for (;;) {
    try {
      await step();
      return null;
    } catch (error) {
      const failure = error instanceof ApiError ? error : new ApiError(500, "", UNKNOWN_FAILURE);
      if (!failure.isTemporary) return failure;
      onWait(failure.message);
      await pause.wait(Math.max(failure.retryAfter ?? 0, backoff.next()));
    }
  }
}
