/** What the header and the banner say about a conversation's state. */

/** @typedef {import("./types.js").Holder} Holder */
/** @typedef {import("./types.js").Phase} Phase */
/** @typedef {import("./view/banner.js").BannerContent} BannerContent */
/** @typedef {import("./view/header.js").Tone} Tone */

/**
 * @typedef {Object} State
 * @property {Phase} phase
 * @property {string} reason why it is not ready, for the resident
 * @property {boolean} connected
 * @property {Holder} holder
 * @property {boolean} returned the assistant has just taken over again
 * @property {boolean} unsent something is waiting to go out
 */

/**
 * @param {State} state
 * @param {{onNew: () => void, onRetry: () => void}} actions
 * @returns {BannerContent|null}
 */
export function bannerFor(
  { phase, reason, connected, holder, returned, unsent },
  { onNew, onRetry },
) {
  if (phase === "lost") {
    const rest = unsent ? "没发出的内容会在新会话里发送。" : "上面的内容仍可查看。";
    const action = { label: "开始新会话", onclick: onNew };
    return { kind: "problem", text: `这个会话已失效。${rest}`, action };
  }
  if (phase === "failed") {
    return { kind: "problem", text: reason, action: { label: "重试", onclick: onRetry } };
  }
  if (!connected) {
    return { kind: "offline", text: "网络已断开。您可以继续写，恢复后会自动发送。" };
  }
  if (phase === "starting") return reason ? { kind: "problem", text: reason } : null;
  if (holder.holder === "queue") return { kind: "queue", text: queueText(holder) };
  if (holder.holder === "operator")
    return { kind: "human", text: `${operatorName(holder)}为您服务` };
  if (holder.holder === "closed") {
    return { kind: "closed", text: "会话已结束", action: { label: "开始新会话", onclick: onNew } };
  }
  return returned ? { kind: "bot", text: "已回到智能助手" } : null;
}

/**
 * @param {State} state
 * @returns {{text: string, tone: Tone}}
 */
export function presenceFor({ phase, connected, holder }) {
  if (phase === "lost") return { text: "会话已失效", tone: "off" };
  if (!connected) return { text: "网络已断开", tone: "off" };
  if (phase !== "ready") return { text: "连接中", tone: "waiting" };
  if (holder.holder === "queue") return { text: "正在转人工", tone: "waiting" };
  if (holder.holder === "operator") return { text: operatorName(holder).trim(), tone: "human" };
  if (holder.holder === "closed") return { text: "会话已结束", tone: "off" };
  return { text: "智能助手", tone: "calm" };
}

/** @param {Holder} holder */
function operatorName({ operator_name: name }) {
  return name ? `坐席 ${name} ` : "人工坐席";
}

/** @param {Holder} holder */
function queueText({ queue_position: position }) {
  if (typeof position !== "number") return "正在为您转接人工，请稍候";
  const ahead = Math.max(0, position - 1);
  return ahead ? `正在为您转接人工，前面还有 ${ahead} 位` : "正在为您转接人工，请稍候";
}
