"""Forecast scores: coverage of windows with outcomes known only between two quals, Brier score, calibration."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from fabwatch.stats.cycles import Floats

BINS = 200
REACH, GRID = 2.0, 41
"""Both logarithms of a beta distribution go from -REACH to REACH in GRID steps."""
DRAWS = 60


@dataclass(frozen=True)
class Landed:
    """Where outcomes landed in their own forecasts: the share between two edges, before and after them."""

    held: float
    early: float
    late: float
    held_low: float
    held_high: float
    """The 90 % range of `held` when whole clusters (tools) are resampled: many outcomes of few tools say little."""


def landed(low: ArrayLike, high: ArrayLike, edges: tuple[float, float], cluster: ArrayLike, seed: int = 0) -> Landed:
    """Where outcomes landed, when only bounds of them are known.

    For each outcome, the forecast gave a chance between `low` and `high` to have come by then (high = 1: not yet). Under a
    calibrated forecast these spread evenly between 0 and 1. Fits the most likely beta distribution: it covers early and
    late outcomes and windows too wide or too narrow; a free shape (Turnbull's) would pile up at the ends of wide bounds.
    Outcomes still open do not bias the result.
    Sources: probability integral transform, A. P. Dawid, J. R. Stat. Soc. A 147 (1984); its beta distribution, T. Gneiting
    and R. Ranjan, Electron. J. Stat. 7 (2013); cluster bootstrap, C. Field and A. Welsh, J. R. Stat. Soc. B 69 (2007).
    Raises ValueError without any outcome.
    """
    lows, highs = np.asarray(low, float), np.asarray(high, float)
    if not lows.size:
        raise ValueError("no outcome")
    below = _betas()
    highs = np.minimum(np.maximum(highs, lows + 1e-4), 1.0)
    lows = np.minimum(lows, highs - 1e-4)
    logs = np.log(np.maximum(_at(below, highs) - _at(below, lows), 1e-12))
    early, until = _at(below, np.array(edges))
    held = until - early
    best = int(np.argmax(logs.sum(axis=0)))
    _, which = np.unique(np.asarray(cluster), return_inverse=True)
    random, clusters = np.random.default_rng(seed), int(which.max()) + 1
    # One row per cluster: resampling clusters is then a small product.
    by_cluster = np.zeros((clusters, logs.shape[1]))
    np.add.at(by_cluster, which, logs)
    times = random.multinomial(clusters, np.full(clusters, 1 / clusters), size=DRAWS)
    resampled = held[np.argmax(times @ by_cluster, axis=1)]
    low_share, high_share = np.quantile(resampled, (0.05, 0.95))
    return Landed(float(held[best]), float(early[best]), float(1 - until[best]), float(low_share), float(high_share))


@cache
def _betas() -> Floats:
    """The distribution functions of all beta distributions of the grid, at the BINS + 1 bounds: bounds x distributions."""
    logs = np.linspace(-REACH, REACH, GRID)
    first, second = (np.exp(axis).ravel() for axis in np.meshgrid(logs, logs, indexing="ij"))
    # Integrate each bin on points that are dense at both ends, where the density may rise without bound.
    fine = (1 - np.cos(np.linspace(0, np.pi, 8 * BINS + 1))) / 2
    middle = (fine[1:] + fine[:-1]) / 2
    mass = np.exp(np.outer(np.log(middle), first - 1) + np.outer(np.log1p(-middle), second - 1)) * np.diff(fine)[:, None]
    total = np.vstack([np.zeros(first.size), np.cumsum(mass, axis=0)])
    total /= total[-1]
    bounds = np.linspace(0, 1, BINS + 1)
    return np.column_stack([np.interp(bounds, fine, column) for column in total.T])


def _at(below: Floats, places: Floats) -> Floats:
    """The distribution functions at any places: places x distributions."""
    bin_of = np.minimum((places * BINS).astype(int), BINS - 1)
    part = (places * BINS - bin_of)[:, None]
    shares: Floats = below[bin_of] * (1 - part) + below[bin_of + 1] * part
    return shares


def brier(forecast: ArrayLike, outcome: ArrayLike) -> float:
    """Mean squared difference between the forecast chance and the outcome (0 or 1).

    Source: G. W. Brier, Mon. Weather Rev. 78 (1950).
    """
    return float(np.mean((np.asarray(forecast, float) - np.asarray(outcome, float)) ** 2))


def tenths(forecast: ArrayLike, outcome: ArrayLike) -> list[tuple[float, float, int, float, float]]:
    """The calibration table: (from, to, count, mean forecast, share that came) for each tenth with any forecast."""
    chances, outcomes = np.asarray(forecast, float), np.asarray(outcome, float)
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
