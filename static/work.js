/* Finds the number that a form asks for in a flood, beside the page (as a worker), while the person writes. No request to anybody. */
"use strict";
(() => {
  const K = new Uint32Array(64), H = new Uint32Array(8), W = new Uint32Array(64);
  for (let n = 2, found = 0; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) { prime = false; break; }
    if (!prime) continue;
    if (found < 8) H[found] = (Math.sqrt(n) % 1) * 4294967296;
    K[found++] = (Math.cbrt(n) % 1) * 4294967296;
  }
  const turn = (x, n) => (x >>> n) | (x << (32 - n));

  /* The first 32 bits of the SHA-256 of a text of at most 55 ASCII characters: one block. */
  function head(text) {
    W.fill(0, 0, 16);
    for (let i = 0; i < text.length; i++) W[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
    W[text.length >> 2] |= 128 << (24 - 8 * (text.length & 3));
    W[15] = text.length * 8;
    for (let i = 16; i < 64; i++) {
      const a = W[i - 15], b = W[i - 2];
      W[i] = W[i - 16] + W[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = H;
    for (let i = 0; i < 64; i++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    return (H[0] + a) >>> 0;
  }

  function solve(puzzle) {
    const bits = parseInt(puzzle, 10);
    let number = 0;
    while (Math.clz32(head(puzzle + "." + number)) < bits) number++;
    return String(number);
  }

  if (typeof document === "undefined") {
    onmessage = (asked) => postMessage(solve(asked.data));
    return;
  }
  const here = document.currentScript.src;
  document.addEventListener("DOMContentLoaded", () => {
    for (const box of document.querySelectorAll("[data-work]")) {
      const form = box.closest("form"), number = form.elements.work_number;
      let pressed = null;
      const worker = new Worker(here);
      worker.onmessage = (found) => {
        number.value = found.data;
        box.dataset.done = "";
        worker.terminate();
        if (pressed) form.requestSubmit(pressed.submitter);
      };
      worker.onerror = () => { number.value = "0"; };
      form.addEventListener("submit", (event) => {
        if (number.value) return;
        event.preventDefault();
        pressed = event;
        box.querySelector("[data-working]").hidden = false;
      });
      worker.postMessage(box.dataset.work.split(":")[0]);
    }
  });
})();
