"""Wafer maps: processor time a map to classify, by how sure two views are, bytes a second of each format that is read.
The gallery of 500 of them in a real browser: `drawn_s` from the click to the last map, `longest_task_ms` of the page.

    python bench/maps.py

Prints and writes bench/maps.json.
"""

import json
import platform
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.served import Server
from tests.yields.made_maps import text, wafer

import fabwatch
from fabwatch.sources.wafermap import read_maps
from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.model import packaged
from fabwatch.yields.patterns.similar import nearest

MAPS = 180
READ = 10
GALLERY = 500


def spent(work, *arguments):
    """Processor seconds of one call, the least of three."""
    took = []
    for _ in range(3):
        began = time.process_time()
        work(*arguments)
        took.append(time.process_time() - began)
    return min(took)


def table(grid):
    """The map as a table of x, y and bin."""
    rows, columns = np.nonzero(grid)
    lines = [f"{x},{y},{grid[y, x]}" for y, x in zip(rows.tolist(), columns.tolist(), strict=True)]
    return "\n".join(["x,y,bin", *lines, ""])


WATCH = """window.longest = 0; new PerformanceObserver((list) => { for (const task of list.getEntries())
window.longest = Math.max(window.longest, task.duration); }).observe({ type: 'longtask', buffered: true });"""


def gallery() -> dict[str, float]:
    """500 maps on the page: first with a server that never saw them, then as a reader who comes back."""
    with tempfile.TemporaryDirectory() as place:
        files = Path(place) / "maps"
        files.mkdir()
        for n in range(GALLERY):
            content = text(wafer(PATTERNS[n % len(PATTERNS)], n), f"L{n // 25}", f"{n % 25 + 1:02d}")
            (files / f"{n}.map").write_text(content)
        with fabwatch.open(Path(place) / "fab", create=True) as fab:
            fab.ingest(files)
        server = Server(Path(place) / "fab")
        try:
            return _watched(server)
        finally:
            server.stop()


def _watched(server: Server) -> dict[str, float]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1366, "height": 800}).new_page()
        page.goto(f"{server.address}/signin")
        page.fill("#key", server.key("admin"))
        page.press("#key", "Enter")
        page.wait_for_url(re.compile(r".*/$"))
        page.add_init_script(WATCH)
        took, tasks = [], []
        for _ in range(6):
            began = time.monotonic()
            page.goto(f"{server.address}/maps?most={GALLERY}", wait_until="commit")
            page.wait_for_selector("body[data-drawn=maps]")
            took.append(time.monotonic() - began)
            page.wait_for_timeout(1500)
            tasks.append(page.evaluate("window.longest"))
        browser.close()
    return {
        "drawn_first_s": round(took[0], 2),
        "drawn_s": round(median(took[1:]), 2),
        "longest_task_ms": round(median(tasks[1:])),
    }


def main() -> None:
    """Measure and print."""
    model = packaged()
    easy = [wafer("none", seed) for seed in range(MAPS)]
    every = [wafer(pattern, seed) for pattern in PATTERNS for seed in range(MAPS // len(PATTERNS))]
    large = wafer("Edge-Ring", size=201)
    embedding = model.look(every).embedding
    found = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, 2 cores",
        "maps": MAPS,
        "ms_per_map_none": round(1e3 * spent(model.look, easy) / MAPS, 2),
        "ms_per_map_every_pattern": round(1e3 * spent(model.look, every) / MAPS, 2),
        "ms_per_map_201_dies_wide": round(1e3 * spent(model.look, [large] * 64) / 64, 2),
        "similar_ms_per_map_among_180": round(1e3 * spent(lambda: nearest(embedding, embedding, same=True)) / MAPS, 4),
    }
    for name, content in (("rows", text(large)), ("table", table(large))):
        data = content.encode()
        seconds = spent(lambda data=data: [read_maps(data, "map") for _ in range(READ)])
        found[f"{name}_mb_per_s"] = round(READ * len(data) / seconds / 1e6, 1)
    found["gallery"] = gallery()
    (Path(__file__).parent / "maps.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
