/** Pictures chosen and not yet sent, each with a small preview and a way to take it out. */
import { el } from "../dom.js";
import { formatSize } from "../format.js";
import { icon } from "../icons.js";
import { PictureError, preparePicture } from "../pictures.js";

const MOST = 6;

export class PictureTray {
  /** @type {File[]} */
  #files = [];
  #notify;
  #onChange;
  #list = el("ul");

  /**
   * @param {(text: string) => void} notify
   * @param {() => void} onChange
   */
  constructor(notify, onChange) {
    this.#notify = notify;
    this.#onChange = onChange;
    this.element = el(
      "div",
      { class: "hc-tray", hidden: true, role: "group", "aria-label": "待发送的图片" },
      this.#list,
    );
  }

  get isEmpty() {
    return this.#files.length === 0;
  }

  /** @param {Iterable<File>} files */
  async add(files) {
    for (const file of files) {
      if (this.#files.length >= MOST) {
        this.#notify(`一次最多选 ${MOST} 张图片，发送后可以继续选。`);
        break;
      }
      try {
        this.#hold(await preparePicture(file));
      } catch (error) {
        if (!(error instanceof PictureError)) throw error;
        this.#notify(error.message);
      }
    }
  }

  /** @returns {File[]} what was in the tray, which is empty afterwards */
  take() {
    const files = this.#files;
    this.#files = [];
    for (const image of this.#list.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    this.#list.replaceChildren();
    this.#changed();
    return files;
  }

  /** @param {File} file */
  #hold(file) {
    this.#files.push(file);
    const image = el("img", { src: URL.createObjectURL(file), alt: file.name });
    const remove = el(
      "button",
      { type: "button", class: "hc-tray-remove", "aria-label": `移除图片 ${file.name}` },
      icon("close"),
    );
    const item = el("li", {}, image, el("span", {}, formatSize(file.size)), remove);
    remove.addEventListener("click", () => {
      this.#files = this.#files.filter((each) => each !== file);
      URL.revokeObjectURL(image.src);
      item.remove();
      this.#changed();
    });
    this.#list.append(item);
    this.#changed();
  }

  #changed() {
    this.element.hidden = this.isEmpty;
    this.#onChange();
  }
}
