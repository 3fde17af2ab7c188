/** Message text as nodes: links and telephone numbers can be pressed, nothing is ever HTML. */
import { el } from "./dom.js";

const URL_PATTERN = "https?:\\/\\/[^\\s<>\"'，。；：！？、（）《》【】“”]+";
/** Only after a word that means calling, so that "罚款 120 元" stays a sum of money. */
const CALL_WORDS = "拨打|致电|请拨|电话|热线|直拨";
const PHONE = "(?:1(?:10|19|20|22)|12345|96310|0\\d{2,3}-\\d{7,8})(?!\\s*[\\d%元米条年月日号平])";
const CALL_PATTERN = `(?:${CALL_WORDS})(?:是|为)?[：:\\s]*${PHONE}(?:\\s*[、/或和，]\\s*${PHONE})*`;
const PARTS = new RegExp(`(${URL_PATTERN})|(${CALL_PATTERN})`, "g");
const CLOSING_MARKS = /[.,;:!?)\]}]+$/;

/**
 * @param {string} text
 * @returns {DocumentFragment}
 */
export function renderText(text) {
  const fragment = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(PARTS)) {
    const index = match.index ?? 0;
    fragment.append(text.slice(end, index));
    if (match[1]) appendLink(fragment, match[1]);
    else appendPhones(fragment, match[2]);
    end = index + match[0].length;
  }
  fragment.append(text.slice(end));
  return fragment;
}

/**
 * @param {DocumentFragment} fragment
 * @param {string} match
 */
function appendLink(fragment, match) {
  const address = match.replace(CLOSING_MARKS, "");
  const attributes = { href: address, target: "_blank", rel: "noopener noreferrer nofollow" };
  fragment.append(el("a", attributes, address), match.slice(address.length));
}

/**
 * @param {DocumentFragment} fragment
 * @param {string} match "拨打 110、119"
 */
function appendPhones(fragment, match) {
  for (const part of match.split(new RegExp(`(${PHONE})`))) {
    if (/^[\d-]+$/.test(part)) {
      fragment.append(el("a", { href: `tel:${part}`, class: "hc-phone" }, part));
    } else fragment.append(part);
  }
}
