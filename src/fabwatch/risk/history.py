"""Wafers at risk over time: the same count as for now, at many moments of the past."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fabwatch.equipment.limits import decided
from fabwatch.equipment.tools import tool_cards
from fabwatch.risk.answers import History, Mark, Point
from fabwatch.risk.count_window import count
from fabwatch.risk.last_good import Looks, scope_of
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.terms.errors import unknown

POINTS = 120
JUST = timedelta(seconds=1)
METHOD = (
    "The count of wafers at risk (docs/rules.md) as it stood at each moment, by all quals that are known now: since the "
    "last good qual processed by then. It falls at a passed qual and at nothing else."
)


@dataclass(frozen=True)
class Look:
    """One qual with its result, as known then; see `looks.sql`."""

    chamber: str
    qual_type: str
    processed_at: datetime
    resulted_at: datetime | None
    passed: bool
    reading: float | None
    unit: str | None
    reason: str | None
    beyond: str | None


def history(
    view: View,
    tool: str,
    qual_type: str | None = None,
    chamber: str | None = None,
    days: float = 30.0,
) -> History:
    """Wafers at risk of a tool or chamber over the last `days`, with its quals and restores.

    Without a qual type the one of the most recent qual. Raises UnknownTool.
    """
    lake, as_of = view.lake, view.as_of
    cards = tool_cards(lake)
    if tool not in cards:
        raise unknown("tool", tool, cards)
    place = {"tool": tool, "as_of": as_of}
    quals = lake.records(Look, question("risk", "looks"), place)
    kinds = {row.qual_type for row in quals}
    if qual_type is not None and qual_type not in kinds:
        raise unknown(f"qual of {tool} of type", qual_type, kinds)
    kind = qual_type or (quals[-1].qual_type if quals else None)
    quals = [row for row in quals if row.qual_type == kind]
    name = chamber or "*"
    known = cards[tool].chambers | {row.chamber for row in quals}
    if name != "*" and name not in known:
        raise unknown(f"chamber of {tool}", name, known)
    begin = as_of - timedelta(days=days)
    moments = _moments(begin, as_of, [row.processed_at for row in quals if row.passed])
    scopes = [scope_of(cards[tool], kind, looks) for looks in _looks(quals, moments)]
    gates = [g for n, (scope, at) in enumerate(zip(scopes, moments, strict=True)) for g in scope.gates(n, name, at)]
    counted = count(lake, gates)
    points = [Point(at, counted[n].wafers if n in counted else 0) for n, at in enumerate(moments)]
    limits, stated = decided(lake, as_of), lake.settings.qual(kind)
    inhibit = limits.limit(tool, name, kind, "inhibit", stated.inhibit)
    limit = inhibit if inhibit is not None else limits.limit(tool, name, kind, "warning", stated.warning)
    marks = [*_quals(quals, begin, name), *_restores(lake, place, begin, name)]
    marks.sort(key=lambda mark: mark.at)
    header = view.header(METHOD, question("risk", "looks") + "\n" + question("risk", "exposure", over="passes"))
    return History(*header, tool, name, kind, limit, tuple(points), tuple(marks))


def _moments(begin: datetime, end: datetime, passed: list[datetime]) -> list[datetime]:
    """Evenly spread, and just before and at each passed qual, so that the fall stands where it was."""
    step = (end - begin) / POINTS
    even = {begin + step * n for n in range(POINTS)} | {end}
    falls = {moment for at in passed if begin < at <= end for moment in (at - JUST, at)}
    return sorted(even | falls)


def _looks(quals: Sequence[Look], moments: list[datetime]) -> Iterator[dict[str, Looks]]:
    """For each moment the last good and the last failed look at each chamber by then."""
    # A chamber that is looked at only later is a chamber of the tool all the same.
    looks = {row.chamber: Looks(None, None) for row in quals}
    left = iter(quals)
    row = next(left, None)
    for moment in moments:
        while row is not None and row.processed_at <= moment:
            before, at = looks[row.chamber], row.processed_at
            looks[row.chamber] = replace(before, last_good=at) if row.passed else replace(before, last_failed=at)
            row = next(left, None)
        yield dict(looks)


def _quals(quals: Sequence[Look], begin: datetime, chamber: str) -> list[Mark]:
    return [
        Mark(
            at=row.processed_at,
            kind="passed" if row.passed else "failed",
            chamber=row.chamber,
            resulted_at=row.resulted_at,
            reading=row.reading,
            beyond=row.beyond,
            unit=row.unit,
            reason=row.reason,
        )
        for row in quals
        if row.processed_at >= begin and (chamber == "*" or row.chamber in ("*", chamber))
    ]


def _restores(lake: Lake, place: Mapping[str, object], begin: datetime, chamber: str) -> list[Mark]:
    rows = lake.rows(
        "SELECT done_at, coalesce(kind, 'restore') AS kind, coalesce(chamber, '*') AS chamber FROM restores "
        "WHERE tool = $tool AND done_at >= $begin AND done_at <= $as_of ORDER BY done_at",
        {**place, "begin": begin},
    )
    return [
        Mark(row["done_at"], row["kind"], row["chamber"])
        for row in rows
        if chamber == "*" or row["chamber"] in ("*", chamber)
    ]
