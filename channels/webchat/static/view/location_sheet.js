/** The sheet that sends a place: found by the browser, or typed. */
import { el } from "../dom.js";
import { LocationError, locate } from "../geolocation.js";
import { icon } from "../icons.js";
import { openOnce } from "./dialogs.js";

/** @typedef {import("../types.js").Place} Place */

/** Above this, in metres, the position alone does not lead anyone to the spot. */
const COARSE = 200;
const EXPLANATION =
  "按下按钮后，浏览器会问您是否允许定位，请选“允许”。位置只取这一次，先给您看，您确认后才会发送。";

/**
 * @param {HTMLElement} place where the dialog is put
 * @param {{onLocation: (place: Place) => void, onText: (text: string) => void}} listener
 */
export function openLocationSheet(place, { onLocation, onText }) {
  /** @type {{lat: number, lon: number, accuracy: number}|null} */
  let found = null;
  const status = el("p", { class: "hc-sheet-status", role: "status" });
  const find = el(
    "button",
    { type: "button", class: "hc-button hc-button-wide", onclick: () => void search() },
    icon("target"),
    el("span", {}, "获取我的位置"),
  );
  const hint = el(
    "p",
    { id: "hc-place-hint", class: "hc-sheet-hint" },
    "例如：某某路与某某街路口东北角，小区东门外",
  );
  const words = el("input", {
    id: "hc-place-words",
    type: "text",
    maxlength: 200,
    autocomplete: "off",
    enterkeyhint: "send",
    "aria-describedby": "hc-place-hint",
  });
  const label = el("label", { for: "hc-place-words" }, "或者直接输入地点");
  const send = el(
    "button",
    { type: "submit", class: "hc-button hc-button-main", disabled: true },
    "发送位置",
  );
  const cancel = el(
    "button",
    { type: "button", class: "hc-button", onclick: () => dialog.close() },
    "取消",
  );

  words.addEventListener("input", update);

  function update() {
    send.disabled = !found && !words.value.trim();
  }

  async function search() {
    find.disabled = true;
    status.dataset.tone = "calm";
    status.textContent = "正在定位…";
    try {
      found = await locate();
      const coarse =
        found.accuracy > COARSE
          ? "误差较大，请在下面补充具体地点。"
          : "可以在下面补充门牌、路口等说明。";
      status.dataset.tone = "good";
      status.textContent = `已取得位置，误差约 ${found.accuracy} 米。${coarse}`;
      label.textContent = "补充说明（可不填）";
    } catch (error) {
      status.dataset.tone = "bad";
      status.textContent =
        error instanceof LocationError ? error.message : "没有取得位置，请直接输入地点。";
    }
    find.disabled = false;
    update();
  }

  const form = el(
    "form",
    { class: "hc-sheet" },
    el("h2", { id: "hc-sheet-title" }, "发送位置"),
    el("p", { class: "hc-sheet-text" }, EXPLANATION),
    find,
    status,
    label,
    words,
    hint,
    el("div", { class: "hc-dialog-buttons" }, cancel, send),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = words.value.trim();
    if (found) {
      const { lat, lon, accuracy } = found;
      onLocation({ lat, lon, label: typed || `我的当前位置（误差约 ${accuracy} 米）` });
    } else if (typed) onText(typed);
    else return;
    dialog.close();
  });
  const dialog = el(
    "dialog",
    { class: "hc-dialog hc-dialog-sheet", "aria-labelledby": "hc-sheet-title" },
    form,
  );
  openOnce(place, dialog, () => {});
}
