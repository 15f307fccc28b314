"""Constants of control charts, computed from the normal distribution instead of typed from a table."""

import math
from functools import cache

import numpy as np

REACH, STEPS, NODES = 8.5, 3401, 120
"""The normal distribution is integrated from -REACH to REACH: beyond it lies less than 1e-16."""


@cache
def c4(n: int) -> float:
    """Mean of the standard deviation of a sample of n >= 2 readings, in sigma.

    Source: D. C. Montgomery, Introduction to Statistical Quality Control, 7th ed., appendix VI.
    """
    _at_least_two(n)
    return math.sqrt(2 / (n - 1)) * math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2))


@cache
def d2(n: int) -> float:
    """Mean of the range of n >= 2 readings, in sigma. Source: L. H. C. Tippett, Biometrika 17 (1925) 364."""
    _at_least_two(n)
    x, below = _normal()
    return float(np.trapezoid(1 - below**n - (1 - below) ** n, x))


@cache
def d3(n: int) -> float:
    """Standard deviation of the range of n >= 2 readings, in sigma. Source: Tippett as above, its double integral."""
    _at_least_two(n)
    from scipy.special import ndtr

    # E[R^2] = 2 * integral over x < y of 1 - F(y)^n - (1 - F(x))^n + (F(y) - F(x))^n.
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    x = REACH * nodes
    half = (REACH - x) / 2
    upper = ndtr(x[:, None] + half[:, None] * (nodes + 1))
    lower = ndtr(x)[:, None]
    inner = (1 - upper**n - (1 - lower) ** n + (upper - lower) ** n) @ weights * half
    return math.sqrt(max(2 * float(weights @ inner) * REACH - d2(n) ** 2, 0.0))


def chi_mean(df: float) -> float:
    """Mean of a standard deviation with `df` degrees of freedom, in sigma: c4 where these are no whole number."""
    return math.sqrt(2 / df) * math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2))


def df_of_moving_range(n: int) -> float:
    """Degrees of freedom of the mean moving range of n >= 2 readings as an estimate of sigma.

    Source: J. D. Cryer and T. P. Ryan, Journal of Quality Technology 22 (1990) 187: its variance.
    """
    _at_least_two(n)
    return (n - 1) ** 2 / (2 * (0.8264 * n - 1.082))


def range_limits(n: int) -> tuple[float, float]:
    """D3 and D4: the lower and upper three-sigma limits of a range chart, in mean ranges."""
    part = 3 * d3(n) / d2(n)
    return max(1 - part, 0.0), 1 + part


def deviation_limits(n: int) -> tuple[float, float]:
    """B3 and B4: the lower and upper three-sigma limits of a chart of standard deviations, in their mean."""
    part = 3 * math.sqrt(1 - c4(n) ** 2) / c4(n)
    return max(1 - part, 0.0), 1 + part


@cache
def _normal() -> tuple[np.ndarray, np.ndarray]:
    from scipy.special import ndtr

    x = np.linspace(-REACH, REACH, STEPS)
    return x, np.asarray(ndtr(x), float)


def _at_least_two(n: int) -> None:
    if n < 2:
        raise ValueError(f"a spread needs at least 2 readings (got {n})")
