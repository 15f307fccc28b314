"""A backup of a fab of 50 million moves while others load and ask, and what is restored from it: python -m bench.backup

Prints and writes bench/backup.json; the fab is that of bench/risk.py (made once in bench/tmp). `--moves N` is another size.

`backup_s`   seconds of the first backup, while one process loads a file of 1,000 moves after the other and another asks for
             the wafers at risk again and again; figure to keep: 180
`copy`       the same as a multiple of a bare copy of the same files without that load
`again_s`    seconds of the next backup to the same place, which takes only what is new
`longest_load_s`, `loads`   the longest that one of those loads took meanwhile, and how many there were
`restore_s`  seconds until a fab is made of it and every data file is compared with its hash
`equal`      whether the restored fab answers as the backed up one did at that moment, table by table
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.risk import build
from fabwatch.fab import Fab
from fabwatch.terms.tables import TABLES

HERE = Path(__file__).parent / "tmp"
LOADER = """
import sys, time
from pathlib import Path
from fabwatch.fab import Fab
folder, files, log = map(Path, sys.argv[1:])
files.mkdir(exist_ok=True)
number = 0
while True:
    number += 1
    rows = [f"N{number:05d},N{number:05d}.{n:04d},TOOL{n:04d},2026-01-02T00:00:{n % 60:02d}Z" for n in range(1000)]
    path = files / f"{number}.csv"
    path.write_text("lot,wafer,tool,end_at\\n" + "\\n".join(rows) + "\\n")
    began = time.perf_counter()
    with Fab(folder) as fab:
        assert fab.ingest(path).rows == 1000
    with log.open("a") as noted:
        noted.write(f"{time.perf_counter() - began}\\n")
"""
ASKER = """
import sys
from fabwatch.fab import Fab
while True:
    with Fab(sys.argv[1]) as fab:
        fab.risk(qual_type="particles")
"""


def started(program: str, *words: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program, *map(str, words)])


def contents(folder: Path) -> dict[str, Any]:
    """Of each table its rows and a sum over all of their cells, by a plain scan; a restore is an entry of the audit."""
    with Fab(folder) as fab:
        sums = "SELECT count(*), sum(hash(t)::HUGEINT) FROM lake.{} AS t"
        return {table.name: fab._lake.ask(sums.format(table.name)).fetchone() for table in TABLES if table.name != "audit"}


def timed(action: Any, *words: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = action(*words)
    return time.perf_counter() - began, answer


def command(*words: object) -> None:
    done = subprocess.run([sys.executable, "-m", "fabwatch", *map(str, words)], stdout=subprocess.DEVNULL, check=False)
    # 2: the check after a restore says that rows made by this bench stand in no ledger of loads.
    assert done.returncode in (0, 2), words


def measure(source: Path) -> dict[str, Any]:
    place = HERE / "backup"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    folder, kept, back, log = place / "fab", place / "kept", place / "back", place / "loads"
    # The files of the source are only read, and those of the copy are written anew: links stand for them.
    shutil.copytree(
        source, folder, copy_function=lambda a, b: os.link(a, b) if a.endswith(".parquet") else shutil.copy2(a, b)
    )
    bare, _ = timed(shutil.copytree, source / "data", place / "bare")
    shutil.rmtree(place / "bare")
    log.touch()
    others = [started(LOADER, folder, place / "files", log), started(ASKER, folder)]
    time.sleep(5)
    first, _ = timed(command, "backup", kept, "--fab", folder)
    during = [float(line) for line in log.read_text().split()]
    again, _ = timed(command, "backup", kept, "--fab", folder)
    for one in others:
        one.kill()
        one.wait()
    command("backup", kept, "--fab", folder)
    restore, _ = timed(command, "restore", kept, "--fab", back)
    found = {
        "backup_s": round(first, 1),
        "copy": round(first / bare, 2),
        "again_s": round(again, 1),
        "loads": len(during),
        "longest_load_s": round(max(during), 1),
        "restore_s": round(restore, 1),
        "gb": round(sum(path.stat().st_size for path in kept.rglob("*.parquet")) / 1e9, 2),
        "equal": contents(back) == contents(folder),
    }
    shutil.rmtree(place)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--moves", type=int, default=50_000_000)
    asked = parser.parse_args()
    folder = HERE / f"year_{asked.moves}"
    if not (folder / "built").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        build(folder, asked.moves)
    found = {"moves": asked.moves, **measure(folder)}
    print(json.dumps(found, indent=1))
    machine = {"machine": platform.platform(), "cores": os.cpu_count(), "date": datetime.now(UTC).date().isoformat()}
    if asked.moves == 50_000_000:
        (Path(__file__).parent / "backup.json").write_text(json.dumps({**machine, **found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
