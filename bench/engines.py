"""Growth of `risk` with the number of moves on each engine: time, memory, bytes read, and a bare scan beside it.

    python -m bench.engines                    1 and 10 million moves on DuckDB and Spark (some minutes, 1 GB of disk)
    python -m bench.engines --moves 100        another size, in millions; may stand several times

`first_s` is the first question of a process, with the start of the engine; `risk_s` the best of three that follow, each on
what was not remembered; `scan_s` a count over tool, wafer and end of every move by the same engine. `read_mb` is what the
process and its children read while one question was answered, from files or the cache of the system; `peak_mb` the largest
sum of their memory. Each engine has a process of its own.
"""

import argparse
import json
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path

from bench.risk import END, build
from fabwatch.fab import Fab
from fabwatch.store.lake import Lake
from fabwatch.terms.questions import Timed

HERE = Path(__file__).parent
SIZES = (1, 10)
ENGINES = ("duckdb", "spark")
SCAN = "SELECT max(tool), max(wafer), max(end_at), count(*) FROM moves"


def family(pid):
    """A process and those that it started."""
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            found += family(int(child))
    return found


def resident(pid):
    return sum(int(Path(f"/proc/{p}/statm").read_text().split()[1]) * 4096 for p in family(pid)) / 1e6


def bytes_read(pid):
    lines = [line for p in family(pid) for line in Path(f"/proc/{p}/io").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("rchar"))


class Peak(threading.Thread):
    """The largest memory of this process and its children, looked at every 50 ms."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.over = 0.0, threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            try:
                self.peak = max(self.peak, resident("self"))
            except OSError:
                continue


def timed(action):
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def measure(folder, engine):
    watch = Peak()
    watch.start()
    with Fab(folder, engine=engine) as fab:

        def risk():
            fab._lake._remembered.clear()
            return fab.risk(as_of=END, qual_type="particles")

        def scan():
            lake: Lake = fab._lake
            with fab._view(Timed(as_of=END)) as view, fab._engine.scanning(view):
                return lake.rows(SCAN)

        first, answer = timed(risk)
        before = bytes_read("self")
        risk()
        read = bytes_read("self") - before
        again = min(timed(risk)[0] for _ in range(3))
        scanned = min(timed(scan)[0] for _ in range(3))
    watch.over.set()
    return {
        "engine": engine,
        "first_s": round(first, 2),
        "risk_s": round(again, 3),
        "scan_s": round(scanned, 3),
        "risk_of_scan": round(again / scanned, 3),
        "read_mb": round(read / 1e6, 1),
        "peak_mb": round(watch.peak),
        "wafers": answer.total.wafers,
    }


def main():
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--moves", type=int, action="append")
    wanted.add_argument("--one", nargs=2)
    stated = wanted.parse_args()
    if stated.one:
        print(json.dumps(measure(Path(stated.one[0]), stated.one[1])))
        return
    out = HERE / "engines.json"
    results = json.loads(out.read_text())["results"] if out.exists() else []
    for millions in stated.moves or SIZES:
        folder = HERE / "tmp" / f"engines-{millions}"
        if not (folder / "built").exists():
            build(folder, millions * 1_000_000)
        stored = sum(path.stat().st_size for path in (folder / "data" / "main" / "moves").rglob("*.parquet")) / 1e6
        results = [row for row in results if row["millions"] != millions]
        for engine in ENGINES:
            command = [sys.executable, "-m", "bench.engines", "--one", str(folder), engine]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent)
            row = {"millions": millions, "moves_mb": round(stored, 1), **json.loads(done.stdout.splitlines()[-1])}
            results.append(row)
            print(json.dumps(row), flush=True)
        made = {"machine": platform.machine(), "cores": 2, "date": time.strftime("%Y-%m-%d"), "results": results}
        out.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
