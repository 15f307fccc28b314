"""How often a tool is checked, how fast it runs, and how certain the pace is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import pairwise
from statistics import median, quantiles
from typing import NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from fabwatch.quals.history import DAY, Stream
from fabwatch.stats.cycles import Floats

T = TypeVar("T")
RECENT = 4
"""The pace of a tool is the mean of this many last stretches."""
USUAL_SPREAD = 0.25
"""The week-to-week spread of the pace where the record is too short to estimate it."""
NODES = np.array([-1.85, -0.9, 0.0, 0.9, 1.85])
NODE_WEIGHTS = np.array([0.0796, 0.2454, 0.35, 0.2454, 0.0796])
"""A normal distribution as five points."""
STEADIER = 0.8
FINE = 400
MOST = 16
"""A rhythm is learned from this many last gaps: older ones say little of today's, and cost."""
FEW, CHANGED = 3, 1.3
"""A rhythm has changed where this many gaps in a row are this many times shorter, or longer, than those before."""
HOLE = 2.5
"""A gap that is this many times longer than both beside it."""
USUAL_RATIOS = (0.7, 0.85, 0.95, 1.0, 1.05, 1.15, 1.4)
"""Gaps of a tool as shares of its usual one, where hardly any are on record."""


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


def _once(make: Callable[[Stream], T]) -> Callable[[Stream], T]:
    """Work out once per stream: a forecast asks for it time and again, and a stream does not change."""
    kept: WeakKeyDictionary[Stream, T] = WeakKeyDictionary()

    @wraps(make)
    def once(stream: Stream) -> T:
        if stream not in kept:
            kept[stream] = make(stream)
        return kept[stream]

    return once


@_once
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


class Gap(NamedTuple):
    """Days and wafers from one qual to the next."""

    days: float
    wafers: float


@dataclass(frozen=True)
class Round:
    """How often a tool is checked: the usual gap in days and in wafers, and which of the two triggers the quals."""

    by: str
    days: float | None
    wafers: float | None
    """The usual gap on each; None with fewer than two quals."""


@_once
def usual_round(stream: Stream) -> Round:
    """The median of the routine gaps since the rhythm last changed; across restores and fails where there are no others."""
    gaps = since_change(routine_gaps(stream) or _across(stream))
    if not gaps:
        return Round("days", None, None)
    days, wafers = [gap.days for gap in gaps], [gap.wafers for gap in gaps]
    middle = float(median(days)), float(median(wafers))
    by = "wafers" if middle[1] > 0 and _spread(wafers) < STEADIER * _spread(days) else "days"
    return Round(by, *middle)


@_once
def routine_gaps(stream: Stream) -> list[Gap]:
    """The gaps of the round itself, the last MOST of them: from a good qual to the next in one cycle.

    Quals after an alarm or a fail have their own reasons, and one gap far longer than both beside it is a hole in the
    record or a tool that stood.
    """
    found = [
        Gap(b.age.days - a.age.days, max(b.age.wafers - a.age.wafers, 0.0))
        for cycle in stream.all_cycles
        for a, b in pairwise(cycle.quals)
        if a.passed and not (a.alarm or b.alarm) and b.age.days > a.age.days
    ]
    return [gap for n, gap in enumerate(found) if not _hole(found, n)][-MOST:]


def _hole(gaps: Sequence[Gap], n: int) -> bool:
    beside = [gap.days for gap in (*gaps[max(n - 1, 0) : n], *gaps[n + 1 : n + 2])]
    return len(gaps) > 2 and all(gaps[n].days > HOLE * days for days in beside)


def since_change(gaps: Sequence[Gap]) -> Sequence[Gap]:
    """The gaps since the rhythm last changed: since FEW in a row were all much shorter or longer than those before."""
    begin = 0
    for end in range(2 * FEW, len(gaps) + 1):
        if end - FEW < begin + FEW:
            continue
        before = median(gap.days for gap in gaps[begin : end - FEW])
        last = [gap.days for gap in gaps[end - FEW : end]]
        if max(last) * CHANGED < before or min(last) > CHANGED * before:
            begin = end - FEW
    return gaps[begin:]


def _across(stream: Stream) -> list[Gap]:
    times = sorted({qual.at for qual in stream.quals})
    speed = pace(stream).per_day
    days = [(b - a).total_seconds() / DAY for a, b in pairwise(times)]
    return [Gap(gap, gap * speed) for gap in days]


def _spread(gaps: list[float]) -> float:
    low, middle, high = quantiles(gaps, n=4, method="inclusive") if len(gaps) > 1 else (gaps[0],) * 3
    return (high - low) / middle if middle > 0 else 1.0
