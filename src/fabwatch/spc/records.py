"""The readings on record as series for charts: of quals, of the sensors of logs, of metrology, and of wafers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from fabwatch.equipment.runs import over_runs
from fabwatch.equipment.tools import Selection, tool_cards
from fabwatch.spc.series import Series
from fabwatch.spc.summary import FIRST, LAST, Period
from fabwatch.spc.wafers import tests_of, wat_of
from fabwatch.store.lake import Lake, Parameters
from fabwatch.store.questions import filled, question, reading
from fabwatch.store.temporary import temp_table
from fabwatch.store.view import View
from fabwatch.terms.errors import BadQuestion, unknown

METROLOGY = ("rate", "after", "incoming", "removed")
WHOLE = Period()
EVERY = "all"
"""Stands for every sensor."""


@dataclass(frozen=True)
class Wanted:
    """Which readings are charted; without a name of any kind: all of a tool, or the quals of the fab."""

    area: str | None = None
    tool: str | None = None
    chamber: str | None = None
    qual_type: str | None = None
    sensor: str | None = None
    metrology: str | None = None
    period: Period = WHOLE
    test: str | None = None
    wat: str | None = None
    lot: str | None = None


@dataclass(frozen=True)
class Found:
    """The series, and the statements that gave them."""

    series: tuple[Series, ...]
    sql: str


def found(view: View, wanted: Wanted) -> Found:
    """The readings that are wanted. Raises UnknownTool for a tool, area, chamber, qual type or sensor that is not there."""
    lake = view.lake
    if wanted.test or wanted.wat or wanted.lot:
        return _of_wafers(view, wanted)
    tools = _tools(lake, wanted)
    named = wanted.qual_type or wanted.sensor or wanted.metrology
    everything = named is None and wanted.tool is not None
    parts: list[Found] = []
    if wanted.qual_type or not named:
        parts.append(_quals(view, wanted))
    if wanted.sensor or everything or (not named and not parts[0].series):
        parts.append(_sensors(view, wanted, tools))
    if wanted.metrology or everything:
        parts += [_metrology(view, wanted, tools, what) for what in ([wanted.metrology] if wanted.metrology else METROLOGY)]
    series = tuple(series for part in parts for series in part.series)
    if not series:
        _check(lake, wanted, tools)
    return Found(series, "\n\n".join(dict.fromkeys(part.sql for part in parts)))


def _of_wafers(view: View, wanted: Wanted) -> Found:
    """Tests of parts and of test structures. Raises BadQuestion where they are to be those of a tool."""
    of_tools = ("area", "tool", "chamber", "qual_type", "sensor", "metrology")
    other = next((name for name in of_tools if getattr(wanted, name) is not None), None)
    if other is not None:
        # Keys of one area name their area: results are of the whole fab.
        hint = "leave out what names tools; fabwatch commonality finds the tool that moved a test"
        raise BadQuestion(f"Tests are of wafers, and not of one {other.replace('_', ' ')}.", hint)
    if wanted.test is None and wanted.wat is None:
        raise BadQuestion("A lot alone has no chart.", "name a test or a parameter as well: --test, --wat")
    period = wanted.period
    span = {"since": period.since or FIRST, "until": period.until or LAST, "as_of": view.as_of, "lot": wanted.lot}
    parts = [tests_of(view.lake, wanted.test, span)] if wanted.test else []
    parts += [wat_of(view.lake, wanted.wat, span)] if wanted.wat else []
    return Found(tuple(one for series, _ in parts for one in series), "\n\n".join(sql for _, sql in parts))


def _tools(lake: Lake, wanted: Wanted) -> list[str] | None:
    """The tools; None for all. Raises UnknownTool."""
    if wanted.area is None and wanted.tool is None:
        return None
    cards = tool_cards(lake)
    if wanted.tool is not None and wanted.tool not in cards:
        # Logs and metrology may be all that is known of a tool.
        rows = lake.rows("SELECT DISTINCT tool FROM parts UNION SELECT DISTINCT tool FROM metrology WHERE tool IS NOT NULL")
        others = {row["tool"] for row in rows}
        if wanted.tool not in others or wanted.area is not None:
            raise unknown("tool", wanted.tool, others | set(cards))
        return [wanted.tool]
    return sorted(Selection(wanted.area, wanted.tool).tools(cards))


def _quals(view: View, wanted: Wanted) -> Found:
    lake = view.lake
    cards = tool_cards(lake)
    known = wanted.tool is None or wanted.tool in cards
    chosen = sorted(Selection(wanted.area, wanted.tool if known else None).tools(cards)) if known else []
    rows = {name: [getattr(cards[tool], name) for tool in chosen] for name in ("tool", "tool_type", "area")}
    temp_table(lake, "chosen", pa.table(rows, schema=pa.schema([pa.field(name, pa.string()) for name in rows])))
    sql = reading(question("spc", "qual_series"), {"readings": question("spc", "readings")})
    parameters = {**_span(view, wanted), "qual_type": wanted.qual_type}
    return Found(tuple(_series(lake, sql, parameters, "qual")), sql)


def _sensors(view: View, wanted: Wanted, tools: list[str] | None) -> Found:
    sql = over_runs(question("spc", "sensor_series"))
    sensor = None if wanted.sensor == EVERY else wanted.sensor
    parameters = {**_span(view, wanted), "tools": tools, "sensor": sensor}
    return Found(tuple(_series(view.lake, sql, parameters, "sensor")), sql)


def _metrology(view: View, wanted: Wanted, tools: list[str] | None, what: str) -> Found:
    sql = over_runs(reading(question("spc", "metrology_series"), {"matched": question("cmp", "matched")}))
    parameters = {**_span(view, wanted), "tools": tools, "what": what}
    return Found(tuple(_series(view.lake, sql, parameters, "metrology")), sql)


def _span(view: View, wanted: Wanted) -> dict[str, object]:
    period = wanted.period
    return {
        "since": period.since or FIRST,
        "until": period.until or LAST,
        "as_of": view.as_of,
        "chamber": wanted.chamber,
    }


def _check(lake: Lake, wanted: Wanted, tools: list[str] | None) -> None:
    """Raises UnknownTool for a name that no reading of these tools has."""
    if wanted.qual_type is not None:
        known = _names(lake, "SELECT DISTINCT qual_type AS name FROM quals WHERE {these}", "tool", tools)
        if wanted.qual_type not in known:
            raise unknown("qual type", wanted.qual_type, known)
    if wanted.chamber is not None and wanted.tool is not None and wanted.tool in tool_cards(lake):
        chambers = tool_cards(lake)[wanted.tool].chambers | {"*"}
        if wanted.chamber not in chambers:
            raise unknown(f"chamber of {wanted.tool}", wanted.chamber, chambers)
    if wanted.sensor not in (None, EVERY):
        known = _names(lake, SENSORS, "p.tool", tools)
        if wanted.sensor not in known:
            raise unknown("sensor", str(wanted.sensor), known, "fabwatch trace stats --by sensor lists them")


SENSORS = (
    "SELECT DISTINCT s.sensor AS name FROM step_summary AS s JOIN parts AS p ON p.load = s.load AND p.part = s.part "
    "WHERE {these}"
)


def _names(lake: Lake, sql: str, column: str, tools: list[str] | None) -> set[str]:
    """The names that a statement finds among some tools."""
    these = f"($tools IS NULL OR {column} IN (SELECT unnest($tools)))"
    return {row["name"] for row in lake.rows(filled(sql, these=these), {"tools": tools})}


def _series(lake: Lake, sql: str, parameters: Parameters, of: str) -> Iterator[Series]:
    """The rows of a statement, in order of series and time, as series."""
    table = lake.ask(sql, parameters).to_arrow_table()
    numbers = np.asarray(table.column("series").to_numpy(), np.int64)
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    for begin, end in zip(starts, np.append(starts[1:], len(numbers))[: len(starts)], strict=True):
        yield _one(table.slice(int(begin), int(end - begin)), of)


def _one(rows: pa.Table, of: str) -> Series:
    tool, chamber, name, unit = (rows.column(column)[0].as_py() for column in ("tool", "chamber", "name", "unit"))
    values = _floats(rows, "value")
    beyond = np.array([side is not None for side in rows.column("beyond").to_pylist()])
    lower, upper = _floats(rows, "lower"), _floats(rows, "upper")
    at: list[datetime | None] = rows.column("stamp").to_pylist()
    keys = [key or "" for key in rows.column("taken_with").to_pylist()]
    lots = [lot or "" for lot in rows.column("lot").to_pylist()]
    series = Series(
        tool,
        chamber,
        name,
        of,
        unit,
        (),
        np.empty(0),
        np.empty(0, int),
        lower=_last(lower),
        upper=_last(upper),
        family=rows.column("family")[0].as_py() or "",
        limit_kinds=len({(low, high) for low, high in zip(map(str, lower), map(str, upper), strict=True)}),
        outside=int(((values < lower) | (values > upper)).sum()),
        beyond=int(beyond.sum()),
    )
    kept = np.flatnonzero(~beyond)
    if not kept.size:
        return series
    marks = [(at[n], keys[n]) if at[n] is not None else n for n in kept.tolist()]
    begins = [n for n in range(len(marks)) if n == 0 or marks[n] != marks[n - 1]]
    first = [int(kept[n]) for n in begins]
    own_lots = tuple(lots[n] for n in first)
    nested = of == "metrology" and all(own_lots) and 1 < len(set(own_lots)) < len(own_lots)
    return replace(
        series,
        at=tuple(stamp if (stamp := at[n]) is not None else keys[n] for n in first),
        values=values[kept],
        sizes=np.diff([*begins, len(marks)]),
        keys=tuple(keys[n] for n in first),
        levels=(("lot", own_lots),) if nested else (),
        inner=("wafer", "site") if of == "metrology" else ("between", "within"),
    )


def _floats(rows: pa.Table, name: str) -> np.ndarray:
    return np.asarray(rows.column(name).to_numpy(), float)


def _last(limits: np.ndarray) -> float | None:
    return None if not limits.size or np.isnan(limits[-1]) else float(limits[-1])
