"""How far a run lies from those that are known to be good: nearest neighbours on centred, scaled features.

Distance to the nearest neighbours as a measure of novelty: Ramaswamy, Rastogi and Shim 2000; for tool traces He and Wang
2007 (FD-kNN). Centred per regime, scaled by a robust spread, each run judged without itself.
"""

from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 3
WITHIN = 5
"""A regime needs so many good runs besides the one that is judged, to have a centre of its own."""
FEWEST = 10
"""Good runs from which runs can be judged at all."""
LIMIT = 2.5
"""Robust standard deviations of the logarithm of good scores above their median: about 0.6 % of good runs lie above."""
MAD = 1.4826
FAR = 30.0
"""Robust standard deviations beyond which one feature says no more."""
TRIM = 0.2
"""Share of the runs at either end that has no say in the spread of the others."""


@dataclass(frozen=True)
class Judged:
    """How far each run lies from the good ones, the limit, and how far each of its features does."""

    scores: np.ndarray
    limit: float
    z: np.ndarray
    """(runs, features): departure from the centre of the regime, in robust standard deviations of good runs."""
    centres: np.ndarray
    """(runs, features): what each run is compared with."""


def judge(features: np.ndarray, regimes: np.ndarray, good: np.ndarray) -> Judged:
    """Score runs by their mean distance to the nearest good ones, each without itself.

    Features (runs, features) without NaN, regimes (runs,) as codes, good (runs,) whether a run may serve as reference.
    Needs FEWEST good runs; a constant feature says nothing.
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
    """Which runs may serve as reference when nobody has said so: those not far from the median of their regime.

    Medians and median departures, so that a fault that a fifth of the runs share does not vouch for itself.
    """
    apart = np.empty_like(features)
    for regime in np.unique(regimes):
        inside = regimes == regime
        chosen = inside if inside.sum() > WITHIN else np.ones(len(regimes), bool)
        apart[inside] = features[inside] - np.median(features[chosen], axis=0)
    scale = _spread(apart)
    z = np.minimum(np.abs(apart) / np.where(scale > 0, scale, np.inf), FAR)
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


def _spread(apart: np.ndarray) -> np.ndarray:
    """A robust spread of each feature around its centres, never under half the plain one: counters have a MAD of 0."""
    mad = MAD * np.median(np.abs(apart), axis=0)
    low, high = np.quantile(apart, (TRIM, 1 - TRIM), axis=0)
    plain = np.clip(apart, low, high).std(axis=0)
    found = np.maximum(mad, plain / 2)
    found = np.where(found > 0, found, apart.std(axis=0))
    return np.where(found > 1e-9 * np.maximum(np.abs(apart).max(axis=0), 1e-300), found, 0.0)


def _distances(scaled: np.ndarray, z: np.ndarray, placed: np.ndarray, regimes: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Mean distance to the nearest good runs. Two runs of one regime are compared as they are: its centre falls out."""
    found = np.empty(len(z))
    theirs = np.flatnonzero(good)
    for run in range(len(z)):
        others = theirs[theirs != run]
        same = regimes[others] == regimes[run]
        square = np.where(
            same,
            ((scaled[others] - scaled[run]) ** 2).sum(axis=1),
            ((placed[others] - z[run]) ** 2).sum(axis=1),
        )
        nearest = np.partition(square, NEIGHBOURS - 1)[:NEIGHBOURS]
        found[run] = np.sqrt(nearest).mean()
    return found


def _limit(scores: np.ndarray) -> float:
    logs = np.log(np.maximum(scores, 1e-300))
    middle = np.median(logs)
    return float(np.exp(middle + LIMIT * MAD * np.median(np.abs(logs - middle))))
