"""Empirical-Bayes wear: sister tools share strength, on a fixed grid.

A cycle runs from a restore to the failure that a qual found, or to the last good qual when none has failed. Of the hidden
failure only an interval is known, or, when quals can err, a weight for each interval between two quals. Each tool has its
own scale and shape; those of sister tools are drawn from one normal in the logarithms. What that normal is, and how
doubtful, is known by adaptive importance sampling: a tool's posterior is averaged over the draws, so that a type that has
hardly failed keeps its doubt. The grid turns all integrals into sums, so no optimiser can diverge; nothing depends on the
order of tools.

Sources: interval-censored likelihood, B. W. Turnbull, J. R. Stat. Soc. B 38 (1976); hierarchical Bayes, D. V. Lindley and A.
F. M. Smith, J. R. Stat. Soc. B 34 (1972); adaptive importance sampling, O. Cappe et al., Stat. Comput. 18 (2008).
"""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from fabwatch.stats.cycles import Cycles, Floats, Running, Whole
from fabwatch.stats.distributions import FAR, WEIBULL, Family
from fabwatch.stats.kinds import ALONE, Axes, Kind, Prior, sampled

SCALES, SHAPES = 44, 18
SHAPE_RANGE = (0.45, 9.0)
CHUNK = 1024
COARSE, HALVINGS = 56, 12
NEARLY_NONE = 5e-4
LEFT_OUT = 1e-5
"""Grid points that hold less than this of the chance of a tool, together, are left out of what it is asked for."""
AT_ONCE = 60_000
"""Chances that are worked out at once: more of them leave the cache of the processor."""
BEGIN, END, END_WEIGHT = 0.5, 1.5, 3.0
"""A pseudo sister failed between these shares of the longest age on record; its weight in tools."""
END_HALF = 5
"""With this many sisters the pseudo sister has half its weight: it must not outvote a single tool."""


@dataclass(frozen=True)
class Grid:
    """Grid points of log scale and log shape, and the family of wear."""

    log_scale: Floats
    log_shape: Floats
    family: Family = WEIBULL

    @classmethod
    def over(cls, cycles: Cycles, family: Family = WEIBULL) -> "Grid":
        """A grid wide enough for the ages of the cycles."""
        ages = np.concatenate([cycles.lower, cycles.upper])
        ages = ages[np.isfinite(ages) & (ages > 0)]
        low, high = (float(ages.min()), float(ages.max())) if ages.size else (1.0, 1.0)
        scales = np.linspace(np.log(max(low, high / 1e4) / 4), np.log(high * 12), SCALES)
        shapes = np.linspace(np.log(SHAPE_RANGE[0]), np.log(SHAPE_RANGE[1]), SHAPES)
        scale, shape = np.meshgrid(scales, shapes, indexing="ij")
        return cls(scale.ravel(), shape.ravel(), family)

    @cached_property
    def axes(self) -> Axes:
        """The different log scales, and the different log shapes, of a grid in which every scale meets every shape."""
        return np.unique(self.log_scale), np.unique(self.log_shape)

    @cached_property
    def points(self) -> Floats:
        """The points, one per row: log scale, log shape."""
        return np.column_stack([self.log_scale, self.log_shape])

    def hazard(self, age: ArrayLike) -> Floats:
        """Cumulative hazard -log S(age): one row per age, one column per point; at most FAR."""
        with np.errstate(divide="ignore"):
            log_age = np.log(np.asarray(age, float))[..., None]
        return self.family.hazard(log_age - self.log_scale, self.log_shape)


def log_likelihood(cycles: Cycles, grid: Grid, tools: int) -> Floats:
    """Log likelihood of each tool's cycles at each grid point; tools x points.

    That of a cycle is the log of the sum over its pieces of weight (S(lower) - S(upper)), less log S(entry).
    """
    total = np.zeros((tools, grid.points.shape[0]))
    if not cycles.tool.size:
        return total
    order = np.argsort(cycles.cycle, kind="stable")
    cycle = cycles.cycle[order]
    starts = np.flatnonzero(np.append(True, cycle[1:] != cycle[:-1]))
    single = starts.size == cycle.size
    for begin in range(0, starts.size, CHUNK):
        first = starts[begin : begin + CHUNK]
        last = starts[begin + CHUNK] if begin + CHUNK < starts.size else cycle.size
        part = order[first[0] : last]
        # log(S(l) - S(u)) = -H(l) + log(1 - exp(-(H(u) - H(l)))): avoids the difference of two nearly equal numbers.
        lower = grid.hazard(cycles.lower[part])
        gain = grid.hazard(cycles.upper[part]) - lower
        # Given that the cycle had not failed when it came under observation.
        alive = grid.hazard(cycles.entry[part]) if cycles.entry[part].any() else 0.0
        logs = alive - lower + np.log(np.maximum(-np.expm1(-gain), 1e-300)) + np.log(cycles.weight[part])[:, None]
        if not single:
            runs = first - first[0]
            top = np.maximum.reduceat(logs, runs)
            sizes = np.diff(np.append(runs, part.size))
            logs = top + np.log(np.add.reduceat(np.exp(logs - np.repeat(top, sizes, axis=0)), runs))
        np.add.at(total, cycles.tool[order[first]], logs)
    return total


