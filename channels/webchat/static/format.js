/** Times, sizes and lengths as residents read them. Times are Beijing time everywhere. */

const ZONE = "Asia/Shanghai";
const DAY = 86_400_000;

/** @param {Intl.DateTimeFormatOptions} options */
function formatter(options) {
  return new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, ...options });
}

const clock = formatter({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const isoDay = new Intl.DateTimeFormat("en-CA", {
  timeZone: ZONE,
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
});
const monthDay = formatter({ month: "long", day: "numeric" });
const yearMonthDay = formatter({ year: "numeric", month: "long", day: "numeric" });
const weekday = formatter({ weekday: "long" });

/**
 * @param {string|undefined} iso
 * @returns {Date|null}
 */
function parse(iso) {
  const date = new Date(iso ?? "");
  return Number.isNaN(date.getTime()) ? null : date;
}

/**
 * @param {string|undefined} iso
 * @returns {string} "14:05", empty when the time cannot be read
 */
export function formatClock(iso) {
  const date = parse(iso);
  return date ? clock.format(date) : "";
}

/**
 * @param {string|undefined} iso
 * @returns {string} the Beijing day, "2026-11-22"
 */
export function dayOf(iso) {
  const date = parse(iso);
  return date ? isoDay.format(date) : "";
}

/**
 * @param {string} iso
 * @param {Date} now
 * @returns {string} 今天, 昨天, 11月20日 星期五, or with the year
 */
export function formatDay(iso, now) {
  const date = parse(iso);
  if (!date) return "";
  const day = isoDay.format(date);
  if (day === isoDay.format(now)) return "今天";
  if (day === isoDay.format(new Date(now.getTime() - DAY))) return "昨天";
  const sameYear = day.slice(0, 4) === isoDay.format(now).slice(0, 4);
  return `${(sameYear ? monthDay : yearMonthDay).format(date)} ${weekday.format(date)}`;
}

/**
 * @param {string|undefined} iso
 * @param {Date} now
 * @returns {string} "11月25日（星期三）18:00 前"
 */
export function formatDeadline(iso, now) {
  const date = parse(iso);
  if (!date) return "";
  const sameYear = isoDay.format(date).slice(0, 4) === isoDay.format(now).slice(0, 4);
  const day = (sameYear ? monthDay : yearMonthDay).format(date);
  return `${day}（${weekday.format(date)}）${clock.format(date)} 前`;
}

/**
 * @param {number} bytes
 * @returns {string} "2.4 MB"
 */
export function formatSize(bytes) {
  const megabytes = bytes / 1_048_576;
  return megabytes >= 1
    ? `${megabytes.toFixed(1)} MB`
    : `${Math.max(1, Math.round(bytes / 1024))} KB`;
}

/**
 * Counts as the server does: characters beyond the basic plane are one each.
 * @param {string} text
 * @returns {number}
 */
export function countCharacters(text) {
  let count = 0;
  for (const _character of text) count += 1;
  return count;
}
