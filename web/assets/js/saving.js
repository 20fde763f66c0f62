// Says a percentage in money while it is typed, and fills in what a chip says. Without it, the server does both.
(() => {
  "use strict";
  const hide = (picture) => picture.classList.add("gone");  // what does not load shows as nothing, not as broken
  for (const picture of document.querySelectorAll("img.picture")) {
    if (picture.complete && !picture.naturalWidth) hide(picture);
    picture.addEventListener("error", () => hide(picture));
  }

  const form = document.querySelector("form.watch");
  if (!form) return;
  const field = (name) => form.elements.namedItem(name);
  const now = Number(form.dataset.now), digits = Number(form.dataset.digits);

  const money = (minor) => {
    const whole = minor % 10 ** digits === 0;
    const text = (minor / 10 ** digits).toLocaleString("en-US", {
      minimumFractionDigits: whole ? 0 : digits, maximumFractionDigits: whole ? 0 : digits,
    });
    return form.dataset.prefix + text;
  };

  const sayPercent = () => {
    const said = form.querySelector("[data-percent]");
    const percent = Number(field("percent").value.replace("%", "").trim());
    if (!said || !(percent > 0 && percent < 100)) return;
    const off = said.textContent.replace(/^[^%]*|→.*$/g, "").trim();
    const left = now > 0 ? ` → ${money(Math.floor(now * (100 - percent) / 100 + 1e-6))}` : "";
    said.textContent = `${percent} ${off}${left}`;
  };

  const sayDays = () => {
    const said = form.querySelector("[data-days]"), days = field("days").value.trim();
    if (said && /^\d+$/.test(days)) said.textContent = said.textContent.replace(/\d+/, days);
  };

  field("percent")?.addEventListener("input", sayPercent);
  field("days")?.addEventListener("input", sayDays);

  form.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-fills=percent]");
    if (!chip) return;  // a price may bring a warning or a question with it: the server says so
    event.preventDefault();
    field("percent").value = chip.dataset.value;
    field("drop").checked = true;
    sayPercent();
  });
})();
