// Offers the time zone of this device where another one is chosen; the page works without.
(() => {
  const select = document.getElementById("timezone");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = [...select.options].some((option) => option.value === zone);
  if (!known || select.value === zone) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "suggested";
  button.textContent = select.dataset.suggest.replace("{zone}", zone.replaceAll("_", " "));
  button.addEventListener("click", () => {
    select.value = zone;
    button.remove();
    select.focus();
  });
  select.after(button);
})();
