/** Waiting times that run: the server says how long, the page goes on counting. */

/** @type {WeakMap<Element, {said: string, at: number}>} */
const known = new WeakMap();

/**
 * @param {number} seconds
 * @returns {string} "03:12", from an hour on "1:03:12"
 */
export function formatDuration(seconds) {
  const left = Math.max(Math.floor(seconds), 0);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const minutes = `${two(Math.floor((left % 3600) / 60))}:${two(left % 60)}`;
  return left >= 3600 ? `${Math.floor(left / 3600)}:${minutes}` : minutes;
}

/** @param {number} goal seconds after which a wait is too long */
export function runWaits(goal) {
  const tick = () => {
    for (const element of document.querySelectorAll("[data-waited]")) {
      const said = element.getAttribute("data-waited") ?? "0";
      let since = known.get(element);
      if (since?.said !== said) {
        since = { said, at: performance.now() };
        known.set(element, since);
      }
      const waited = Number(said) + (performance.now() - since.at) / 1000;
      const clock = element.querySelector("[data-clock]");
      const words = formatDuration(waited);
      if (clock && clock.textContent !== words) clock.textContent = words;
      element.classList.toggle("wait-late", waited > goal);
    }
  };
  tick();
  setInterval(tick, 1000);
}
