"""Growth of questions with the number of moves on each engine: time, memory, bytes read, and a bare scan beside them.

    python -m bench.engines                    1 and 10 million moves on DuckDB, Spark and PostgreSQL (some minutes, 4 GB)
    python -m bench.engines --moves 100        another size, in millions; may stand several times
    python -m bench.engines --only spark       one engine; may stand several times

A fab is filled as the product fills it: one INSERT for each month, sorted by tool and end, and a file for each of the last
31 days. `first_s` is the first question of a process, with the start of the engine; `…_s` the best of those that follow,
each on what was not remembered; `…_mb` what the engine read while one was answered, from files or the system's cache;
`scan_s` a count over tool, wafer and end of every move by the same engine; `peak_mb` the largest sum of the memory of its
processes, Java and PostgreSQL's with it; `copy_s` and `copied_mb` what it took to bring the tables into PostgreSQL, and
their size there. Each engine has a process of its own. PostgreSQL is left out above MOST_COPIED million moves.
"""

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from tests.servers import PostgreSQL

from bench.risk import END, build
from fabwatch.fab import Fab
from fabwatch.terms.questions import Timed

HERE = Path(__file__).parent
SIZES = (1, 10)
ENGINES = ("duckdb", "spark", "postgres")
MOST_COPIED = 10
SCAN = "SELECT max(tool), max(wafer), max(end_at), count(*) FROM moves"
SECRET = "FABWATCH_BENCH_ENGINE"


def family(pid):
    """A process and those that it started."""
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            found += family(int(child))
    return found


def memory(pid):
    """Bytes of a process; what several of them share is divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        # It has ended, and waits for whoever started it.
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def bytes_read(roots):
    lines = [line for root in roots for p in family(root) for line in Path(f"/proc/{p}/io").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("rchar"))


class Peak(threading.Thread):
    """The largest memory of some processes and their children, looked at five times a second."""

    def __init__(self, roots):
        super().__init__(daemon=True)
        self.roots, self.peak, self.over = roots, 0.0, threading.Event()

    def run(self):
        while not self.over.wait(0.2):
            try:
                self.peak = max(self.peak, sum(memory(p) for root in self.roots for p in family(root)))
            except OSError:
                continue


def timed(action):
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


@contextmanager
def server(folder):
    """A PostgreSQL of its own, with the tables of a fab; yields its process and what copying took."""
    running = PostgreSQL()
    os.environ[SECRET] = "only-for-tests"
    running.start()
    try:
        (folder / "fab.toml").write_text(
            f'[databases.mes]\nurl = "{running.address}"\nsecret_env = "{SECRET}"\ntimeout_s = 3600\n'
        )
        with Fab(folder) as fab:
            took, _ = timed(lambda: fab.copy_to_engine("mes"))
        size = sum(path.stat().st_size for path in (running._place / "data" / "base").rglob("*") if path.is_file())
        pid = int((running._place / "data" / "postmaster.pid").read_text().split()[0])
        yield pid, {"copy_s": round(took, 1), "copied_mb": round(size / 1e6)}
    finally:
        running.stop()
        running.remove()
        (folder / "fab.toml").unlink(missing_ok=True)


def questions(fab):
    """What is asked, by name: all tools, one tool, a failed qual and its wafers, one lot."""
    end = dt.datetime.fromisoformat(END)
    tool, at = fab._lake.ask(
        "SELECT tool, max(processed_at) FROM lake.quals WHERE NOT passed AND chamber IS NULL "
        f"AND processed_at < TIMESTAMP '{END}' GROUP BY tool ORDER BY 2 DESC, 1 LIMIT 1"
    ).fetchone()
    return {
        "risk": lambda: fab.risk(as_of=END, qual_type="particles"),
        "tool": lambda: fab.risk(tool=tool, as_of=END, qual_type="particles"),
        "contain": lambda: fab.contain(tool, at=at, as_of=end),
        "lot": lambda: fab.lot_history("L014000", as_of=END),
    }


def measure(folder, engine, rounds):
    if engine != "postgres":
        return {"engine": engine, **watched(folder, engine, [os.getpid()], rounds)}
    with server(folder) as (pid, copying):
        return {"engine": engine, **watched(folder, "postgres:mes", [os.getpid(), pid], rounds), **copying}


def watched(folder, engine, roots, rounds):
    watch = Peak(roots)
    watch.start()
    with Fab(folder, engine=engine) as fab:
        figures = measured(fab, roots, rounds)
    watch.over.set()
    return {**figures, "peak_mb": round(watch.peak / 1e6)}


def measured(fab, roots, rounds):
    def anew(question):
        fab._lake._remembered.clear()
        return question()

    def scan():
        with fab._view(Timed(as_of=END)) as view, fab._engine.scanning(view):
            return fab._lake.rows(SCAN)

    asked = questions(fab)
    first, answer = timed(asked["risk"])
    figures = {"first_s": round(first, 2), "wafers": answer.total.wafers}
    for name, question in asked.items():
        before = bytes_read(roots)
        took = [timed(lambda question=question: anew(question))[0]]
        figures[f"{name}_mb"] = round((bytes_read(roots) - before) / 1e6, 1)
        took += [timed(lambda question=question: anew(question))[0] for _ in range(rounds - 1)]
        figures[f"{name}_s"] = round(min(took), 3)
    before = bytes_read(roots)
    figures["scan_s"] = round(timed(scan)[0], 3)
    figures["scan_mb"] = round((bytes_read(roots) - before) / 1e6, 1)
    figures["scan_s"] = round(min([figures["scan_s"], *(timed(scan)[0] for _ in range(rounds - 1))]), 3)
    return figures


def about(folder):
    """Sizes of a fab: its files of moves, and the catalog with its rows."""
    with Fab(folder) as fab:
        files = fab._lake.ask(
            "SELECT count(*), sum(data_file_size_bytes) FROM ducklake_list_files('lake', 'moves')"
        ).fetchone()
    catalog = (folder / "catalog.sqlite").stat().st_size
    return {"files": files[0], "moves_mb": round(files[1] / 1e6, 1), "catalog_mb": round(catalog / 1e6, 1)}


def main():
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--moves", type=int, action="append")
    wanted.add_argument("--only", choices=ENGINES, action="append")
    wanted.add_argument("--one", nargs=3)
    stated = wanted.parse_args()
    if stated.one:
        folder, engine, rounds = stated.one
        print(json.dumps(measure(Path(folder), engine, int(rounds))))
        return
    out = HERE / "engines.json"
    results = json.loads(out.read_text())["results"] if out.exists() else []
    for millions in stated.moves or SIZES:
        folder = HERE / "tmp" / f"engines-{millions}"
        if not (folder / "built").exists():
            build(folder, millions * 1_000_000)
        sizes = about(folder)
        for engine in stated.only or ENGINES:
            if engine == "postgres" and millions > MOST_COPIED:
                continue
            rounds = "3" if millions <= 10 else "2"
            command = [sys.executable, "-m", "bench.engines", "--one", str(folder), engine, rounds]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent)
            row = {"millions": millions, **sizes, **json.loads(done.stdout.splitlines()[-1])}
            results = [r for r in results if (r["millions"], r["engine"]) != (millions, engine)] + [row]
            results.sort(key=lambda r: (r["millions"], ENGINES.index(r["engine"])))
            print(json.dumps(row), flush=True)
            made = {"machine": platform.machine(), "cores": 2, "date": time.strftime("%Y-%m-%d"), "results": results}
            out.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
