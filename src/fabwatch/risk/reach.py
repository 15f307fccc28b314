"""Rule 12: a qual that can miss lets containment reach behind the last good one."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.risk.gates import ALWAYS, Gate, Passed, count
from fabwatch.risk.standing import Scope
from fabwatch.stats.survival import Survival, fault_began, no_wear, weibull_survival
from fabwatch.store.lake import Lake
from fabwatch.terms.answers import Look
from fabwatch.terms.settings import QualSettings

REACH = 0.99
"""Containment reaches back until the fault began within it with this chance."""

_LOOKS = """
SELECT processed_at FROM quals
WHERE tool = $tool AND qual_type = $qual_type AND passed
  AND (chamber IS NULL OR $chamber = '*' OR chamber = $chamber)
  AND processed_at > $restored AND processed_at < $until AND (resulted_at IS NULL OR resulted_at <= $as_of)
ORDER BY processed_at
"""
_RESTORED = """
SELECT max(done_at) FROM restores
WHERE tool = $tool AND (chamber IS NULL OR $chamber = '*' OR chamber = $chamber) AND done_at < $until AND done_at <= $as_of
"""


@dataclass(frozen=True)
class Reach:
    """How far back a containment has to go, and the looks that say so."""

    since: datetime | None
    looks: tuple[Look, ...]


def reach(lake: Lake, scope: Scope, chamber: str, until: datetime, as_of: datetime, stated: QualSettings) -> Reach:
    """The intervals between the looks since the last restore, each with the chance that the fault began in it.

    The last restore ends the search: what was worn before it was made good.
    """
    tool, kind = scope.card.tool, scope.qual_type
    asked = {"tool": tool, "chamber": chamber, "until": until, "as_of": as_of}
    restored: datetime | None = lake.ask(_RESTORED, asked).fetchall()[0][0]
    passes = lake.ask(_LOOKS, {**asked, "qual_type": kind, "restored": restored or ALWAYS}).fetchall()
    edges = [restored, *dict.fromkeys(row[0] for row in passes), until]
    names = (None,) if not scope.chambered and chamber == "*" else (*([chamber] if chamber != "*" else scope.since), "")
    gates = [
        Gate(n, tool, kind or "", name, edges[n], edges[n + 1] or until) for n in range(len(edges) - 1) for name in names
    ]
    counted = count(lake, gates)
    processed = [counted.get(n, Passed()).processed for n in range(len(edges) - 1)]
    ages = [0]
    for wafers in processed:
        ages.append(ages[-1] + wafers)
    chances = fault_began(ages, stated.sensitivity, _survival(stated))
    looks = [
        Look(edges[n], edges[n + 1] or until, counted.get(n, Passed()).wafers, float(chances[n]))
        for n in range(len(chances))
    ]
    first, held = len(looks) - 1, looks[-1].probability
    while first > 0 and held < REACH:
        first -= 1
        held += looks[first].probability
    return Reach(looks[first].since, tuple(looks))


def _survival(stated: QualSettings) -> Survival:
    return no_wear if stated.wear_scale is None else weibull_survival(stated.wear_shape, stated.wear_scale)
