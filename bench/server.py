"""Speed of the service on 10 million moves and 1,000 tools, with wrk beside it on the same machine: python bench/server.py

Makes bench/tmp/ten once (about 1 GB, a minute). Needs wrk (Debian: apt-get install wrk); the pages part needs Chromium.

`mixed_cold`   as `mixed`, from the first request after the start
`mixed`        requests a second and p99 (ms) of a mix of pages and API questions over 120 tools, 16 connections;
               figures to keep: 150 a second at p99 500, no error
`loading`      the same while a file of 500,000 moves is loaded over HTTP; figure to keep: p99 1,000
`crowd`        200 connections: shares answered 200 and 503, worst time of /health in between (ms), and the seconds until a
               question is answered as quickly as before; figures to keep: 200 ms, 5 s
`pages`        milliseconds from the click to the first chart in a fresh headless browser (median of 5) and for the slider to
               redraw (median); figures to keep: 1,000 and 100
`cold`         seconds until the forecasts of all tools stood after the start
"""

import argparse
import json
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tests.served import Server  # noqa: E402

from bench.risk import build  # noqa: E402

AS_OF = "2026-01-01"
TOOLS = [f"TOOL{n:04d}" for n in range(0, 960, 8)]
LUA = """
local paths = {%s}
math.randomseed(%d)
request = function() return wrk.format("GET", paths[math.random(#paths)]) end
wrk.headers["Authorization"] = "Bearer %s"
wrk.headers["Accept"] = "text/html,application/json"
local other = 0
response = function(status) if status ~= 200 then other = other + 1 end end
done = function(summary, latency)
  io.write(string.format("RESULT %%d %%d %%.1f %%.1f %%d\\n", summary.requests, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
"""


def mixed_paths():
    whole = ["/", "/plan", "/contain", "/holds", "/api/v1/fab", "/api/v1/areas", "/api/v1/risk?by=area", "/api/v1/plan",
             "/api/v1/tools?limit=100", "/api/v1/stats?by=area", "/api/v1/risk?limit=100", "/api/v1/holds"]  # fmt: skip
    each = [
        "/api/v1/risk?tool={}",
        "/api/v1/forecast?tool={}",
        "/api/v1/interval?tool={}",
        "/tools/{}",
        "/api/v1/history/{}",
    ]
    return whole * 10 + [path.format(tool) for path in each for tool in TOOLS]


def wrk(server, seconds, connections):
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        listed = ", ".join(f'"{path}"' for path in mixed_paths())
        script.write(LUA % (listed, connections, server.key("admin")))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency", "-s", script.name]
        said = subprocess.run([*command, server.address], capture_output=True, text=True, check=True).stdout
    requests, micros, p50, p99, errors = re.search(r"RESULT (\d+) (\d+) (\S+) (\S+) (\d+)", said).groups()
    return {
        "per_s": round(int(requests) / (int(micros) / 1e6), 1),
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "errors": int(errors),
    }


def many_moves(rows):
    """Moves that no fab has yet."""
    mark = f"N{int(time.time())}"
    lines = ["lot,wafer,tool,step_no,end_at"]
    for n in range(rows):
        lot = f"{mark}{n // 25:06d}"
        at = f"2026-01-0{1 + n % 9}T0{n % 10}:00:00Z"
        lines.append(f"{lot},{lot}.{n % 25:02d},TOOL{n % 1000:04d},{n % 500},{at}")
    return "\n".join(lines) + "\n"


def loading(server):
    text = many_moves(500_000)
    told = {}

    def send():
        begin = time.monotonic()
        with server.client("admin") as client:
            client.timeout = 600
            answer = client.post("/api/v1/loads?wait=300", files={"file": ("many.csv", text.encode())})
        told.update(seconds=round(time.monotonic() - begin, 1), rows=answer.json()["summary"]["rows"])

    sending = threading.Thread(target=send)
    sending.start()
    figures = wrk(server, 25, 16)
    sending.join()
    return {**figures, "load_s": told["seconds"], "rows": told["rows"]}


def crowd(server):
    worst = []
    stop = threading.Event()

    def watch():
        with httpx.Client(base_url=server.address, timeout=30) as client:
            while not stop.is_set():
                begin = time.monotonic()
                client.get("/health")
                worst.append(1000 * (time.monotonic() - begin))
                time.sleep(0.05)

    watching = threading.Thread(target=watch)
    watching.start()
    figures = wrk(server, 10, 200)
    stop.set()
    watching.join()
    begin = time.monotonic()
    while True:
        asked = time.monotonic()
        ok = server.get("/api/v1/areas").status_code == 200
        if ok and time.monotonic() - asked < 0.2:
            break
    back = time.monotonic() - begin
    return {**figures, "turned_away": figures["errors"], "health_ms": round(max(worst), 1), "back_s": round(back, 2)}


def pages(server):
    from playwright.sync_api import sync_playwright

    first, slide = [], []
    with sync_playwright() as play:
        for tool in TOOLS[:5]:
            browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(f"{server.address}/signin")
            page.fill("#key", server.key("admin"))
            page.click("main button")
            page.wait_for_selector(".cell")
            begin = time.monotonic()
            page.goto(f"{server.address}/tools/{tool}?days=90", wait_until="commit")
            page.wait_for_selector("#history canvas")
            first.append(1000 * (time.monotonic() - begin))
            page.wait_for_selector("#curve canvas", timeout=60_000)
            slide.append(
                page.evaluate(
                    """async () => {
                        const slider = document.getElementById("every"), took = [];
                        for (let n = 0; n < 15; n++) {
                            const begin = performance.now();
                            slider.value = n * 2; slider.dispatchEvent(new Event("input", { bubbles: true }));
                            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
                            took.push(performance.now() - begin);
                        }
                        return took.sort((a, b) => a - b)[7];
                    }"""
                )
            )
            browser.close()
    return {"first_chart_ms": round(statistics.median(first)), "slider_ms": round(statistics.median(slide), 1)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fab", type=Path, default=HERE / "tmp" / "ten")
    given = parser.parse_args()
    if not (given.fab / "built").exists():
        given.fab.parent.mkdir(parents=True, exist_ok=True)
        build(given.fab, 10_000_000)
    server = Server(given.fab, "--as-of", AS_OF)
    found: dict[str, object] = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    try:
        begin = time.monotonic()
        with server.client("admin") as client:
            client.timeout = 600
            client.get("/api/v1/forecast?limit=1")
        found["cold_s"] = round(time.monotonic() - begin, 1)
        found["mixed_cold"] = wrk(server, 20, 16)
        wrk(server, 20, 16)
        print(found, flush=True)
        found["mixed"] = wrk(server, 20, 16)
        print(found["mixed"], flush=True)
        found["pages"] = pages(server) if shutil.which("chromium") else None
        print(found["pages"], flush=True)
        found["crowd"] = crowd(server)
        print(found["crowd"], flush=True)
        found["loading"] = loading(server)
    finally:
        server.stop()
    (HERE / "server.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
