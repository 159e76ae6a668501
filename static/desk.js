/* A case page that waits for work asks every few seconds how far it is. What moved within the work is written into the page; when
   the page itself would look otherwise it is fetched and put in its place, but never while somebody writes or opens something. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const SLOWEST = 30;
  let page = document.querySelector("[data-progress]");
  if (!page) return;
  let touched = false, wait = Number(page.dataset.seconds);
  document.addEventListener("input", (event) => { if (page.contains(event.target)) touched = true; });
  const busy = () => touched || page.querySelector("details[open]") || page.querySelector("form :focus");
  const number = new Intl.NumberFormat("en");

  const write = (place, words) => { if (place && place.textContent !== words) place.textContent = words; };
  const following = () => (page.dataset.seconds === "2" ? "This page follows it." : "");
  const how = (words) => write(page.querySelector("[data-how]"), words);

  const show = (found) => {
    write(page.querySelector("[data-words]"), found.words);
    for (const line of found.lines) {
      const row = page.querySelector(`[data-order="${line.id}"]`);
      if (!row) continue;
      write(row.querySelector("[data-said]"), line.said);
      const bar = row.querySelector("progress");
      if (bar && line.planned) { bar.max = line.planned; bar.value = line.done; }
      write(row.querySelector("[data-count]"), `${number.format(line.done)} of ${number.format(line.planned)}`);
      write(row.querySelector("[data-left]"), line.left);
    }
  };

  const renew = async () => {
    const answer = await fetch(page.dataset.at, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".po-case");
    if (!fresh || busy()) return false;
    page.replaceWith(fresh);
    page = fresh;
    return true;
  };

  const look = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(page.dataset.progress, { credentials: "same-origin" });
        if (answer.redirected || answer.status === 403 || answer.status === 404) { how("Load the page again."); return; }
        const found = await answer.json();
        wait = Number(page.dataset.seconds);
        show(found);
        if (found.mark !== page.dataset.mark) {
          if (busy()) how("Something changed. Load the page again when you are done here.");
          else await renew();
        }
        if (!page.dataset.progress) return; // closed: nothing moves any more
        if (!busy()) how(following());
      } catch (error) {
        wait = Math.min(wait * 2, SLOWEST);
        how("The connection is gone; trying again.");
      }
    }
    setTimeout(look, wait * 1000);
  };
  how(following());
  setTimeout(look, wait * 1000);
});
