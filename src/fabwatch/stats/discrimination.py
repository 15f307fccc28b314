"""How well scores tell two kinds apart, with intervals, and whether two of them differ on the same rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm, rankdata

Numbers = NDArray[np.float64]
Truth = NDArray[np.bool_]
COVERAGE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Estimate):
    """B less A, its interval, and how likely so much or more is if they do not differ."""

    p: float


def auc(truth: Truth, score: Numbers) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties half; NaN without both."""
    ups, downs = int(truth.sum()), int((~truth).sum())
    if not ups or not downs:
        return float("nan")
    return float((rankdata(score)[truth].sum() - ups * (ups + 1) / 2) / (ups * downs))


def auc_interval(truth: Truth, score: Numbers, coverage: float = COVERAGE) -> Estimate:
    """AUC with its interval on the logit scale, so that it stays in (0, 1); DeLong et al. 1988, variance by placements."""
    value = auc(truth, score)
    if np.isnan(value):
        return Estimate(value, float("nan"), float("nan"))
    positive, negative = _placements(truth, score)
    variance = _variance(positive) / len(positive) + _variance(negative) / len(negative)
    # Where no pair is the wrong way round the placements have no spread: half a pair stands for what was not seen.
    floor = 0.5 / (len(positive) * len(negative))
    held = min(max(value, floor), 1 - floor)
    spread = max(np.sqrt(variance), floor) / (held * (1 - held))
    z = norm.ppf(0.5 + coverage / 2)
    logit = np.log(held / (1 - held))
    low, high = (1 / (1 + np.exp(-(logit + side * z * spread))) for side in (-1, 1))
    return Estimate(value, float(min(low, value)), float(max(high, value)))


def auc_difference(truth: Truth, a: Numbers, b: Numbers, coverage: float = COVERAGE) -> Difference:
    """AUC of `b` less that of `a` on the same rows; DeLong et al. 1988."""
    value = auc(truth, b) - auc(truth, a)
    (pa, na), (pb, nb) = _placements(truth, a), _placements(truth, b)
    error = float(np.sqrt(_variance(pb - pa) / len(pa) + _variance(nb - na) / len(na)))
    return _difference(value, error, coverage)


def accuracy_difference(right_a: Truth, right_b: Truth, coverage: float = COVERAGE) -> Difference:
    """Share that `b` has right less that of `a` on the same rows: exact McNemar test; Agresti & Min 2005."""
    n = len(right_a)
    gained, lost = int((right_b & ~right_a).sum()), int((right_a & ~right_b).sum())
    p = float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    value = (gained - lost) / n
    # With half a row more on either side the interval holds with few rows too.
    g, lo, m = gained + 0.5, lost + 0.5, n + 2
    middle = (g - lo) / m
    error = np.sqrt(max((g + lo) - (g - lo) ** 2 / m, 0)) / m
    z = norm.ppf(0.5 + coverage / 2)
    return Difference(value, float(max(-1, middle - z * error)), float(min(1, middle + z * error)), p)


def error_difference(error_a: Numbers, error_b: Numbers, coverage: float = COVERAGE, seed: int = 0) -> Difference:
    """Root mean square error of `b` less that of `a` on the same rows: bootstrap of rows, p by swapping signs at random."""
    chance = np.random.default_rng(seed)
    a, b = error_a**2, error_b**2
    value = float(np.sqrt(b.mean()) - np.sqrt(a.mean()))
    rows = chance.integers(0, len(a), (1_000, len(a))) if len(a) <= 20_000 else None
    if rows is None:
        # With many rows the mean of the differences is normal.
        middle = (np.sqrt(a.mean()) + np.sqrt(b.mean())) / 2
        return _difference(value, float((b - a).std(ddof=1) / np.sqrt(len(a)) / (2 * max(middle, 1e-300))), coverage)
    draws = np.sqrt(b[rows].mean(axis=1)) - np.sqrt(a[rows].mean(axis=1))
    low, high = np.quantile(draws, (0.5 - coverage / 2, 0.5 + coverage / 2))
    away = b - a
    swapped = np.abs((away * chance.choice((-1.0, 1.0), (2_000, len(a)))).mean(axis=1))
    p = float((1 + (swapped >= abs(away.mean()) - 1e-15).sum()) / 2_001)
    return Difference(value, float(low), float(high), p)


def average_precision(truth: Truth, score: Numbers) -> float:
    """Area under the curve of precision over recall, in steps; NaN without a positive."""
    ups = int(truth.sum())
    if not ups:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.append(np.diff(score[order]) != 0, True)
    hits, taken = hits[last], (np.flatnonzero(last) + 1).astype(float)
    recall = np.concatenate([[0.0], hits / ups])
    return float((np.diff(recall) * hits / taken).sum())


def bootstrapped(
    figure: object, rows: int, coverage: float = COVERAGE, draws: int = 400, seed: int = 0
) -> tuple[float, float]:
    """Percentiles of a figure of places of rows, drawn with replacement; NaN draws are left out."""
    chance = np.random.default_rng(seed)
    values = np.array([figure(chance.integers(0, rows, rows)) for _ in range(draws)])  # type: ignore[operator]
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, (0.5 - coverage / 2, 0.5 + coverage / 2))
    return float(low), float(high)


def _placements(truth: Truth, score: Numbers) -> tuple[Numbers, Numbers]:
    """Of each positive the share of negatives below it, of each negative the share of positives above it; ties half."""
    ups, downs = score[truth], score[~truth]
    ranks, own_up, own_down = rankdata(np.concatenate([ups, downs])), rankdata(ups), rankdata(downs)
    positive = (ranks[: len(ups)] - own_up) / max(len(downs), 1)
    negative = 1 - (ranks[len(ups) :] - own_down) / max(len(ups), 1)
    return positive, negative


def _variance(values: Numbers) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.25


def _difference(value: float, error: float, coverage: float) -> Difference:
    if not error > 0:
        return Difference(value, value, value, 1.0 if value == 0 else 0.0)
    z = norm.ppf(0.5 + coverage / 2)
    p = float(2 * norm.sf(abs(value) / error))
    return Difference(value, float(value - z * error), float(value + z * error), p)
