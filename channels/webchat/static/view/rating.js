/** Whether an answer helped: two buttons under it, and a reason where it did not. */
import { el } from "../dom.js";
import { icon } from "../icons.js";

/** What may be wrong with an answer; the resident's own words come by writing a message. */
const REASONS = ["答非所问", "信息不对", "看不懂", "不完整"];

/** @typedef {(helpful: boolean, reason: string) => Promise<void>} Rate */

/**
 * @param {Rate} rate
 * @param {(text: string) => void} notify
 * @param {import("../types.js").Rating|null} before what was pressed before the page was loaded
 * @returns {HTMLElement}
 */
export function createRating(rate, notify, before) {
  const status = el("span", { class: "hc-rating-status", role: "status" });
  const reasons = el("div", { class: "hc-rating-reasons", role: "group", "aria-label": "哪里不好", hidden: true });
  const up = choice("有用", "thumb_up", () => void press(true, ""));
  const down = choice("没用", "thumb_down", () => void press(false, ""));
  const chips = REASONS.map((reason) => choice(reason, "", () => void press(false, reason)));
  reasons.append(...chips);

  /**
   * @param {boolean} helpful
   * @param {string} reason
   */
  async function press(helpful, reason) {
    try {
      await rate(helpful, reason);
    } catch (error) {
      notify(/** @type {Error} */ (error).message);
      return;
    }
    show(helpful, reason);
  }

  /**
   * @param {boolean} helpful
   * @param {string} reason
   */
  function show(helpful, reason) {
    up.setAttribute("aria-pressed", String(helpful));
    down.setAttribute("aria-pressed", String(!helpful));
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.textContent === reason));
    reasons.hidden = helpful;
    status.textContent = helpful || reason ? "谢谢您的评价。" : "谢谢。方便的话说一下哪里不好。";
  }

  if (before) show(before.helpful, before.reason);
  const ask = el("span", {}, "这条回答有用吗");
  const row = el("div", { class: "hc-rating-row", role: "group", "aria-label": "评价这条回答" }, ask, up, down, status);
  return el("div", { class: "hc-rating" }, row, reasons);
}

/**
 * @param {string} title
 * @param {string} picture
 * @param {() => void} press
 */
function choice(title, picture, press) {
  const label = picture ? [icon(picture), title] : [title];
  return el("button", { type: "button", class: "hc-rate", "aria-pressed": "false", onclick: press }, ...label);
}
