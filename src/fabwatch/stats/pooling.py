"""Empirical-Bayes Weibull: sister tools lend one another what each has too little of, on a fixed grid.

A cycle runs from a restore to the failure that a qual found, or to the last good qual when none has failed. Of the hidden
failure only an interval is known. Each tool has its own Weibull scale and shape; those of sister tools are drawn from one
bivariate normal in the logarithms, which is fitted by EM, its uncertainty by a Bayesian bootstrap over the tools. The grid
makes all integrals sums: there is no optimiser that could diverge.

Sources: interval-censored likelihood, B. W. Turnbull, J. R. Stat. Soc. B 38 (1976); empirical Bayes, B. Efron and C. Morris,
J. Am. Stat. Assoc. 70 (1975); EM, A. Dempster et al., J. R. Stat. Soc. B 39 (1977); Bayesian bootstrap, D. Rubin, Ann. Stat.
9 (1981).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
SCALES, SHAPES = 44, 18
SHAPE_RANGE = (0.45, 9.0)
EM_STEPS, BOOTSTRAPS = 25, 12
CHUNK = 1024
SHAPE_MEAN, SHAPE_WEIGHT = np.log(1.7), 1.0
"""What is expected of a shape before anything is seen, and how many tools that is worth: wear, but not much of it."""
SPREAD = np.array([0.35, 0.25])
SPREAD_WEIGHT = 2.0
"""The spread of log scale and log shape among sisters before anything is seen, and how many tools that is worth."""


END, END_WEIGHT = 1.5, 3.0
"""An imagined sister has failed by so many times the longest age seen, and is worth so many tools."""


@dataclass(frozen=True)
class Cycles:
    """Cycles of many tools: tool numbers from 0, and the ages between which each failed (upper = inf: has not yet)."""

    tool: NDArray[np.int64]
    lower: Floats
    upper: Floats

    @classmethod
    def of(cls, tool: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> "Cycles":
        """Cycles from any arrays. Raises ValueError for negative or falling ages."""
        made = cls(np.asarray(tool, np.int64), np.asarray(lower, float), np.asarray(upper, float))
        if np.any(made.lower < 0) or np.any(made.upper <= made.lower) or np.any(~np.isfinite(made.lower)):
            raise ValueError("ages: 0 <= lower < upper, lower finite")
        return made


@dataclass(frozen=True)
class Grid:
    """Points of log scale and log shape on which everything is summed."""

    log_scale: Floats
    log_shape: Floats

    @classmethod
    def over(cls, cycles: Cycles) -> "Grid":
        """A grid wide enough for the ages of the cycles."""
        ages = np.concatenate([cycles.lower, cycles.upper])
        ages = ages[np.isfinite(ages) & (ages > 0)]
        low, high = (float(ages.min()), float(ages.max())) if ages.size else (1.0, 1.0)
        scales = np.linspace(np.log(max(low, high / 1e4) / 4), np.log(high * 12), SCALES)
        shapes = np.linspace(np.log(SHAPE_RANGE[0]), np.log(SHAPE_RANGE[1]), SHAPES)
        scale, shape = np.meshgrid(scales, shapes, indexing="ij")
        return cls(scale.ravel(), shape.ravel())

    @cached_property
    def points(self) -> Floats:
        """The points, one a row: log scale, log shape."""
        return np.column_stack([self.log_scale, self.log_shape])

    def hazard(self, age: ArrayLike) -> Floats:
        """Cumulative hazard (age / scale)^shape: a row an age, a column a point; infinite for an infinite age."""
        with np.errstate(divide="ignore"):
            log_age = np.log(np.asarray(age, float))[:, None]
        with np.errstate(over="ignore"):
            risen: Floats = np.exp(np.minimum(np.exp(self.log_shape) * (log_age - self.log_scale), 700.0))
        return risen


def log_likelihood(cycles: Cycles, grid: Grid, tools: int) -> Floats:
    """Log likelihood of each tool's cycles at each grid point: log of the product of S(lower) - S(upper); tools x points."""
    total = np.zeros((tools, grid.points.shape[0]))
    for start in range(0, cycles.tool.size, CHUNK):
        part = slice(start, start + CHUNK)
        lower = grid.hazard(cycles.lower[part])
        gain = grid.hazard(cycles.upper[part]) - lower
        # log(S(l) - S(u)) = -H(l) + log(1 - exp(-(H(u) - H(l)))): no small number is ever taken from a near one.
        logs = -lower + np.log(np.maximum(-np.expm1(-gain), 1e-300))
        np.add.at(total, cycles.tool[part], logs)
    return total


@dataclass(frozen=True)
class Fitted:
    """What is known of each tool: a weight at each grid point, summing to 1; tools x points."""

    grid: Grid
    weight: Floats
    evidence: dict[int, float]
    """Log evidence of each group: how well its cycles were foretold. Only differences mean something."""

    def only(self, tools: Sequence[int]) -> "Fitted":
        """What is known of some of the tools, in the order given."""
        return Fitted(self.grid, self.weight[list(tools)], self.evidence)

    def survival(self, age: ArrayLike) -> Floats:
        """Chance that a fresh cycle of each tool outlives each age: tools x ages."""
        gone: Floats = np.exp(-self.grid.hazard(np.atleast_1d(np.asarray(age, float))))
        chance: Floats = self.weight @ gone.T
        return chance

    def bad_by(self, age: ArrayLike, good_at: ArrayLike) -> Floats:
        """Chance that the running cycle of each tool has failed by `age`, given that it was good at `good_at`: one a tool.

        The weights have to include the running cycle, right-censored at `good_at`.
        """
        at, good = np.asarray(age, float), np.asarray(good_at, float)
        gain = np.maximum(self.grid.hazard(at) - self.grid.hazard(good), 0.0)
        chance: Floats = (self.weight * -np.expm1(-gain)).sum(axis=1)
        return chance

    def failure_age(self, good_at: ArrayLike, chance: float) -> Floats:
        """The age by which the hidden failure of the running cycle has come with `chance`, by bisection: one a tool."""
        good = np.asarray(good_at, float)
        low, high = np.log(good + 1e-9), np.full(good.shape, float(self.grid.log_scale.max()) + 12.0)
        for _ in range(60):
            middle = (low + high) / 2
            early = self.bad_by(np.exp(middle), good) < chance
            low, high = np.where(early, middle, low), np.where(early, high, middle)
        age: Floats = np.exp((low + high) / 2)
        return age


