/** Under the resident's own message: on its way, waiting, or refused and why. */
import { el } from "../dom.js";
import { icon } from "../icons.js";
import { isSendable } from "../outgoing.js";

/** @typedef {import("../types.js").Outgoing} Outgoing */

/**
 * @param {Outgoing} item not sent yet
 * @param {{onRetry: (id: string) => void, onDiscard: (id: string) => void}} actions
 * @returns {HTMLElement}
 */
export function createDelivery(item, { onRetry, onDiscard }) {
  const retry = () => link("重试", () => onRetry(item.id));
  const discard = () => link("删除", () => onDiscard(item.id));
  if (item.state === "failed") {
    const actions = isSendable(item) ? [retry(), discard()] : [discard()];
    return line("hc-failed", icon("alert"), item.error ?? "没有发送成功。", ...actions);
  }
  if (item.error) return line("hc-held", item.error, retry());
  if (item.state === "waiting") return line("hc-held", "等待发送");
  if (item.progress === undefined) return line("hc-sending", "发送中");
  const percent = Math.round(item.progress * 100);
  const bar = el("progress", { max: 100, value: percent, "aria-label": "图片上传进度" });
  return line("hc-sending", percent < 100 ? `上传中 ${percent}%` : "发送中", bar);
}

/**
 * @param {string} kind
 * @param {...(Node|string)} parts
 */
function line(kind, ...parts) {
  const words = parts.map((part) => (typeof part === "string" ? el("span", {}, part) : part));
  return el("span", { class: `hc-delivery ${kind}` }, ...words);
}

/**
 * @param {string} label
 * @param {() => void} onclick
 */
function link(label, onclick) {
  return el("button", { type: "button", class: "hc-link", onclick }, label);
}
