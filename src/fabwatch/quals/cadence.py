"""When the coming quals are due: the rhythm of each tool, learned with its sisters, and how certain each date is."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import numpy as np

from fabwatch.quals.history import DAY, Stream
from fabwatch.quals.schedule import USUAL_RATIOS, Gap, Round, pace, routine_gaps, since_change, usual_round
from fabwatch.stats.cycles import Floats

NODES = (0.1, 0.5, 0.9)
"""The chances of the days at which a coming qual is placed; the outer ones bound 80 %."""
LOW, MIDDLE, HIGH = range(3)
WEIGHTS = np.array([0.304, 0.392, 0.304])
"""What each of these days counts for in a mean: it is exact for any parabola over a normal distribution."""
OWN = 4.0
"""Whether wafers or days trigger the quals of a tool is decided by its own gaps, and by its sisters' with this many."""
CLEARLY = 0.8
"""Wafers trigger the quals where past gaps predict the next one in wafers with less than this times the error in days."""
WORST = 2.0
ENOUGH = 3
"""With fewer past waits beyond the present one, how long it still lasts is taken from the time waited."""
SIDES = np.array([-1.0, 0.0, 1.0])
LATE = 0.25
"""A qual that is later than nearly all before comes within this times the days waited, on average (exponential)."""
EXPONENTIAL = -np.log1p(-np.array(NODES))
FURTHEST = 36_500.0


@dataclass(frozen=True)
class Coming:
    """The coming quals of one stream, one row each, at the chances NODES, counted from now."""

    days: Floats
    wafers: Floats
    """Wafers that the tool runs until then."""
    rhythm: Round
    """The usual gap, that of its sisters where it has none of its own."""

    def ages(self, age: float, clock: str, units_a_day: float) -> Floats:
        """The age on a clock at each of the coming quals: quals x nodes."""
        ages: Floats = age + (self.wafers if clock == "wafers" else self.days * units_a_day)
        return ages


class _Wait(NamedTuple):
    """The days from the event before to the qual that followed: how long since the last qual, and since the restore."""

    failed: bool
    """Whether the last qual had failed."""
    since_qual: float
    since_restore: float | None
    """None without a restore in between."""


def coming(sisters: Sequence[Stream], ahead: int, members: Sequence[int] | None = None) -> list[Coming | None]:
    """The next `ahead` quals of sister streams, or of these `members`; None for one without quals or a known rhythm."""
    group = _Sisters(sisters)
    chosen = range(len(sisters)) if members is None else members
    return [group.coming(sisters[n], ahead) for n in chosen]


def ages_at(dues: Sequence[Coming | None], now: Floats, clock: str, speed: Floats, ahead: int) -> Floats:
    """The ages on a clock at the coming quals: streams x quals x nodes; those of now where no qual is known to come."""
    still = np.zeros((ahead, len(NODES)))
    each = zip(dues, now, speed, strict=True)
    return np.array([age + still if due is None else due.ages(age, clock, units) for due, age, units in each])


