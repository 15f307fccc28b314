// The pictures of a tool: wafers at risk and what comes, the curve of intervals, the readings.
(() => {
  "use strict";
  const data = (name) => JSON.parse(document.getElementById(`${name}-data`).textContent);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const zone = document.body.dataset.zone;
  const onTheClock = (seconds) => uPlot.tzDate(new Date(seconds * 1e3), zone);
  const drawn = {};

  const axis = (extra = {}) => ({
    stroke: css("--soft"), font: "12px system-ui, sans-serif", grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line") }, ...extra,
  });
  const timed = (lang) => axis({
    values: (_, splits) => splits.map((at, n) => {
      const fine = splits.length > 1 && splits[1] - splits[0] < 86400;
      return new Intl.DateTimeFormat(lang, { timeZone: zone, day: "numeric", month: "short", ...(fine ? { hour: "2-digit", minute: "2-digit" } : {}) }).format(new Date(at * 1e3));
    }),
    space: 80,
  });
  const whole = (lang, extra) => axis({ values: (_, splits) => splits.map((n) => (n === null ? "" : new Intl.NumberFormat(lang).format(n))), size: 60, ...extra });
  const sized = (place, height) => ({ width: Math.max(place.clientWidth, 260), height });

  const shape = (context, kind, x, y, size) => {
    context.beginPath();
    if (kind === "passed") context.arc(x, y, size, 0, 2 * Math.PI);
    else if (kind === "failed") { context.moveTo(x - size, y - size); context.lineTo(x + size, y + size); context.moveTo(x + size, y - size); context.lineTo(x - size, y + size); }
    else { context.moveTo(x, y - size); context.lineTo(x + size, y); context.lineTo(x, y + size); context.lineTo(x - size, y); context.closePath(); }
    context.stroke();
  };

  function history(place) {
    const given = data("history"), ratio = devicePixelRatio;
    const ahead = (given.ahead || []).map((day) => given.now + day * 86400);
    const past = given.t.length;
    const times = [...given.t, ...ahead];
    const rest = (list, own) => [...list, ...own];
    const empty = (n) => new Array(n).fill(null);
    const rows = [times, rest(given.wafers, empty(ahead.length)), given.limit === null ? empty(times.length) : times.map(() => given.limit)];
    for (const chance of ["0.1", "0.9", "0.25", "0.75"]) rows.push(rest(empty(past), given[`fan_${chance}`] || empty(ahead.length)));
    const faint = css("--fill");
    const fan = (label) => ({ label, stroke: "transparent", points: { show: false } });
    const options = {
      ...sized(place, 340), tzDate: onTheClock, legend: { show: false }, cursor: { y: false },
      scales: { y: { range: (_, low, high) => [0, Math.max(high, given.limit || 0, 1) * 1.12] } },
      axes: [timed(given.lang), whole(given.lang)],
      series: [{}, { stroke: faint, width: 2, points: { show: false } }, { stroke: css("--alarm"), width: 1.5, dash: [6, 5], points: { show: false } }, fan("10 %"), fan("90 %"), fan("25 %"), fan("75 %")],
      bands: [{ series: [4, 3], fill: `${faint}2E` }, { series: [6, 5], fill: `${faint}44` }],
      hooks: {
        drawClear: [(plot) => {
          if (!given.window) return;
          const from = plot.valToPos(given.now + given.window[0] * 86400, "x", true);
          const to = Math.min(plot.valToPos(given.now + given.window[1] * 86400, "x", true), plot.bbox.left + plot.bbox.width);
          plot.ctx.save();
          plot.ctx.fillStyle = css("--shade");
          plot.ctx.fillRect(from, plot.bbox.top, Math.max(to - from, 2 * ratio), plot.bbox.height);
          plot.ctx.restore();
        }],
        draw: [(plot) => {
          const context = plot.ctx, top = plot.bbox.top, bottom = top + plot.bbox.height;
          const at = plot.valToPos(given.now, "x", true);
          context.save();
          context.strokeStyle = css("--ink");
          context.fillStyle = css("--ink");
          context.lineWidth = ratio;
          context.font = `${12 * ratio}px system-ui, sans-serif`;
          context.textAlign = "left";
          context.beginPath(); context.moveTo(at, top); context.lineTo(at, bottom); context.stroke();
          if (given.window_text) {
            const width = context.measureText(given.window_text).width, right = plot.bbox.left + plot.bbox.width;
            context.fillText(given.window_text, Math.max(Math.min(at + 8 * ratio, right - width - 4 * ratio), plot.bbox.left), top + 14 * ratio);
          }
          const dense = given.marks.length > 60;
          for (const mark of given.marks) {
            const x = plot.valToPos(mark.t, "x", true);
            context.strokeStyle = css(mark.kind === "failed" ? "--alarm" : "--soft");
            context.lineWidth = (mark.kind === "failed" ? 2.2 : 1.2) * ratio;
            if (!dense || mark.kind === "failed") { context.setLineDash([2 * ratio, 3 * ratio]); context.beginPath(); context.moveTo(x, top + 34 * ratio); context.lineTo(x, bottom); context.stroke(); context.setLineDash([]); }
            shape(context, mark.kind, x, top + 27 * ratio, 4.5 * ratio);
          }
          context.restore();
        }],
      },
    };
    place.replaceChildren();
    drawn.history = new uPlot(options, rows, place);
  }

  function curve(place) {
    const given = data("curve"), slider = document.getElementById("every"), ratio = devicePixelRatio;
    const chosen = () => given.wafers[Number(slider.value)];
    const line = (plot, wafers, colour, dash) => {
      if (wafers === null || wafers < given.wafers[0] || wafers > given.wafers.at(-1)) return;
      const x = plot.valToPos(wafers, "x", true);
      plot.ctx.save();
      plot.ctx.strokeStyle = colour; plot.ctx.lineWidth = 1.6 * ratio; plot.ctx.setLineDash(dash.map((n) => n * ratio));
      plot.ctx.beginPath(); plot.ctx.moveTo(x, plot.bbox.top); plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height); plot.ctx.stroke();
      plot.ctx.restore();
    };
    const options = {
      ...sized(place, 230), legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false, distr: 3, log: 10 }, fail: { range: [0, 1] } },
      axes: [whole(given.lang, { size: 32, filter: (_, splits) => splits.map((n) => (/^[125]0*$/.test(String(n)) ? n : null)) }), axis({ size: 60 }), axis({ scale: "fail", side: 1, grid: { show: false }, values: (_, splits) => splits.map((p) => new Intl.NumberFormat(given.lang, { style: "percent" }).format(p)) })],
      series: [{}, { stroke: css("--fill"), width: 2, points: { show: false } }, { scale: "fail", stroke: css("--alarm"), width: 2, dash: [5, 4], points: { show: false } }],
      hooks: { draw: [(plot) => { line(plot, given.advised, css("--ink"), [2, 3]); line(plot, given.today, css("--soft"), [7, 4]); line(plot, chosen(), css("--accent"), []); }] },
    };
    place.replaceChildren();
    drawn.curve = new uPlot(options, [given.wafers, given.cost, given.fail], place);
    if (slider.dataset.ready) return;
    slider.dataset.ready = "1";
    const names = ["wafers", "risk", "fail", "cost", "quals"];
    slider.addEventListener("input", () => {
      const texts = given.texts[Number(slider.value)];
      names.forEach((name, n) => { document.querySelector(`[data-show=${name}]`).textContent = texts[n]; });
      slider.setAttribute("aria-valuetext", texts[0]);
      const follow = document.querySelector("[data-follow=wafers]");
      // A count of wafers is no number of days and no limit.
      if (follow && follow.form.elements.name.value === "interval_wafers") follow.value = chosen();
      drawn.curve.redraw(false);
    });
    document.querySelector("[data-what]")?.addEventListener("change", (event) => { event.target.form.elements.value.value = ""; });
    // The interval that is looked at stands in the address, so that it can be sent to somebody.
    slider.addEventListener("change", () => {
      const address = new URL(location.href);
      address.searchParams.set("every", chosen());
      address.searchParams.delete("step");
      window.history.replaceState(null, "", address);
    });
  }

  function readings(place) {
    const given = data("readings"), lang = document.documentElement.lang;
    const line = { stroke: css("--alarm"), width: 1.2, dash: [6, 5], points: { show: false }, spanGaps: true };
    // One line for each chamber, told apart by its dashes as well as by its colour; the key under the chart names them.
    const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [14, 4]];
    const colours = [css("--fill"), css("--ink"), css("--accent"), css("--soft")];
    const own = given.series.map((_, n) => ({ stroke: colours[n % colours.length], width: 1.4, dash: dashes[n % dashes.length], spanGaps: true, points: { show: given.t.length < 200, size: 5 } }));
    // Where readings tell how much of a life is over: between these lie four of five of the coming ones while the tool is good.
    const ahead = { stroke: css("--accent"), width: 1.2, dash: [2, 3], points: { show: true, size: 4 }, spanGaps: true };
    const options = {
      ...sized(place, 230), tzDate: onTheClock, legend: { show: false }, axes: [timed(lang), axis({ size: 60 })],
      series: [{}, ...own, ahead, ahead, line, line, { stroke: "transparent", points: { show: true, size: 9, stroke: css("--alarm"), width: 2, fill: css("--alarm") } }],
    };
    place.replaceChildren();
    drawn.readings = new uPlot(options, [given.t, ...given.series.map((one) => one.reading), given.low, given.high, given.lower, given.upper, given.failed], place);
  }

  const kinds = { history, curve, readings };
  const draw = (within) => {
    for (const place of within.querySelectorAll("[data-chart]")) kinds[place.dataset.chart](place);
  };
  const redraw = () => draw(document);
  document.addEventListener("DOMContentLoaded", redraw);
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target.querySelector?.("[data-chart]") || event.target.matches?.("[data-chart]")) redraw(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  let waiting;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(redraw, 150); });

  // PNG: the picture on a ground, with its title, filters, time and version, so that it still says what it is elsewhere.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-png]");
    if (!button) return;
    const from = document.querySelector(`#${button.dataset.png} canvas`), card = button.closest(".card");
    if (!from) return;
    const ratio = devicePixelRatio, room = 44 * ratio, canvas = document.createElement("canvas");
    canvas.width = from.width; canvas.height = from.height + 2 * room;
    const context = canvas.getContext("2d");
    context.fillStyle = css("--card"); context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(from, 0, room);
    context.fillStyle = css("--ink");
    context.font = `600 ${14 * ratio}px system-ui, sans-serif`;
    context.fillText(`${document.querySelector("h1").innerText.trim()} · ${card.querySelector("h2").innerText}`, 10 * ratio, 26 * ratio);
    context.font = `${11 * ratio}px system-ui, sans-serif`;
    context.fillText(document.querySelector("footer p").innerText, 10 * ratio, canvas.height - 16 * ratio);
    canvas.toBlob((blob) => {
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `${document.title.split(" ")[0]}-${button.dataset.png}.png` });
      link.click();
      URL.revokeObjectURL(link.href);
    });
  });
})();
