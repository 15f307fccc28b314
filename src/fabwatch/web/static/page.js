// What every page needs of a script: keys, copying, ticking, dropping files. Without it the pages work all the same.
(() => {
  "use strict";
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const typing = (element) => element.closest("input:not([type=checkbox]):not([type=range]), textarea, select");

  // Keys: / searches, ? lists them, g and a letter goes somewhere.
  const places = { f: "/", p: "/plan", c: "/contain", h: "/holds", r: "/record", l: "/load" };
  let going = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (going && places[event.key]) {
      const link = all(".top nav a").find((a) => new URL(a.href).pathname === places[event.key]);
      if (link) link.click();
    } else if (event.key === "/") {
      event.preventDefault();
      one("#q")?.focus();
    } else if (event.key === "?") {
      one("#keys")?.showModal();
    }
    going = event.key === "g";
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches("[data-keys]")) one("#keys").showModal();
    if (button.matches("[data-print]")) window.print();
    if (button.matches("[data-copy]")) {
      const text = button.previousElementSibling.textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent += " ✓";
      } catch {
        getSelection().selectAllChildren(button.previousElementSibling);
      }
    }
  });

  // Ticks: how many rows and wafers are ticked; the box in the heading ticks all.
  const counted = (form) => {
    const ticked = all("input[name=names]:checked:not(:disabled)", form);
    const wafers = ticked.reduce((sum, box) => sum + Number(box.dataset.n), 0);
    const shown = new Intl.NumberFormat(document.documentElement.lang);
    for (const place of all("[data-ticked]")) place.textContent = shown.format(ticked.length);
    for (const place of all("[data-ticked-wafers]")) place.textContent = shown.format(wafers);
  };
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-ticks]");
    if (!form) return;
    if (event.target.matches("[data-all]")) {
      for (const box of all("input[name=names]:not(:disabled)", form)) box.checked = event.target.checked;
    }
    counted(form);
  });

  // A load that goes on: its events move the bar; without them the page is asked again.
  const clock = (seconds) => {
    const whole = Math.round(seconds);
    const pad = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    return hours ? `${hours}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}` : `${Math.floor(whole / 60)}:${pad(whole % 60)}`;
  };
  const followed = (part) => {
    const bar = one("progress", part);
    const figures = one("[data-figures]", part);
    const shown = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    const events = new EventSource(part.dataset.events);
    one("[data-again]", part).hidden = true;
    events.addEventListener("progress", (event) => {
      const at = JSON.parse(event.data);
      bar.max = Math.max(at.size, 1);
      bar.value = at.read;
      const known = { read: shown.format(at.read / 1e6), size: shown.format(at.size / 1e6), done: at.done, total: at.total,
        speed: shown.format((at.bytes_per_s ?? 0) / 1e6), left: clock(at.left_s ?? 0) };
      const text = figures.dataset.how + (at.storing ? figures.dataset.store : "") + (at.bytes_per_s ? figures.dataset.fast : "");
      figures.textContent = text.replace(/\{(\w+)\}/g, (whole, name) => known[name] ?? whole);
    });
    events.addEventListener("end", () => { events.close(); location.reload(); });
    events.addEventListener("error", () => {
      // A stream that ended is asked for again by the browser itself; one that was refused is not.
      if (events.readyState === EventSource.CLOSED) htmx.ajax("GET", part.dataset.poll, "#upload");
    });
  };
  for (const part of all("[data-events]")) followed(part);

  // Dropping: files and folders, with the part that was sent.
  const gathered = async (entry, found) => {
    if (entry.isFile) {
      found.push(await new Promise((done, failed) => entry.file(done, failed)));
    } else if (entry.isDirectory) {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((done, failed) => reader.readEntries(done, failed));
        if (!some.length) break;
        for (const each of some) await gathered(each, found);
      }
    }
  };
  const send = (form, files) => {
    const body = new FormData();
    for (const file of files) body.append("file", file, file.name);
    const request = new XMLHttpRequest();
    const sending = one("[data-sending]", form);
    sending.hidden = false;
    request.upload.onprogress = (event) => { one("progress", sending).value = (100 * event.loaded) / event.total; };
    request.onload = () => {
      if (request.status < 400) location.assign(request.responseURL);
      else {
        sending.hidden = true;
        let said;
        try { said = JSON.parse(request.responseText); } catch { said = { what: request.statusText, hint: "" }; }
        const told = one("#upload");
        told.replaceChildren(Object.assign(document.createElement("p"), { className: "doubt", textContent: `${said.what} ${said.hint}` }));
      }
    };
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.send(body);
  };
  for (const form of all("[data-drop]")) {
    form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
    form.addEventListener("dragleave", () => form.classList.remove("over"));
    form.addEventListener("drop", async (event) => {
      event.preventDefault();
      form.classList.remove("over");
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
      const found = [];
      for (const entry of entries) await gathered(entry, found);
      if (found.length) send(form, found);
    });
    form.addEventListener("submit", (event) => {
      const files = all("input[type=file]", form).flatMap((input) => [...input.files]);
      if (!files.length) return;
      event.preventDefault();
      send(form, files);
    });
  }
})();
