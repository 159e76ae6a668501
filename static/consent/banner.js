/* The privacy banner (docs/banner.md). Blocks scripts until a Yes, hears Global Privacy Control, and keeps what was chosen.
   <script src="https://privacy.example.com/static/consent/banner.js" data-site="shop"></script>, before any script that it blocks. */
"use strict";
(() => {
  const tag = document.currentScript, set = tag.dataset;
  const base = (set.base || new URL(tag.src).origin) + "/consent/banner/" + encodeURIComponent(set.site);
  const place = "privacy-choices:" + set.site, DAY = 864e5;
  let setup = null, held = null, panel = null, opener = null, signalled = navigator.globalPrivacyControl === true, running = new Set();

  /* ---- what this browser remembers: an id of its own and the choices. Where storage is switched off: for this page only. */
  const load = () => { try { return JSON.parse(localStorage.getItem(place)) || null; } catch { return held; } };
  const keep = () => { try { localStorage.setItem(place, JSON.stringify(held)); } catch { /* for this page only */ } };
  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");
  const once = (what, hours) => {
    try {
      const key = place + ":" + what, last = +localStorage.getItem(key);
      if (Date.now() - last < hours * 36e5) return false;
      localStorage.setItem(key, Date.now());
    } catch { return false; }
    return true;
  };

  /* ---- what holds now */
  const known = (key) => setup.purposes.find((one) => one.key === key);
  const granted = (key) => {
    const one = setup && known(key);
    if (!one) return false; /* a purpose that nobody was told of runs nothing */
    if (one.needed) return true;
    if (held && key in held.c && !stale(one, held.c[key])) return held.c[key];
    if (one.sale && signalled) return false;
    return setup.regime !== "opt_in";
  };
  /* An answer ends with its time, or when the question has changed; a No to a sale goes on until somebody says Yes. */
  const old = () => !held || !held.at || held.v !== setup.version || Date.now() - held.at > setup.days * DAY;
  const stale = (one, said) => old() && !(said === false && (one.sale || setup.regime !== "opt_in"));
  const optional = () => setup.purposes.filter((one) => !one.needed);
  const current = () => Object.fromEntries(setup.purposes.map((one) => [one.key, granted(one.key)]));

  /* ---- blocked scripts, frames and pictures */
  function run(root) {
    root.querySelectorAll("script[type='text/plain'][data-purpose]").forEach((dead) => {
      const key = dead.dataset.purpose;
      if (!granted(key)) return;
      const live = document.createElement("script");
      for (const { name, value } of dead.attributes) if (!["type", "data-purpose", "data-src", "data-type"].includes(name)) live.setAttribute(name, value);
      if (dead.dataset.type) live.type = dead.dataset.type;
      if (dead.nonce) live.nonce = dead.nonce;
      if (dead.dataset.src) live.src = dead.dataset.src; else if (!dead.src) live.text = dead.text;
      if (!dead.hasAttribute("async")) live.async = false; /* in the order of the page */
      running.add(key);
      dead.replaceWith(live);
    });
    root.querySelectorAll("iframe[data-purpose][data-src], img[data-purpose][data-src]").forEach((one) => {
      if (!granted(one.dataset.purpose)) return;
      one.src = one.dataset.src;
      one.removeAttribute("data-src");
      running.add(one.dataset.purpose);
    });
  }
  const fits = (name, pattern) => new RegExp("^" + pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*") + "$").test(name);
  const names = () => document.cookie.split(";").map((one) => one.split("=")[0].trim()).filter(Boolean);
  function clear(keys) {
    const parts = location.hostname.split(".");
    const domains = ["", ...parts.map((_, at) => "; domain=" + parts.slice(at).join("."))];
    names().forEach((name) => {
      if (!setup.cookies.some((one) => keys.includes(one.purpose) && fits(name, one.name))) return;
      domains.forEach((domain) => { document.cookie = name + "=; max-age=0; path=/" + domain; });
    });
  }

  /* ---- talking to the privacy centre: nothing of a session goes along, and a lost answer goes again under its own key */
  const post = (what, body) => fetch(base + "/" + what + "/", { method: "POST", mode: "cors", credentials: "omit", keepalive: true,
    headers: { "Content-Type": "text/plain" }, body: JSON.stringify(body) });
  async function send() {
    if (!held || !held.out || !held.out.length) return;
    const one = held.out[0];
    let answer;
    try { answer = await post("choices", one); } catch { return; } /* away: the next page tries again */
    if (answer.status === 429 || answer.status >= 500) return;
    if (answer.status === 409) held.v = ""; /* the words had changed: ask again */
    held.out = held.out.filter((other) => other.key !== one.key);
    keep();
    return send();
  }
  function record(choices, button) {
    const before = setup && current();
    held = held || { id: random(), c: {}, out: [] };
    held.c = { ...held.c, ...choices };
    if (button !== "signal") { held.at = Date.now(); held.v = setup.version; }
    held.out = [...(held.out || []), { device: held.id, key: random(), choices, button, shown: setup.shown, language: setup.language,
      region: setup.region, notice: setup.notice.number, notice_language: setup.notice.language }].slice(-5);
    keep();
    send();
    const gone = Object.keys(before).filter((key) => before[key] && !granted(key));
    if (gone.length) clear(gone);
    run(document);
    tell();
    return gone.some((key) => running.has(key)); /* what ran cannot be stopped, only left behind with the page */
  }
  const tell = () => dispatchEvent(new CustomEvent("privacychoices", { detail: current() }));

  /* ---- the panel. In a shadow tree with a sheet of its own: the page's style cannot bend it, and no policy is in the way. */
  const sheet = (day, night) => `
:host{all:initial;position:relative;z-index:2147483000}
*{box-sizing:border-box}
.w{${colour(day)};--s:#fff;--i:#1c2430;--m:#56606e;--l:#858b92;color-scheme:light;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;color:var(--i)}
dialog{position:fixed;inset:auto 0 0 0;inline-size:100%;max-inline-size:46rem;max-block-size:min(90vh,46rem);max-block-size:min(90dvh,46rem);margin:0 auto;padding:clamp(1rem,3vw,1.5rem);overflow:auto;overscroll-behavior:contain;border:1px solid var(--l);border-block-end:0;border-radius:.8rem .8rem 0 0;background:var(--s);color:inherit;box-shadow:0 -4px 30px rgb(0 0 0/.22)}
dialog::backdrop{background:rgb(0 0 0/.4)}
h2{font-size:1.2rem;line-height:1.3;margin:0 0 .4rem;text-wrap:balance}
h2:focus{outline:none}
p{margin:0 0 .7rem}
.m{color:var(--m)}
.b{display:flex;flex-wrap:wrap;gap:.6rem;position:sticky;inset-block-end:-1rem;margin-block-start:.9rem;padding-block:.6rem;background:var(--s)}
button{font:inherit;color:inherit;cursor:pointer}
.b button{flex:1 1 9.5rem;min-block-size:2.9rem;padding:.55rem 1rem;border:2px solid var(--a);border-radius:.5rem;background:var(--a);color:var(--o);font-weight:600}
.b .q{background:transparent;color:var(--a)}
.b button:hover{background:var(--d);border-color:var(--d);color:var(--o)}
a{color:var(--a)}
a,.x{display:inline-block;padding-block:.25rem;margin-inline-end:1rem}
.x{background:none;border:0;padding-inline:0;text-decoration:underline;text-underline-offset:.18em;color:var(--a)}
fieldset{border:0;border-block-start:1px solid var(--l);margin:.8rem 0 0;padding:.8rem 0 0;min-inline-size:0}
legend{font-weight:600;padding:0;float:inline-start;inline-size:100%}
legend+*{clear:both}
.y{display:flex;gap:.6rem;margin-block-start:.5rem}
.y label{flex:0 1 8rem;display:flex;gap:.6rem;align-items:center;min-block-size:2.75rem;padding:.3rem .8rem;border:1px solid var(--l);border-radius:.5rem;cursor:pointer}
.y label:has(:checked){border-color:var(--a);background:var(--t)}
input{inline-size:1.2rem;block-size:1.2rem;margin:0;accent-color:var(--a)}
.s{border:1px solid var(--l);border-inline-start:.3rem solid var(--a);border-radius:.4rem;padding:.6rem .8rem;margin-block:.3rem .9rem}
.s p{margin:0}
.r{position:fixed;inset-block-end:.8rem;inset-inline-start:.8rem;min-block-size:2.75rem;padding:.4rem 1rem;border:1px solid var(--l);border-radius:2rem;background:var(--s);box-shadow:0 2px 10px rgb(0 0 0/.2)}
.n{position:fixed;inset-block-end:4.2rem;inset-inline-start:.8rem;max-inline-size:min(24rem,calc(100vw - 1.6rem));background:var(--s);box-shadow:0 2px 14px rgb(0 0 0/.22)}
:focus-visible{outline:3px solid #1257c9;outline-offset:2px}
[hidden]{display:none!important}
@media(prefers-color-scheme:dark){.w{${colour(night)};--s:#192027;--i:#e8ebee;--m:#a6b0bb;--l:#77828e;color-scheme:dark}:focus-visible{outline-color:#8ab8ff}}
@media print{.w{display:none}}`;
  const safe = (value) => (/^#[0-9a-f]{6}$/i.test(value) ? value : "#17605a");
  const colour = (one) => `--a:${safe(one.accent)};--d:${safe(one["accent-deep"])};--o:${safe(one["on-accent"])};--t:${safe(one.tint)}`;
  function el(name, more, ...inside) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(more || {})) {
      if (key === "class") made.className = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value === true) made.setAttribute(key, "");
      else if (value !== false && value != null) made.setAttribute(key, value);
    }
    made.append(...inside.filter((one) => one != null && one !== ""));
    return made;
  }

  function build() {
    const host = el("privacy-banner", { role: "region", "aria-label": setup.words.reopen, lang: setup.language, dir: /^(ar|fa|he|ur)\b/.test(setup.language) ? "rtl" : "ltr" });
    const root = host.attachShadow({ mode: "open" }), style = new CSSStyleSheet();
    style.replaceSync(sheet(setup.look.day, setup.look.night));
    root.adoptedStyleSheets = [style];
    panel = { host, wrap: el("div", { class: "w" }), dialog: null };
    panel.reopen = el("button", { class: "r", type: "button", part: "reopen", onclick: () => open(true) }, setup.words.reopen);
    panel.note = el("div", { class: "s n", role: "status", hidden: true });
    panel.wrap.append(panel.note, panel.reopen);
    root.append(panel.wrap);
    if (set.button === "none") panel.reopen.hidden = true; /* the page has a link of its own: privacyChoices.open() */
    document.body.prepend(host); /* the first thing that a keyboard or a screen reader meets */
  }
  function signal() {
    const w = setup.words, sold = setup.purposes.filter((one) => one.sale);
    if (!signalled || !sold.length) return null;
    const kept = sold.some((one) => granted(one.key));
    return el("div", { class: "s" }, el("p", {}, el("strong", {}, kept ? w.kept : w.signal)), kept ? null : el("p", {}, w.signalbody));
  }
  function say(...lines) {
    panel.note.replaceChildren(...lines.map((one, at) => el("p", {}, at ? one : el("strong", {}, one))),
      el("button", { class: "x", type: "button", onclick: () => { panel.note.hidden = true; } }, setup.words.close));
    panel.note.hidden = false;
  }

  /* `asked`: the visitor opened it; then the page waits behind it, and Escape closes it. */
  function open(asked, detailed) {
    const w = setup.words;
    opener = panel.dialog ? opener : deepest();
    if (panel.dialog) panel.dialog.remove();
    panel.note.hidden = true;
    const detail = el("form", { hidden: !(asked || detailed) }, ...setup.purposes.map(field));
    const button = (key, act, quiet) => el("button", { type: "button", class: quiet ? "q" : null, part: key, onclick: act }, w[key]);
    /* What the signal answered stays answered: only a Yes to it by name turns it round, never a button for all. */
    const settled = (one) => one.sale && signalled && !granted(one.key);
    const all = (value) => Object.fromEntries(optional().map((one) => [one.key, value && !settled(one)]));
    const picked = () => Object.fromEntries(optional().map((one) => [one.key, detail.elements.namedItem(one.key).value === "yes"]));
    const save = button("save", () => choose(picked(), "save"));
    const choose1 = button("choose", () => { detail.hidden = save.hidden = false; choose1.hidden = about.hidden = true; detail.querySelector("input:checked").focus(); }, true);
    const about = el("p", { hidden: !detail.hidden }, el("strong", {}, w.about + " "), optional().filter((one) => !settled(one)).map((one) => one.name).join(", "));
    save.hidden = detail.hidden;
    choose1.hidden = !detail.hidden;
    save.className = "q";
    panel.dialog = el("dialog", { "aria-labelledby": "t", "aria-describedby": "d", part: "dialog" },
      el("h2", { id: "t", tabindex: "-1", autofocus: true }, w.title), el("p", { id: "d" }, w.body), about, signal(), detail,
      el("div", { class: "b" }, button("refuse", () => choose(all(false), asked ? "withdraw" : "refuse")),
        button("accept", () => choose(all(true), "accept")), choose1, save),
      el("p", { class: "m" }, el("a", { href: setup.notice.url, target: "_blank", rel: "noopener" }, w.notice),
        el("a", { href: setup.links.cookies, target: "_blank", rel: "noopener" }, w.cookies),
        asked ? el("button", { class: "x", type: "button", part: "close", onclick: close }, w.close) : null));
    panel.dialog.addEventListener("close", left);
    panel.wrap.append(panel.dialog);
    panel.reopen.hidden = true;
    if (asked) panel.dialog.showModal(); else panel.dialog.show();
  }
  function field(one) {
    const w = setup.words, yes = granted(one.key);
    const radio = (value, on) => el("label", {}, el("input", { type: "radio", name: one.key, value, checked: on }), w[value]);
    return el("fieldset", { "data-purpose": one.key }, el("legend", {}, one.name), el("p", {}, one.description),
      one.consequence && !one.needed ? el("p", { class: "m" }, w.ifno + " " + one.consequence) : null,
      one.sale ? el("p", { class: "m" }, w.sale) : null,
      one.needed ? el("p", { class: "m" }, w.needed) : el("div", { class: "y" }, radio("yes", yes), radio("no", !yes)));
  }
  function deepest() { return document.activeElement === document.body || document.activeElement === panel.host ? null : document.activeElement; }
  function close() { if (panel.dialog) panel.dialog.close(); }
  function left() {
    panel.dialog.remove();
    panel.dialog = null;
    if (set.button !== "none") panel.reopen.hidden = false;
    (opener && opener.isConnected ? opener : panel.reopen).focus({ preventScroll: true }); /* where one was, or where it opens again */
  }
  function choose(choices, button) {
    const again = record(choices, button);
    close();
    if (again) { try { sessionStorage.setItem(place, "saved"); } catch { /* no word of it then */ } location.reload(); } else say(setup.words.saved);
  }

  /* ---- reports: names only, once a day, only what no register knows */
  function report() {
    if (setup.regime === "opt_in" && !held) return; /* nothing is read or stored for us before an answer */
    const unknown = names().filter((name) => !setup.cookies.some((one) => fits(name, one.name))).slice(0, 50);
    if (unknown.length && once("seen:" + unknown.length, 24)) post("cookies", { names: unknown }).catch(() => {});
  }
  /* Whose browser this is. The page says so with a signed token; then what the person chose elsewhere holds here, too. */
  async function person(token) {
    if (!setup || !setup.people) return;
    if (token) { held = held || { id: random(), c: {}, out: [] }; held.mine = true; keep(); }
    if (!held || !held.mine) return;
    await send();
    try {
      const answer = await post(token ? "person" : "standing", token ? { device: held.id, token } : { device: held.id });
      if (answer.status === 409) { /* the browser of somebody else who was signed in here: begin anew, with the next token */
        held = { id: random(), c: {}, out: [] };
        keep();
        open(false);
        return;
      }
      if (!answer.ok) return;
      const { choices } = await answer.json(), before = current();
      const mine = Object.entries(choices).filter(([key]) => known(key));
      if (!mine.length) return;
      held.c = { ...held.c, ...Object.fromEntries(mine) };
      if (optional().every((one) => one.key in choices)) { held.v = setup.version; held.at = held.at || Date.now(); if (panel.dialog && !panel.dialog.matches(":modal")) close(); }
      keep();
      const gone = Object.keys(before).filter((key) => before[key] && !granted(key));
      clear(gone);
      run(document);
      tell();
      if (gone.some((key) => running.has(key))) location.reload();
    } catch { /* away: another time */ }
  }

  async function start() {
    const language = set.language || document.documentElement.lang || navigator.language || "";
    const query = new URLSearchParams({ language, ...(set.region ? { region: set.region } : {}) });
    held = load();
    let answer;
    try { answer = await fetch(base + ".json?" + query, { mode: "cors", credentials: "omit" }); } catch { return; } /* nothing runs then */
    if (!answer.ok) return;
    setup = await answer.json();
    signalled = signalled || setup.signal;
    if (document.readyState === "loading") await new Promise((go) => document.addEventListener("DOMContentLoaded", go, { once: true }));
    build();
    const sold = optional().filter((one) => one.sale).map((one) => one.key);
    /* The signal is an answer: on record once, and never against a Yes that was given in the face of it. */
    const news = signalled && sold.length > 0 && !(held && held.sig) && !sold.every((key) => held && held.c[key] === false);
    if (news) {
      held = held || { id: random(), c: {}, out: [] };
      held.sig = Date.now();
      record(Object.fromEntries(sold.map((key) => [key, false])), "signal");
    } else { run(document); tell(); }
    new MutationObserver((seen) => { if (seen.some((one) => one.addedNodes.length)) run(document); }).observe(document.documentElement, { childList: true, subtree: true });
    const open_ = optional().filter((one) => !(one.sale && signalled && held && held.c[one.key] === false));
    if (setup.regime !== "none" && open_.length && old()) open(false);
    else if (news) say(setup.words.signal, setup.words.signalbody);
    try { if (sessionStorage.getItem(place)) { sessionStorage.removeItem(place); say(setup.words.saved); } } catch { /* no word of it then */ }
    send();
    if (set.token || (held && held.mine && once("standing", 1))) person(set.token);
    if (document.readyState === "complete") report(); else addEventListener("load", report, { once: true });
  }
  window.privacyChoices = Object.freeze({ open: () => panel && open(true), granted, current: () => (setup ? current() : {}), person });
  start();
})();
