"""The cost of checking a tool every T wafers: renewal-reward over the cycles of its wear."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fabwatch.stats.cycles import Floats
from fabwatch.stats.distributions import WEIBULL, Family

TERMS, POINTS = 300, 300
"""Quals of a cycle that are summed one by one, and points of the integral over the rest."""
TABLED = np.arange(-9.0, 7.0, 0.02)
"""The log(T / scale) of the table of quals."""
GONE = 40.0
"""A cumulative hazard at which survival is negligible."""


@dataclass(frozen=True)
class Costs:
    """Costs in one currency: a qual, a wafer contained, a bad wafer, a failure, a false alarm."""

    qual: float
    contain: float
    scrap: float
    fail: float
    false: float


def expected_quals(every: Floats, scale: Floats, shape: Floats, family: Family = WEIBULL) -> Floats:
    """A = sum over j >= 0 of S(j T): the quals of a cycle up to the first that could detect the failure, plus one.

    Arrays broadcast against each other; scale and T in one unit. The first TERMS quals are summed one by one; the
    smooth rest is an integral by the trapezoidal rule in the logarithm of j.
    """
    every, scale, shape = np.broadcast_arrays(np.asarray(every, float), np.asarray(scale, float), np.asarray(shape, float))
    log_step, log_shape = np.log(every / scale), np.log(shape)
    total = np.ones(log_step.shape)
    for j in range(1, TERMS):
        term = np.exp(-np.minimum(family.hazard(np.log(j) + log_step, log_shape), GONE))
        total = total + term
        if float(term.max(initial=0.0)) < 1e-12:
            return total
    begin = np.log(TERMS - 0.5)
    finish = np.maximum(family.log_age(GONE, log_shape) - log_step, begin)
    part = np.linspace(0.0, 1.0, POINTS)
    at = begin + (finish - begin)[..., None] * part
    height = np.exp(at - np.minimum(family.hazard(at + log_step[..., None], log_shape[..., None]), GONE))
    rest: Floats = np.trapezoid(height, part, axis=-1) * (finish - begin)
    return np.asarray(total + rest)


def tabled_quals(log_step: Floats, log_shape: Floats, family: Family = WEIBULL) -> Floats:
    """`expected_quals` from a table, for many steps at few shapes: log(T / scale) and log shape, one row per shape.

    Interpolates linearly in the logarithms, where A is nearly straight (good to 1e-4); a step below the table has
    A = E[X] / T + 1/2.
    """
    quals = np.empty(np.broadcast_shapes(log_step.shape, log_shape.shape))
    log_step, log_shape = np.broadcast_arrays(log_step, log_shape)
    kinds = np.unique(log_shape)
    table = _table(family, tuple(kinds.tolist()))
    for kind, column in zip(kinds, table, strict=True):
        here = log_shape == kind
        quals[here] = np.exp(np.interp(log_step[here], TABLED, column))
    below = log_step < TABLED[0]
    if below.any():
        quals[below] = family.mean(log_shape[below]) / np.exp(log_step[below]) + 0.5
    return quals


@lru_cache(maxsize=8)
def _table(family: Family, log_shapes: tuple[float, ...]) -> Floats:
    shapes = np.exp(np.array(log_shapes))[:, None]
    table: Floats = np.log(expected_quals(np.exp(TABLED)[None, :], np.ones(1), shapes, family))
    return table


@dataclass(frozen=True)
class Share:
    """The long-run cost per unit of the clock: a fixed part, and a part per wafer run in that unit."""

    fixed: Floats
    per_wafer: Floats


def cost_share(
    every: Floats,
    scale: Floats,
    shape: Floats,
    costs: Costs,
    sensitivity: float = 1.0,
    false_alarm: float = 0.0,
    family: Family = WEIBULL,
    quals: Floats | None = None,
) -> Share:
    """The long-run cost of a check every `every` units of the clock; arrays broadcast.

    C(T) = [c_qual n + c_false f (A - 1) + c_contain T / s + c_scrap bad + c_fail] / len, with A as in `expected_quals`,
    n = A + (1 - s) / s quals, len = T n from restore to detection, bad = len - E[X] of it after the failure. Contained
    and bad are in wafers, so those two parts are multiplied by the wafers run per unit of the clock. `quals` is A where
    it is already known.
    Source: renewal-reward theorem for periodic inspection, R. E. Barlow and F. Proschan, Mathematical Theory of
    Reliability (1965), chapter 4.
    """
    if quals is None:
        quals = expected_quals(every, scale, shape, family)
    mean = np.broadcast_to(scale * family.mean(np.log(np.asarray(shape, float))), quals.shape)
    checks = quals + (1 - sensitivity) / sensitivity
    length = every * checks
    bad = np.maximum(length - mean, 0.0)
    fixed: Floats = (costs.qual * checks + costs.false * false_alarm * (quals - 1) + costs.fail) / length
    per_wafer: Floats = (costs.contain * every / sensitivity + costs.scrap * bad) / length
    return Share(fixed, per_wafer)


def cost_per_wafer(
    every: Floats, scale: Floats, shape: Floats, costs: Costs, sensitivity: float = 1.0, false_alarm: float = 0.0
) -> Floats:
    """Long-run cost per wafer of a check every `every` wafers, under a Weibull wear (see `cost_share`)."""
    share = cost_share(every, scale, shape, costs, sensitivity, false_alarm)
    return share.fixed + share.per_wafer
