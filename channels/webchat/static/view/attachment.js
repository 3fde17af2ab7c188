/** A picture in the conversation, loaded with the resident's token when it comes into view. */
import { el } from "../dom.js";
import { icon } from "../icons.js";

/** @typedef {import("../types.js").Attachment} Attachment */

/**
 * @typedef {Object} AttachmentOptions
 * @property {(attachment: Attachment, small: boolean) => Promise<Blob>} load
 * @property {(address: string, name: string) => void} onOpen
 */

const PICTURE = "图片";

/**
 * @param {File} file the resident's own, not yet or just sent
 * @param {(address: string, name: string) => void} onOpen
 */
export function createOwnPicture(file, onOpen) {
  const address = URL.createObjectURL(file);
  const name = file.name || PICTURE;
  return el(
    "button",
    {
      type: "button",
      class: "hc-picture",
      "aria-label": `查看大图：${name}`,
      onclick: () => onOpen(address, name),
    },
    el("img", { src: address, alt: "" }),
  );
}

/**
 * @param {Attachment} attachment
 * @param {AttachmentOptions} options
 * @returns {HTMLElement}
 */
export function createAttachment(attachment, { load, onOpen }) {
  const name = attachment.name || PICTURE;
  if (attachment.kind !== "image") return el("p", { class: "hc-file" }, `附件：${name}`);
  const { width, height } = attachment;
  const image = el("img", { alt: "", width, height });
  const note = el("span", { class: "hc-picture-note" }, "图片加载中…");
  const button = el(
    "button",
    { type: "button", class: "hc-picture", "aria-label": `查看大图：${name}` },
    image,
    note,
  );
  let shown = false;
  let address = "";
  let opening = false;

  async function show() {
    note.replaceChildren("图片加载中…");
    try {
      image.src = URL.createObjectURL(await load(attachment, true));
      shown = true;
      note.remove();
    } catch {
      note.replaceChildren(icon("retry"), "没有加载成功，点按重试");
    }
  }

  /** The whole picture is fetched once, when it is asked for. */
  async function open() {
    if (opening) return;
    opening = true;
    try {
      address ||= URL.createObjectURL(await load(attachment, false));
      onOpen(address, name);
    } catch {
      // rather the small one than none
      onOpen(image.src, name);
    } finally {
      opening = false;
    }
  }

  button.addEventListener("click", () => void (shown ? open() : show()));
  onceVisible(button, () => void show());
  return button;
}

/**
 * @param {Element} element
 * @param {() => void} callback
 */
function onceVisible(element, callback) {
  const observer = new IntersectionObserver((changes) => {
    if (!changes.some((change) => change.isIntersecting)) return;
    observer.disconnect();
    callback();
  });
  observer.observe(element);
}