@dataclass(frozen=True)
class Fitted:
    """The posterior of each tool of one type: a weight per grid point, summing to 1; tools x points."""

    grid: Grid
    weight: Floats
    evidence: float = 0.0
    """Log evidence of the cycles. Only differences matter."""

    def only(self, tools: Sequence[int]) -> "Fitted":
        """The posteriors of these tools, in the order given."""
        return Fitted(self.grid, self.weight[list(tools)], self.evidence)

    @property
    def typical(self) -> Floats:
        """The typical life of each tool: the geometric mean of its median age at failure."""
        middle = self.grid.log_scale + self.grid.family.log_age(math.log(2), self.grid.log_shape)
        life: Floats = np.exp(self.weight @ middle)
        return life

    @cached_property
    def _likely(self) -> tuple[Floats, Floats, Floats]:
        """Of each tool its points without the least likely ones: log scale, log shape and weight, each tools x points."""
        order = np.argsort(-self.weight, axis=1)
        weight = np.take_along_axis(self.weight, order, axis=1)
        left_out = 1 - np.cumsum(weight, axis=1) / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
        # How many are kept is each tool's own: what is said of it must not depend on which others are asked about.
        own = np.minimum((left_out > LEFT_OUT).sum(axis=1) + 1, weight.shape[1])
        most = int(own.max(initial=1))
        weight = np.where(np.arange(most) < own[:, None], weight[:, :most], 0.0)
        order = order[:, :most]
        weight = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
        return self.grid.log_scale[order], self.grid.log_shape[order], weight

    def bad_by(self, age: ArrayLike, running: Running) -> Floats:
        """Chance that the running cycle of each tool has failed by `age`, given its quals: one per tool, or tools x ages.

        The weights have to include the running cycle.
        """
        ages = np.asarray(age, float)
        chance: Floats = _Given(self, running).bad_by(ages.reshape(ages.shape[0], -1)).reshape(ages.shape)
        return chance

    def failure_age(self, running: Running, chance: float) -> Floats:
        """The age by which the hidden failure of the running cycle has come with `chance`: one per tool."""
        age: Floats = self.failure_ages(running, [chance])[:, 0]
        return age

    def failure_ages(self, running: Running, chances: Sequence[float]) -> Floats:
        """The ages by which the hidden failure of the running cycle has come with each of the chances: tools x chances.

        A coarse curve first, then bisection between two of its points.
        """
        past = _Past(self, running)
        steps, curve = past.coarse()
        targets = np.asarray(chances, float)
        cell = np.clip((curve[:, :, None] < targets).sum(axis=1), 1, COARSE - 1)
        low, high = steps[cell - 1], steps[cell]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            early = past.bad_at(middle) < targets
            low, high = np.where(early, middle, low), np.where(early, high, middle)
        ages: Floats = past.start + np.exp((low + high) / 2)
        return ages

    def failure_curve(self, running: Running, count: int) -> tuple[Floats, Floats]:
        """Ages over which nearly all chance of the hidden failure lies, and the chance that it has come by each.

        Both tools x `count`, rising, the first at the lower edge of the running cycle.
        """
        past = _Past(self, running)
        steps, curve = past.coarse()
        first = np.array([np.interp((NEARLY_NONE, 1 - NEARLY_NONE), row, steps) for row in curve])
        log_past = np.linspace(first[:, 0], first[:, 1], count - 1, axis=1)
        ages = np.concatenate([past.start, past.start + np.exp(log_past)], axis=1)
        chances = np.concatenate([np.zeros_like(past.start), past.bad_at(log_past)], axis=1)
        return ages, np.maximum.accumulate(chances, axis=1)


