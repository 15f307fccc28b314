"""When the coming quals are due, and how sure the pace is that leads there."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from fabwatch.quals.history import Look, Stream
from fabwatch.stats.cycles import Floats

RECENT = 4
"""The pace of a tool is the mean of so many last stretches."""
UNSURE = 0.25
"""The spread of the pace from week to week where too little is on record to tell it."""
NODES = np.array([-1.85, -0.9, 0.0, 0.9, 1.85])
NODE_WEIGHTS = np.array([0.0796, 0.2454, 0.35, 0.2454, 0.0796])
"""A normal as five points."""
STEADIER = 0.8
FINE = 400


@dataclass(frozen=True)
class Pace:
    """Wafers per day of late, and its relative spread from week to week."""

    per_day: float
    spread: float
    weeks: int

    def unsure(self, days: Floats) -> Floats:
        """The relative doubt of the mean pace over the coming days: that of the past mean and of the days themselves."""
        ahead = np.clip(days / 7.0, 1 / 7, 52)
        doubt: Floats = self.spread * np.sqrt(1 / max(self.weeks, 1) + 1 / ahead)
        return np.minimum(doubt, 1.0)


def pace(stream: Stream) -> Pace:
    """The pace of one stream."""
    recent = np.array(stream.paces[-RECENT:] or (0.0,))
    mean = float(recent.mean())
    told = np.array(stream.paces)
    told = told[told > 0]
    # Two weeks tell little of a spread: they are taken together with what is usual.
    own = float(np.var(told / told.mean(), ddof=1)) if told.size > 1 else 0.0
    known = max(told.size - 1, 0)
    return Pace(mean, float(np.sqrt((own * known + UNSURE**2) / (known + 1))), recent.size)


def days_ahead(left: Floats, chances: Floats, speed: Pace) -> Floats:
    """The days within which `left` units of the clock have run with each of the chances, the pace being unsure.

    `left` holds, rising, the units that are left with each of `chances`; a weight lies between two of them.
    """
    fine = np.linspace(0.001, 0.999, FINE)
    units = np.interp(fine, chances, left)
    days = units / speed.per_day
    doubt = speed.unsure(days)
    spread = days[:, None] / np.exp(doubt[:, None] * NODES)
    order = np.argsort(spread, axis=None)
    mass = np.cumsum(np.broadcast_to(NODE_WEIGHTS / NODE_WEIGHTS.sum(), spread.shape).ravel()[order]) / fine.size
    ahead: Floats = np.interp(chances, mass, spread.ravel()[order])
    return ahead


@dataclass(frozen=True)
class Round:
    """How often a tool is checked: by days or by wafers, whichever is the steadier."""

    by: str
    days: float | None
    wafers: float | None
    """The middle gap on each; None under two quals."""


def usual_round(stream: Stream) -> Round:
    """The usual gap between two quals of one cycle that no alarm asked for; across restores where there is none within."""
    within = [_gaps([look for look in cycle.looks if not look.alarm]) for cycle in stream.all_cycles]
    gaps = [gap for some in within for gap in some] or _across(stream)
    if not gaps:
        return Round("days", None, None)
    days, wafers = ([gap[n] for gap in gaps] for n in (0, 1))
    middle = float(median(days)), float(median(wafers))
    by = "wafers" if middle[1] > 0 and _spread(wafers) < STEADIER * _spread(days) else "days"
    return Round(by, *middle)


def _gaps(looks: list[Look]) -> list[tuple[float, float]]:
    return [
        (b.age.days - a.age.days, max(b.age.wafers - a.age.wafers, 0.0))
        for a, b in pairwise(looks)
        if b.age.days > a.age.days
    ]


def _across(stream: Stream) -> list[tuple[float, float]]:
    times = sorted({look.at for look in stream.looks})
    speed = pace(stream).per_day
    days = [(b - a).total_seconds() / 86_400 for a, b in pairwise(times)]
    return [(gap, gap * speed) for gap in days]


def _spread(gaps: list[float]) -> float:
    low, middle, high = np.quantile(gaps, (0.25, 0.5, 0.75))
    return float((high - low) / middle) if middle > 0 else 1.0


def due_days(stream: Stream, ahead: int) -> list[float]:
    """In how many days each of the coming quals is due; an overdue one is due now. Empty when no usual round is known."""
    usual, speed = usual_round(stream), pace(stream).per_day
    if usual.days is None or usual.wafers is None:
        return []
    first_looks = [cycle.looks[0].age.days for cycle in stream.cycles if cycle.known_start and cycle.looks]
    if not stream.running.looks and stream.running.known_start and first_looks:
        # A restored tool is checked before it goes on, or as soon after as it always was.
        first = max(float(median(first_looks)) - stream.age.days, 0.0)
        return [first + usual.days * n for n in range(ahead)]
    if usual.by == "wafers" and speed > 0:
        last = stream.running.looks[-1].age.wafers if stream.running.looks else 0.0
        first, step = (usual.wafers - (stream.age.wafers - last)) / speed, usual.wafers / speed
    else:
        first, step = usual.days - stream.since_look_days, usual.days
    return [max(first, 0.0) + step * n for n in range(ahead)]
