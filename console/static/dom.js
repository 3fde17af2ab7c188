/** Building elements without HTML strings: what residents write is only ever text. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [properties] attributes; `onclick` and the like are listeners;
 *   null, undefined and false leave an attribute out
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/**
 * @param {string} name of a symbol in icons.svg
 * @returns {SVGSVGElement} decorative: the words beside it carry the meaning
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/console/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/**
 * @param {string} text read out, not shown
 * @returns {HTMLSpanElement}
 */
export function hidden(text) {
  return el("span", { class: "hidden" }, text);
}

/**
 * @template {Element} [Kind=HTMLElement]
 * @param {string} selector
 * @returns {Kind} which the template always has
 */
export function need(selector) {
  const element = document.querySelector(selector);
  if (!element) throw new Error(`missing ${selector}`);
  return /** @type {Kind} */ (element);
}