class _Given:
    """The chance of a failure by any ages, given the quals of each running cycle."""

    def __init__(self, fitted: Fitted, running: Running):
        self._family, self._running = fitted.grid.family, running
        self._scale, self._shape, self._weight = (values[:, None, :] for values in fitted._likely)
        self._at_lower = self._hazard(running.lower)
        # Relative to the first piece, to keep precision.
        self._alive = running.weight[..., None] * np.exp(self._at_lower[:, :1] - self._at_lower)
        span = np.where(np.isinf(running.upper[..., None]), FAR, self._hazard(running.upper)) - self._at_lower
        total = np.maximum((self._alive * -np.expm1(-span)).sum(axis=1, keepdims=True), 1e-300)
        self._alive = self._alive * self._weight / total

    def _hazard(self, age: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            log_age = np.log(age)[..., None]
        return self._family.hazard(log_age - self._scale, self._shape)

    def bad_by(self, ages: Floats) -> Floats:
        """The chance to have failed by these ages: tools x ages."""
        bad = np.zeros(ages.shape)
        step = max(1, AT_ONCE // max(self._scale.size, 1))
        for piece in range(self._running.lower.shape[1]):
            at_lower, alive = self._at_lower[:, piece : piece + 1], self._alive[:, piece : piece + 1]
            reached = np.clip(ages, self._running.lower[:, [piece]], self._running.upper[:, [piece]])
            for begin in range(0, ages.shape[1], step):
                part = slice(begin, begin + step)
                gain = np.maximum(self._hazard(reached[:, part]) - at_lower, 0.0)
                bad[:, part] -= (alive * np.expm1(-gain)).sum(axis=2)
        return np.minimum(bad, 1.0)


class _Past:
    """The chance of a failure by ages past the lower edge of each running cycle, by their logarithm."""

    def __init__(self, fitted: Fitted, running: Running):
        self._scales, self._given = fitted.grid.log_scale, _Given(fitted, running)
        self.start = running.lower[:, :1]

    def coarse(self) -> tuple[Floats, Floats]:
        """Logs of ages past the edge over all that is possible, and the chances there: tools x steps."""
        steps = np.linspace(float(self._scales.min()) - 9.0, float(self._scales.max()) + 12.0, COARSE)
        return steps, self.bad_at(np.repeat(steps[None], self.start.size, axis=0))

    def bad_at(self, log_past: Floats) -> Floats:
        """The chances at these: tools x ages."""
        return self._given.bad_by(self.start + np.exp(log_past))


class Sisters:
    """The cycles of sister tools under one family of wear: their evidence, and the posterior of each."""

    def __init__(self, cycles: Cycles, tools: int, family: Family = WEIBULL, prior: Prior = ALONE):
        """`cycles` include the running ones; tools are numbered from 0, and those without a cycle use the prior."""
        self.grid = Grid.over(cycles, family)
        self._likelihood = log_likelihood(cycles, self.grid, tools)
        self._end = _end(cycles, self.grid) * tools / (tools + END_HALF)
        self.prior = prior
        self.kind = self._sampled(prior)

    @property
    def evidence(self) -> float:
        """Log evidence of the cycles. Only differences matter."""
        return self.kind.evidence

    def _sampled(self, prior: Prior) -> Kind:
        end = None if prior.scale is not None else np.exp(self._end)
        return sampled(self._likelihood, end, END_WEIGHT, self.grid.axes, prior)

    def under(self, prior: Prior) -> "Sisters":
        """The same cycles with another prior of the type."""
        other = copy(self)
        other.prior = prior
        other.kind = self._sampled(prior)
        return other

    def fitted(self) -> Fitted:
        """The posterior of each tool: averaged over the draws of the type's normal."""
        return Fitted(self.grid, self.kind.weight, self.evidence)

    def as_known(self, cycles: Cycles, prior: Prior = ALONE) -> "Sisters":
        """The same tools with only these of their cycles, as known at an earlier time, on the same grid."""
        other = copy(self)
        other._likelihood = log_likelihood(cycles, self.grid, self._likelihood.shape[0])
        other._end = _end(cycles, self.grid) * self._likelihood.shape[0] / (self._likelihood.shape[0] + END_HALF)
        other.prior = prior
        other.kind = other._sampled(prior)
        return other

    def later_score(self, early: "Sisters") -> float:
        """The log chance that `early`, which knew less of the same tools, gave to all that is known now."""
        later = self._likelihood - early._likelihood
        top = later.max(axis=1, keepdims=True)
        chance = (early.kind.weight * np.exp(later - top)).sum(axis=1)
        return float((np.log(np.maximum(chance, 1e-300)) + top[:, 0]).sum())

    def alike(self) -> Fitted:
        """The fit with one scale and shape for the whole type: a yardstick, not a forecast."""
        together = self._likelihood.sum(axis=0) + self._end
        weight = np.exp(together - together.max())
        tools = self._likelihood.shape[0]
        return Fitted(self.grid, np.repeat(weight[None] / weight.sum(), tools, axis=0), self.evidence)


def fit(cycles: Cycles, groups: Sequence[int], family: Family = WEIBULL) -> dict[int, tuple[Whole, Fitted]]:
    """Fit all tools; `groups` gives the type of each tool. Returns {type: (its tools, their posteriors)}."""
    group = np.asarray(groups, np.int64)
    fitted: dict[int, tuple[Whole, Fitted]] = {}
    for kind in np.unique(group):
        members = np.flatnonzero(group == kind)
        fitted[int(kind)] = members, Sisters(cycles.of_tools(members), members.size, family).fitted()
    return fitted


def _end(cycles: Cycles, grid: Grid) -> Floats:
    """Log likelihood of a pseudo sister that failed between BEGIN and END times the longest age on record.

    Without it, a type with few failures has no upper end, and its windows open too late; and one whose first quals failed
    could be said to fail at once.
    """
    if cycles.longest <= 0:
        return np.zeros(grid.points.shape[0])
    low, high = grid.hazard([BEGIN * cycles.longest, END * cycles.longest])
    ended: Floats = -low + np.log(np.maximum(-np.expm1(low - high), 1e-300))
    return ended
