"""Step summaries: what each sensor did in each step, stored per part when a log is loaded and combined per run."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from fabwatch.equipment.runs import over_runs
from fabwatch.sources.toollog.parts import by_name
from fabwatch.stats.codes import combined
from fabwatch.stats.moments import Groups, departures, grouped, sums
from fabwatch.store.lake import Lake, Record, identifier, samples_name
from fabwatch.store.questions import question
from fabwatch.store.rows import schema_of
from fabwatch.store.temporary import append
from fabwatch.terms.arrow import ARROW
from fabwatch.terms.settings.files import LogSettings
from fabwatch.terms.tables import STEP_SUMMARY

ROWS_AT_ONCE = 500_000
PLACE = ("load", "part", "chamber", "step")


def unsummarised(lake: Lake, since: datetime | None = None) -> list[str]:
    """The loads of logs without a summary, or those among them that were entered in the ledger from `since` on."""
    recent = ""
    if since is not None:
        recent = "AND load IN (SELECT load FROM lake.loads WHERE kind = 'log' AND loaded_at >= $since)"
    rows = lake.ask(
        f"SELECT DISTINCT load FROM lake.parts WHERE shape IS NOT NULL {recent} "
        f"EXCEPT SELECT load FROM lake.step_summary WHERE true {recent} ORDER BY 1",
        {"since": since} if recent else {},
    )
    return [load for (load,) in rows.fetchall()]


def refresh_derived(lake: Lake, stated: LogSettings, loads: Sequence[str]) -> int:
    """Summarise the parts of loads without a summary, one log shape after the other; returns how many there were.

    To be called inside `lake.writing()`.
    """
    waiting = lake.rows(
        "SELECT shape, list(DISTINCT load) AS loads, count(*) AS parts FROM lake.parts "
        "WHERE shape IS NOT NULL AND load IN (SELECT unnest($loads)) GROUP BY shape ORDER BY shape",
        {"loads": list(loads)},
    )
    for row in waiting:
        tables = list(_of_shape(lake, row["shape"], row["loads"], stated))
        if tables:
            append(lake, "lake.step_summary", pa.concat_tables(tables))
    return sum(row["parts"] for row in waiting)


def _of_shape(lake: Lake, shape: str, loads: list[str], stated: LogSettings) -> Iterator[pa.Table]:
    """The sums of the samples of one log shape, some rows at a time; pieces of the same step are combined later."""
    columns = lake.rows(
        "SELECT s.sensor, s.column_name, p.column_name AS setpoint FROM lake.sensors AS s "
        # One setpoint a sensor, and only one that is a number.
        "LEFT JOIN (SELECT shape, setpoint_of, min_by(column_name, position) AS column_name FROM lake.sensors "
        "WHERE number AND setpoint_of IS NOT NULL GROUP BY ALL) AS p ON p.shape = s.shape AND p.setpoint_of = s.sensor "
        "WHERE s.shape = $shape AND s.number ORDER BY s.position",
        {"shape": shape},
    )
    scales = _scales(lake, shape, loads, columns)
    names = ", ".join(identifier(column["column_name"]) for column in columns)
    reader = lake.ask(
        f"SELECT load, part, chamber, step, byte_offset, t, {names} FROM lake.{samples_name(shape)} "
        "WHERE load IN (SELECT unnest($loads))",
        {"loads": loads},
    ).to_arrow_reader(ROWS_AT_ONCE)
    for batch in reader:
        if batch.num_rows:
            yield _summed(pa.Table.from_batches([batch]), columns, scales, stated)


def _scales(
    lake: Lake, shape: str, loads: list[str], columns: list[dict[str, Any]]
) -> dict[tuple[str, int], dict[str, float]]:
    """The largest setpoint of each sensor in each part; the tolerance is a share of it."""
    paired = [column for column in columns if column["setpoint"]]
    if not paired:
        return {}
    most = ", ".join(f"max(abs({identifier(column['setpoint'])})) AS {identifier(column['sensor'])}" for column in paired)
    rows = lake.rows(
        f"SELECT load, part, {most} FROM lake.{samples_name(shape)} WHERE load IN (SELECT unnest($loads)) "
        "GROUP BY load, part",
        {"loads": loads},
    )
    return {(row["load"], row["part"]): row for row in rows}


def _summed(
    table: pa.Table, columns: list[dict[str, Any]], scales: dict[tuple[str, int], dict[str, float]], stated: LogSettings
) -> pa.Table:
    codes, places = _codes(table)
    t = _numbers(table, "t")
    order, starts = grouped(codes, t if not np.isnan(t).all() else _numbers(table, "byte_offset"))
    place = [places[code] for code in codes[order][starts]]
    whole = Groups(starts, t[order])
    tables = []
    for column in columns:
        x = _numbers(table, column["column_name"])[order]
        setpoint = _numbers(table, column["setpoint"])[order] if column["setpoint"] else None
        present = ~np.isnan(x)
        groups, there = (whole, np.arange(len(starts))) if present.all() else whole.only(present)
        if not len(there):
            continue
        values = sums(groups, x[present])
        if setpoint is not None and not np.isnan(setpoint[present]).any():
            limits = np.array([_limit(column["sensor"], scales.get(place[n][:2], {}), stated) for n in there])
            values |= departures(groups, x[present], setpoint[present], limits[groups.number])
        tables.append(_rows(column["sensor"], [place[n] for n in there], values))
    return pa.concat_tables(tables) if tables else schema_of(STEP_SUMMARY.columns).empty_table()


def _limit(sensor: str, scale: dict[str, float], stated: LogSettings) -> float:
    fixed = stated.tolerances.get(sensor)
    return fixed if fixed is not None else stated.tolerance * (scale.get(sensor) or 0.0)


def _codes(table: pa.Table) -> tuple[np.ndarray, list[tuple[Any, ...]]]:
    """A code for each row by load, part, chamber and step, and what each code stands for."""
    return combined((by_name(table.column(name).combine_chunks().dictionary_encode()) for name in PLACE), table.num_rows)


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table.column(name).to_numpy(), float)


def _rows(sensor: str, place: list[tuple[Any, ...]], values: dict[str, np.ndarray]) -> pa.Table:
    kinds = {column.name: ARROW[column.kind] for column in STEP_SUMMARY.columns}
    arrays: dict[str, pa.Array] = {name: pa.array([row[n] for row in place], kinds[name]) for n, name in enumerate(PLACE)}
    arrays["sensor"] = pa.array([sensor] * len(place), pa.string())
    for name, numbers in values.items():
        # NaN means no value: a log without a clock has no times.
        arrays[name] = pa.array(numbers, kinds[name], mask=np.isnan(numbers) if numbers.dtype.kind == "f" else None)
    empty = {name: pa.nulls(len(place), kind) for name, kind in kinds.items() if name not in arrays}
    return pa.table({name: (arrays | empty)[name] for name in kinds})


def summary_rows(lake: Lake, tool: str | None, run: str | None) -> list[Record]:
    """A row per run, chamber, step and sensor; see `summary.sql`."""
    return lake.rows(over_runs(question("trace", "summary")), {"tool": tool, "run": run})
