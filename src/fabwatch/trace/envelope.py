"""The golden trace: median and envelope of the good runs, aligned at the start of each step, and a run compared with it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from fabwatch.equipment.runs import over_runs
from fabwatch.store.lake import Lake, identifier, samples_name
from fabwatch.store.questions import filled, question
from fabwatch.store.temporary import temp_table
from fabwatch.trace.answers import StepTrace, TracePoint

STRETCHES = 200
"""About how many intervals of time a run is drawn in."""
GOOD_AT_MOST = 60
"""At most this many good runs make an envelope; more change it little and take longer to read."""
SAMPLES_AT_MOST = 6_000_000
GOOD_AT_LEAST = 5
"""Fewer good runs are read where they have more samples than that: a run of an hour at 1 kHz is drawn in seconds."""
IN_A_ROW = 5
"""So many intervals in a row outside the envelope count as a deviation."""
LOW, HIGH = 0.05, 0.95
CHOSEN_SCHEMA = pa.schema([("run", pa.string()), ("load", pa.string()), ("part", pa.int64()), ("began", pa.float64())])
"""Where the samples of a run are stored, as `stretches.sql` reads it."""
Place = tuple[str | None, str | None]
"""Chamber and step."""


@dataclass(frozen=True)
class Window:
    """Which part of the runs is read: a step, a chamber, or seconds after the start."""

    step: str | None = None
    chamber: str | None = None
    since: float | None = None
    until: float | None = None

    @property
    def cuts(self) -> bool:
        """True where only some seconds of the run are read."""
        return self.since is not None or self.until is not None


@dataclass(frozen=True)
class RunPart:
    """A part of a log that belongs to a run: where its samples are stored."""

    run: str
    load: str
    part: int
    shape: str
    """Empty where the part has no samples."""
    rows: int
    begin_s: float | None
    end_s: float | None
    began: float
    """When the whole run began, on the clock of its log."""


@dataclass(frozen=True)
class SensorColumn:
    """A numeric column of a log shape."""

    sensor: str
    column_name: str
    unit: str | None
    role: str


@dataclass(frozen=True)
class Stretched:
    """Runs in intervals of time: mean, least and most of each place and sensor by (run, interval); NaN for no data."""

    runs: tuple[str, ...]
    every: float
    begins: dict[Place, np.ndarray]
    """Seconds after the begin of each run where the place begins, by run; the places in order of time."""
    values: dict[tuple[Place, str], dict[str, np.ndarray]]
    sql: str = ""
    """The SQL statement that read them."""


@dataclass(frozen=True)
class Drawn:
    """A run compared with good runs, step by step, and the SQL statements that read them."""

    steps: list[StepTrace]
    sql: tuple[str, ...] = ()


def parts_of(lake: Lake, runs: Collection[str]) -> list[RunPart]:
    """Where the samples of these runs are stored, and when each run began."""
    all_parts = lake.remember(("parts of runs",), lambda: _all_parts(lake))
    return [part for run in runs for part in all_parts.get(run, ())]


def _all_parts(lake: Lake) -> dict[str, list[RunPart]]:
    parts = lake.records(
        RunPart,
        over_runs(
            "SELECT run, load, part, coalesce(shape, '') AS shape, rows, begin_s, end_s, "
            "coalesce(min(begin_s) OVER (PARTITION BY run), min(first_offset) OVER (PARTITION BY run)) AS began FROM runs"
        ),
    )
    parts_by_run: dict[str, list[RunPart]] = {}
    for part in parts:
        parts_by_run.setdefault(part.run, []).append(part)
    return parts_by_run


def columns_of(lake: Lake, shape: str) -> dict[str, SensorColumn]:
    """The numeric columns of one log shape, by sensor."""
    sql = "SELECT sensor, column_name, unit, role FROM sensors WHERE shape = $shape AND number ORDER BY position"
    known = lake.remember(("columns", shape), lambda: lake.records(SensorColumn, sql, {"shape": shape}))
    return {column.sensor: column for column in known}


def sensors_of(lake: Lake, run: str) -> list[str]:
    """The sensors and counters of a run, in the order of its log."""
    parts = parts_of(lake, [run])
    columns = columns_of(lake, parts[0].shape) if parts else {}
    return [sensor for sensor, column in columns.items() if column.role != "setpoint"]


def stretched(
    lake: Lake, parts: Sequence[RunPart], columns: Sequence[SensorColumn], every: float, window: Window
) -> Stretched:
    """Runs of one log shape in intervals of `every` seconds; see `stretches.sql`."""
    runs = tuple(dict.fromkeys(part.run for part in parts))
    temp_table(lake, "chosen", pa.Table.from_pylist([vars(part) for part in parts], schema=CHOSEN_SCHEMA))
    sql = _statement(parts, columns, window)
    params = {"step": window.step, "chamber": window.chamber, "every": every}
    table = lake.ask(sql, params).to_arrow_table()
    places = list(zip(table.column("chamber").to_pylist(), table.column("step").to_pylist(), strict=True))
    order = list(dict.fromkeys(places))
    at = {place: n for n, place in enumerate(order)}
    code = np.array([at[place] for place in places], int)
    number = {run: n for n, run in enumerate(runs)}
    run = np.array([number[name] for name in table.column("run").to_pylist()], int)
    stretch = np.asarray(table.column("stretch").to_numpy(), int)
    begin = np.asarray(table.column("begin_s").to_numpy(), float)
    begins: dict[Place, np.ndarray] = {}
    values: dict[tuple[Place, str], dict[str, np.ndarray]] = {}
    for n, place in enumerate(order):
        here = np.flatnonzero(code == n)
        wide = int(stretch[here].max()) + 1
        begins[place] = np.full(len(runs), np.nan)
        begins[place][run[here]] = begin[here]
        for m, column in enumerate(columns):
            by_statistic = {}
            for statistic in ("mean", "least", "most"):
                cells = np.full((len(runs), wide), np.nan)
                cells[run[here], stretch[here]] = table.column(f"{statistic}_{m}").take(pa.array(here)).to_numpy()
                by_statistic[statistic] = cells
            values[place, column.sensor] = by_statistic
    return Stretched(runs, every, begins, values, sql)


def _statement(parts: Sequence[RunPart], columns: Sequence[SensorColumn], window: Window) -> str:
    """`stretches.sql` for the samples of one log shape and some of its columns."""
    names = [identifier(column.column_name) for column in columns]
    return filled(
        question("trace", "stretches"),
        columns=", ".join(f"s.{name} AS x{n}" for n, name in enumerate(names)),
        samples=samples_name(parts[0].shape),
        span=_span(parts, window),
        values=", ".join(f"avg(x{n}) AS mean_{n}, min(x{n}) AS least_{n}, max(x{n}) AS most_{n}" for n in range(len(names))),
    )


def _span(parts: Sequence[RunPart], window: Window) -> str:
    """The seconds to read, as plain clock values, so that the database skips all other samples."""
    bounds = [(">=", window.since), ("<=", window.until)]
    began = min((part.began for part in parts), default=0.0)
    return " AND ".join(f"s.t {sign} {began + bound!r}" for sign, bound in bounds if bound is not None) or "true"


def envelope(means: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Low, middle and high of the good runs by interval, from their means (runs, intervals); NaN where no run has data."""
    there = ~np.isnan(means).all(axis=0)
    levels = np.full((3, means.shape[1]), np.nan)
    if there.any():
        levels[:, there] = np.nanquantile(means[:, there], (LOW, 0.5, HIGH), axis=0)
    return levels[0], levels[1], levels[2]


