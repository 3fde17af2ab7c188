/** Where the resident stands, asked of the browser once. */

const OPTIONS = { enableHighAccuracy: true, timeout: 15_000, maximumAge: 30_000 };

/** By the browser's own error codes. @type {Record<number, string>} */
const REASONS = {
  1: "没有获得定位权限。您可以在浏览器或手机设置里允许定位后再试，也可以直接输入地点。",
  2: "暂时定不到位置，室内或信号弱时容易这样。请稍后再试，或直接输入地点。",
  3: "定位用时太久，已停止。请再试一次，或直接输入地点。",
};
const INSECURE = "当前网页不是加密连接，浏览器不允许定位。请直接输入地点。";
const UNSUPPORTED = "这个浏览器不支持定位。请直接输入地点。";

/** Why there is no position, in words for the resident. */
export class LocationError extends Error {}

/**
 * @returns {Promise<{lat: number, lon: number, accuracy: number}>} WGS-84 degrees, and metres
 * @throws {LocationError}
 */
export function locate() {
  return new Promise((resolve, reject) => {
    if (!window.isSecureContext) return reject(new LocationError(INSECURE));
    if (!navigator.geolocation) return reject(new LocationError(UNSUPPORTED));
    return navigator.geolocation.getCurrentPosition(
      ({ coords }) =>
        resolve({
          lat: round(coords.latitude),
          lon: round(coords.longitude),
          accuracy: Math.max(1, Math.round(coords.accuracy)),
        }),
      (error) => reject(new LocationError(REASONS[error.code] ?? REASONS[2])),
      OPTIONS,
    );
  });
}

/** @param {number} degrees to about ten centimetres */
function round(degrees) {
  return Math.round(degrees * 1e6) / 1e6;
}
