"""Polish times for the wafers of a fab, by what is known of the tool's rate; each one is kept with what was known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fabwatch.cmp.history import Group
from fabwatch.cmp.polish import Bounds, Film, Rate, polish_time
from fabwatch.cmp.rates import one_group, state_of
from fabwatch.store.lake import Lake
from fabwatch.terms.errors import CannotPolish
from fabwatch.terms.polishing import PolishTime, PolishTimes, RateState
from fabwatch.terms.settings import CmpSettings
from fabwatch.terms.units import in_angstrom

LATEST = 20
"""Incoming thicknesses that the usual one is the middle of."""


@dataclass(frozen=True)
class Place:
    """Where it is polished."""

    tool: str
    head: str | None = None
    product: str | None = None
    stage: str | None = None


def advise(
    lake: Lake, as_of: datetime, place: Place, films: Sequence[tuple[str | None, Film]], coverage: float | None
) -> tuple[PolishTimes, RateState]:
    """The time of each wafer, and the state that they rest on; one that cannot be polished says why.

    Raises UnknownTool and BadQuestion for a place that is not known.
    """
    group = one_group(lake, as_of, place.tool, place.head, place.product, place.stage)
    state = state_of(lake, group, as_of)
    stated = lake.settings.cmp
    # A rate of files that state no unit is in the unit that is asked in.
    rate = Rate(state.rate, state.rate_unit, state.spread, _said(state), state.doubts)
    bounds, usual = _bounds(stated, state, group), _usual(group)
    told: list[PolishTime | None] = []
    refused: list[str | None] = []
    for wafer, film in films:
        own = rate if state.rate_unit != "per s" else replace(rate, unit=f"{film.unit}/s")
        try:
            found = polish_time(_placed(film, stated, usual), own, bounds, coverage or stated.coverage)
        except CannotPolish as stop:
            told.append(None)
            refused.append(f"{stop.what} {stop.hint}")
        else:
            place_of = {"tool": state.tool, "head": state.head, "product": state.product, "wafer": wafer}
            told.append(PolishTime(**{**vars(found), **place_of, "controller": state.controller}))
            refused.append(None)
    return PolishTimes(tuple(told), tuple(refused)), state


def _said(state: RateState) -> str:
    moved = "" if state.since_change is None else f", {state.since_change:+.1%} since the change {state.age} wafers ago"
    return f"{state.controller} over {state.measured} results{moved}"


def _usual(group: Group) -> float | None:
    """The incoming thickness that is usual here, in angstrom; None where it is not known."""
    known = sorted(wafer.incoming for wafer in group.wafers[-LATEST:] if wafer.incoming is not None)
    return known[len(known) // 2] * in_angstrom(group.unit) if known and group.unit else None


def _placed(film: Film, stated: CmpSettings, usual: float | None) -> Film:
    """The film with the limits of fab.toml where none are given, and with what is usual here (angstrom)."""
    each = in_angstrom(film.unit)
    lower, upper = film.lower, film.upper
    # A target that is missing is told by the calculation itself.
    aimed = isinstance(film.target, (int, float))
    if aimed and lower is None and stated.below is not None:
        lower = film.target - stated.below / each
    if aimed and upper is None and stated.above is not None:
        upper = film.target + stated.above / each
    return replace(film, lower=lower, upper=upper, usual=None if film.rework or usual is None else usual / each)


def _bounds(stated: CmpSettings, state: RateState, group: Group) -> Bounds:
    offset = sum(stated.offsets.get(name, 0.0) for name in (state.head, state.product) if name)
    timed = [wafer.seconds for wafer in group.wafers if wafer.seconds is not None]
    return Bounds(stated.least_s, stated.most_s, stated.step_s, stated.deadband_s, offset, timed[-1] if timed else None)
