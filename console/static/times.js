/** Times as operators read them: the city's clock everywhere. */

const ZONE = "Asia/Shanghai";
const clock = new Intl.DateTimeFormat("zh-CN", {
  timeZone: ZONE,
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const isoDay = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE });
const longDay = new Intl.DateTimeFormat("zh-CN", {
  timeZone: ZONE,
  month: "long",
  day: "numeric",
  weekday: "long",
});

/**
 * @param {string} iso
 * @returns {string} "14:05"
 */
export function formatClock(iso) {
  return clock.format(new Date(iso));
}

/**
 * @param {string} iso
 * @returns {string} the city's day, "2026-11-22"
 */
export function dayOf(iso) {
  return isoDay.format(new Date(iso));
}

/**
 * @param {string} iso
 * @returns {string} "今天", or "11月22日星期日"
 */
export function formatDay(iso) {
  return dayOf(iso) === isoDay.format(new Date()) ? "今天" : longDay.format(new Date(iso));
}
