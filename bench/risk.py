"""Speed and memory of the two main questions on a year of 50 million moves, as ratios to a bare scan in the same run.

    make bench                      all of it: makes bench/tmp/year once (about 3 GB), then measures
    python bench/risk.py --moves N  another size

`risk`          time of Fab.risk(qual_type="particles"): every tool that has quals, one every 1.3 days as in a real fab;
                figure to keep: 0.15
`risk_all`      the same with the 20 tools that never had a qual, whose wafers are counted from the first move on
`contain`       time of Fab.contain() for the latest failed qual over the scan, asked for another moment in each round once
                the wear of its type of tools is known; figure to keep: 0.15
`contain_first` the same for the first question about a type of tools, which reads a year of its quals and moves and fits
`contain_past`  as `contain`, for a qual half a year back, whose wafers have to be looked for in all that came since
The scan is the engine reading tool, wafer and end of every move. Each time is the best of five, in one process; what a fab
keeps between questions is forgotten before each round, save for `contain` and `contain_past`. The same in processor time
(`…_cpu`) says more where the machine has other work, and less of what two cores do at once.
"""

import argparse
import datetime as dt
import json
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

from fabwatch.fab import Fab

HERE = Path(__file__).parent
END = "2026-01-01"
TOOLS = 1000
YEAR = """
INSERT INTO lake.moves (lot, wafer, wafers, product, route, step_no, step, tool, chamber, recipe, kind, status, start_at,
                        end_at, day, load)
SELECT lot, lot || '.' || lpad(w::VARCHAR, 2, '0'), 1, 'P' || (h % 3), 'R' || (h % 3), step, 'S' || step,
       'TOOL' || lpad(tool::VARCHAR, 4, '0'), CASE WHEN tool % 10 < 3 THEN chr((65 + w % 3)::INT) END,
       'RCP' || (step % 300), 'production', 'completed', end_at - INTERVAL 30 MINUTE, end_at, end_at::DATE, 'bench'
FROM (
    SELECT h, w, (h // 7) % 500 AS step, ((h // 7) % 100) * 10 + (h // 5000) % 10 AS tool,
           'L' || lpad((d * 40 + h % 2400)::BIGINT::VARCHAR, 6, '0') AS lot,
           TIMESTAMP '2025-01-01' + to_seconds((d * 86400)::BIGINT + w * 20) AS end_at
    FROM (SELECT hash(i + $month * 100000000) AS h, ($month + i / $visits) * 365 / 12 AS d, w
          FROM range($visits) AS v(i), range(1, 26) AS s(w))
)
ORDER BY tool, end_at
"""
QUALS = """
INSERT INTO lake.quals (tool, chamber, qual_type, processed_at, passed, day, load)
SELECT tool, chamber, 'particles', looked_at, NOT (n > 1 AND hash(tool || n) % 12 = 0), looked_at::DATE, 'bench'
FROM (
    SELECT 'TOOL' || lpad(t::VARCHAR, 4, '0') AS tool, n, CASE WHEN t % 10 < 3 THEN c END AS chamber,
           TIMESTAMP '2026-01-01' - to_seconds((86400 * 1.3 * n)::BIGINT + (hash(t) % 112000)::BIGINT) AS looked_at
    FROM range(980) AS tools(t), range(1, 280) AS looks(n), (VALUES ('A'), ('B'), ('C')) AS chambers(c)
    WHERE t % 10 < 3 OR c = 'A'
)
WHERE month(looked_at) = $month
ORDER BY tool, looked_at
"""


RESTORES = """
INSERT INTO lake.restores
SELECT DISTINCT tool, chamber, processed_at + INTERVAL 6 HOUR, 'repair', (processed_at + INTERVAL 6 HOUR)::DATE, 'bench'
FROM lake.quals WHERE NOT passed AND hash(tool || processed_at::VARCHAR) % 20 > 0
"""


