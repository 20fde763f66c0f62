// A button that copies the new token; the page works without.
(() => {
  const field = document.getElementById("made-token");
  if (!field || !navigator.clipboard) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = field.dataset.copy;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = field.dataset.copied;
    } catch {
      field.select();
    }
  });
  field.after(button);
})();
