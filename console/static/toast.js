/** A sentence that comes up and goes away: what went wrong, in the operator's words. */
import { el, icon, need } from "./dom.js";

const SHOWN = 7000;

/** @param {string} words */
export function tell(words) {
  const toast = el("p", { class: "toast" }, icon("alert"), words);
  need("#toasts").replaceChildren(toast);
  setTimeout(() => toast.remove(), SHOWN);
}
