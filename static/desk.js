/* A case page that waits for work looks again by itself, but never while somebody writes on it. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const page = document.querySelector("[data-again]");
  if (!page) return;
  let touched = false;
  page.addEventListener("input", () => { touched = true; });
  const busy = () => touched || document.hidden || page.querySelector("details[open]") || page.querySelector("form :focus");
  setInterval(() => { if (!busy()) location.replace(page.dataset.at); }, Number(page.dataset.again) * 1000);
});
