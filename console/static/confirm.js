/** Asks before something that cannot be taken back. */
import { need } from "./dom.js";

/**
 * @param {string} question
 * @returns {Promise<boolean>}
 */
export function confirmed(question) {
  const dialog = /** @type {HTMLDialogElement} */ (need("#confirm"));
  need("#confirm-text").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
