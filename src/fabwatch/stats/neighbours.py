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


def reference(features: np.ndarray, regimes: np.ndarray, rounds: int = 1) -> np.ndarray:
    """Which runs may serve as reference when nobody has said so: those that stay below the limit set by the others."""
    good = np.ones(len(features), bool)
    for _ in range(rounds):
        judged = judge(features, regimes, good)
        fresh = judged.scores <= judged.limit
        if fresh.sum() < max(FEWEST, len(features) // 2) or np.array_equal(fresh, good):
            break
        good = fresh
    return good


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
    plain = apart.std(axis=0)
    found = np.maximum(mad, plain / 2)
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
