/** Forms with `data-upload`: the file is the body, the other fields the query; then its page,
 * or what came of it. */

for (const form of document.querySelectorAll("form[data-upload]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void upload(/** @type {HTMLFormElement} */ (form));
  });
}

/** @param {HTMLFormElement} form */
async function upload(form) {
  const fields = new FormData(form);
  const file = /** @type {File} */ (fields.get("file"));
  fields.delete("file");
  const query = new URLSearchParams({ name: file.name });
  for (const [name, value] of fields) if (value) query.set(name, String(value));
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
  button.disabled = true;
  tell(form, "");
  try {
    const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
    const answer = await fetch(`${form.dataset.upload}?${query}`, {
      method: "POST",
      headers: { "X-CSRF-Token": token },
      body: file,
    });
    const body = await answer.json();
    // the page may be the one that is open: assign alone would not load it again
    if (answer.ok && body.location === location.pathname) location.reload();
    else if (answer.ok && body.location) location.assign(body.location);
    else if (answer.ok) tell(form, [body.message, ...body.problems].join("\n"));
    else tell(form, body.error.message);
  } catch {
    tell(form, "没有上传成功：文件可能太大，或网络断了。请检查后再试。");
  } finally {
    button.disabled = false;
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {string} text
 */
function tell(form, text) {
  const line = /** @type {HTMLElement} */ (form.querySelector("[data-error]"));
  line.textContent = text;
  line.hidden = text === "";
}
