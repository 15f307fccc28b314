"""Speed of the forecast as ratios, and how forecasts turned out on real records: python bench/forecast.py (some minutes).

`fit`          CPU seconds to fit 2,000 tools with 10 cycles each in 40 types, all that a forecast needs
`lifelines`    how many times longer lifelines takes to fit each tool alone (WeibullFitter, from 25 tools)
`fab`          the record of FABWATCH_DATA/fab: seconds for all forecasts, and `fabwatch forecast score`
`maintenance`  the record of FABWATCH_DATA/maintenance, 70 machines with 4 components, read as quals every 15 days, with
               their errors as counters: the score
"""

import csv
import json
import os
import platform
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from fabwatch.fab import Fab
from fabwatch.stats.cycles import Cycles
from fabwatch.stats.pooling import fit

HERE = Path(__file__).parent
EVERY = timedelta(days=15)


def cycles(tools=2000, types=40, each=10):
    """Ten cycles a tool, each failed between two looks."""
    rng = np.random.default_rng(0)
    scale = np.repeat(np.exp(rng.uniform(6.5, 8.5, types)), tools // types) * np.exp(rng.normal(0, 0.3, tools))
    fails = scale[:, None] * rng.weibull(2.2, (tools, each))
    every = (scale / 6)[:, None]
    lower = np.floor(fails / every) * every
    number = np.repeat(np.arange(tools), each)
    return Cycles.of(number, lower.ravel(), (lower + every).ravel()), np.repeat(np.arange(types), tools // types)


def speed():
    data, groups = cycles()
    begin = time.process_time()
    fit(data, groups)
    ours = time.process_time() - begin
    from lifelines import WeibullFitter

    begin = time.process_time()
    for tool in range(25):
        rows = data.tool == tool
        WeibullFitter().fit_interval_censoring(np.maximum(data.lower[rows], 1e-6), data.upper[rows])
    theirs = (time.process_time() - begin) * 2000 / 25
    return {"fit_cpu_s": round(ours, 2), "lifelines": round(theirs / ours, 1)}


def told(score):
    total = score.total
    rows = {
        one.name: {"held": one.held, "width": one.width, "brier": one.brier, "skill": one.skill} for one in score.yardsticks
    }
    return {
        "windows": total.windows, "ended": total.ended, "held": total.held, "early": total.early, "late": total.late,
        "brier": score.brier, "by_failures": {row.name: row.held for row in score.by_failures}, **rows,
    }  # fmt: skip


def fab_record(data, folder):
    with Fab(folder / "fab", create=True) as fab:
        fab.ingest(data / "fab")
        end = datetime(2026, 3, 18)
        begin = time.perf_counter()
        tools = len(fab.forecast(as_of=end).tools)
        took = time.perf_counter() - begin
        return {"tools": tools, "seconds": round(took, 1), **told(fab.score(as_of=end))}


def maintenance_files(data, folder):
    """Each component of each machine as a tool that is looked at every 15 days: the look after a failure fails.

    A component that failed is replaced when that look has found it; one that was replaced before is as new from then on.
    """
    events = defaultdict(list)
    for name, column, kind in (("PdM_failures.csv", "failure", "failed"), ("PdM_maint.csv", "comp", "replaced")):
        with (data / "maintenance" / name).open() as file:
            for row in csv.DictReader(file):
                at = datetime.fromisoformat(row["datetime"])
                events[f"M{int(row['machineID']):03d}-{row[column]}", row[column]].append((at, kind))
    tools, quals, restores = ["tool,tool_type,area"], ["tool,qual_type,processed_at,passed"], ["tool,done_at,kind"]
    first, last = datetime(2015, 1, 1), datetime(2016, 1, 1)
    for (tool, component), seen in sorted(events.items()):
        tools.append(f"{tool},{component},Machines")
        failed = sorted(at for at, kind in seen if kind == "failed")
        replaced = sorted(at for at, kind in seen if kind == "replaced" and at not in set(failed))
        restores += [f"{tool},{at.isoformat()}Z,pm" for at in replaced]
        look = first
        while look <= last:
            bad = [at for at in failed if look - EVERY < at <= look]
            quals.append(f"{tool},works,{look.isoformat()}Z,{'fail' if bad else 'pass'}")
            restores += [f"{tool},{(look + timedelta(hours=1)).isoformat()}Z,part"] if bad else []
            look += EVERY
    counts = defaultdict(int)
    counters = ["tool,counter,read_at,value"]
    with (data / "maintenance" / "PdM_errors.csv").open() as file:
        for row in csv.DictReader(file):
            for tool in sorted(tool for tool, _ in events if tool.startswith(f"M{int(row['machineID']):03d}-")):
                counts[tool, row["errorID"]] += 1
                at = datetime.fromisoformat(row["datetime"])
                counters.append(f"{tool},{row['errorID']},{at.isoformat()}Z,{counts[tool, row['errorID']]}")
    paths = []
    for name, lines in (("tools", tools), ("quals", quals), ("restores", restores), ("counters", counters)):
        paths.append(folder / f"{name}.csv")
        paths[-1].write_text("\n".join(lines) + "\n")
    return paths


def maintenance_record(data, folder):
    with Fab(folder / "machines", create=True) as fab:
        fab.ingest(maintenance_files(data, folder))
        return told(fab.score(as_of="2016-01-02"))


def main():
    warnings.simplefilter("ignore")
    results = {"date": datetime.now().date().isoformat(), "machine": f"{platform.machine()}, {os.cpu_count()} cores"}
    results |= speed()
    data = Path(os.environ.get("FABWATCH_DATA", HERE.parent.parent / "shared" / "data"))
    if data.is_dir():
        with tempfile.TemporaryDirectory() as folder:
            results["fab"] = fab_record(data, Path(folder))
            results["maintenance"] = maintenance_record(data, Path(folder))
    else:
        print("no FABWATCH_DATA: the records are left out", file=sys.stderr)
    text = json.dumps(results, indent=1)
    print(text)
    (HERE / "forecast.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
