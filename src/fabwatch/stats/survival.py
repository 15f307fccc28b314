"""Survival of a tool between restores, and where a hidden failure began."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Survival = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def weibull_survival(shape: float, scale: float) -> Survival:
    """The Weibull survival function S(a) = exp(-(a / scale)^shape).

    `shape` has no unit, `scale` is in the unit of the age (wafers); the function takes and returns arrays of one shape.
    Source: W. Weibull, A statistical distribution function of wide applicability, J. Appl. Mech. 18 (1951).
    """

    def survival(age: NDArray[np.float64]) -> NDArray[np.float64]:
        survived: NDArray[np.float64] = np.exp(-np.power(np.asarray(age, dtype=float) / scale, shape))
        return survived

    return survival


def no_wear(age: NDArray[np.float64]) -> NDArray[np.float64]:
    """Survival without any assumption on wear: every wafer is equally likely to be the first bad one.

    The limit of `weibull_survival(1, scale)` for a large scale, up to a factor; only differences of it matter.
    """
    return -np.asarray(age, dtype=float)


def fault_began(ages: ArrayLike, sensitivity: float, survival: Survival = no_wear) -> NDArray[np.float64]:
    """The chance that a fault detected at the last qual began in each interval between quals.

    `ages` are the n + 1 ages, rising, in wafers: the restore (or the first move), then every qual, of which the last one
    failed and all others passed. `sensitivity` in (0, 1] is the chance that a qual detects a fault. Returns n
    chances that sum to 1: P(i) is proportional to [S(a_{i-1}) - S(a_i)] (1 - s)^(quals passed since). Intervals without
    a wafer get none; when no interval has a wafer the last one gets all. Raises ValueError for ages that fall or a
    sensitivity outside (0, 1].
    Source: Bayes' rule on interval-censored failure times; the thinning (1 - s)^k of repeated imperfect inspection is
    as in R. E. Barlow and F. Proschan, Mathematical Theory of Reliability (1965), chapter 4.
    """
    age = np.asarray(ages, dtype=float)
    if age.ndim != 1 or age.size < 2 or np.any(np.diff(age) < 0):
        raise ValueError("ages must be at least two, and rising")
    if not 0 < sensitivity <= 1:
        raise ValueError(f"sensitivity must be above 0, up to 1 (got {sensitivity})")
    survived = survival(age)
    missed = (1.0 - sensitivity) ** np.arange(age.size - 2, -1, -1, dtype=float)
    weight = (survived[:-1] - survived[1:]) * missed
    total = weight.sum()
    if not total > 0:
        weight, total = (np.arange(age.size - 1) == age.size - 2).astype(float), 1.0
    chances: NDArray[np.float64] = weight / total
    return chances
