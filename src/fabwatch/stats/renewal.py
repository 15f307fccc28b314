"""The cost of checking a tool every T wafers: renewal-reward over the cycles of a Weibull wear."""

from dataclasses import dataclass
from math import gamma

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TERMS, POINTS = 300, 300
"""So many looks of a cycle are summed one by one, and so many points make up the integral of the rest."""
GONE = 40.0
"""A cumulative hazard from which nothing survives that could matter."""


@dataclass(frozen=True)
class Costs:
    """What things cost, all in one currency: a qual, a wafer contained, a bad wafer, a failure, a false alarm."""

    qual: float
    contain: float
    scrap: float
    fail: float
    false: float


def expected_looks(every: Floats, scale: Floats, shape: Floats) -> Floats:
    """A = sum over j >= 0 of S(j T): the looks of a cycle up to the first that could see the failure, plus one.

    Arrays broadcast against each other; scale and T in one unit. The first TERMS looks are summed one by one, the smooth
    rest is an integral by the midpoint rule, taken in the logarithm of j.
    """
    every, scale, shape = np.broadcast_arrays(np.asarray(every, float), np.asarray(scale, float), np.asarray(shape, float))
    step = every / scale
    total = np.ones(step.shape)
    for j in range(1, TERMS):
        term = np.exp(-np.minimum((j * step) ** shape, GONE))
        total = total + term
        if float(term.max(initial=0.0)) < 1e-12:
            return total
    begin = np.log(TERMS - 0.5)
    finish = np.maximum(np.log(GONE) / shape - np.log(step), begin)
    part = np.linspace(0.0, 1.0, POINTS)
    at = begin + (finish - begin)[..., None] * part
    height = np.exp(at - np.minimum(np.exp(shape[..., None] * (at + np.log(step)[..., None])), GONE))
    rest: Floats = np.trapezoid(height, part, axis=-1) * (finish - begin)
    return np.asarray(total + rest)


def cost_per_wafer(
    every: Floats, scale: Floats, shape: Floats, costs: Costs, sensitivity: float = 1.0, false_alarm: float = 0.0
) -> Floats:
    """Long-run cost per wafer of a check every `every` wafers, under a Weibull wear; arrays broadcast.

    C(T) = [c_qual n + c_false f (A - 1) + c_contain T / s + c_scrap bad + c_fail] / len, with A as in `expected_looks`,
    n = A + (1 - s) / s looks, len = T n wafers from restore to detection, bad = len - E[X] of them after the failure.
    Source: renewal-reward theorem for periodic inspection, R. E. Barlow and F. Proschan, Mathematical Theory of
    Reliability (1965), chapter 4.
    """
    looks = expected_looks(every, scale, shape)
    mean = np.broadcast_to(scale * np.vectorize(gamma)(1 + 1 / np.asarray(shape, float)), looks.shape)
    checks = looks + (1 - sensitivity) / sensitivity
    length = every * checks
    bad = np.maximum(length - mean, 0.0)
    spent = costs.qual * checks + costs.false * false_alarm * (looks - 1) + costs.contain * every / sensitivity
    cost: Floats = (spent + costs.scrap * bad + costs.fail) / length
    return cost
