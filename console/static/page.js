/** What every page does: menus that close, questions before deeds, copying a password. */
import { get } from "./api.js";
import { confirmed } from "./confirm.js";

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.removeAttribute("open");
  }
  const copy = target.closest("[data-copy]");
  if (copy) void copyFrom(copy);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  menu?.removeAttribute("open");
  menu?.querySelector("summary")?.focus();
});

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const question = form.dataset.confirm;
  if (!question) return;
  event.preventDefault();
  if (await confirmed(question)) form.submit();
});

/** @param {Element} button */
async function copyFrom(button) {
  const source = document.querySelector(button.getAttribute("data-copy") ?? "");
  const words = button.querySelector("span");
  if (!source || !words) return;
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    words.textContent = "已复制";
  } catch {
    // without an encrypted connection browsers forbid copying: select it for the keyboard
    getSelection()?.selectAllChildren(source);
    words.textContent = "已选中，按 Ctrl+C";
  }
}

/** Fills in how much waits in the knowledge base; without an answer nothing is shown. */
async function showWaiting() {
  const places = document.querySelectorAll("[data-waiting]");
  if (!places.length) return;
  const counts = await get("/console/api/kb/waiting").catch(() => null);
  if (!counts) return;
  const all = Object.values(counts).reduce((sum, each) => sum + each, 0);
  for (const place of places) {
    const count = { ...counts, all }[place.getAttribute("data-waiting") ?? ""] ?? 0;
    place.textContent = count ? String(count) : "";
  }
}

void showWaiting();
