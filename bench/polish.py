"""Polish times of ten thousand wafers in one request, on a tool of a fab and by a rate that is given.

And the removal rates predicted from logs, forward in time, on made series whose truth is known: processor time, squared
error relative to the last value's (mean and worst of the seeds), share of the 90 % intervals that held.

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
from tests.cmp.drifting import WORLDS, series
from tests.cmp.polisher import Truth, files
from tests.served import Server

from fabwatch.cmp.rate_replay import RateReplay
from fabwatch.fab import Fab

HERE = Path(__file__).parent / "tmp" / "polish"
ROUNDS = 5
RESULTS = 2_000
"""Wafers measured before, by which the controller is chosen."""

SEEDS = 6


def predicted_rates() -> dict[str, object]:
    """How the predicted rates do on each kind of made series."""
    found: dict[str, object] = {"date": time.strftime("%Y-%m-%d")}
    for name, drift in WORLDS.items():
        ratios, held = [], []
        began = time.process_time()
        for seed in range(SEEDS):
            runs, results, _ = series(drift, seed)
            scored = [run for run in RateReplay(runs, results, 0.9) if run.predicted is not None]
            error, naive = (sum((getattr(run, by) - run.measured) ** 2 for run in scored) for by in ("predicted", "last"))
            ratios.append(error / naive)
            held += [run.low <= run.measured <= run.high for run in scored if run.low is not None]
        found[name] = {
            "of_the_last_value": round(sum(ratios) / SEEDS, 3),
            "worst_seed": round(max(ratios), 3),
            "held": round(sum(held) / len(held), 3),
            "cpu_s_per_series": round((time.process_time() - began) / SEEDS, 2),
        }
    return found


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
    found["predicted_rates"] = predicted_rates()
    (Path(__file__).parent / "polish.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    shutil.rmtree(HERE, ignore_errors=True)


if __name__ == "__main__":
    main()
