"""Predictions as curves of the chance to have failed by each age, with what the readings of the running cycle say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from fabwatch.quals.history import Stream
from fabwatch.quals.markers import Marker, Worn, read_before
from fabwatch.stats.cycles import Floats
from fabwatch.stats.markers import Curve, Readings

FINE = 160
EIGHTY = 1.2816
"""Standard deviations from the mean of a normal distribution to the ends of its middle 80 %."""
TINY = 1e-12
NO_CURVE = Curve(False, 0.0, 0.0, 1.0, 1.0)
Told = tuple[tuple[str, int, float], ...]
"""What a tool reported since its last look: name, how often, and how many times as high the hazard is by it."""


@dataclass(frozen=True)
class ByCurve:
    """Predictions from the chance to have failed by each of many ages."""

    edges: Floats
    """Ages, rising: tools x edges."""
    bad: Floats
    """The chance to have failed by each."""
    told: tuple[Told, ...]
    """Of each tool."""
    name: str = "failures"

    def bad_by(self, age: Floats) -> Floats:
        """The chance to have failed by an age, one per tool, or tools x ages."""
        rows = zip(np.asarray(age, float), self.edges, self.bad, strict=True)
        return np.array([np.interp(at, edges, bad) for at, edges, bad in rows])

    def ages(self, chances: Sequence[float]) -> Floats:
        """Ages of the hidden failure per quantile: tools x chances."""
        return np.array([np.interp(chances, bad, edges) for edges, bad in zip(self.edges, self.bad, strict=True)])

    def first_over(self, ages: Floats) -> Floats | None:
        """None: the results of the coming quals follow from `bad_by`."""
        del ages
        return None

    def only(self, members: Sequence[int]) -> Self:
        """The rows of some tools."""
        told = tuple(self.told[n] for n in members)
        return replace(self, edges=self.edges[list(members)], bad=self.bad[list(members)], told=told)


def by_failures(worn: Worn) -> ByCurve:
    """What failures alone predict, as a curve."""
    return ByCurve(*worn.fitted.failure_curve(worn.running, FINE), told=((),) * len(worn.streams))


@dataclass(frozen=True)
class ByMarker(ByCurve):
    """Predictions from the ages of failures and the readings of the running cycle."""

    name: str = "marker"
    curve: Curve = NO_CURVE
    limits: tuple[tuple[float, bool] | None, ...] = ()
    """Of each tool the last limit, and True where it is an upper one."""

    def reading_at(self, tool: int, age: float) -> tuple[float, float] | None:
        """Between which values four of five readings at an age lie while the tool is good; None where it has no limit."""
        limit = self.limits[tool]
        if limit is None:
            return None
        middle = (self.edges[tool, 1:] + self.edges[tool, :-1]) / 2
        weight = np.where(middle > age, np.diff(self.bad[tool]), 0.0)
        if weight.sum() <= TINY:
            middle, weight = np.array([age]), np.ones(1)
        mean = self.curve.mean(age / np.maximum(middle, TINY))
        weight = weight / weight.sum()
        expected = float(weight @ mean)
        variance = float(weight @ (mean - expected) ** 2) + self.curve.variance(expected, limit[0])
        low, high = (limit[0] * (expected + side * EIGHTY * variance**0.5) for side in (-1, 1))
        if self.curve.counts:
            low = max(low, 0.0)
        return (low, high) if limit[1] else (2 * limit[0] - high, 2 * limit[0] - low)

    def only(self, members: Sequence[int]) -> Self:
        """The rows of some tools."""
        return replace(super().only(members), limits=tuple(self.limits[n] for n in members))


def by_marker(worn: Worn, marker: Marker) -> ByMarker:
    """What failures alone predict, weighted by the chance of the readings of each running cycle."""
    alone = by_failures(worn)
    edges, bad = alone.edges, alone.bad
    rows: list[tuple[float, ...]] = []
    for n, stream in enumerate(worn.streams):
        _, passed = stream.running.ages(worn.clock)
        count = passed.index(False) if False in passed else len(passed)
        rows += [(n, *one) for one in read_before(stream.running, worn.clock, marker.unit, count)]
    middle = np.maximum((edges[:, 1:] + edges[:, :-1]) / 2, TINY)
    log = marker.curve.life_chances(Readings.of(rows), middle, marker.trust)
    chance = np.exp(log - log.max(axis=1, keepdims=True))
    # Beyond the last edge lies hardly any chance; it counts as the last stretch does.
    mass = np.concatenate([np.diff(bad, axis=1) * chance, (1 - bad[:, -1:]) * chance[:, -1:]], axis=1)
    told = np.cumsum(mass, axis=1) / mass.sum(axis=1, keepdims=True)
    by = np.concatenate([np.zeros_like(bad[:, :1]), told[:, :-1]], axis=1)
    limits = tuple(_limit(stream) for stream in worn.streams)
    return ByMarker(edges, by, alone.told, curve=marker.curve, limits=limits)


def _limit(stream: Stream) -> tuple[float, bool] | None:
    return next((qual.limit for qual in reversed(stream.quals) if qual.limit is not None), None)
