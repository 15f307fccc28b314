"""Polish times of ten thousand wafers in one request, on a tool of a fab and by a rate that is given.

    python bench/polish.py

Prints and writes bench/polish.json.
"""

import json
import platform
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.cmp.polisher import Truth, files
from tests.served import Server

from fabwatch.fab import Fab

HERE = Path(__file__).parent / "tmp" / "polish"
ROUNDS = 5
RESULTS = 2_000
"""Wafers measured before, by which the controller is chosen."""


def main() -> None:
    """Measure and print."""
    shutil.rmtree(HERE, ignore_errors=True)
    with Fab(HERE / "fab", create=True) as fab:
        fab.ingest(files(HERE / "in", Truth(seed=2), RESULTS))
    wafers = [{"incoming": 9000 + n / 10} for n in range(10_000)]
    found = {"date": time.strftime("%Y-%m-%d"), "machine": f"{platform.machine()}, 2 cores", "wafers": len(wafers)}
    found["results"] = RESULTS
    server = Server(HERE / "fab", "--as-of", "2026-01-20T00:00:00Z")
    try:
        with server.client("read") as client:
            for name, by in (("by_rate_s", {"rate": 40, "rate_sd": 1}), ("on_a_tool_s", {"tool": "CMP-1"})):
                took = []
                for _ in range(ROUNDS):
                    began = time.perf_counter()
                    answer = client.post("/api/v1/cmp/polish-time", json={"target": 5000, "wafers": wafers, **by})
                    took.append(time.perf_counter() - began)
                    assert len(answer.json()["wafers"]) == len(wafers)
                found[name] = round(sorted(took)[ROUNDS // 2], 2)
                found[f"{name[:-2]}_first_s"] = round(took[0], 2)
    finally:
        server.stop()
    (Path(__file__).parent / "polish.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    shutil.rmtree(HERE, ignore_errors=True)


if __name__ == "__main__":
    main()
