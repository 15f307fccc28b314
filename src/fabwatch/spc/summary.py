"""Statistics of readings, and the readings in order of time."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from fabwatch.equipment.tools import Selection, tool_cards
from fabwatch.spc.answers import Reading, Readings, Stats, Summary
from fabwatch.stats.capability import cpk_of
from fabwatch.store.lake import Lake, Parameters, Record
from fabwatch.store.questions import question
from fabwatch.store.temporary import temp_table
from fabwatch.store.view import View
from fabwatch.terms.errors import BadQuestion, nearest, unknown

BY = ("tool", "chamber", "area", "tool_type", "qual_type", "day", "week", "month")
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 1, 1)  # noqa: DTZ001 - naive UTC, as everywhere inside
METHOD = (
    "Readings of quals by process time; one of which only the side is known (<0.5, >500) is counted and in no figure. "
    "Standard deviation of a sample (n - 1); Cpk = the smaller of (upper - mean) and (mean - lower) over three standard "
    "deviations, one-sided where there is one limit (Montgomery, Introduction to Statistical Quality Control, chapter 8), "
    "only where all readings of the group are measured and share their limits."
)


@dataclass(frozen=True)
class Period:
    """A range of process times, both ends included."""

    since: datetime | None = None
    until: datetime | None = None


def stats(view: View, selection: Selection, by: str, period: Period) -> Stats:
    """Statistics of readings by group, qual type and unit. Raises UnknownTool, and BadQuestion for an unknown `by`."""
    lake, as_of = view.lake, view.as_of
    if by not in BY:
        near = nearest(by, BY) or list(BY)
        raise BadQuestion(f"Readings cannot be grouped by {by}.", f"group by one of: {', '.join(near)}")
    sql = question("spc", "summary", over="readings")
    rows = lake.rows(sql, {**_select(lake, selection, as_of, period), "by": by})
    header = view.header(METHOD, sql)
    return Stats(*header, by, tuple(_summary(row) for row in rows))


def readings(view: View, selection: Selection, period: Period) -> Readings:
    """The readings of one tool in order of time. Raises UnknownTool."""
    lake, as_of = view.lake, view.as_of
    sql = question("spc", "readings") + "ORDER BY q.qual_type, chamber, q.processed_at"
    previous: dict[tuple[str, str, str | None], float] = {}
    readings = []
    for row in lake.rows(sql, _select(lake, selection, as_of, period)):
        place = row["chamber"], row["qual_type"], row["unit"]
        measured = row["beyond"] is None
        moving_range = abs(row["reading"] - previous[place]) if measured and place in previous else None
        if measured:
            previous[place] = row["reading"]
        fields = {name: row[name] for name in Reading.__dataclass_fields__ if name in row}
        readings.append(Reading(**fields, moving_range=moving_range))
    header = view.header(METHOD, sql)
    return Readings(*header, selection.tool or "", tuple(readings))


def _select(lake: Lake, selection: Selection, as_of: datetime, period: Period) -> Parameters:
    """Write the selected tools into the table `chosen`; return the parameters of the statement."""
    cards = tool_cards(lake)
    tools = selection.tools(cards)
    if selection.qual_type is not None:
        rows = lake.rows("SELECT DISTINCT tool, qual_type FROM quals")
        known = {row["qual_type"] for row in rows if row["tool"] in tools}
        if selection.qual_type not in known:
            raise unknown("qual type", selection.qual_type, known)
    selected = [cards[tool] for tool in sorted(tools)]
    columns = {name: [getattr(card, name) for card in selected] for name in ("tool", "tool_type", "area")}
    schema = pa.schema([pa.field(name, pa.string()) for name in columns])
    temp_table(lake, "chosen", pa.table(columns, schema=schema))
    span = {"since": period.since or FIRST, "until": period.until or LAST}
    return {**span, "as_of": as_of, "qual_type": selection.qual_type}


def _summary(row: Record) -> Summary:
    return Summary(
        group=row["label"] or "-",
        qual_type=row["qual_type"],
        unit=row["unit"],
        n=row["n"],
        mean=row["mean"],
        std=row["std"],
        min=row["least"],
        max=row["most"],
        range=row["most"] - row["least"] if row["n"] else None,
        lower=row["lower"],
        upper=row["upper"],
        cpk=_cpk(row),
        outside=row["outside"],
        failed=row["failed"],
        series=row["series"],
        beyond=row["beyond"],
    )


def _cpk(row: Record) -> float | None:
    # The spread without what is cut off is too small.
    whole = not row["beyond"] and not row["mixed"]
    return cpk_of(row["mean"], row["std"], row["lower"], row["upper"]) if whole else None
