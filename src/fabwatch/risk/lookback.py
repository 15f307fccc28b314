"""Rule 12: a qual that can miss lets containment reach behind the last good one."""

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate

import numpy as np

from fabwatch.risk.answers import Look
from fabwatch.risk.count_window import ALWAYS, Passed, count
from fabwatch.risk.fault_onset import Onset
from fabwatch.risk.last_good import Scope
from fabwatch.stats.survival import Survival, fault_began, no_wear, weibull_survival
from fabwatch.store.lake import Lake
from fabwatch.terms.settings.answering import QualSettings

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


def reach(
    lake: Lake, scope: Scope, chamber: str, until: datetime, as_of: datetime, stated: QualSettings, began: Onset | None
) -> Reach:
    """The intervals between the looks since the last restore, each with the chance that the fault began in it.

    The last restore ends the search: what was worn before it was made good. A wear that is stated in fab.toml is believed
    before the fitted one.
    """
    tool, kind = scope.card.tool, scope.qual_type
    parameters = {"tool": tool, "chamber": chamber, "until": until, "as_of": as_of}
    restored: datetime | None = lake.ask(_RESTORED, parameters).fetchall()[0][0]
    passes = lake.ask(_LOOKS, {**parameters, "qual_type": kind, "restored": restored or ALWAYS}).fetchall()
    ends: list[datetime] = [*dict.fromkeys(row[0] for row in passes), until]
    starts = [restored, *ends[:-1]]
    gates = [
        replace(gate, since=start)
        for n, (start, end) in enumerate(zip(starts, ends, strict=True))
        for gate in scope.gates(n, chamber, end)
    ]
    counted = count(lake, gates)
    ran = [counted.get(n, Passed()) for n in range(len(ends))]
    ages = [0, *accumulate(passed.passes for passed in ran)]
    if began is None or stated.wear_scale is not None:
        chances = fault_began(ages, stated.sensitivity, _survival(stated)).tolist()
    else:
        chances = np.diff([0.0, *began.by(ends)]).clip(0.0).tolist()
    looks = [
        Look(start, end, passed.wafers, chance)
        for start, end, passed, chance in zip(starts, ends, ran, chances, strict=True)
    ]
    first, held = len(looks) - 1, looks[-1].probability
    while first > 0 and held < REACH:
        first -= 1
        held += looks[first].probability
    return Reach(looks[first].since, tuple(looks))


def _survival(stated: QualSettings) -> Survival:
    return no_wear if stated.wear_scale is None else weibull_survival(stated.wear_shape, stated.wear_scale)
