"""What would be frozen: the phase-I limits of charts from a period in which the process was in control."""

from dataclasses import dataclass

from fabwatch.spc.charting import NoChart, estimate_of, kind_of
from fabwatch.spc.records import Wanted, found
from fabwatch.store.view import View
from fabwatch.terms.errors import BadQuestion, NothingRecorded

LEAST_POINTS = 8
"""Limits from fewer points say little of what the process can do."""


@dataclass(frozen=True)
class PhaseOne:
    """The limits of one chart from a period."""

    tool: str
    chamber: str
    name: str
    kind: str
    center: float
    sigma: float
    df: float
    points: int


def phase_one(view: View, wanted: Wanted, kind: str | None) -> list[PhaseOne]:
    """The limits of each chart from the readings of a period. Raises UnknownTool, and BadQuestion where none has enough."""
    series = found(view, wanted).series
    if not series:
        raise NothingRecorded("No readings in that period.", "state another period: --since, --until")
    made, why = [], ""
    for one in series:
        try:
            own, _ = kind_of(one, kind)
            if len(one.at) < LEAST_POINTS:
                raise NoChart("few_points", needed=LEAST_POINTS, points=len(one.at))
            estimate = estimate_of(one, own)
            if not estimate.sigma > 0:
                raise NoChart("constant")
        except NoChart as fault:
            why = why or f"{one.name}: {fault}"
            continue
        place = (one.tool, one.chamber, one.name, own)
        made.append(PhaseOne(*place, estimate.center, estimate.sigma, estimate.df, len(one.at)))
    if not made:
        raise BadQuestion(f"No limits can be frozen. {why}.", "state a longer period, or another chart")
    return made
