// Keeps the page of watches as it stands now: asks what changed, puts in only that, and lets ages grow.
// Nobody is asked while the page is hidden; after a failure it waits longer each time. Without it, "Look again".
"use strict";
(() => {
  const list = document.getElementById("watches");
  if (!list || !window.fetch) return;
  const words = JSON.parse(list.dataset.words);
  const EVERY = 20000, LONGEST = 300000;
  const title = document.title.replace(/^\d[^·]*· /, "");
  let wait = EVERY, timer = 0, tag = "", known = list.dataset.alerts;

  const span = (seconds) => {
    if (seconds < 60) return words.s.replace("#", seconds);
    if (seconds < 3600) return words.min.replace("#", Math.floor(seconds / 60));
    if (seconds < 172800) return words.h.replace("#", Math.floor(seconds / 3600));
    return words.days.replace("#", Math.floor(seconds / 86400));
  };
  const grow = () => {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 1000));
      const said = seconds < 10 ? words.now : words.ago.replace("#", span(seconds));
      if (time.textContent !== said) time.textContent = said;
    }
  };
  const card = (id) => document.getElementById("w-" + id);
  const put = (id, html) => {
    const old = card(id);
    if (!old) return;
    const held = document.createElement("template");
    held.innerHTML = html.trim();
    const fresh = held.content.firstElementChild;
    old.querySelectorAll("details").forEach((one, i) => {
      const other = fresh.querySelectorAll("details")[i];
      if (other && one.className === other.className) other.open = one.open;
    });
    old.querySelectorAll("input[name]").forEach((one) => {
      const other = [...fresh.querySelectorAll("input[name]")].find((two) => two.name === one.name && two.type === one.type);
      if (other && one.type === "checkbox") other.checked = one.checked;
      else if (other && one.type === "text" && one.value !== one.defaultValue) other.value = one.value;
    });
    const within = [...old.querySelectorAll("a, button, input, summary")];
    const place = within.indexOf(document.activeElement);
    old.replaceWith(fresh);
    if (place >= 0) {
      const same = fresh.querySelectorAll("a, button, input, summary")[place];
      (same || fresh.querySelector("a, button")).focus({ preventScroll: true });
    }
  };
  const say = (text) => {
    const place = document.getElementById("live-said");
    if (place && text) place.textContent = text;
  };
  const count = (number) => {
    const link = [...document.querySelectorAll("header a")].find((one) => one.href === new URL(list.dataset.all, location).href);
    if (!link) return;
    const old = link.querySelector(".count");
    if (old) old.remove();
    if (!number) return;
    const fresh = document.createElement("span");
    fresh.className = "count";
    fresh.textContent = number;
    const unseen = document.createElement("span");
    unseen.className = "unseen";
    unseen.textContent = " " + words.new;
    fresh.append(unseen);
    link.append(" ", fresh);
  };
  const take = (answer) => {
    for (const [id, html] of Object.entries(answer.cards || {})) put(id, html);
    for (const id of answer.gone || []) if (card(id)) card(id).remove();
    for (const [id, seen] of Object.entries(answer.seen || {})) {
      for (const time of card(id) ? card(id).querySelectorAll("time[data-row]") : []) {
        const at = seen[Number(time.dataset.row)];
        if (at) time.dateTime = new Date(at * 1000).toISOString();
      }
    }
    if ("new" in answer) {
      known = answer.alerts;
      document.title = (answer.new_said ? answer.new_said + " · " : "") + title;
      count(answer.new);
      const latest = document.getElementById("latest");
      if (latest && !latest.contains(document.activeElement)) latest.innerHTML = answer.listed;
      const none = document.getElementById("no-alerts");
      if (none && answer.listed.trim()) none.remove();
    }
    say([answer.said, answer.new_said && "new" in answer ? answer.new_said : ""].filter(Boolean).join(" "));
    grow();
  };
  const ask = async () => {
    const shown = [...list.children].map((one) => one.dataset.id + ":" + one.dataset.key).join(",");
    const address = list.dataset.live + "?" + new URLSearchParams({ known: shown, alerts: known });
    const answer = await fetch(address, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (answer.status === 401 || answer.status === 403) return stop();
    if (answer.status !== 304 && !answer.ok) throw new Error(String(answer.status));
    wait = EVERY;
    if (answer.status === 304) return;
    tag = answer.headers.get("ETag") || "";
    take(await answer.json());
  };
  let over = false;
  const stop = () => { over = true; };
  const next = (soon) => {
    clearTimeout(timer);
    if (!over && !document.hidden) timer = setTimeout(turn, soon || wait * (0.9 + Math.random() / 5));
  };
  const turn = async () => {
    try { await ask(); } catch { wait = Math.min(wait * 2, LONGEST); }
    next();
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : next(200)));
  setInterval(() => document.hidden || grow(), 10000);
  grow();
  next();
})();
