"""When the coming quals are due, and how certain the pace is."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles
from weakref import WeakKeyDictionary

import numpy as np

from fabwatch.quals.history import QualEvent, Stream
from fabwatch.stats.cycles import Floats

RECENT = 4
"""The pace of a tool is the mean of this many last stretches."""
USUAL_SPREAD = 0.25
"""The week-to-week spread of the pace where the record is too short to estimate it."""
NODES = np.array([-1.85, -0.9, 0.0, 0.9, 1.85])
NODE_WEIGHTS = np.array([0.0796, 0.2454, 0.35, 0.2454, 0.0796])
"""A normal distribution as five points."""
STEADIER = 0.8
FINE = 400


@dataclass(frozen=True)
class Pace:
    """Recent wafers per day, and their relative spread from week to week."""

    per_day: float
    spread: float
    weeks: int

    def unsure(self, days: Floats) -> Floats:
        """Relative uncertainty of the mean pace over the coming days: that of the past mean plus that of those days."""
        ahead = np.clip(days / 7.0, 1 / 7, 52)
        uncertainty: Floats = self.spread * np.sqrt(1 / max(self.weeks, 1) + 1 / ahead)
        return np.minimum(uncertainty, 1.0)


def pace(stream: Stream) -> Pace:
    """The pace of one stream."""
    recent = np.array(stream.paces[-RECENT:] or (0.0,))
    mean = float(recent.mean())
    paces = np.array(stream.paces)
    paces = paces[paces > 0]
    # Two weeks say little about a spread: combine them with the usual one.
    variance = float(np.var(paces / paces.mean(), ddof=1)) if paces.size > 1 else 0.0
    freedom = max(paces.size - 1, 0)
    return Pace(mean, float(np.sqrt((variance * freedom + USUAL_SPREAD**2) / (freedom + 1))), recent.size)


def days_ahead(left: Floats, chances: Floats, speed: Pace) -> Floats:
    """The days within which `left` units of the clock have run, per quantile, at an uncertain pace.

    `left` holds the units left at each of `chances`, rising.
    """
    fine = np.linspace(0.001, 0.999, FINE)
    units = np.interp(fine, chances, left)
    days = units / speed.per_day
    uncertainty = speed.unsure(days)
    spread = days[:, None] / np.exp(uncertainty[:, None] * NODES)
    order = np.argsort(spread, axis=None)
    mass = np.cumsum(np.broadcast_to(NODE_WEIGHTS / NODE_WEIGHTS.sum(), spread.shape).ravel()[order]) / fine.size
    ahead: Floats = np.interp(chances, mass, spread.ravel()[order])
    return ahead


@dataclass(frozen=True)
class Round:
    """How often a tool is checked: by days or by wafers, whichever is steadier."""

    by: str
    days: float | None
    wafers: float | None
    """The median gap on each; None with fewer than two quals."""


_rounds: WeakKeyDictionary[Stream, Round] = WeakKeyDictionary()


def usual_round(stream: Stream) -> Round:
    """The usual gap between two quals of one cycle, without those after alarms; across restores where no cycle has two."""
    # A forecast asks for it time and again, and a stream does not change.
    if stream not in _rounds:
        _rounds[stream] = _usual_round(stream)
    return _rounds[stream]


def _usual_round(stream: Stream) -> Round:
    within = [_gaps([qual for qual in cycle.quals if not qual.alarm]) for cycle in stream.all_cycles]
    gaps = [gap for cycle_gaps in within for gap in cycle_gaps] or _across(stream)
    if not gaps:
        return Round("days", None, None)
    days, wafers = ([gap[n] for gap in gaps] for n in (0, 1))
    middle = float(median(days)), float(median(wafers))
    by = "wafers" if middle[1] > 0 and _spread(wafers) < STEADIER * _spread(days) else "days"
    return Round(by, *middle)


def _gaps(quals: list[QualEvent]) -> list[tuple[float, float]]:
    return [
        (b.age.days - a.age.days, max(b.age.wafers - a.age.wafers, 0.0))
        for a, b in pairwise(quals)
        if b.age.days > a.age.days
    ]


def _across(stream: Stream) -> list[tuple[float, float]]:
    times = sorted({qual.at for qual in stream.quals})
    speed = pace(stream).per_day
    days = [(b - a).total_seconds() / 86_400 for a, b in pairwise(times)]
    return [(gap, gap * speed) for gap in days]


def _spread(gaps: list[float]) -> float:
    low, middle, high = quantiles(gaps, n=4, method="inclusive") if len(gaps) > 1 else (gaps[0],) * 3
    return (high - low) / middle if middle > 0 else 1.0


def due_days(stream: Stream, ahead: int) -> list[float]:
    """Days until each coming qual is due; 0 for an overdue one. Empty when no usual interval is known."""
    usual, speed = usual_round(stream), pace(stream).per_day
    if usual.days is None or usual.wafers is None:
        return []
    first_quals = [cycle.quals[0].age.days for cycle in stream.cycles if cycle.known_start and cycle.quals]
    if not stream.running.quals and stream.running.known_start and first_quals:
        # A restored tool is checked before production, or as soon after as usual.
        first = max(float(median(first_quals)) - stream.age.days, 0.0)
        return [first + usual.days * n for n in range(ahead)]
    if usual.by == "wafers" and speed > 0:
        last = stream.running.quals[-1].age.wafers if stream.running.quals else 0.0
        first, step = (usual.wafers - (stream.age.wafers - last)) / speed, usual.wafers / speed
    else:
        first, step = usual.days - stream.since_qual_days, usual.days
    return [max(first, 0.0) + step * n for n in range(ahead)]
