"""Empirical-Bayes wear: sister tools share strength, on a fixed grid.

A cycle runs from a restore to the failure that a qual found, or to the last good qual when none has failed. Of the hidden
failure only an interval is known, or, when quals can err, a weight for each interval between two quals. Each tool has its
own scale and shape; those of sister tools are drawn from one bivariate normal in the logarithms, which is fitted by EM, its
uncertainty by a Bayesian bootstrap over the tools. The grid turns all integrals into sums, so no optimiser can diverge.

Sources: interval-censored likelihood, B. W. Turnbull, J. R. Stat. Soc. B 38 (1976); empirical Bayes, B. Efron and C. Morris,
J. Am. Stat. Assoc. 70 (1975); EM, A. Dempster et al., J. R. Stat. Soc. B 39 (1977); Bayesian bootstrap, D. Rubin, Ann. Stat.
9 (1981).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from fabwatch.stats.cycles import Cycles, Floats, Running, Whole
from fabwatch.stats.distributions import FAR, WEIBULL, Family

SCALES, SHAPES = 44, 18
SHAPE_RANGE = (0.45, 9.0)
EM_STEPS, BOOTSTRAPS = 25, 12
CHUNK = 1024
COARSE, HALVINGS = 56, 12
SHAPE_MEAN, SHAPE_WEIGHT = np.log(1.7), 0.4
"""Prior mean of the log shape (mild wear), and its weight in tools."""
SPREAD = np.array([0.35, 0.25])
SPREAD_WEIGHT = 2.0
"""Prior spread of log scale and log shape among sisters, and its weight in tools."""
END, END_WEIGHT = 1.5, 3.0
"""A pseudo sister failed by this many times the longest age on record; its weight in tools."""
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

    That of a cycle is the log of the sum over its pieces of weight (S(lower) - S(upper)).
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
        logs = -lower + np.log(np.maximum(-np.expm1(-gain), 1e-300)) + np.log(cycles.weight[part])[:, None]
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

    def bad_by(self, age: ArrayLike, running: Running) -> Floats:
        """Chance that the running cycle of each tool has failed by `age`, given its quals: one per tool.

        The weights have to include the running cycle.
        """
        return self._bad_by(np.asarray(age, float), running, self._conditioned(running))

    def _conditioned(self, running: Running) -> tuple[Floats, Floats, Floats]:
        """Per tool, piece and point: hazard at the lower edge, the weight there, and the chance of all quals."""
        at_lower = self.grid.hazard(running.lower)
        # Relative to the first piece, to keep precision.
        alive = running.weight[..., None] * np.exp(at_lower[:, :1] - at_lower)
        span = np.where(np.isinf(running.upper[..., None]), FAR, self.grid.hazard(running.upper)) - at_lower
        return at_lower, alive, np.maximum((alive * -np.expm1(-span)).sum(axis=1), 1e-300)

    def _bad_by(self, age: Floats, running: Running, conditioned: tuple[Floats, Floats, Floats]) -> Floats:
        at_lower, alive, total = conditioned
        reached = np.clip(age[:, None], running.lower, running.upper)
        gain = np.maximum(self.grid.hazard(reached) - at_lower, 0.0)
        failed = (alive * -np.expm1(-gain)).sum(axis=1)
        chance: Floats = np.minimum((self.weight * failed / total).sum(axis=1), 1.0)
        return chance

    def failure_age(self, running: Running, chance: float) -> Floats:
        """The age by which the hidden failure of the running cycle has come with `chance`: one per tool."""
        age: Floats = self.failure_ages(running, [chance])[:, 0]
        return age

    def failure_ages(self, running: Running, chances: Sequence[float]) -> Floats:
        """The ages by which the hidden failure of the running cycle has come with each of the chances: tools x chances.

        A coarse curve first, then bisection between two of its points.
        """
        conditioned, start = self._conditioned(running), running.lower[:, :1]
        steps = np.linspace(float(self.grid.log_scale.min()) - 9.0, float(self.grid.log_scale.max()) + 12.0, COARSE)

        def bad_at(log_past: Floats) -> Floats:
            ages = start + np.exp(log_past)
            return np.column_stack([self._bad_by(age, running, conditioned) for age in ages.T])

        curve = bad_at(np.repeat(steps[None], start.size, axis=0))
        targets = np.asarray(chances, float)
        cell = np.clip((curve[:, :, None] < targets).sum(axis=1), 1, COARSE - 1)
        low, high = steps[cell - 1], steps[cell]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            early = bad_at(middle) < targets
            low, high = np.where(early, middle, low), np.where(early, high, middle)
        ages: Floats = start + np.exp((low + high) / 2)
        return ages


class Sisters:
    """The cycles of sister tools under one family of wear: their evidence, and the posterior of each."""

    def __init__(self, cycles: Cycles, tools: int, family: Family = WEIBULL):
        """`cycles` include the running ones; tools are numbered from 0, and those without a cycle use the prior."""
        self.grid = Grid.over(cycles, family)
        self._tools = tools
        likelihood = log_likelihood(cycles, self.grid, tools)
        self._with_pseudo = np.vstack([likelihood, _end(cycles, self.grid) * tools / (tools + END_HALF)])
        top = self._with_pseudo.max(axis=1, keepdims=True)
        self._scaled = np.exp(self._with_pseudo - top)
        share = np.append(np.ones(tools), END_WEIGHT)
        self._middle = _em(self._scaled, self.grid, share, _Normal.wide(self.grid), EM_STEPS)
        density = self._middle.density(self.grid)
        marginal = np.log((self._scaled[:tools] * density).sum(axis=1) / density.sum()) + top[:tools, 0]
        self.evidence = float(marginal.sum())

    def fitted(self, seed: int = 0) -> Fitted:
        """The posterior of each tool: averaged over BOOTSTRAPS draws of the type's normal."""
        random, tools = np.random.default_rng(seed), self._tools
        total = np.zeros((tools, self.grid.points.shape[0]))
        for _ in range(BOOTSTRAPS):
            # Dirichlet weights over the tools: another sample of tools could have been on record.
            luck = np.asarray(random.exponential(size=tools))
            share = np.append(luck * tools / max(float(luck.sum()), 1e-9), END_WEIGHT)
            drawn = _em(self._scaled, self.grid, share, self._middle, EM_STEPS // 3)
            total += _posterior(self._scaled[:tools], drawn.moved(random, tools), self.grid)
        return Fitted(self.grid, total / BOOTSTRAPS, self.evidence)

    def alike(self) -> Fitted:
        """The fit with one scale and shape for the whole type: a yardstick, not a forecast."""
        together = self._with_pseudo.sum(axis=0)
        weight = np.exp(together - together.max())
        return Fitted(self.grid, np.repeat(weight[None] / weight.sum(), self._tools, axis=0), self.evidence)


def fit(cycles: Cycles, groups: Sequence[int], family: Family = WEIBULL, seed: int = 0) -> dict[int, tuple[Whole, Fitted]]:
    """Fit all tools; `groups` gives the type of each tool. Returns {type: (its tools, their posteriors)}."""
    group = np.asarray(groups, np.int64)
    fitted: dict[int, tuple[Whole, Fitted]] = {}
    for kind in np.unique(group):
        members = np.flatnonzero(group == kind)
        fitted[int(kind)] = members, Sisters(cycles.of_tools(members), members.size, family).fitted(seed)
    return fitted


def _end(cycles: Cycles, grid: Grid) -> Floats:
    """Log likelihood of a pseudo sister that failed within END times the longest age on record.

    Without it, a type with few failures has no upper end, and its windows open too late.
    """
    if cycles.longest <= 0:
        return np.zeros(grid.points.shape[0])
    ended: Floats = np.log(np.maximum(-np.expm1(-grid.hazard([END * cycles.longest])[0]), 1e-300))
    return ended


@dataclass(frozen=True)
class _Normal:
    mean: Floats
    covariance: Floats

    @classmethod
    def wide(cls, grid: Grid) -> "_Normal":
        mean = np.array([grid.log_scale.mean(), SHAPE_MEAN])
        return cls(mean, np.diag([grid.log_scale.std() ** 2, 0.5**2]))

    def density(self, grid: Grid) -> Floats:
        off = grid.points - self.mean
        inverse = np.linalg.inv(self.covariance)
        log: Floats = -0.5 * ((off @ inverse) * off).sum(axis=1)
        dense: Floats = np.exp(log - log.max()) + 1e-300
        return dense

    def moved(self, random: np.random.Generator, tools: int) -> "_Normal":
        """The mean moved by its standard error, which the bootstrap underestimates for few tools."""
        return _Normal(random.multivariate_normal(self.mean, self.covariance / (tools + 1)), self.covariance)


def _posterior(scaled: Floats, normal: _Normal, grid: Grid) -> Floats:
    joint = scaled * normal.density(grid)
    summed: Floats = joint / joint.sum(axis=1, keepdims=True)
    return summed


def _em(scaled: Floats, grid: Grid, share: Floats, normal: _Normal, steps: int) -> _Normal:
    points = grid.points
    products = np.column_stack([points[:, 0] ** 2, points[:, 0] * points[:, 1], points[:, 1] ** 2])
    total = share.sum()
    for _ in range(steps):
        mixed = share @ _posterior(scaled, normal, grid)
        first = mixed @ points
        mean = np.array([first[0] / total, (first[1] + SHAPE_WEIGHT * SHAPE_MEAN) / (total + SHAPE_WEIGHT)])
        across = mixed @ products
        second = np.array([[across[0], across[1]], [across[1], across[2]]])
        scatter = second - np.outer(first, mean) - np.outer(mean, first) + total * np.outer(mean, mean)
        prior = np.diag(SPREAD**2) * SPREAD_WEIGHT
        normal = _Normal(mean, (scatter + prior) / (total + SPREAD_WEIGHT))
    return normal
