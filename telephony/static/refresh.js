/** Keeps the marked parts of a page of live calls fresh; what stands there stays when it fails. */
const EVERY = 3000;

async function refresh() {
  if (document.hidden || document.querySelector("dialog[open]")) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-refresh]")) {
      const fresh = page.getElementById(part.id);
      const busy = part.contains(document.activeElement);
      if (fresh && !busy && fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
    }
  } catch {
    // the next try is soon enough
  }
}

setInterval(refresh, EVERY);
