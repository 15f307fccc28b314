"""Polish times for the wafers of a fab, by what is known of the tool's rate; each one is kept with what was known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fabwatch.cmp.history import Group
from fabwatch.cmp.polish import Bounds, Film, Rate, polish_time
from fabwatch.cmp.rates import one_group, state_of
from fabwatch.store.lake import Lake
from fabwatch.terms.errors import BadQuestion, CannotPolish
from fabwatch.terms.polishing import PolishTime, PolishTimes, RateState, Refusal
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
    changed: bool = False
    """A consumable has just been changed."""


@dataclass(frozen=True)
class Wanted:
    """One wafer that is to be polished; its own head where the lot is spread over several."""

    film: Film
    head: str | None = None


@dataclass
class _Line:
    """One head: the rate that it goes by, and its last time."""

    state: RateState
    rate: Rate
    bounds: Bounds
    usual: float | None


def advise(
    lake: Lake, as_of: datetime, place: Place, wanted: Sequence[Wanted], coverage: float | None
) -> tuple[PolishTimes, RateState]:
    """The time of each wafer, in the order in which they are polished, and the state that the last one rests on.

    One that cannot be polished says why. Deadband and largest step go from wafer to wafer of a head. Raises UnknownTool and
    BadQuestion for a place that is not known.
    """
    stated = lake.settings.cmp
    lines: dict[str | None, _Line | BadQuestion] = {}
    told: list[PolishTime | None] = []
    refused: list[Refusal | None] = []
    for one in wanted:
        head = one.head or place.head
        line = lines.get(head)
        if line is None:
            line = lines[head] = _opened(lake, as_of, replace(place, head=head), stated)
            if isinstance(line, BadQuestion) and one.head is None:
                raise line
        try:
            if isinstance(line, BadQuestion):
                raise line
            told.append(_next(line, _placed(one.film, stated, line.usual), coverage or stated.coverage))
            refused.append(None)
        except BadQuestion as stop:
            told.append(None)
            refused.append(Refusal(stop.what, stop.hint))
    if not lines:
        raise CannotPolish("No wafer is given.", "give at least one")
    if all(isinstance(line, BadQuestion) for line in lines.values()):
        raise next(line for line in lines.values() if isinstance(line, BadQuestion))
    state = next(line.state for line in reversed(lines.values()) if isinstance(line, _Line))
    return PolishTimes(tuple(told), tuple(refused)), state


def _opened(lake: Lake, as_of: datetime, place: Place, stated: CmpSettings) -> _Line | BadQuestion:
    try:
        group = one_group(lake, as_of, place.tool, place.head, place.product, place.stage)
    except BadQuestion as stop:
        return stop
    state = state_of(lake, group, as_of, place.changed)
    of = {"tool": state.tool, "head": state.head, "product": state.product, "controller": state.controller}
    rate = Rate(state.rate, state.rate_unit, state.spread, _said(state), state.doubts, **of)
    return _Line(state, rate, _bounds(stated, state, group), _usual(group))


def _next(line: _Line, film: Film, coverage: float) -> PolishTime:
    # A rate of files that state no unit is in the unit that is asked in.
    rate = line.rate if line.rate.unit != "per s" else replace(line.rate, unit=f"{film.unit}/s")
    bounds = line.bounds
    # A wafer that is polished again takes a time of its own: the one before it says nothing of it, nor it of the next.
    told = polish_time(film, rate, replace(bounds, before_s=None) if film.rework else bounds, coverage)
    if not film.rework and (bounds.step_s is not None or bounds.deadband_s):
        line.bounds = replace(bounds, before_s=told.seconds)
    return told


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
