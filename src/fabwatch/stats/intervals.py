"""Confidence intervals of shares."""

from collections.abc import Callable

import numpy as np

MANY = 1_000
STEPS = 60
"""Bisection steps for a bound: more than double precision needs."""


def of_share(hits: int, of: int, coverage: float = 0.9) -> tuple[float, float]:
    """The exact confidence interval of a share, from `hits` of `of` (at least 1): low and high, in [0, 1].

    Both tails hold (1 - coverage) / 2 at most. Source: C. Clopper and E. S. Pearson, Biometrika 26 (1934) 404.
    """
    if not 0 <= hits <= of or of < 1:
        raise ValueError(f"hits must be between 0 and the total, and the total at least 1 (got {hits} of {of})")
    tail = (1 - coverage) / 2
    if of > MANY:
        # The same as quantiles of beta distributions, whose time does not grow with the count.
        from scipy.special import betaincinv

        lowest = float(betaincinv(hits, of - hits + 1, tail)) if hits else 0.0
        return lowest, float(betaincinv(hits + 1, of - hits, 1 - tail)) if hits < of else 1.0
    low = 0.0 if hits == 0 else _where(lambda p: 1 - _at_most(hits - 1, of, p) < tail)
    high = 1.0 if hits == of else _where(lambda p: _at_most(hits, of, p) > tail)
    return low, high


def _where(below: Callable[[float], bool]) -> float:
    """The share up to which `below` holds."""
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2


def _at_most(hits: int, of: int, p: float) -> float:
    """Chance of at most `hits` of `of` at a chance of p each."""
    if p <= 0.0 or p >= 1.0:
        return 1.0 if p <= 0.0 or hits >= of else 0.0
    k = np.arange(1, hits + 1)
    ways = np.concatenate(([0.0], np.cumsum(np.log(of - k + 1) - np.log(k))))
    return float(np.exp(ways + np.arange(hits + 1) * np.log(p) + (of - np.arange(hits + 1)) * np.log1p(-p)).sum())
