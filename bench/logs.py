"""Reading tool logs: a made 1 kHz log of 30 sensors with messages between its rows, against a bare scan of its rows.

    python bench/logs.py [--mb 1000]

Prints and writes bench/logs.json: gigabytes a second from text to stored samples, the same as a ratio of the engine's own
read_csv to Parquet of the same rows without messages, the time of the step summaries as a share of it, and peak memory.
"""

import argparse
import json
import platform
import resource
import shutil
import time
from multiprocessing import get_context
from pathlib import Path

import duckdb
import numpy as np

HERE = Path(__file__).parent / "tmp" / "logs"
SENSORS = 30
EVERY = 997
"""Rows between two messages."""


def made(folder: Path, mb: int) -> tuple[Path, Path, int, int]:
    """The log, the same without messages, and how many rows and messages it has."""
    folder.mkdir(parents=True, exist_ok=True)
    log, bare = folder / "log.csv", folder / "bare.csv"
    rng = np.random.default_rng(7)
    header = "time,wafer,step," + ",".join(f"Sensor {n:02d} [mTorr]" for n in range(SENSORS)) + "\n"
    count = messages = size = 0
    with log.open("w") as one, bare.open("w") as two:
        one.write("# Tool: ETCH-1\n" + header)
        two.write(header)
        block = 20_000
        while size < mb * 1_000_000:
            values = np.round(100 + rng.normal(0, 1, (block, SENSORS)), 3)
            begin = np.datetime64("2026-05-01T00:00:00.000") + np.arange(count, count + block) * np.timedelta64(1, "ms")
            stamps = np.datetime_as_string(begin, unit="ms")
            lines = []
            for n, (stamp, row) in enumerate(zip(stamps, values.tolist(), strict=True)):
                at = count + n
                lines.append(f"{stamp},W{at // 60_000:05d},{at // 5_000 % 12 + 1}," + ",".join(map(str, row)) + "\n")
            two.writelines(lines)
            for n in range(EVERY - count % EVERY, block, EVERY):
                lines[n] = f"{stamps[n]} ALARM {n} pressure high, valve 3 closed, see page {n}\n" + lines[n]
                messages += 1
            one.writelines(lines)
            count += block
            size = one.tell()
    return log, bare, count, messages


def bare_scan(bare: Path, folder: Path) -> float:
    """Seconds of the engine's own way from text to Parquet, with the types stated."""
    columns = {"time": "TIMESTAMP", "wafer": "VARCHAR", "step": "BIGINT"}
    columns |= {f"Sensor {n:02d} [mTorr]": "DOUBLE" for n in range(SENSORS)}
    engine = duckdb.connect(config={"memory_limit": "1GB", "threads": "2"})
    engine.execute("SET enable_progress_bar = false")
    began = time.perf_counter()
    engine.execute(f"COPY (SELECT * FROM read_csv('{bare}', columns={columns}, header=true)) TO '{folder / 'bare.parquet'}'")
    return time.perf_counter() - began


def loaded(log: Path, folder: Path, rows: int, messages: int) -> tuple[float, float, int]:
    """Seconds to load the log and to sum it up, and the most memory that took, in MB."""
    from fabwatch.fab import Fab
    from fabwatch.ingest.loading import Ingest
    from fabwatch.store.skip_pandas import without_pandas
    from fabwatch.trace.upkeep import refresh_derived

    without_pandas()
    with Fab(folder, create=True) as fab:
        began = time.perf_counter()
        summary = Ingest(fab._lake, fab._clock).load([log])
        parsed = time.perf_counter() - began
        assert summary.files[0].rows == rows, summary.files[0]
        began = time.perf_counter()
        refresh_derived(fab._lake, fab._clock())
        summed = time.perf_counter() - began
        fab._lake.pin()
        whole = "text LIKE 'ALARM % pressure high, valve 3 closed, see page %'"
        said = fab._lake.rows(f"SELECT count(*) AS n FROM alarms WHERE {whole}")
        assert said[0]["n"] == messages, (said, messages)
    shutil.rmtree(folder)
    return parsed, summed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    shutil.rmtree(HERE, ignore_errors=True)
    log, bare, rows, messages = made(HERE, asked.mb)
    scans, told = [], []
    for n in range(asked.rounds):
        scans.append(bare_scan(bare, HERE))
        with get_context("spawn").Pool(1) as alone:
            told.append(alone.apply(loaded, (log, HERE / f"fab{n}", rows, messages)))
    loads, sums, peaks = zip(*told, strict=True)
    size = log.stat().st_size / 1e9
    scan, load, summed = min(scans), min(loads), min(sums)
    found = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "gb": round(size, 3),
        "rows": rows,
        "messages": messages,
        "gb_per_s": round(size / load, 3),
        "bare_gb_per_s": round(bare.stat().st_size / 1e9 / scan, 3),
        "of_bare_scan": round(scan / load * log.stat().st_size / bare.stat().st_size, 3),
        "summary_of_parse": round(summed / load, 3),
        "peak_mb": max(peaks),
    }
    (Path(__file__).parent / "logs.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    shutil.rmtree(HERE, ignore_errors=True)


if __name__ == "__main__":
    main()
