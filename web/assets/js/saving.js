// Pictures that do not load are hidden; a percentage is said in money while it is typed; and what the form would
// come to is said anew whenever something in it changes. Without this, the server says all of it at each press.
(() => {
  "use strict";
  const hide = (picture) => picture.classList.add("gone");
  for (const picture of document.querySelectorAll("img.picture")) {
    if (picture.complete && !picture.naturalWidth) hide(picture);
    picture.addEventListener("error", () => hide(picture));
  }

  const form = document.querySelector("form.watch");
  if (!form) return;
  const field = (name) => form.elements.namedItem(name);

  const money = (minor) => {
    const digits = Number(form.dataset.digits), isWhole = minor % 10 ** digits === 0;
    const behind = isWhole ? 0 : digits;
    const said = { minimumFractionDigits: behind, maximumFractionDigits: behind };
    return form.dataset.prefix + (minor / 10 ** digits).toLocaleString("en-US", said);
  };

  const sayPercent = () => {
    const said = form.querySelector("[data-percent]");
    const percent = Number(field("percent").value.replace("%", "").replace(",", ".").trim());
    if (!said || !(percent > 0 && percent < 100)) return;
    const off = said.textContent.replace(/^[^%]*|→.*$/g, "").trim();
    const now = Number(form.dataset.now);
    const left = now > 0 ? ` → ${money(Math.floor(now * (100 - percent) / 100 + 1e-6))}` : "";
    said.textContent = `${percent} ${off}${left}`;
  };

  const sayDays = () => {
    const said = form.querySelector("[data-days]"), days = field("days").value.trim();
    if (said && /^\d+$/.test(days)) said.textContent = said.textContent.replace(/\d+/, days);
  };

  // The parts of the page that the server words, exchanged for those of the form as it stands now.
  let asked = 0;
  const refresh = async () => {
    const mine = ++asked, fields = new FormData(form);
    fields.set("set", "");
    try {
      const answer = await fetch(form.action, { method: "POST", body: fields });
      if (!answer.ok || mine !== asked) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine !== asked) return;
      for (const old of form.querySelectorAll("[data-live]")) {
        const now = page.getElementById(old.id);
        if (now && now.innerHTML !== old.innerHTML && !old.contains(document.activeElement)) old.innerHTML = now.innerHTML;
      }
      form.dataset.now = page.querySelector("form.watch")?.dataset.now ?? "";
      sayPercent();
    } catch {
      // what was said last still stands, and the next press asks the server anyway
    }
  };
  let waiting;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 400);
  };

  field("percent")?.addEventListener("input", sayPercent);
  field("days")?.addEventListener("input", sayDays);
  for (const [one, other] of [["drop", "any_drop"], ["any_drop", "drop"]]) {
    field(one)?.addEventListener("change", (event) => {
      if (event.target.checked) field(other).checked = false;
    });
  }
  if (form.dataset.now !== undefined) form.addEventListener("change", soon);
  form.addEventListener("submit", () => clearTimeout(waiting));

  form.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-fills]");
    if (!chip) return;
    event.preventDefault();
    const [value, currency] = chip.dataset.value.split(" ");
    field(chip.dataset.fills).value = value;
    if (currency) field("currency").value = currency;
    field({ price: "below", currency: "below", percent: "drop", days: "historic_low" }[chip.dataset.fills]).checked = true;
    if (chip.dataset.fills === "percent") field("any_drop").checked = false;
    sayPercent();
    field(chip.dataset.fills).focus();
    refresh();
  });
})();
