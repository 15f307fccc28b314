"""Chamber matching: one sensor in one step, and which chamber differs from the others."""

from collections import defaultdict
from dataclasses import replace

import numpy as np

from fabwatch.equipment.runs import over_runs
from fabwatch.stats.neighbours import MAD
from fabwatch.store.lake import Lake, Record
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.errors import NothingRecorded, unknown
from fabwatch.trace.answers import Chambers, ChamberTrace, TracePoint, chamber_sentence
from fabwatch.trace.envelope import RunPart, Stretched, Window, columns_of, envelope, parts_of, stretched
from fabwatch.trace.faults import good_run_names
from fabwatch.trace.runs import SENSORS_LISTED, check_names, logged_runs

RUNS_AT_MOST = 30
"""How many of the latest good runs of each chamber are drawn."""
STRETCHES = 100
SENSORS = (
    "SELECT DISTINCT s.sensor FROM sensors AS s JOIN parts AS p ON p.shape = s.shape "
    "WHERE s.number AND ($tool IS NULL OR p.tool = $tool)"
)
METHOD = (
    "The latest 30 good runs of each chamber, aligned at the start of the step: 5th percentile, median and 95th percentile. "
    "z: mean of the chamber's good runs minus the median of all chamber means, in robust standard deviations of one run."
)


def chambers(
    view: View,
    sensor: str,
    step: str | None,
    recipe: str | None,
    tool: str | None,
) -> Chambers:
    """One sensor in one step, chamber by chamber; by default the step with most runs.

    Raises UnknownTool, and NothingRecorded where no good run has the sensor.
    """
    lake, as_of = view.lake, view.as_of
    runs = logged_runs(lake, as_of=as_of)
    check_names(runs, tool, None)
    known = [row["sensor"] for row in lake.rows(SENSORS, {"tool": tool})]
    if sensor not in known:
        raise unknown("sensor", sensor, known, SENSORS_LISTED)
    sql = over_runs(question("trace", "chambers"))
    rows = lake.rows(sql, {"sensor": sensor, "tool": tool, "recipe": recipe, "step": step})
    good = good_run_names(lake, [run for run in runs if tool is None or run.tool == tool])
    rows = [row for row in rows if row["run"] in good]
    if not rows:
        raise NothingRecorded(f"No good run has data of {sensor} there.", SENSORS_LISTED)
    step = step if step is not None else _usual(rows, "step")
    recipe = recipe if recipe is not None else _usual(rows, "recipe")
    rows = [row for row in rows if row["step"] == step and row["recipe"] == recipe]
    # Of two units the one of most runs: nobody can compare 5 mTorr with 5 Pa.
    unit = _usual(rows, "unit")
    rows = [row for row in rows if row["unit"] == unit]
    means: dict[tuple[str, str | None], list[float]] = defaultdict(list)
    names: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    for row in rows:
        means[row["tool"], row["chamber"]].append(row["mean"])
        names[row["tool"], row["chamber"]].append(row["run"])
    chosen = [run for run_names in names.values() for run in run_names[:RUNS_AT_MOST]]
    tables = _drawn(lake, sorted(set(chosen)), sensor, step)
    header = view.header(METHOD, sql)
    answer = Chambers(*header, sensor, step, recipe, unit, ())
    traces = [_chamber(place, means, names[place], tables, step, sensor) for place in means]
    traces = [replace(trace, sentence=chamber_sentence(trace, answer)) for trace in traces]
    traces.sort(key=lambda trace: (-abs(trace.z or 0.0), trace.tool, trace.chamber or ""))
    return replace(answer, chambers=tuple(traces))


def _usual(rows: list[Record], name: str) -> str | None:
    """The step, recipe or unit of most of the runs."""
    counts: dict[str | None, int] = defaultdict(int)
    for row in rows:
        counts[row[name]] += 1
    return max(counts, key=lambda value: counts[value])


def _chamber(
    place: tuple[str, str | None],
    means: dict[tuple[str, str | None], list[float]],
    names: list[str],
    tables: list[Stretched],
    step: str | None,
    sensor: str,
) -> ChamberTrace:
    mine = np.array(means[place])
    middle = float(np.median([np.mean(run_means) for run_means in means.values()]))
    spread = [np.abs(np.array(run_means) - np.median(run_means)) for run_means in means.values()]
    robust = MAD * float(np.median(np.concatenate(spread)))
    z = (float(mine.mean()) - middle) / robust if len(means) > 1 and robust > 0 else None
    points: tuple[TracePoint, ...] = ()
    for table in tables:
        cells = table.values.get(((place[1], step), sensor))
        rows = [n for n, run in enumerate(table.runs) if run in set(names[:RUNS_AT_MOST])]
        if cells is None or not rows:
            continue
        low, centre, high = envelope(cells["mean"][rows])
        points += tuple(
            TracePoint(float(n * table.every), float(low[n]), float(centre[n]), float(high[n]), None, None, None)
            for n in np.flatnonzero(~np.isnan(centre))
        )
    std = float(mine.std(ddof=1)) if len(mine) > 1 else None
    return ChamberTrace(place[0], place[1], len(mine), float(mine.mean()), std, z, "", points)


def _drawn(lake: Lake, runs: list[str], sensor: str, step: str | None) -> list[Stretched]:
    """Runs in stretches of time, one table for each shape of log that has the sensor."""
    by_shape: dict[str, list[RunPart]] = defaultdict(list)
    for part in parts_of(lake, runs):
        by_shape[part.shape].append(part)
    tables: list[Stretched] = []
    seconds = [(part.end_s or 0) - (part.begin_s or 0) for parts in by_shape.values() for part in parts]
    every = max(float(np.median(seconds)) / STRETCHES, 1e-3) if seconds else 1.0
    for shape, parts in by_shape.items():
        column = columns_of(lake, shape).get(sensor)
        if column is not None:
            tables.append(stretched(lake, parts, [column], every, Window(step=step)))
    return tables