def fit(cycles: Cycles, groups: Sequence[int], seed: int = 0) -> Fitted:
    """Fit all tools; `groups` gives the type of each tool, and sisters of a type are pooled.

    Cycles include the running ones. Deterministic for one seed. The weights are the average of the posteriors under
    BOOTSTRAPS draws of the type's normal.
    """
    group = np.asarray(groups, np.int64)
    grid = Grid.over(cycles)
    likelihood = log_likelihood(cycles, grid, group.size)
    weight = np.empty_like(likelihood)
    evidence: dict[int, float] = {}
    random = np.random.default_rng(seed)
    for kind in np.unique(group):
        members = np.flatnonzero(group == kind)
        pooled = _pooled(likelihood[members], _ends(cycles, members, grid), grid, random)
        weight[members], evidence[int(kind)] = pooled
    return Fitted(grid, weight, evidence)


def _ends(cycles: Cycles, members: NDArray[np.int64], grid: Grid) -> Floats:
    """Log likelihood of an imagined sister that failed somewhere within END times the longest age that its type was seen at.

    Without it a type that has hardly failed has no upper end, and its windows open too late.
    """
    seen = np.isin(cycles.tool, members)
    ages = np.concatenate([cycles.lower[seen], cycles.upper[seen]])
    longest = ages[np.isfinite(ages)].max(initial=0.0)
    if longest <= 0:
        return np.zeros(grid.points.shape[0])
    ended: Floats = np.log(np.maximum(-np.expm1(-grid.hazard([END * longest])[0]), 1e-300))
    return ended


def _pooled(likelihood: Floats, ended: Floats, grid: Grid, random: np.random.Generator) -> tuple[Floats, float]:
    tools = likelihood.shape[0]
    imagined = np.vstack([likelihood, ended])
    scaled = np.exp(imagined - imagined.max(axis=1, keepdims=True))
    start = _Normal.wide(grid)
    middle = _em(scaled, grid, np.append(np.ones(tools), END_WEIGHT), start, EM_STEPS)
    total = np.zeros_like(likelihood)
    for _ in range(BOOTSTRAPS):
        # Dirichlet weights over the tools: which of them happened to be looked at might have been otherwise.
        luck = np.asarray(random.exponential(size=tools))
        share = np.append(luck * tools / max(float(luck.sum()), 1e-9), END_WEIGHT)
        drawn = _em(scaled, grid, share, middle, EM_STEPS // 3)
        total += _posterior(scaled[:tools], drawn.moved(random, tools), grid)
    density = middle.density(grid)
    foretold = np.log((scaled[:tools] * density).sum(axis=1) / density.sum()) + likelihood.max(axis=1)
    return total / BOOTSTRAPS, float(foretold.sum())


@dataclass(frozen=True)
class _Normal:
    mean: Floats
    covariance: Floats

    @classmethod
    def wide(cls, grid: Grid) -> "_Normal":
        mean = np.array([grid.log_scale.mean(), SHAPE_MEAN])
        return cls(mean, np.diag([grid.log_scale.std() ** 2, 0.5**2]))

    def density(self, grid: Grid) -> Floats:
        apart = grid.points - self.mean
        inverse = np.linalg.inv(self.covariance)
        log: Floats = -0.5 * np.einsum("gi,ij,gj->g", apart, inverse, apart)
        dense: Floats = np.exp(log - log.max()) + 1e-300
        return dense

    def moved(self, random: np.random.Generator, tools: int) -> "_Normal":
        """The mean shaken by its own standard error: what the bootstrap cannot show of a handful of tools."""
        return _Normal(random.multivariate_normal(self.mean, self.covariance / (tools + 1)), self.covariance)


def _posterior(scaled: Floats, normal: _Normal, grid: Grid) -> Floats:
    joint = scaled * normal.density(grid)
    summed: Floats = joint / joint.sum(axis=1, keepdims=True)
    return summed


def _em(scaled: Floats, grid: Grid, share: Floats, normal: _Normal, steps: int) -> _Normal:
    points = grid.points
    squares = points[:, :, None] * points[:, None, :]
    total = share.sum()
    for _ in range(steps):
        mixed = share @ _posterior(scaled, normal, grid)
        first = mixed @ points
        mean = np.array([first[0] / total, (first[1] + SHAPE_WEIGHT * SHAPE_MEAN) / (total + SHAPE_WEIGHT)])
        second = np.einsum("g,gij->ij", mixed, squares)
        scatter = second - np.outer(first, mean) - np.outer(mean, first) + total * np.outer(mean, mean)
        prior = np.diag(SPREAD**2) * SPREAD_WEIGHT
        normal = _Normal(mean, (scatter + prior) / (total + SPREAD_WEIGHT))
    return normal
