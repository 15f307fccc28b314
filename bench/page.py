"""The page of one run of a million samples, in a real browser: first picture, panning, and how much is sent.

    python bench/page.py

Prints and writes bench/page.json. The run has 12 others of half a million samples beside it; the server is a fresh one.
"""

import json
import platform
import re
import shutil
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import quote

import numpy as np
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.served import Server

from fabwatch.fab import Fab

HERE = Path(__file__).parent / "tmp" / "page"
SENSORS, WAFERS, SAMPLES = 8, 12, 1_000_000


def made(path: Path) -> None:
    """A 1 kHz log of twelve wafers of half a million samples and one of a million, with a spike of one sample."""
    rng = np.random.default_rng(1)
    at = np.datetime64("2026-05-01T00:00:00.000")
    with path.open("w") as file:
        names = ",".join(f"Sensor {n} [sccm]" for n in range(SENSORS))
        file.write(f"time,tool,chamber,recipe,lot,wafer,step,{names}\n")
        for wafer in range(WAFERS + 1):
            n = SAMPLES if wafer == WAFERS else SAMPLES // 2
            stamps = np.datetime_as_string(at + np.arange(n) * np.timedelta64(1, "ms"))
            step = 1 + np.arange(n) * 5 // n
            values = np.round(100 * step[:, None] + rng.normal(0, 1, (n, SENSORS)), 2)
            values[n // 2, 3] += 500 * (wafer == WAFERS)
            rows = zip(stamps.tolist(), step.tolist(), values.tolist(), strict=True)
            head = f"E1,A,R1,L1,L1.{wafer + 1:02d}"
            file.writelines(f"{at_}Z,{head},{no},{','.join(map(str, cells))}\n" for at_, no, cells in rows)
            at += (n + 60_000) * np.timedelta64(1, "ms")


def watched(server: Server, run: str) -> dict[str, float]:
    """Seconds until the first picture, when the run is opened first and again, and of pans; size of the answers."""
    address = f"{server.address}/run?run={quote(run, safe='')}"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{server.address}/signin")
        page.fill("#key", server.key("read"))
        page.press("#key", "Enter")
        page.wait_for_url(re.compile(r".*/$"))
        # What the server does right after its start is not of this page.
        page.wait_for_timeout(6000)
        found: dict[str, float] = {}
        for name in ("first_picture_cold_s", "first_picture_s"):
            began = time.perf_counter()
            page.goto(address, wait_until="domcontentloaded")
            page.wait_for_selector("path.line", state="attached")
            found[name] = round(time.perf_counter() - began, 2)
        began = time.perf_counter()
        while page.locator("[hx-trigger^='load']").count():
            page.wait_for_timeout(100)
        found["with_good_runs_s"] = round(time.perf_counter() - began, 1)
        found["page_kb"] = round(len(page.request.get(address).body()) / 1000)
        pans, sizes = [], []
        for n in range(20):
            part = address.replace("/run?", "/run/pictures?") + f"&since={100 + 20 * n}&until={200 + 20 * n}"
            began = time.perf_counter()
            sizes.append(len(page.request.get(part).body()))
            pans.append(time.perf_counter() - began)
        found["pan_median_ms"], found["pan_most_ms"] = round(1000 * statistics.median(pans)), round(1000 * max(pans))
        found["pan_kb"] = round(max(sizes) / 1000)
        browser.close()
    return found


def main() -> None:
    """Measure and print."""
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    made(HERE / "run.log")
    with Fab(HERE / "fab", create=True) as fab:
        fab.ingest(HERE / "run.log")
        run = max(fab.runs().runs, key=lambda one: one.rows)
    server = Server(HERE / "fab")
    try:
        found = {"date": time.strftime("%Y-%m-%d"), "machine": f"{platform.machine()}, 2 cores", "samples": run.rows}
        found |= watched(server, run.run)
    finally:
        server.stop()
    (Path(__file__).parent / "page.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    shutil.rmtree(HERE, ignore_errors=True)


if __name__ == "__main__":
    main()
