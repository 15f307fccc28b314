"""The status of a check and of a tool, with its cause: the one function that every face shows the result of.

Facts come first: an open failed qual, a limit, no good qual on record. The chance to be out of spec can only make a
status worse, and what is not known yet is never good (docs/rules.md, Status).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np

from fabwatch.risk.answers import Exposure
from fabwatch.risk.answers.causes import URGENCY, Cause
from fabwatch.risk.count_window import ALWAYS
from fabwatch.risk.last_good import Scope
from fabwatch.risk.restores import Restores
from fabwatch.terms.settings.place import FabSettings

Limits = tuple[int | None, int | None]
"""The warning and the inhibit limit of one row."""


class Chance(Protocol):
    """The chance of one check, of a chamber or the whole tool, to be out of spec already: a forecast, or part of a plan."""

    @property
    def chamber(self) -> str:
        """`*` for the whole tool."""

    @property
    def qual_type(self) -> str:
        """The qual type."""

    @property
    def p_bad_now(self) -> float:
        """The chance."""

    @property
    def grounded(self) -> bool:
        """Whether it rests on failures: its own, or enough among its sisters."""


C = TypeVar("C", bound=Chance)


def worst(causes: Iterable[Cause]) -> Cause:
    """The most urgent cause; of equals the latest, then the one with the most wafers."""
    return min(causes, key=_urgency)


def _urgency(cause: Cause) -> tuple[int, float, int, str, str]:
    latest = -((cause.at or ALWAYS) - ALWAYS).total_seconds()
    return URGENCY[cause.cause], latest, -cause.wafers, cause.qual_type or "", cause.chamber


def facts(scope: Scope, wafers: Mapping[str, int], limits: Mapping[str, Limits], restores: Restores) -> dict[str, Cause]:
    """The cause by what is on record, for the whole tool (`*`) and each chamber that the qual type looks at.

    `wafers` at risk and `limits` are by chamber, with `*`. The whole tool stands as its worst chamber, or worse where its
    own wafers reach a limit.
    """
    if not scope.chambered:
        return {"*": _of_row(scope, "*", wafers["*"], limits["*"], restores)}
    chambers = {name: _of_row(scope, name, wafers[name], limits[name], restores) for name in scope.since}
    whole = _of_limits(scope, "*", wafers["*"], limits["*"])
    return {"*": worst([*chambers.values(), *([whole] if whole else [])]), **chambers}


def _of_row(scope: Scope, chamber: str, wafers: int, limits: Limits, restores: Restores) -> Cause:
    kind, since = scope.qual_type, scope.since_of(chamber)
    failed_at = scope.failed_of(chamber)
    if failed_at is not None:
        restored_at = restores.first_after(scope.card.tool, chamber, kind, failed_at)
        return Cause("restored" if restored_at else "failed", chamber, kind, failed_at, restored_at, wafers)
    own = _of_limits(scope, chamber, wafers, limits)
    if own is not None and own.cause == "limit":
        return own
    if since is None:
        return Cause("never", chamber, kind, wafers=wafers)
    return own or Cause("good", chamber, kind, since, wafers=wafers)


def _of_limits(scope: Scope, chamber: str, wafers: int, limits: Limits) -> Cause | None:
    warning, inhibit = limits
    since = scope.since_of(chamber)
    if inhibit is not None and wafers >= inhibit:
        return Cause("limit", chamber, scope.qual_type, since, wafers=wafers, limit=inhibit)
    if warning is not None and wafers >= warning and since is not None:
        return Cause("warning", chamber, scope.qual_type, since, wafers=wafers, limit=warning)
    return None


def any_of(chances: Sequence[float]) -> float | None:
    """The chance that any of several independent things happens; None without one."""
    return None if not chances else round(1 - float(np.prod([1 - chance for chance in chances])), 4)


def cause_of(rows: Sequence[Exposure], forecasts: Collection[Chance] | None, stated: FabSettings) -> Cause:
    """The cause of the status of one tool, from all its rows and forecasts (None: they are not worked out yet)."""
    own = [row.cause for row in rows if row.chamber == "*" and row.cause is not None]
    causes = [*own, *_of_chances(rows, forecasts or (), stated)]
    return worst([*causes, *_unknown(rows, forecasts)])


def _of_chances(rows: Sequence[Exposure], forecasts: Collection[Chance], stated: FabSettings) -> list[Cause]:
    known = [row for row in of_checks(rows, forecasts) if row.grounded]
    # Where a person has set the interval, a check is due by that; an estimate alone does not make it due now.
    decided = {(row.chamber, row.qual_type) for row in rows if row.decided}
    free = [row for row in known if (row.chamber, row.qual_type) not in decided]
    for name, least, checks in (("out_of_spec", stated.act, free), ("doubtful", stated.watch, known)):
        chance = any_of([row.p_bad_now for row in checks])
        if chance is not None and chance >= least:
            most = max(checks, key=lambda row: row.p_bad_now)
            shown, among = (most.p_bad_now, 1) if most.p_bad_now >= least else (chance, len(checks))
            return [Cause(name, most.chamber, most.qual_type, chance=shown, checks=among)]
    return []


def of_checks(rows: Sequence[Exposure], forecasts: Collection[C]) -> list[C]:
    """The forecasts of the checks that have a good qual: that of the chamber, else that of the whole tool."""
    by_place: dict[tuple[str, str | None], C] = {(row.chamber, row.qual_type): row for row in forecasts}
    found = [by_place.get((row.chamber, row.qual_type)) or by_place.get(("*", row.qual_type)) for row in _checks(rows)]
    return list({(row.chamber, row.qual_type): row for row in found if row is not None}.values())


def _checks(rows: Sequence[Exposure]) -> list[Exposure]:
    """The rows with a good qual, by chamber where the qual type looks at chambers."""
    chambered = {row.qual_type for row in rows if row.chamber != "*"}
    return [row for row in rows if row.bounded and (row.chamber != "*" or row.qual_type not in chambered)]


def _unknown(rows: Sequence[Exposure], forecasts: Collection[Chance] | None) -> list[Cause]:
    """The checks with a good qual of which nothing is forecast, neither of the chamber nor of the whole tool."""
    if forecasts is None:
        return [Cause("unknown", "*", None)] if any(row.bounded for row in rows) else []
    known = {(row.chamber, row.qual_type) for row in forecasts}
    return [
        Cause("unknown", row.chamber, row.qual_type)
        for row in _checks(rows)
        if not {(row.chamber, row.qual_type), ("*", row.qual_type)} & known
    ]


def causes_by_check(
    rows: Sequence[Exposure], forecasts: Collection[Chance] | None, stated: FabSettings
) -> list[tuple[Exposure, Cause]]:
    """Each check of one tool with its own cause: by chamber where the qual type looks at chambers."""
    chambered = {row.qual_type for row in rows if row.chamber != "*"}
    checks = [row for row in rows if row.chamber != "*" or row.qual_type not in chambered]
    return [(row, _of_check(row, forecasts, stated)) for row in checks]


def _of_check(row: Exposure, forecasts: Collection[Chance] | None, stated: FabSettings) -> Cause:
    own = [row.cause] if row.cause is not None else []
    ahead = None
    if forecasts is not None:
        ahead = [f for f in forecasts if f.qual_type == row.qual_type and f.chamber in ("*", row.chamber)]
    unknown = [replace(cause, chamber=row.chamber, qual_type=row.qual_type) for cause in _unknown([row], ahead)]
    return worst([*own, *_of_chances([row], ahead or (), stated), *unknown])
