// Wafer maps drawn into their canvases, a few at a time, so that the page answers while it draws.
(() => {
  "use strict";
  const SLICE_MS = 8;

  // Colours as they are on the page, light or dark: a canvas knows no variables.
  const colour = (name) => {
    const probe = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
    probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data];
  };

  // 0 no die, 1 all passed … 255 all failed: a colour for each.
  const shades = () => {
    const passed = colour("--line"), failed = colour("--alarm"), table = new Uint32Array(256), bytes = new Uint8ClampedArray(table.buffer);
    for (let value = 1; value < 256; value++) {
      const share = (value - 1) / 254;
      for (let part = 0; part < 3; part++) bytes[4 * value + part] = passed[part] + share * (failed[part] - passed[part]);
      bytes[4 * value + 3] = 255;
    }
    return table;
  };

  const draw = (canvas, table) => {
    const { columns, rows, cells } = canvas.dataset, bytes = atob(cells);
    const image = new ImageData(Number(columns), Number(rows)), pixels = new Uint32Array(image.data.buffer);
    for (let n = 0; n < bytes.length; n++) pixels[n] = table[bytes.charCodeAt(n)];
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext("2d").putImageData(image, 0, 0);
  };

  const drawAll = () => {
    const table = shades(), waiting = [...document.querySelectorAll("canvas[data-cells]")];
    const slice = () => {
      const end = performance.now() + SLICE_MS;
      while (waiting.length && performance.now() < end) draw(waiting.shift(), table);
      if (waiting.length) requestAnimationFrame(slice);
      else document.body.dataset.drawn = "maps";
    };
    slice();
  };

  drawAll();
  document.addEventListener("htmx:afterSettle", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();
