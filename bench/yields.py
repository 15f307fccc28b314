"""Test results into the lake, yields of 20 million of them, and what bad wafers share: speed, and how often it is right.

    python -m bench.yields [--big]

Prints and writes bench/yields.json. `--big` also loads a file of 1 GB. The ratio to a bare scan is that of reading all
values of the same tests in the same process.
"""

import argparse
import json
import platform
import resource
import shutil
import time
from pathlib import Path

from tests.made_stdf import Stdf
from tests.yields.made import made

from fabwatch.fab import Fab

HERE = Path(__file__).parent
SEEDS = 40
TESTS = 60
"""Results of each part in the test files."""


def stdf(path: Path, wafers: int, dies: int) -> float:
    """Write a test file; returns its megabytes."""
    head = Stdf().far().mir("BIG").wir("W0")
    head.pir()
    for test in range(TESTS):
        head.ptr(test, 1.0, limits=(0.0, 9.0), name=f"test {test}")
    head.prr(0, 0, tests=TESTS)
    part = Stdf().pir()
    for test in range(TESTS):
        part.ptr(test, 1.0)
    body = part.content
    with path.open("wb") as file:
        file.write(head.content)
        for wafer in range(wafers):
            if wafer:
                file.write(Stdf().wir(f"W{wafer}").content)
            places = (Stdf().prr(n % 50, n // 50, 1 + (n * 7 + wafer) % 9 // 8, tests=TESTS).content for n in range(1, dies))
            file.writelines(body + place for place in places)
            file.write(Stdf().wrr(dies, wafer=f"W{wafer}").content)
        file.write(Stdf().mrr().content)
    return path.stat().st_size / 1e6


def loading(folder: Path, wafers: int) -> dict[str, float]:
    """Megabytes a processor second from file to lake, with what the process of the reader takes, and its peak."""
    size = stdf(folder / "big.stdf", wafers, 1000)
    before = _cpu()
    with Fab(folder / "fab", create=True) as fab:
        summary = fab.ingest(folder / "big.stdf")
    took = _cpu() - before
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    assert summary.failed == 0
    return {"mb": round(size), "results": summary.rows, "mb_per_cpu_s": round(size / took, 1), "peak_mb": round(peak)}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def asking(folder: Path) -> dict[str, float]:
    """Seconds for yield by lot and the pareto of tests, and their ratio to reading all values."""
    with Fab(folder / "fab") as fab:
        count = int(fab.sql("SELECT count(*) AS n FROM tests")["n"][0])
        fab.yields()
        start = time.perf_counter()
        fab.sql("SELECT sum(value), count(*) FILTER (NOT passed), max(test), max(load) FROM tests")
        scan = time.perf_counter() - start
        times = {}
        for name, ask in (("yield_by_lot_s", fab.yields), ("bins_s", fab.bins), ("tests_s", fab.tests)):
            start = time.perf_counter()
            ask()
            times[name] = round(time.perf_counter() - start, 2)
    ratios = {"tests_to_scan": round(times["tests_s"] / scan, 2)}
    return {"results": count, "scan_s": round(scan, 2), **times, **ratios}


def sharing(folder: Path, lots: int, steps: int, seed: int = 1, **how: object) -> dict[str, float]:
    """Seconds to compare all wafers of some lots over all axes."""
    made(folder / "moves", seed, lots=lots, steps=steps, tools=4, **how)  # type: ignore[arg-type]
    with Fab(folder / "fab", create=True) as fab:
        fab.ingest(folder / "moves")
        moves = int(fab.sql("SELECT count(*) AS n FROM moves")["n"][0])
        fab.yields()
        start = time.perf_counter()
        answer = fab.commonality(below=0.8)
        took = time.perf_counter() - start
    shutil.rmtree(folder)
    return {"lots": lots, "moves": moves, "tried": answer.tried, "seconds": round(took, 2), "findings": len(answer.findings)}


def truth(folder: Path, **how: object) -> dict[str, float]:
    """How often a planted chamber comes first, with its time, and how often there is any finding."""
    first = timed = any_finding = more = 0
    for seed in range(1000, 1000 + SEEDS):
        planted = made(folder / "moves", seed, **how)  # type: ignore[arg-type]
        with Fab(folder / "fab", create=True) as fab:
            fab.ingest(folder / "moves")
            findings = fab.commonality(below=0.8).findings
        shutil.rmtree(folder)
        any_finding += bool(findings)
        more += len(findings) > 1
        if findings:
            best = findings[0]
            name = f"{planted.tool} {planted.chamber}"
            named = best.value == name or f"chamber {name}" in best.together
            first += named
            when = None if planted.first_bad_pass is None else planted.first_bad_pass.astype("datetime64[us]").item()
            timed += named and best.from_ is not None and when is not None and abs(best.from_ - when).days < 1
    shares = {"first": first, "timed": timed, "any_finding": any_finding, "more_than_one": more}
    return {name: round(count / SEEDS, 3) for name, count in shares.items()}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--big", action="store_true")
    big = arguments.parse_args().big
    folder = HERE / "tmp" / "yields"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found: dict[str, object] = {"date": time.strftime("%Y-%m-%d"), "machine": f"{platform.machine()}, 2 cores"}
    found["load"] = loading(folder, 950 if big else 70)
    found["ask"] = asking(folder)
    shutil.rmtree(folder)
    found["share_200_lots"] = sharing(folder / "a", 200, 100)
    found["share_5000_lots"] = sharing(folder / "b", 5000, 40, by_lot=True)
    found["planted"] = truth(folder / "c")
    found["nothing_planted"] = truth(folder / "d", hit=0.05)
    found["bad_lots"] = truth(folder / "e", hit=0.05, bad_lots=0.12)
    print(json.dumps(found, indent=1))
    (HERE / "yields.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
