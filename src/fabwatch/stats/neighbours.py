"""How far a run is from the good ones: nearest neighbours on centred, scaled features.

Distance to the nearest neighbours as a measure of novelty: Ramaswamy, Rastogi and Shim 2000; for tool traces He and Wang
2007 (FD-kNN). Centred per regime, scaled by a robust spread, each run compared without itself.
"""

from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 3
WITHIN = 5
"""A regime has its own centre with more good runs than this."""
FEWEST = 10
"""Good runs needed to judge any run."""
LIMIT = 2.5
"""Robust standard deviations of the logarithm of good scores above their median: about 0.6 % of good runs lie above."""
MAD = 1.4826
FAR = 30.0
"""One feature counts at most this many robust standard deviations."""
TRIM = 0.2
"""Share of the runs at either end that is clipped for the spread."""


@dataclass(frozen=True)
class Judged:
    """Distance of each run from the good ones, the limit, and the distance of each feature."""

    scores: np.ndarray
    limit: float
    z: np.ndarray
    """(runs, features): departure from the centre of the regime, in robust standard deviations of good runs."""
    centres: np.ndarray
    """(runs, features): the centre that each run is compared with."""


def judge(features: np.ndarray, regimes: np.ndarray, good: np.ndarray) -> Judged:
    """Score runs by their mean distance to the nearest good ones, each without itself.

    Features (runs, features) without NaN, regimes (runs,) as codes, good (runs,) whether a run may serve as reference.
    Needs FEWEST good runs; a constant feature does not count.
    """
    if good.sum() < FEWEST:
        raise ValueError(f"need at least {FEWEST} good runs, have {int(good.sum())}")
    centres = _centres(features, regimes, good, without_itself=True)
    placed = features - _centres(features, regimes, good, without_itself=False)
    scale = _spread(placed[good])
    unit = np.where(scale > 0, scale, np.inf)
    z = (features - centres) / unit
    scores = _distances(features / unit, z, placed / unit, regimes, good)
    return Judged(scores, _limit(scores[good]), z, centres)


def reference(features: np.ndarray, regimes: np.ndarray) -> np.ndarray:
    """Which runs serve as reference when nobody has chosen any: those near the median of their regime.

    Medians and median departures keep a fault shared by a fifth of the runs from becoming the reference.
    """
    departures = np.empty_like(features)
    for regime in np.unique(regimes):
        inside = regimes == regime
        chosen = inside if inside.sum() > WITHIN else np.ones(len(regimes), bool)
        departures[inside] = features[inside] - np.median(features[chosen], axis=0)
    scale = _spread(departures)
    z = np.minimum(np.abs(departures) / np.where(scale > 0, scale, np.inf), FAR)
    scores = np.sqrt((z * z).sum(axis=1))
    good = scores <= _limit(scores)
    return good if good.sum() >= max(FEWEST, len(features) // 2) else np.ones(len(features), bool)


def _centres(features: np.ndarray, regimes: np.ndarray, good: np.ndarray, *, without_itself: bool) -> np.ndarray:
    """The mean of the good runs of the same regime; of all good runs where those are few."""
    centres = np.empty_like(features)
    for regime in np.unique(regimes):
        inside = regimes == regime
        chosen = inside & good
        if chosen.sum() <= WITHIN:
            chosen = good
        total, count = features[chosen].sum(axis=0), chosen.sum()
        own = (inside & chosen)[inside][:, None] * without_itself
        centres[inside] = (total - features[inside] * own) / (count - own)
    return centres


def _spread(departures: np.ndarray) -> np.ndarray:
    """A robust spread of each feature around its centres, at least half the plain one: counters have a MAD of 0."""
    mad = MAD * np.median(np.abs(departures), axis=0)
    low, high = np.quantile(departures, (TRIM, 1 - TRIM), axis=0)
    plain = np.clip(departures, low, high).std(axis=0)
    spread = np.maximum(mad, plain / 2)
    spread = np.where(spread > 0, spread, departures.std(axis=0))
    return np.where(spread > 1e-9 * np.maximum(np.abs(departures).max(axis=0), 1e-300), spread, 0.0)


def _distances(scaled: np.ndarray, z: np.ndarray, placed: np.ndarray, regimes: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Mean distance to the nearest good runs. Runs of one regime are compared directly: the centre cancels."""
    distances = np.empty(len(z))
    good_runs = np.flatnonzero(good)
    for run in range(len(z)):
        others = good_runs[good_runs != run]
        same = regimes[others] == regimes[run]
        square = np.where(
            same,
            ((scaled[others] - scaled[run]) ** 2).sum(axis=1),
            ((placed[others] - z[run]) ** 2).sum(axis=1),
        )
        nearest = np.partition(square, NEIGHBOURS - 1)[:NEIGHBOURS]
        distances[run] = np.sqrt(nearest).mean()
    return distances


def _limit(scores: np.ndarray) -> float:
    logs = np.log(np.maximum(scores, 1e-300))
    middle = np.median(logs)
    return float(np.exp(middle + LIMIT * MAD * np.median(np.abs(logs - middle))))
