"""Sensor statistics by tool, chamber, area, recipe, step, lot or period, from the sums stored for each run."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.equipment.runs import over_runs
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.errors import BadQuestion, nearest, unknown
from fabwatch.trace.answers import SensorFigures, SensorStats
from fabwatch.trace.runs import SENSORS_LISTED, check_names, logged_runs

BY = ("tool", "chamber", "area", "recipe", "step", "sensor", "lot", "day", "week", "month")
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 1, 1)  # noqa: DTZ001 - naive UTC, as everywhere inside
METHOD = (
    "Combined from the sums of each run (parallel variance: Chan, Golub and LeVeque 1983). mean and std: all samples; "
    "std_of_means: the means of the runs; range = max - min."
)


@dataclass(frozen=True)
class Choice:
    """Filters on runs and sensors."""

    tool: str | None = None
    recipe: str | None = None
    step: str | None = None
    sensor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def sensor_stats(view: View, by: str, choice: Choice) -> SensorStats:
    """Sensor statistics by group. Raises UnknownTool, and BadQuestion for an unknown `by`."""
    lake, as_of = view.lake, view.as_of
    if by not in BY:
        near = nearest(by, BY) or list(BY)
        raise BadQuestion(f"Sensors cannot be grouped by {by}.", f"group by one of: {', '.join(near)}")
    sql = over_runs(question("trace", "figures"))
    span = {"since": choice.since or FIRST, "until": choice.until or LAST, "as_of": as_of, "by": by}
    rows = lake.rows(sql, {**vars(choice), **span})
    if not rows:
        _check(lake, choice)
    statistics = tuple(
        SensorFigures(
            group=row["label"],
            range=row["most"] - row["least"],
            min=row["least"],
            max=row["most"],
            **{name: row[name] for name in ("sensor", "unit", "runs", "n", "mean", "std", "std_of_means", "outside_s")},
        )
        for row in rows
    )
    return SensorStats(*view.header(METHOD, sql), by, statistics)


NAMES = (
    "SELECT DISTINCT {name} AS x FROM step_summary AS s JOIN parts AS p ON p.load = s.load AND p.part = s.part "
    "WHERE {name} IS NOT NULL AND ($tool IS NULL OR p.tool = $tool)"
)


def _check(lake: Lake, choice: Choice) -> None:
    """Check that the tool, sensor, step and recipe exist. Raises UnknownTool."""
    check_names(logged_runs(lake), choice.tool, None)
    for name in ("sensor", "step", "recipe"):
        value = getattr(choice, name)
        if value is None:
            continue
        known = [row["x"] for row in lake.rows(NAMES.format(name=name), {"tool": choice.tool})]
        if value not in known:
            raise unknown(name, value, known, SENSORS_LISTED)
