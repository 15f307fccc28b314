"""The golden trace: median and envelope of the good runs, aligned where each step begins, and a run beside it."""

from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa

from fabwatch.store.lake import Lake, identifier, samples_name
from fabwatch.store.questions import question
from fabwatch.terms.traces import StepTrace, TracePoint
from fabwatch.trace.runs import over_runs

STRETCHES = 200
"""A step is drawn in about so many stretches of time."""
GOOD_AT_MOST = 60
"""Good runs that an envelope is made of; more change it little and cost reading."""
IN_A_ROW = 5
"""Stretches in a row outside the envelope that count as having left it."""


def traces(
    lake: Lake,
    run: str,
    good: Collection[str],
    sensors: Sequence[str],
    step: str | None = None,
    chamber: str | None = None,
    stretches: int = STRETCHES,
) -> list[StepTrace]:
    """A run beside good ones, for some sensors; the steps in order. Nothing for a sensor that the run does not have."""
    reference = sorted(good)[:GOOD_AT_MOST] if len(good) > GOOD_AT_MOST else list(good)
    parts = lake.rows(
        over_runs("SELECT run, load, part, shape, begin_s, end_s FROM runs WHERE list_contains($runs, run)"),
        {"runs": [run, *reference]},
    )
    mine = [part for part in parts if part["run"] == run]
    if not mine:
        return []
    shape = mine[0]["shape"]
    seconds = sum((part["end_s"] or 0) - (part["begin_s"] or 0) for part in mine)
    chosen = [part for part in parts if part["shape"] == shape]
    rows = [{**part, "good": part["run"] in set(reference), "mine": part["run"] == run} for part in chosen]
    columns = {row["sensor"]: row for row in lake.rows("SELECT * FROM sensors WHERE shape = $shape", {"shape": shape})}
    with lake.incoming(pa.Table.from_pylist(rows)):
        lake.ask("CREATE OR REPLACE TEMP TABLE chosen AS SELECT run, load, part, good, mine FROM incoming")
    every = max(seconds / stretches, 1e-3) if seconds else 1.0
    found: list[StepTrace] = []
    for sensor in sensors:
        if sensor in columns and columns[sensor]["number"]:
            found += _of_sensor(lake, shape, columns[sensor], {"step": step, "chamber": chamber, "every": every}, mine)
    return found


def _of_sensor(
    lake: Lake, shape: str, column: dict[str, Any], asked: dict[str, Any], mine: list[dict[str, Any]]
) -> list[StepTrace]:
    value = identifier(column["column_name"])
    samples = f"(SELECT load, part, byte_offset, t, chamber, step, {value} AS x FROM {samples_name(shape)})"
    sql = question("trace", "golden").replace("JOIN samples AS s", f"JOIN {samples} AS s")
    began = min((part["begin_s"] for part in mine if part["begin_s"] is not None), default=0.0)
    found: dict[tuple[Any, Any], list[dict[str, Any]]] = {}
    for row in lake.rows(sql, asked):
        found.setdefault((row["chamber"], row["step"]), []).append(row)
    return [
        StepTrace(
            sensor=column["sensor"],
            unit=column["unit"],
            chamber=chamber,
            step=step,
            begin_s=rows[0]["began"] - began,
            points=tuple(TracePoint(**{f: row[f] for f in TracePoint.__dataclass_fields__}) for row in rows),
        )
        for (chamber, step), rows in found.items()
    ]


def left_at(trace: StepTrace) -> float | None:
    """The second of the step from which on the run lay outside the envelope; None where it did not leave it for long."""
    outside = 0
    for n, point in enumerate(trace.points):
        if point.mean is None or point.low is None or point.high is None:
            continue
        outside = outside + 1 if not point.low <= point.mean <= point.high else 0
        if outside == IN_A_ROW:
            return trace.points[n - IN_A_ROW + 1].t
    return None
