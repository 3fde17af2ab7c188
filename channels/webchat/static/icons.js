/** The icons, drawn on a 24-unit grid in the colour of the text around them. */

const NAMESPACE = "http://www.w3.org/2000/svg";

/** One or several paths each. @type {Record<string, string[]>} */
const PATHS = {
  send: ["M4.5 12 20 4.5 15.5 20l-3.7-6.2z", "M11.8 13.8 20 4.5"],
  picture: [
    "M5.5 5h13A1.5 1.5 0 0 1 20 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5v-11A1.5 1.5 0 0 1 5.5 5z",
    "m4.5 17 4.6-4.6 3.4 3.4 2.6-2.6 4.4 4.3",
    "M15.2 9.2h.01",
  ],
  pin: [
    "M12 21c4.2-4.4 6.5-7.9 6.5-11A6.5 6.5 0 0 0 5.5 10c0 3.1 2.3 6.6 6.5 11z",
    "M12 12.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6z",
  ],
  headset: [
    "M4.5 14.5V12a7.5 7.5 0 0 1 15 0v2.5",
    "M4.5 14h1.7a1 1 0 0 1 1 1v3a1 1 0 0 1-1 1h-.7a1 1 0 0 1-1-1z",
    "M19.5 14h-1.7a1 1 0 0 0-1 1v3a1 1 0 0 0 1 1h.7a1 1 0 0 0 1-1z",
    "M18.5 19c-.6 1.5-2.2 2.2-5 2.2",
  ],
  type: ["M3.5 18.5 8.3 6l4.8 12.5", "M5.2 14.3h6.2", "m14.5 18.5 3-7.8 3 7.8", "M15.6 15.9h3.8"],
  renew: ["M20 11.5A8 8 0 1 1 12 4h.5", "M12 8.5v7", "M8.5 12h7", "M18.5 3v5", "M16 5.5h5"],
  copy: ["M9 9h9.5v10.5H9z", "M15 9V4.5H5.5V15H9"],
  check: ["m5 12.5 4.5 4.5L19 7.5"],
  down: ["M12 5v13", "m6.5 12.5 5.5 5.5 5.5-5.5"],
  thumb_down: ["M4.5 13h3V5h-3z", "M7.5 12.5 11 19.5a1.8 1.8 0 0 0 1.8-1.9v-3.1h5a1.5 1.5 0 0 0 1.5-1.8l-1.2-6.2A1.9 1.9 0 0 0 16.3 5H7.5"],
  thumb_up: ["M4.5 11h3v8h-3z", "M7.5 11.5 11 4.5a1.8 1.8 0 0 1 1.8 1.9v3.1h5a1.5 1.5 0 0 1 1.5 1.8l-1.2 6.2a1.9 1.9 0 0 1-1.8 1.5H7.5"],
  close: ["m6 6 12 12", "M18 6 6 18"],
  alert: ["M12 8v5", "M12 16.3h.01", "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z"],
  offline: [
    "m4 4 16 16",
    "M5 11.5a10.5 10.5 0 0 1 4-2.3",
    "M13 8.7a10.5 10.5 0 0 1 6 2.8",
    "M8.2 15a6 6 0 0 1 5.3-1.5",
    "M12 18.7h.01",
  ],
  book: [
    "M5 5.5c2.8-.8 5-.5 7 1 2-1.5 4.2-1.8 7-1v12.5c-2.8-.8-5-.5-7 1-2-1.5-4.2-1.8-7-1z",
    "M12 6.5V19",
  ],
  open: ["M13.5 5H19v5.5", "M19 5l-8.5 8.5", "M17 14v4.5H5.5V7H10"],
  assistant: [
    "M6 6.5h12A1.5 1.5 0 0 1 19.5 8v8a1.5 1.5 0 0 1-1.5 1.5h-5L9 20.5v-3H6A1.5 1.5 0 0 1 4.5 16V8A1.5 1.5 0 0 1 6 6.5z",
    "M9 11v1.8",
    "M15 11v1.8",
    "M12 6.5V3.5",
  ],
  person: [
    "M12 11.5a3.7 3.7 0 1 0 0-7.4 3.7 3.7 0 0 0 0 7.4z",
    "M4.5 20c.8-3.7 3.8-5.5 7.5-5.5s6.7 1.8 7.5 5.5",
  ],
  retry: ["M19 12a7 7 0 1 1-2.2-5.1", "M19.3 3.5V8H14.8"],
  case: ["M7 4h7.5L18 7.5V20H7z", "M14 4v4h4", "M9.8 12h5.4", "M9.8 15.5h5.4"],
  clock: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z", "M12 7.5V12l3 2"],
  target: [
    "M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14z",
    "M12 2.5V6",
    "M12 18v3.5",
    "M2.5 12H6",
    "M18 12h3.5",
    "M12 12h.01",
  ],
  city: [
    "M4 20h16",
    "M6 20V9.5l5-3V20",
    "M11 20v-9h7v9",
    "M14.5 14.5v.01",
    "M14.5 17v.01",
    "M8.5 12v.01",
    "M8.5 15.5v.01",
  ],
};

/**
 * @param {string} name
 * @returns {SVGSVGElement} decorative: the words beside it carry the meaning
 */
export function icon(name) {
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "hc-icon");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  for (const shape of PATHS[name]) {
    const path = document.createElementNS(NAMESPACE, "path");
    path.setAttribute("d", shape);
    svg.append(path);
  }
  return svg;
}
