/**
 * Keeps the page as tall as what is visible. Where a phone lays its keyboard
 * over the page instead of making it smaller, only `visualViewport` knows.
 * @param {HTMLElement} element gets the height as `--hc-visible-height`
 */
export function followVisibleHeight(element) {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const adjust = () => {
    // A page zoomed in by hand keeps its layout.
    if (viewport.scale > 1.05) return;
    element.style.setProperty("--hc-visible-height", `${Math.round(viewport.height)}px`);
    if (viewport.offsetTop > 0) window.scrollTo(0, 0);
  };
  viewport.addEventListener("resize", adjust);
  adjust();
}
