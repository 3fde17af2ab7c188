/** A case in the conversation: its number to keep, where it stands, when it is due. */
import { copyText } from "../clipboard.js";
import { el, hidden } from "../dom.js";
import { formatDeadline } from "../format.js";
import { icon } from "../icons.js";

/** @typedef {import("../types.js").CaseSummary} CaseSummary */

/**
 * How a status is coloured, and its name where the server sends none.
 * @type {Record<string, {name: string, tone: "open"|"done"|"stopped"}>}
 */
const STATUSES = {
  accepted: { name: "已受理", tone: "open" },
  dispatched: { name: "已派单", tone: "open" },
  handling: { name: "处置中", tone: "open" },
  closed: { name: "已办结", tone: "done" },
  voided: { name: "已作废", tone: "stopped" },
};

/**
 * @param {CaseSummary} summary
 * @param {(text: string) => void} notify shows a short notice
 * @returns {HTMLElement}
 */
export function createCaseCard(summary, notify) {
  const status = STATUSES[summary.status] ?? { name: summary.status, tone: "open" };
  const number = el("span", { class: "hc-case-number" }, summary.case_number);
  const copy = el(
    "button",
    {
      type: "button",
      class: "hc-chip-button",
      onclick: () => void copyNumber(summary.case_number, notify),
    },
    icon("copy"),
    el("span", {}, "复制"),
    hidden("工单编号"),
  );
  const category = summary.category_name ?? summary.category_code;
  return el(
    "section",
    { class: "hc-case", "aria-label": `工单 ${summary.case_number}` },
    el(
      "div",
      { class: "hc-case-head" },
      icon("case"),
      el("span", {}, "工单编号"),
      el(
        "span",
        { class: `hc-mark-${status.tone}` },
        hidden("状态："),
        summary.status_name ?? status.name,
      ),
    ),
    el("div", { class: "hc-case-line" }, number, copy),
    el(
      "dl",
      {},
      ...row("问题类别", category),
      ...row("办理期限", formatDeadline(summary.due_at, new Date()), "（北京时间）"),
    ),
  );
}

/**
 * @param {string} term
 * @param {string|undefined} value
 * @param {string} [note]
 */
function row(term, value, note = "") {
  if (!value) return [];
  return [el("dt", {}, term), el("dd", {}, value, note && el("small", {}, note))];
}

/**
 * @param {string} number
 * @param {(text: string) => void} notify
 */
async function copyNumber(number, notify) {
  const copied = await copyText(number);
  notify(copied ? `已复制工单编号 ${number}` : `没有复制成功，请手动记下：${number}`);
}