def traces(
    lake: Lake, run: str, good: Collection[str], sensors: Sequence[str], window: Window | None = None
) -> list[StepTrace]:
    """The steps of `drawn`, without the SQL statements."""
    return drawn(lake, run, good, sensors, window).steps


def drawn(lake: Lake, run: str, good: Collection[str], sensors: Sequence[str], window: Window | None = None) -> Drawn:
    """A run compared with good runs, step by step in order. Sensors that the run does not have are left out.

    A window of seconds applies to the run only; its envelope has the resolution of the whole run.
    """
    if window is None or not window.cuts:
        return _drawn(lake, run, good, sensors, window or Window())
    alone = _drawn(lake, run, (), sensors, window)
    if not good:
        return alone
    whole = _drawn(lake, run, good, sensors, Window(window.step, window.chamber))
    return Drawn(laid(alone.steps, whole.steps), alone.sql + whole.sql)


def laid(alone: Sequence[StepTrace], whole: Sequence[StepTrace]) -> list[StepTrace]:
    """Part of a run with the envelope of the whole run."""
    by_place = {(trace.sensor, trace.chamber, trace.step): trace for trace in whole}
    return [_laid(trace, by_place.get((trace.sensor, trace.chamber, trace.step))) for trace in alone]


def _laid(trace: StepTrace, around: StepTrace | None) -> StepTrace:
    if around is None or not around.points:
        return trace
    times = np.array([point.t for point in around.points])
    moments = np.array([point.t for point in trace.points]) + trace.begin_s - around.begin_s
    nearest = np.clip(np.searchsorted(times, moments, side="right") - 1, 0, len(times) - 1)
    points = [
        replace(point, low=there.low, middle=there.middle, high=there.high)
        for point, there in zip(trace.points, (around.points[n] for n in nearest), strict=True)
    ]
    return replace(trace, points=tuple(points))


