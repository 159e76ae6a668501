/* Shortcuts of the desk and its live numbers. A page works without either. */
"use strict";
(() => {
  const OFF = "desk-keys-off";
  const typing = (at) => at.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog");
  const off = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };

  /* The theme writes the name of a chosen file into a disabled box of its own beside the field, and takes any box for it: a form
     without one would fail, or find the name where a title belongs. To it, such a field is listened to already. */
  Object.defineProperty(HTMLInputElement.prototype, "hasChangeListener", {
    get() { return this.poHeard || !this.parentNode?.parentNode?.parentNode?.querySelector("input[type=text]")?.disabled; },
    set(heard) { this.poHeard = heard; },
  });

  document.addEventListener("DOMContentLoaded", () => {
    shortcuts();
    counts();
  });

  function shortcuts() {
    const dialog = document.getElementById("po-keys");
    if (!dialog) return;
    const box = dialog.querySelector("[name=off]");
    box.checked = off();
    box.addEventListener("change", () => { try { localStorage.setItem(OFF, box.checked ? "1" : "0"); } catch { /* not kept */ } });
    for (const button of document.querySelectorAll("[data-keys-help]")) {
      button.hidden = false;
      button.addEventListener("click", () => dialog.showModal());
    }
    const go = (name) => { const to = dialog.dataset[name]; if (to) location.assign(to); };
    const rows = () => [...document.querySelectorAll("a.po-ref")].filter((one) => one.offsetParent);
    const move = (step) => {
      const all = rows(), at = all.indexOf(document.activeElement);
      const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
      if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
    };
    const keys = {
      j: () => move(1), k: () => move(-1),
      x: () => { const box = document.activeElement.closest("tr")?.querySelector("input.action-select"); if (box) box.click(); },
      "/": () => document.getElementById("searchbar")?.focus(),
      n: () => go("fresh"), "?": () => dialog.showModal(),
    };
    const places = { h: "home", q: "queue", m: "mine", o: "overdue", r: "review", a: "approval" };
    let after = 0;
    document.addEventListener("keydown", (event) => {
      if (off() && event.key !== "?") return;
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
      const place = performance.now() - after < 1500 ? places[event.key] : undefined;
      after = 0;
      if (place) { event.preventDefault(); go(place); return; }
      if (event.key === "g") { after = performance.now(); return; }
      if (keys[event.key] && !event.repeat || event.key === "j" || event.key === "k") { event.preventDefault(); keys[event.key](); }
    });
  }

  /* Every half minute while the page is seen; what does not answer is asked again the next time. */
  function counts() {
    const place = document.querySelector("[data-counts]");
    if (!place) return;
    const every = Number(place.dataset.every || 30) * 1000;
    let asking = false, last = Date.now();
    const ask = async () => {
      if (document.hidden || asking) return;
      asking = true;
      last = Date.now();
      try {
        const answer = await fetch(place.dataset.counts, { headers: { Accept: "application/json" }, redirect: "error" });
        if (answer.ok) show((await answer.json()).counts);
      } catch { /* the numbers stay as they are */ }
      asking = false;
    };
    if (document.querySelector("[data-count]:empty")) ask();
    setInterval(ask, every);
    document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() - last >= every) ask(); });
  }

  function show(found) {
    for (const one of document.querySelectorAll("[data-count]")) {
      const now = found[one.dataset.count];
      if (now === undefined || one.textContent === String(now)) continue;
      one.textContent = now;
      const card = one.closest("[data-tone]");
      if (card) card.className = `po-card po-${now ? card.dataset.tone : "none"}`;
    }
  }
})();
