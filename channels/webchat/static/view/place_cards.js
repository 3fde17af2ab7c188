/** Places that were found: what, where, whether open, how to call and how to get there. */
import { el, hidden } from "../dom.js";
import { icon } from "../icons.js";

/** @typedef {import("../types.js").FoundPlace} FoundPlace */

/** A link leaves the page only over these. */
const WEB = /^https:\/\//;

/**
 * @param {FoundPlace[]} places
 * @returns {HTMLElement}
 */
export function createPlaceCards(places) {
  const items = places.map((place) => el("li", { class: "hc-found" }, ...parts(place)));
  return el("ul", { class: "hc-found-list", "aria-label": "找到的地点" }, ...items);
}

/** @param {FoundPlace} place */
function parts(place) {
  const marks = [];
  if (place.is_sample) marks.push(el("span", { class: "hc-mark-sample" }, "样例，非真实地点"));
  if (place.open_now === true) marks.push(el("span", { class: "hc-mark-open" }, "营业中"));
  if (place.open_now === false) marks.push(el("span", { class: "hc-mark-shut" }, "现在未营业"));
  const head = el("div", { class: "hc-found-head" }, el("strong", {}, place.name), ...marks);
  const address = [place.address, place.distance].filter(Boolean).join(" · ");
  const lines = [head];
  if (address) lines.push(el("p", {}, icon("pin"), el("span", {}, address)));
  if (place.hours) lines.push(el("p", {}, icon("clock"), el("span", {}, place.hours)));
  const links = [];
  if (place.phone) {
    const number = place.phone.replace(/[^0-9+]/g, "");
    links.push(el("a", { href: `tel:${number}` }, place.phone));
  }
  if (place.map_url && WEB.test(place.map_url)) {
    const label = [icon("open"), "在地图上看", hidden(`：${place.name}（在新窗口打开）`)];
    links.push(el("a", { href: place.map_url, target: "_blank", rel: "noopener" }, ...label));
  }
  if (links.length) lines.push(el("div", { class: "hc-found-links" }, ...links));
  const checked = place.checked_on ? `，${place.checked_on} 核对` : "";
  if (place.source) lines.push(el("small", {}, `来源：${place.source}${checked}`));
  return lines;
}
