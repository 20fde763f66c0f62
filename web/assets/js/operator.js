// Looks again by itself while the page is seen, and puts the new state in place of the old.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live) return;
  const every = 1000 * Number(live.dataset.every);
  const look = async () => {
    if (document.hidden || live.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("live");
      if (fresh) live.replaceChildren(...fresh.childNodes);
    } catch {
      // offline for a moment: the next look tries again
    }
  };
  setInterval(look, every);
})();