def build(folder, moves):
    with Fab(folder, create=True) as fab:
        lake = fab._lake
        for month in range(12):
            with lake.writing():
                lake.ask(YEAR, {"month": month, "visits": moves // 12 // 25})
        # The running month lies there as it was loaded, a file a day.
        lake.ask("CREATE TEMP TABLE last_month AS SELECT * FROM lake.moves WHERE day >= DATE '2025-12-01'")
        with lake.writing():
            lake.ask("DELETE FROM lake.moves WHERE day >= DATE '2025-12-01'")
        for day in range(1, 33):
            with lake.writing():
                lake.ask(
                    "INSERT INTO lake.moves SELECT * FROM last_month "
                    f"WHERE day = DATE '2025-11-30' + {day} ORDER BY tool, end_at"
                )
        with lake.writing():
            lake.ask(
                "INSERT INTO lake.tools SELECT 'TOOL' || lpad(t::VARCHAR, 4, '0'), 'T' || t // 10, 'AREA' || t // 100, "
                f"NULL, 'bench' FROM range({TOOLS}) AS tools(t)"
            )
            for month in range(1, 13):
                lake.ask(QUALS, {"month": month})
            lake.ask(RESTORES)
            lake.ask(
                "INSERT INTO lake.places SELECT DISTINCT tool, chamber, 'T' || left(tool, 7), 'AREA' || tool[6], route, "
                "step_no, step, true FROM lake.moves WHERE end_at < TIMESTAMP '2025-02-01'"
            )
    (folder / "built").write_text(str(moves))


def best(action, times=5):
    """Wall and processor seconds of the best of some rounds; each is told its number."""
    took = []
    for n in range(times):
        start, before = time.perf_counter(), time.process_time()
        action(n)
        took.append((time.perf_counter() - start, time.process_time() - before))
    return tuple(min(column) for column in zip(*took, strict=True))


def measure(folder):
    end = dt.datetime.fromisoformat(END)
    with Fab(folder) as fab:

        def failed(before):
            return fab._lake.ask(
                "SELECT tool, max(processed_at) FROM lake.quals WHERE NOT passed AND chamber IS NULL "
                f"AND processed_at < TIMESTAMP '{before}' GROUP BY tool ORDER BY 2 DESC, 1 LIMIT 1"
            ).fetchone()

        def anew(question):
            fab._lake._remembered.clear()
            return question()

        def later(n, qual):
            return fab.contain(qual[0], at=qual[1], as_of=end - dt.timedelta(seconds=5 - n))

        latest, past = failed(END), failed("2025-07-01")
        scan = best(lambda _: fab._lake.ask("SELECT max(tool), max(wafer), max(end_at) FROM lake.moves").fetchall())
        times = {
            "risk": best(lambda _: anew(lambda: fab.risk(as_of=END, qual_type="particles"))),
            "risk_all": best(lambda _: anew(lambda: fab.risk(as_of=END))),
            "contain_first": best(lambda n: anew(lambda: later(n, latest))),
            "contain": best(lambda n: later(n, latest)),
            "contain_past": best(lambda n: later(n, past)),
        }
        answer, held = fab.risk(as_of=END), later(5, latest)
        moves = fab._lake.ask("SELECT count(*) FROM lake.moves").fetchone()[0]
    return {
        "moves": moves,
        "scan_s": round(scan[0], 3),
        "scan_cpu_s": round(scan[1], 3),
        **{f"{name}_s": round(took[0], 3) for name, took in times.items()},
        **{name: round(took[0] / scan[0], 3) for name, took in times.items()},
        **{f"{name}_cpu": round(took[1] / scan[1], 3) for name, took in times.items()},
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "wafers_at_risk": answer.total.wafers,
        "wafers_held": held.wafers,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=50_000_000)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measure(asked.measure)))
        return
    folder = HERE / "tmp" / f"year_{asked.moves}"
    if not (folder / "built").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        print(f"making {asked.moves:,} moves in {folder} …", file=sys.stderr)
        build(folder, asked.moves)
    # A process of its own, so that the peak memory is that of the questions and not of the making.
    run = subprocess.run([sys.executable, __file__, "--measure", str(folder)], stdout=subprocess.PIPE, text=True, check=True)
    result = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {len(__import__('os').sched_getaffinity(0))} cores",
        **json.loads(run.stdout),
    }
    print(json.dumps(result, indent=1))
    if asked.moves == 50_000_000:
        (HERE / "results.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
