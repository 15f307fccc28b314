"""How forecasts turned out: coverage of windows whose outcome is known only between two looks, Brier, calibration."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
BINS, STEPS = 40, 300


def landed(low: ArrayLike, high: ArrayLike, edges: Sequence[float]) -> list[float]:
    """The share of outcomes that came below each of the `edges` of their own forecast.

    Of each outcome it is known that the forecast had given it a chance between `low` and `high` to have come by then
    (high = 1: it has not come yet). A forecast that is right makes them land evenly: the share below 0.1 is 0.1. The shares
    are those of the self-consistent estimate for interval-censored values, so that open outcomes neither flatter nor blame.
    Source: B. W. Turnbull, J. R. Stat. Soc. B 38 (1976); probability integral transform, A. P. Dawid, J. R. Stat. Soc. A 147
    (1984). Returns NaN-free shares; raises ValueError without any outcome.
    """
    lows, highs = np.asarray(low, float), np.asarray(high, float)
    if not lows.size:
        raise ValueError("no outcome")
    bounds = np.linspace(0.0, 1.0, BINS + 1)
    highs = np.maximum(highs, lows + 1e-9)
    inside = np.clip(np.minimum(bounds[1:], highs[:, None]) - np.maximum(bounds[:-1], lows[:, None]), 0.0, None)
    inside[inside.sum(axis=1) <= 0, -1] = 1.0
    share = np.full(BINS, 1.0 / BINS)
    for _ in range(STEPS):
        joint = inside * share
        share = (joint / joint.sum(axis=1, keepdims=True)).mean(axis=0)
    below = np.concatenate([[0.0], np.cumsum(share)])
    return [float(np.interp(edge, bounds, below)) for edge in edges]


def brier(said: ArrayLike, came: ArrayLike) -> float:
    """Mean squared difference between the chance that was said and what came (0 or 1).

    Source: G. W. Brier, Mon. Weather Rev. 78 (1950).
    """
    return float(np.mean((np.asarray(said, float) - np.asarray(came, float)) ** 2))


def tenths(said: ArrayLike, came: ArrayLike) -> list[tuple[float, float, int, float, float]]:
    """The calibration table: (from, to, how many, mean said, share that came) for each tenth that any forecast fell in."""
    chances, outcomes = np.asarray(said, float), np.asarray(came, float)
    which = np.minimum((chances * 10).astype(int), 9)
    return [
        (
            n / 10,
            (n + 1) / 10,
            int((which == n).sum()),
            float(chances[which == n].mean()),
            float(outcomes[which == n].mean()),
        )
        for n in range(10)
        if (which == n).any()
    ]
