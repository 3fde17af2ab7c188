/** A question with two answers, and a picture at full size. */
import { el } from "../dom.js";
import { icon } from "../icons.js";

/**
 * @param {HTMLElement} place where the dialog is put while it is open
 * @param {{title: string, text: string, confirm: string, cancel: string}} words
 * @returns {Promise<boolean>}
 */
export function ask(place, { title, text, confirm, cancel }) {
  return new Promise((resolve) => {
    const yes = el("button", { value: "yes", class: "hc-button hc-button-main" }, confirm);
    const no = el("button", { value: "no", class: "hc-button", autofocus: true }, cancel);
    const dialog = el(
      "dialog",
      { class: "hc-dialog", "aria-labelledby": "hc-ask-title", "aria-describedby": "hc-ask-text" },
      el(
        "form",
        { method: "dialog" },
        el("h2", { id: "hc-ask-title" }, title),
        el("p", { id: "hc-ask-text" }, text),
        el("div", { class: "hc-dialog-buttons" }, no, yes),
      ),
    );
    openOnce(place, dialog, () => resolve(dialog.returnValue === "yes"));
  });
}

/**
 * @param {HTMLElement} place
 * @param {string} address of the picture
 * @param {string} name
 */
export function showPicture(place, address, name) {
  const close = el(
    "button",
    {
      type: "button",
      class: "hc-lightbox-close",
      "aria-label": "关闭大图",
      onclick: () => dialog.close(),
    },
    icon("close"),
  );
  const picture = el("img", { src: address, alt: name, onclick: () => dialog.close() });
  const dialog = el(
    "dialog",
    { class: "hc-lightbox", "aria-label": `大图：${name}` },
    close,
    picture,
  );
  openOnce(place, dialog, () => {});
}

/**
 * Opens a modal dialog and takes it out of the page again when it closes; the
 * browser gives the focus back to where it was.
 * @param {HTMLElement} place
 * @param {HTMLDialogElement} dialog
 * @param {() => void} onClose
 */
export function openOnce(place, dialog, onClose) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose();
  });
  place.append(dialog);
  dialog.showModal();
}
