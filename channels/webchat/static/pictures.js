/** Pictures made ready to send: the right format, and not too large. */

const MAX_BYTES = 10 * 1024 * 1024;
const MAX_SIDE = 4096;
const JPEG_QUALITY = 0.85;
const SENDABLE = new Set(["image/jpeg", "image/png", "image/webp"]);
const HEIC = /\.hei[cf]$/i;

const TOO_LARGE = "图片超过 10 MB，请压缩后再发，或换一张。";
const HEIC_UNREADABLE =
  "这张 HEIC 照片在当前浏览器里打不开。请截屏后发送截图，或把手机相机设置为“兼容性最佳”重新拍摄。";
const WRONG_FORMAT = "只能发送 JPEG、PNG、WebP 格式的图片。";

/** What the file dialog offers; a phone turns its own HEIC photos into JPEG for it. */
export const ACCEPTED_TYPES = "image/jpeg,image/png,image/webp";

/** A picture that cannot be sent, with the reason for the resident. */
export class PictureError extends Error {}

/**
 * Returns the file as it is when it can be sent, or re-encoded as JPEG when it
 * is too large or HEIC and this browser can read it.
 * @param {File} file
 * @returns {Promise<File>}
 * @throws {PictureError}
 */
export async function preparePicture(file) {
  const heic = file.type === "image/heic" || file.type === "image/heif" || HEIC.test(file.name);
  if (!heic && !SENDABLE.has(file.type)) throw new PictureError(WRONG_FORMAT);
  if (!heic && file.size <= MAX_BYTES) return file;
  const smaller = await reencode(file);
  if (!smaller) throw new PictureError(heic ? HEIC_UNREADABLE : TOO_LARGE);
  if (smaller.size > MAX_BYTES) throw new PictureError(TOO_LARGE);
  return smaller;
}

/**
 * @param {File} file
 * @returns {Promise<File|null>} null when the browser cannot read the picture
 */
async function reencode(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    /** @type {Blob|null} */
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
    const name = file.name.replace(/\.[^.]*$/, "") + ".jpg";
    return blob && new File([blob], name, { type: "image/jpeg" });
  } catch {
    return null;
  }
}
