"""Polish times for the wafers of a fab, from the tool's removal rate; each is kept with what was known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fabwatch.cmp.answers import PolishTime, PolishTimes, RateState, Refusal
from fabwatch.cmp.history import Group
from fabwatch.cmp.polish import Bounds, Film, Rate, bounds_of, polish_time
from fabwatch.cmp.rates import one_group, state_of
from fabwatch.store.lake import Lake
from fabwatch.terms.errors import BadQuestion, CannotPolish
from fabwatch.terms.reasons import Reason
from fabwatch.terms.settings.answering import CmpSettings
from fabwatch.terms.units import in_angstrom

LATEST = 20
"""The usual incoming thickness is the median of this many last ones."""


@dataclass(frozen=True)
class Place:
    """Where a wafer is polished."""

    tool: str
    head: str | None = None
    product: str | None = None
    stage: str | None = None
    changed: bool = False
    """True when a consumable has just been changed."""


@dataclass(frozen=True)
class PolishJob:
    """One wafer to polish; `head` where the lot is spread over several heads."""

    film: Film
    head: str | None = None


@dataclass
class _HeadLine:
    """The rate of one head, and the bounds for its next time."""

    state: RateState
    rate: Rate
    bounds: Bounds
    usual: float | None


def advise(
    lake: Lake, as_of: datetime, place: Place, jobs: Sequence[PolishJob], coverage: float | None
) -> tuple[PolishTimes, RateState]:
    """The time of each wafer, in order of polishing, and the rate state behind the last job.

    A wafer that cannot be polished says why. Deadband and largest step apply from wafer to wafer of a head. Raises
    UnknownTool and BadQuestion for an unknown place.
    """
    stated = lake.settings.cmp
    head_lines: dict[str | None, _HeadLine | BadQuestion] = {}
    times: list[PolishTime | None] = []
    refusals: list[Refusal | None] = []
    for job in jobs:
        head = job.head or place.head
        head_line = head_lines.get(head)
        if head_line is None:
            head_line = head_lines[head] = _opened_line(lake, as_of, replace(place, head=head), stated)
            if isinstance(head_line, BadQuestion) and job.head is None:
                raise head_line
        try:
            if isinstance(head_line, BadQuestion):
                raise head_line
            times.append(_next_time(head_line, _with_limits(job.film, stated, head_line.usual), coverage or stated.coverage))
            refusals.append(None)
        except BadQuestion as stop:
            times.append(None)
            refusals.append(Refusal(stop.what, stop.hint))
    if not head_lines:
        raise CannotPolish("No wafer to polish: the list of wafers is empty.", "state at least one wafer")
    if all(isinstance(head_line, BadQuestion) for head_line in head_lines.values()):
        raise next(head_line for head_line in head_lines.values() if isinstance(head_line, BadQuestion))
    state = next(head_line.state for head_line in reversed(head_lines.values()) if isinstance(head_line, _HeadLine))
    return PolishTimes(tuple(times), tuple(refusals)), state


def _opened_line(lake: Lake, as_of: datetime, place: Place, stated: CmpSettings) -> _HeadLine | BadQuestion:
    try:
        group = one_group(lake, as_of, place.tool, place.head, place.product, place.stage)
    except BadQuestion as stop:
        return stop
    state = state_of(lake, group, as_of, place.changed)
    labels = {"tool": state.tool, "head": state.head, "product": state.product, "controller": state.controller}
    rate = Rate(state.rate, state.rate_unit, state.spread, _source(state), state.doubts, **labels)
    return _HeadLine(state, rate, _bounds(stated, state, group), _usual(group))


def _next_time(head_line: _HeadLine, film: Film, coverage: float) -> PolishTime:
    # Where files state no unit, their rate is in the unit of the question.
    rate = head_line.rate if head_line.rate.unit != "per s" else replace(head_line.rate, unit=f"{film.unit}/s")
    bounds = head_line.bounds
    # A rework has its own time: step and deadband apply neither to it nor from it to the next wafer.
    time = polish_time(film, rate, replace(bounds, last_s=None) if film.rework else bounds, coverage)
    if not film.rework and (bounds.step_s is not None or bounds.deadband_s):
        head_line.bounds = replace(bounds, last_s=time.seconds)
    return time


def _source(state: RateState) -> Reason:
    known = {"controller": Reason((f"controller_{state.controller}", {})), "results": state.measured}
    if state.since_change is None:
        return Reason(("reason_source", known))
    return Reason(("reason_source_since", {**known, "share": state.since_change, "age": state.age}))


def _usual(group: Group) -> float | None:
    """The usual incoming thickness of a group in angstrom; None where it is not known."""
    known = sorted(wafer.incoming for wafer in group.wafers[-LATEST:] if wafer.incoming is not None)
    return known[len(known) // 2] * in_angstrom(group.unit) if known and group.unit else None


def _with_limits(film: Film, stated: CmpSettings, usual: float | None) -> Film:
    """The film with the limits of fab.toml where it has none, and with the usual incoming thickness (angstrom)."""
    angstroms = in_angstrom(film.unit)
    lower, upper = film.lower, film.upper
    # The calculation itself reports a missing target.
    has_target = isinstance(film.target, (int, float))
    if has_target and lower is None and stated.below is not None:
        lower = film.target - stated.below / angstroms
    if has_target and upper is None and stated.above is not None:
        upper = film.target + stated.above / angstroms
    return replace(film, lower=lower, upper=upper, usual=None if film.rework or usual is None else usual / angstroms)


def _bounds(stated: CmpSettings, state: RateState, group: Group) -> Bounds:
    offset = sum(stated.offsets.get(name, 0.0) for name in (state.head, state.product) if name)
    timed = [wafer.seconds for wafer in group.wafers if wafer.seconds is not None]
    return bounds_of(stated, offset, timed[-1] if timed else None)
