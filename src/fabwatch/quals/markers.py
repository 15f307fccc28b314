"""Readings of the running cycle as a marker of its life: they say where the hidden failure lies before it has come.

How readings rise over a life is learned from cycles that ended before, for each qual type and from there for each tool type;
how far it is trusted is what would have predicted later quals best.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

import numpy as np

from fabwatch.quals.history import Cycle, QualEvent, Stream
from fabwatch.stats.cycles import Floats, Running, Whole
from fabwatch.stats.markers import Curve, Readings, fit_alike, fit_curve
from fabwatch.stats.pooling import Fitted
from fabwatch.stats.scoring import log_score

FEW_CYCLES, FEW_READINGS = 8, 40
"""A curve needs this many failed cycles with readings, and this many readings, in the part of the record before judging."""
TYPE_CYCLES = 4
"""A type with fewer failed cycles has the curve of its qual type."""
TRUSTS = (0.25, 0.5, 0.75, 1.0)
LIVES = 6
"""A failure between two quals is taken for this many equally likely ages."""
DRAWN = 32
"""Lives of a past cycle, drawn for judging."""
LEAST = 0.5 / DRAWN
"""Nearer to 0 or 1 so few of them can tell no chance."""
REQUAL = 0.1
"""A qual that came within this share of the usual gap is a requal: of readings that close together the last one counts."""
TINY = 1e-12


@dataclass(frozen=True)
class Marker:
    """What readings of one type say of the life that is over."""

    curve: Curve
    trust: float
    """From 0 to 1: the power of their likelihood."""
    gain: float
    """How much better, in log chance, they predicted later quals of this type than failures alone."""
    unit: str | None


@dataclass(frozen=True)
class Worn:
    """One type as its failures alone tell it."""

    streams: Sequence[Stream]
    clock: str
    fitted: Fitted
    running: Running


def learn_markers(
    types: Sequence[Worn], early_wear: Callable[[], Sequence[Fitted]], judged_at: datetime | None, tie: float
) -> list[Marker | None]:
    """The marker of each type of one qual type; None where readings have not paid.

    Whether they have is judged at `judged_at`: a curve of the cycles that had failed by then predicts the quals after, with
    the wear as it was known then (`early_wear`): wear that has seen what it is to predict would leave readings little to
    say. `tie` is the log chance that they have to win by.
    """
    nothing: list[Marker | None] = [None] * len(types)
    read = [_TypeReadings(one) for one in types]
    if judged_at is None:
        return nothing
    early = _curves([one.failed(judged_at) for one in read])
    if early is None:
        return nothing
    each = zip(read, early, early_wear(), strict=True)
    gains = np.array([one.gains(curve, wear, judged_at) for one, curve, wear in each])
    best = int(np.argmax(gains.sum(axis=0)))
    if gains[:, best].sum() <= tie:
        return nothing
    curves = _curves([one.failed(None) for one in read])
    if curves is None:
        return nothing
    return [
        None if gain < -tie or curve is None else Marker(curve, TRUSTS[best], float(gain), one.unit)
        for gain, curve, one in zip(gains[:, best], curves, read, strict=True)
    ]


def _curves(failed: Sequence[tuple[Readings, Floats]]) -> list[Curve | None] | None:
    """The curve of each type, drawn from around that of them all."""
    used = [(readings, lives) for readings, lives in failed if readings.reading.size]
    count = sum(lives.shape[0] for _, lives in used)
    if count < FEW_CYCLES or sum(readings.reading.size for readings, _ in used) < FEW_READINGS:
        return None
    starts = np.cumsum([0, *(lives.shape[0] for _, lives in used)])
    whole = Readings(
        np.concatenate([readings.cycle + start for (readings, _), start in zip(used, starts[:-1], strict=True)]),
        *(np.concatenate([getattr(readings, name) for readings, _ in used]) for name in ("age", "reading", "limit")),
    )
    common = fit_curve(whole, np.concatenate([lives for _, lives in used]))
    if common is None:
        return None
    return [
        fit_alike(readings, lives, common) if lives.shape[0] >= TYPE_CYCLES and readings.reading.size else common
        for readings, lives in failed
    ]


class _TypeReadings:
    """The cycles of one type with their readings before failure."""

    def __init__(self, worn: Worn):
        self._worn = worn
        units = Counter(qual.unit for s in worn.streams for qual in s.quals if qual.reading is not None)
        self.unit = units.most_common(1)[0][0] if units else None

    def failed(self, until: datetime | None) -> tuple[Readings, Floats]:
        """Readings before each failure that was found by a moment, and equally likely ages of it."""
        rows: list[tuple[float, ...]] = []
        bounds: list[tuple[int, float, float]] = []
        for tool, stream in enumerate(self._worn.streams):
            for cycle in stream.all_cycles:
                found = cycle.failed
                if found is None or (until is not None and found.at > until):
                    continue
                ages, passed = cycle.ages(self._worn.clock)
                end = passed.index(False)
                before = read_before(cycle, self._worn.clock, self.unit, end)
                if before:
                    rows += [(len(bounds), *one) for one in before]
                    bounds.append((tool, ages[end - 1] if end else 0.0, ages[end]))
        return Readings.of(rows), self._lives(bounds, (np.arange(LIVES) + 0.5) / LIVES)

    def _lives(self, bounds: Sequence[tuple[int, float, float]], chances: Floats) -> Floats:
        """Equally likely ages of failures between bounds, by the typical wear of their tools."""
        if not bounds:
            return np.empty((0, chances.size))
        tool, low, high = (np.array(column) for column in zip(*bounds, strict=True))
        scale, shape = (self._worn.fitted.weight @ axis for axis in self._worn.fitted.grid.points.T)
        return _between(self._worn.fitted, scale[tool], shape[tool], low, high, chances)

    def gains(self, curve: Curve | None, early: Fitted, since: datetime) -> list[float]:
        """For each trust, the gain in log chance of the quals after a moment, given the readings of their cycles before."""
        rows: list[tuple[float, ...]] = []
        looks: list[tuple[int, float, float, bool]] = []
        for tool, stream in enumerate(self._worn.streams):
            for cycle in stream.all_cycles:
                ages, passed = cycle.ages(self._worn.clock)
                for n in range(1, len(ages)):
                    if not passed[n - 1]:
                        break
                    before = read_before(cycle, self._worn.clock, self.unit, n) if cycle.quals[n].at > since else ()
                    if before and ages[n] > ages[n - 1]:
                        rows += [(len(looks), *one) for one in before]
                        looks.append((tool, ages[n - 1], ages[n], passed[n]))
        if not looks or curve is None:
            return [0.0] * len(TRUSTS)
        tools, good, then, passes = zip(*looks, strict=True)
        lives, failed = _drawn(early, np.array(tools), np.array(good)), ~np.array(passes)
        by_then = lives <= np.array(then)[:, None]
        log = curve.life_chances(Readings.of(rows), lives)
        alone = log_score(by_then.mean(axis=1), failed, LEAST)
        told = []
        for trust in TRUSTS:
            weight = np.exp(trust * (log - log.max(axis=1, keepdims=True)))
            told.append(log_score((weight * by_then).sum(axis=1) / weight.sum(axis=1), failed, LEAST) - alone)
        return [float(gain.sum()) for gain in told]


def _drawn(fitted: Fitted, tool: Whole, good: Floats) -> Floats:
    """Lives beyond a good qual, spread evenly over what was known of scale and shape of each tool."""
    # Quantiles of scale and shape in another order than those of the life: a lattice of low discrepancy.
    at = (np.arange(DRAWN) + 0.5) / DRAWN
    mass = np.cumsum(fitted.weight, axis=1)
    point = np.array([np.searchsorted(row / row[-1], at) for row in mass]).clip(0, fitted.grid.points.shape[0] - 1)
    scale, shape = (axis[point][tool] for axis in fitted.grid.points.T)
    chance = (np.arange(DRAWN) * 0.6180339887498949 + 0.5 / DRAWN) % 1
    log_good = np.log(np.maximum(good, TINY))[:, None] - scale
    hazard = fitted.grid.family.hazard(log_good, shape) - np.log1p(-chance)
    lives: Floats = np.maximum(np.exp(scale + fitted.grid.family.log_age(hazard, shape)), good[:, None])
    return lives


def _between(fitted: Fitted, scale: Floats, shape: Floats, low: Floats, high: Floats, chances: Floats) -> Floats:
    """Ages between bounds at each of the chances: bounds x chances."""
    family, scale, shape = fitted.grid.family, scale[:, None], shape[:, None]
    with np.errstate(divide="ignore"):
        alive, left = (np.exp(-family.hazard(np.log(edge)[:, None] - scale, shape)) for edge in (low, high))
    even = low[:, None] + chances * (high - low)[:, None]
    mass = alive - left
    hazard = -np.log(np.maximum(alive - chances * mass, 1e-300))
    ages = np.exp(scale + family.log_age(np.maximum(hazard, 1e-300), shape))
    return np.where(mass > TINY, np.clip(ages, low[:, None], high[:, None]), even)


def read_before(cycle: Cycle, clock: str, unit: str | None, count: int) -> list[tuple[float, float, float]]:
    """(age, reading, limit) of the first `count` quals of a cycle, as far as they tell of wear towards an upper limit.

    Towards a lower limit, the way from twice the limit down is turned upside down. Of requals the last one counts.
    """
    ages, _ = cycle.ages(clock)
    gaps = [later - age for age, later in pairwise(ages)]
    close = REQUAL * median(gaps) if gaps else 0.0
    before: list[tuple[float, float, float]] = []
    for age, qual in zip(ages[:count], cycle.quals[:count], strict=True):
        read = _towards(qual, unit)
        if read is None:
            continue
        if before and age - before[-1][0] < close:
            before.pop()
        before.append((age, *read))
    return before


def _towards(qual: QualEvent, unit: str | None) -> tuple[float, float] | None:
    if qual.reading is None or qual.unit != unit or qual.limit is None:
        return None
    limit, upper = qual.limit
    reading = qual.reading if upper else 2 * limit - qual.reading
    # One that is over the limit though the qual passed contradicts itself.
    return (reading, limit) if reading <= limit else None
