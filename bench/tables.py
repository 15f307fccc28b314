"""Loading tables: moves by wafer, quals, metrology and counters, against a bare scan of the same file; many small files.

    python bench/tables.py [--rows 2000000] [--files 1000 5000]

Prints and writes bench/tables.json. The bare scan is the engine's own read_csv to Parquet of the same file, in the same run.
Both sides are processor time: that of a load is of `fabwatch ingest` in processes of its own, with their start.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "tmp" / "tables"
BLOCK = 100_000
BARE = """
import duckdb, sys
engine = duckdb.connect(config={"memory_limit": "1GB", "threads": "2"})
engine.execute(f"COPY (SELECT * FROM read_csv('{sys.argv[1]}')) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)")
"""
LOAD = "from fabwatch.cli.app import main; raise SystemExit(main())"


def _stamps(first: int, count: int, every: int, late: int = 0) -> list[str]:
    times = np.datetime64("2025-01-01T00:00:00") + (np.arange(first, first + count) * every + late) * np.timedelta64(1, "s")
    return [text.replace("T", " ") for text in np.datetime_as_string(times, unit="s").tolist()]


def moves(first: int, count: int) -> Iterator[str]:
    """Wafer-level moves of 300 tools: lots of 25 wafers, 600 steps of five tools each."""
    rng = np.random.default_rng(first)
    which, chamber = rng.integers(0, 5, count).tolist(), rng.integers(0, 4, count).tolist()
    begins, ends = _stamps(first, count, 7, -300), _stamps(first, count, 7)
    for n, k in enumerate(range(first, first + count)):
        lot, step = f"LOT{k // 25 % 20_000:06d}", k // 25 % 600
        tool = f"EQP-{(step * 7 + which[n]) % 300:03d}"
        yield (
            f"{lot},{lot}.{k % 25 + 1:02d},{tool},{'ABCD'[chamber[n]]},RCP_{step % 37:03d}_MAIN,STEP{step:04d},"
            f"PROD-{step % 12:02d},{begins[n]},{ends[n]},AREA{step % 9}\n"
        )


def quals(first: int, count: int) -> Iterator[str]:
    """Quals of 300 tools with a reading each."""
    rng = np.random.default_rng(first)
    readings = np.round(rng.gamma(4, 3, count), 2).tolist()
    for n, stamp in enumerate(_stamps(first, count, 11)):
        passed = "PASS" if readings[n] < 30 else "FAIL"
        yield f"EQP-{(first + n) % 300:03d},{'ABCD'[n % 4]},particles,{stamp},{passed},{readings[n]},count,30\n"


def metrology(first: int, count: int) -> Iterator[str]:
    """Thickness of wafers before and after polishing."""
    rng = np.random.default_rng(first)
    before, after = (np.round(rng.normal(mean, 40, count), 1).tolist() for mean in (9000, 5000))
    for n, stamp in enumerate(_stamps(first, count, 13)):
        k = first + n
        lot = f"LOT{k // 25:06d}"
        yield f"{lot},{lot}.{k % 25 + 1:02d},EQP-{k % 20:03d},{stamp},{before[n]},{after[n]},98.5,angstrom\n"


def counters(first: int, count: int) -> Iterator[str]:
    """Hours of RF power of 300 tools."""
    for n, stamp in enumerate(_stamps(first, count, 17)):
        yield f"EQP-{(first + n) % 300:03d},{'ABCD'[n % 4]},rf_hours,{stamp},{(first + n) / 300:.2f}\n"


TABLES: dict[str, tuple[str, Callable[[int, int], Iterator[str]], float]] = {
    "moves": ("LOT_ID,WAFER_ID,EQP_ID,CHAMBER,RECIPE,STEP,PRODUCT,TRACK_IN,TRACK_OUT,AREA", moves, 1.0),
    "quals": ("EQP_ID,CHAMBER,QUAL_TYPE,PROCESSED_AT,RESULT,READING,UNIT,UPPER", quals, 0.25),
    "metrology": ("LOT_ID,WAFER_ID,EQP_ID,POLISHED_AT,PRE,POST,POLISH_TIME,UNIT", metrology, 0.25),
    "counters": ("EQP_ID,CHAMBER,COUNTER,READ_AT,VALUE", counters, 0.25),
}


def made(name: str, rows: int) -> Path:
    """The file of a kind."""
    header, lines, _ = TABLES[name]
    path = HERE / f"{name}.csv"
    with path.open("w") as file:
        file.write(header + "\n")
        for first in range(0, rows, BLOCK):
            file.writelines(lines(first, min(BLOCK, rows - first)))
    return path


def measured(program: str, *arguments: str) -> tuple[float, int, str]:
    """Processor seconds of a program and all that it starts, the most memory of it in MB, and what it says."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert run.stdout is not None
    said = run.stdout.read()
    _, status, used = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    assert run.returncode == 0, said
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, used.ru_maxrss // 1024, said


def table(name: str, rows: int, rounds: int) -> dict[str, object]:
    """One kind of file: both sides in turns, the best of each."""
    path = made(name, rows)
    bare, load, peak = [], [], 0
    for n in range(rounds):
        bare.append(measured(BARE, str(path), str(HERE / "bare.parquet"))[0])
        fab = HERE / f"fab{n}"
        if name in ("quals", "counters"):
            (HERE / "tools.csv").write_text("tool,area\n" + "".join(f"EQP-{k:03d},A\n" for k in range(300)))
            measured(LOAD, "ingest", str(HERE / "tools.csv"), "--fab", str(fab))
        seconds, memory, said = measured(LOAD, "ingest", str(path), "--fab", str(fab))
        assert f"({rows:,} rows)" in said, said
        load.append(seconds)
        peak = max(peak, memory)
        shutil.rmtree(fab)
    megabytes = path.stat().st_size / 1e6
    path.unlink()
    return {
        "rows": rows,
        "mb": round(megabytes),
        "bare_cpu_s": round(min(bare), 2),
        "load_cpu_s": round(min(load), 2),
        "of_bare": round(min(load) / min(bare), 2),
        "peak_mb": peak,
    }


def small(count: int) -> dict[str, object]:
    """Many files of twenty moves each in one call."""
    folder, fab = HERE / "small", HERE / "small_fab"
    folder.mkdir()
    for n in range(count):
        (folder / f"m{n:05d}.csv").write_text(TABLES["moves"][0] + "\n" + "".join(moves(n * 20, 20)))
    began = time.perf_counter()
    seconds, memory, said = measured(LOAD, "ingest", str(folder), "--fab", str(fab))
    assert f"{count} files loaded" in said, said
    took = time.perf_counter() - began
    shutil.rmtree(folder)
    shutil.rmtree(fab)
    return {"cpu_s_a_file": round(seconds / count, 3), "s_a_file": round(took / count, 3), "peak_mb": memory}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--files", type=int, nargs="*", default=[1000, 5000, 20000])
    asked = parser.parse_args()
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    found: dict[str, object] = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    for name, (_, _, share) in TABLES.items():
        found[name] = table(name, int(asked.rows * share), asked.rounds)
        print(name, json.dumps(found[name]), flush=True)
    for count in asked.files:
        found[f"small_{count}"] = small(count)
        print(count, json.dumps(found[f"small_{count}"]), flush=True)
    (Path(__file__).parent / "tables.json").write_text(json.dumps(found, indent=1) + "\n")
    shutil.rmtree(HERE, ignore_errors=True)


if __name__ == "__main__":
    main()