class _Sisters:
    """What the waits of sister streams, each measured by its own rhythm before it, say of the next ones."""

    def __init__(self, sisters: Sequence[Stream]):
        rounds = {stream: usual_round(stream) for stream in sisters}
        self.errors = {stream: _errors(stream) for stream in sisters}
        everyone = [error for found in self.errors.values() for error in found]
        self.mean_error = [sum(error[n] for error in everyone) / max(len(everyone), 1) for n in (0, 1)]
        self.days, self.wafers = (
            median(known) if (known := [gap for r in rounds.values() if (gap := getattr(r, unit))]) else None
            for unit in ("days", "wafers")
        )
        # A few usual ratios keep the range of a type with hardly any gaps wide.
        self.ratios = {
            by: sorted([*USUAL_RATIOS, *(ratio for error in everyone if (ratio := getattr(error, by)) > 0)])
            for by in ("days", "wafers")
        }
        self.usual = {by: _quantiles(ratios) for by, ratios in self.ratios.items()}
        self.waits = [wait for stream in sisters for wait in _waits(stream)]

    def rhythm(self, stream: Stream) -> Round | None:
        """The usual gap of a stream, and its trigger; None where neither it nor a sister has two quals."""
        own = usual_round(stream)
        days, wafers = (own.days, own.wafers) if own.days else (self.days, self.wafers)
        if not days:
            return None
        found = self.errors[stream]
        # How well the gaps before predict the next one, in each unit: its own errors with those of all sisters.
        by_days, by_wafers = (sum(error[n] for error in found) + OWN * self.mean_error[n] for n in (0, 1))
        by = "wafers" if wafers and by_wafers < CLEARLY * by_days else "days"
        return Round(by, days, wafers or 0.0)

    def coming(self, stream: Stream, ahead: int) -> Coming | None:
        """The coming quals of one stream."""
        rhythm = self.rhythm(stream) if stream.quals else None
        if rhythm is None or rhythm.days is None:
            return None
        speed = pace(stream).per_day
        by_wafers = rhythm.by == "wafers" and bool(rhythm.wafers) and speed > 0
        gap = (rhythm.wafers or 0.0) / speed if by_wafers else rhythm.days
        first = self._first(stream, rhythm, speed if by_wafers else None)
        number = np.arange(ahead)[:, None]
        usual = self.usual["wafers" if by_wafers else "days"] * gap
        middle = first[MIDDLE] + gap * number
        apart = np.hypot(first - first[MIDDLE], (usual - usual[MIDDLE]) * np.sqrt(number))
        days = np.clip(middle + SIDES * apart, 0.0, FURTHEST)
        return Coming(days, days * speed, rhythm)

    def _first(self, stream: Stream, rhythm: Round, speed: float | None) -> Floats:
        """Days until the next qual; `speed` in wafers a day where wafers trigger it."""
        gap, last = rhythm.days or 0.0, stream.quals[-1]
        since = stream.since_qual_days
        restored = not stream.running.quals
        # After a fail that is still open the repair is yet to come: it belongs to the wait.
        alike = [w for w in self.waits if w.failed is not last.passed and (w.since_restore is not None or not restored)]
        if alike and (restored or not last.passed):
            by_qual = sorted(wait.since_qual for wait in alike)
            by_restore = sorted(wait.since_restore or 0.0 for wait in alike)
            # After some work a tool is checked at once, after other its round goes on: what was steadier in days tells.
            if restored and _scatter(by_restore) <= _scatter(by_qual):
                return _rest(by_restore, stream.age.days, gap)
            return _rest(by_qual, since, gap)
        if speed is None:
            return _rest(self.ratios["days"], since / gap, 1.0) * gap
        usual = rhythm.wafers or 0.0
        ran = stream.running.wafers_before + stream.age.wafers - _wafers_at_last_qual(stream)
        return _rest(self.ratios["wafers"], ran / usual, 1.0) * usual / speed


def _rest(waits: Sequence[float], waited: float, usual: float) -> Floats:
    """How long a wait still lasts at each of NODES, by past waits (rising), given how long it has lasted."""
    longer = waits[bisect_right(waits, waited) :]
    if len(longer) < min(ENOUGH, len(waits)):
        rest: Floats = EXPONENTIAL * LATE * max(waited, usual)
        return rest
    return _quantiles(longer) - waited


def _quantiles(values: Sequence[float]) -> Floats:
    """The quantiles NODES of values in rising order: the n-th of N at n / (N + 1), so that few of them spread wide."""
    # Ten times as fast as the general function of numpy, which counts over a thousand tools.
    places = [min(max(node * (len(values) + 1) - 1, 0.0), len(values) - 1.0) for node in NODES]
    return np.array([values[int(at)] + (at % 1) * (values[math.ceil(at)] - values[int(at)]) for at in places])


def _scatter(values: Sequence[float]) -> float:
    middle = median(values)
    return sum(abs(value - middle) for value in values) / len(values)


def _wafers_at_last_qual(stream: Stream) -> float:
    cycle = next(cycle for cycle in reversed(stream.all_cycles) if cycle.quals)
    return cycle.wafers_before + cycle.quals[-1].age.wafers


class _Error(NamedTuple):
    """One gap against the median of those before it, in days and in wafers."""

    by_days: float
    by_wafers: float
    """Absolute log errors, at most WORST."""
    days: float
    wafers: float
    """The gap as a share of that median; 0 where none ran."""


def _errors(stream: Stream) -> list[_Error]:
    errors = []
    gaps = routine_gaps(stream)
    for n in range(2, len(gaps)):
        before = since_change(gaps[:n])
        middle = Gap(median(gap.days for gap in before), median(gap.wafers for gap in before))
        days = gaps[n].days / middle.days
        wafers = gaps[n].wafers / middle.wafers if middle.wafers > 0 else 0.0
        errors.append(_Error(_log_error(days), _log_error(wafers), days, wafers))
    return errors


def _log_error(ratio: float) -> float:
    return min(abs(math.log(ratio)), WORST) if ratio > 0 else WORST


def _waits(stream: Stream) -> list[_Wait]:
    """The waits of a stream that are no part of its round: after a failed qual, and over a restore."""
    waits = []
    last, restored = None, None
    for cycle in stream.all_cycles:
        for qual in cycle.quals:
            if last is not None and not qual.alarm and (restored is not None or not last.passed):
                waits.append(
                    _Wait(
                        not last.passed,
                        (qual.at - last.at).total_seconds() / DAY,
                        None if restored is None else (qual.at - restored).total_seconds() / DAY,
                    )
                )
            last, restored = qual, None
        restored = cycle.ended
    return waits