def _drawn(lake: Lake, run: str, good: Collection[str], sensors: Sequence[str], window: Window) -> Drawn:
    parts = parts_of(lake, [run, *list(good)[:GOOD_AT_MOST]])
    mine = [part for part in parts if part.run == run]
    if not mine:
        return Drawn([])
    beside = _afforded([part for part in parts if part.shape == mine[0].shape and part.run != run], good)
    known = columns_of(lake, mine[0].shape)
    columns = [known[sensor] for sensor in sensors if sensor in known]
    if not columns:
        return Drawn([])
    stretches = stretched(lake, [*mine, *beside], columns, _every(mine, window), window)
    return Drawn([trace for column in columns for trace in _steps(stretches, column, run)], (stretches.sql,))


def _afforded(parts: Sequence[RunPart], good: Collection[str]) -> list[RunPart]:
    """The parts of the first good runs, as many as can be read in seconds."""
    rows: dict[str, int] = {}
    for part in parts:
        rows[part.run] = rows.get(part.run, 0) + part.rows
    chosen: set[str] = set()
    total = 0
    for name in good:
        total += rows.get(name, 0)
        if total > SAMPLES_AT_MOST and len(chosen) >= GOOD_AT_LEAST:
            break
        chosen.add(name)
    return [part for part in parts if part.run in chosen]


def _every(mine: Sequence[RunPart], window: Window) -> float:
    """Seconds per interval, so that the part of the run that is read has about STRETCHES of them."""
    begins = [part.begin_s for part in mine if part.begin_s is not None]
    ends = [part.end_s for part in mine if part.end_s is not None]
    if window.cuts and begins and ends:
        seconds = min(window.until or np.inf, max(ends) - min(begins)) - (window.since or 0.0)
    else:
        seconds = sum((part.end_s or 0) - (part.begin_s or 0) for part in mine)
    return max(seconds / STRETCHES, 1e-3) if seconds > 0 else 1.0


def _steps(stretches: Stretched, column: SensorColumn, run: str) -> Iterator[StepTrace]:
    here = stretches.runs.index(run)
    others = [n for n in range(len(stretches.runs)) if n != here]
    for (chamber, step), begins in stretches.begins.items():
        if np.isnan(begins[here]):
            continue
        values = stretches.values[(chamber, step), column.sensor]
        low, middle, high = envelope(values["mean"][others])
        mean, least, most = (values[kind][here] for kind in ("mean", "least", "most"))
        cells = np.column_stack([low, middle, high, least, most, mean])
        points = tuple(
            TracePoint(n * stretches.every, *(None if np.isnan(cell) else float(cell) for cell in cells[n]))
            for n in np.flatnonzero(~np.isnan(mean))
        )
        yield StepTrace(column.sensor, column.unit, chamber, step, float(begins[here]), points)


def left_at(trace: StepTrace) -> float | None:
    """The second of the step at which the run left the envelope; None where it stayed inside or soon came back."""
    outside = 0
    for n, point in enumerate(trace.points):
        if point.mean is None or point.low is None or point.high is None:
            continue
        outside = outside + 1 if not point.low <= point.mean <= point.high else 0
        if outside == IN_A_ROW:
            return trace.points[n - IN_A_ROW + 1].t
    return None
