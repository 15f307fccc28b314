// The pictures of a run: one crosshair over all of them, drag to look closer, keys to move, a click for the rows of the log.
(() => {
  "use strict";
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const box = () => one("#pictures");
  const shown = () => { const figure = one("figure.trace", box()); return figure ? [Number(figure.dataset.since), Number(figure.dataset.until)] : null; };
  let asking;

  async function show(since, until) {
    const place = box(), whole = Number(place.dataset.seconds);
    const address = new URL(location.href);
    since = Math.max(since, 0);
    until = Math.min(until, whole);
    if (until - since < whole * 1e-6) return;
    for (const [name, value] of [["since", since > 0 ? since : null], ["until", until < whole ? until : null]]) {
      if (value === null) address.searchParams.delete(name);
      else address.searchParams.set(name, value.toFixed(4));
    }
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(`/run/pictures${address.search}`, { signal: asking.signal });
      if (!answer.ok) return;
      place.innerHTML = await answer.text();
      window.history.replaceState(null, "", address);
    } catch (fault) {
      if (fault.name !== "AbortError") throw fault;
    }
  }

  const move = (share) => { const now = shown(); if (!now) return; const [a, b] = now, whole = Number(box().dataset.seconds), by = Math.min(Math.max((b - a) * share, -a), whole - b); show(a + by, b + by); };
  const scale = (factor) => { const now = shown(); if (!now) return; const [a, b] = now, middle = (a + b) / 2, half = ((b - a) / 2) * factor; show(middle - half, middle + half); };
  const whole = () => show(0, Number(box().dataset.seconds));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom] button");
    if (!button) return;
    if (button.dataset.move) move(Number(button.dataset.move));
    else if (button.dataset.scale) scale(Number(button.dataset.scale));
    else whole();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.closest("#pictures")) return;
    const act = { ArrowLeft: () => move(-0.25), ArrowRight: () => move(0.25), "+": () => scale(0.5), "-": () => scale(2), 0: whole }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // The moment under the pointer, in every picture at once.
  const second = (plot, x) => {
    const frame = plot.getBoundingClientRect(), figure = plot.closest("figure"), a = Number(figure.dataset.since), b = Number(figure.dataset.until);
    return a + (Math.min(Math.max(x - frame.left, 0), frame.width) / frame.width) * (b - a);
  };
  const mark = (kind, from, to) => {
    for (const plot of all(".plot", box())) {
      let line = one(`.${kind}`, plot);
      if (!line) { line = document.createElement("div"); line.className = kind; plot.append(line); }
      const frame = plot.getBoundingClientRect();
      line.hidden = from === null;
      if (from !== null) { line.style.left = `${from * frame.width}px`; line.style.width = `${Math.max((to - from) * frame.width, 1)}px`; }
    }
  };
  const share = (plot, x) => { const frame = plot.getBoundingClientRect(); return Math.min(Math.max((x - frame.left) / frame.width, 0), 1); };
  let held = null;
  document.addEventListener("pointermove", (event) => {
    const plot = event.target.closest?.(".plot");
    if (!plot && held === null) return;
    const over = plot || held.plot, at = share(over, event.clientX);
    mark("cross", at, at);
    const said = one("[data-at]");
    if (said) said.textContent = `${new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 3 }).format(second(over, event.clientX))} s`;
    if (held) mark("chosen", Math.min(held.share, at), Math.max(held.share, at));
  });
  document.addEventListener("pointerdown", (event) => {
    const plot = event.target.closest?.(".plot");
    if (!plot || event.button !== 0) return;
    event.preventDefault();
    held = { plot, share: share(plot, event.clientX), x: event.clientX };
  });
  document.addEventListener("pointerup", async (event) => {
    if (!held) return;
    const { plot, x } = held;
    held = null;
    mark("chosen", null, null);
    const a = second(plot, Math.min(x, event.clientX)), b = second(plot, Math.max(x, event.clientX));
    if (Math.abs(event.clientX - x) > 4) { show(a, b); return; }
    const address = new URL("/run/row", location.href);
    address.searchParams.set("run", box().dataset.run);
    address.searchParams.set("at", a.toFixed(4));
    const answer = await fetch(address);
    if (answer.ok) one("#row").innerHTML = await answer.text();
  });
})();
