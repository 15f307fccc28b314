"""Whether a column holds other values than it used to: how much (PSI), and whether chance can make that."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST = 0.5
"""What is added to each cell, so that an empty one does not make the index infinite."""
EXPECTED = 5.0
"""Cells in which fewer are expected are joined for χ²."""


def stability_index(before: Floats, now: Floats) -> float:
    """The population stability index of counts by cell (n), less what chance alone makes of it; 0 or more.

    Σ (q − p) ln(q / p). Of two samples of one kind it is near (cells − 1)(1/n + 1/m), since it then is χ² over the counts:
    B. Yurdakul, Statistical Properties of Population Stability Index (2018).
    """
    there = (before + now) > 0
    n, m = float(before.sum()), float(now.sum())
    if there.sum() < 2 or n == 0 or m == 0:
        return 0.0
    cells = int(there.sum())
    p = (before[there] + LEAST) / (n + LEAST * cells)
    q = (now[there] + LEAST) / (m + LEAST * cells)
    raw = float(((q - p) * np.log(q / p)).sum())
    return max(0.0, raw - (cells - 1) * (1 / n + 1 / m))


def same_counts(before: Floats, now: Floats, worth: float = 1.0) -> float:
    """The chance of counts by cell so different if both came from one source (χ²).

    `worth`: a row counts as that share of an independent one.
    """
    from scipy.special import chdtrc

    n, m = float(before.sum()), float(now.sum())
    if n == 0 or m == 0:
        return 1.0
    share = (before + now) / (n + m)
    few = share * min(n, m) * worth < EXPECTED
    tables = []
    for counts in (before, now):
        rest = counts[few].sum()
        tables.append(np.append(counts[~few], rest) if few.any() else counts)
    both = tables[0] + tables[1]
    tables = [counts[both > 0] for counts in tables]
    both = both[both > 0]
    if len(both) < 2:
        return 1.0
    value = 0.0
    for counts, own in zip(tables, (n, m), strict=True):
        expected = both * own / (n + m)
        value += float(((counts - expected) ** 2 / expected).sum())
    return float(chdtrc(len(both) - 1, value * worth))


def same_values(before: Floats, now: Floats, worth: float = 1.0) -> float:
    """The chance of values so different if both came from one source: two samples, Kolmogorov and Smirnov, by its limit.

    `before` is in order; `worth`: a value counts as that share of an independent one.
    """
    from scipy.special import kolmogorov

    n, m = len(before), len(now)
    if not n or not m:
        return 1.0
    ordered = np.sort(now)
    both = np.concatenate([before, ordered])
    largest = np.abs(np.searchsorted(before, both, "right") / n - np.searchsorted(ordered, both, "right") / m).max()
    size = worth * n * m / (n + m)
    # M. A. Stephens, J. R. Stat. Soc. B 32 (1970) 115: so the limit holds for small samples as well.
    root = np.sqrt(size)
    return float(kolmogorov((root + 0.12 + 0.11 / root) * largest))


def alike_within(values: Floats, group: NDArray[np.intp]) -> float:
    """How much values of a group resemble each other (0 to 1): the intraclass correlation of their ranks."""
    from scipy.stats import rankdata

    there = np.isfinite(values)
    if there.sum() < 3:
        return 0.0
    ranks = rankdata(values[there])
    _, place, sizes = np.unique(group[there], return_inverse=True, return_counts=True)
    groups, n = len(sizes), len(ranks)
    if groups < 2 or groups == n or np.ptp(ranks) == 0:
        return 0.0
    means = np.bincount(place, ranks) / sizes
    between = float((sizes * (means - ranks.mean()) ** 2).sum()) / (groups - 1)
    within = float(((ranks - means[place]) ** 2).sum()) / (n - groups)
    size = (n - float((sizes**2).sum()) / n) / (groups - 1)
    return float(np.clip((between - within) / max(between + (size - 1) * within, 1e-300), 0.0, 1.0))


def worth_of(alike: float, sizes: Floats) -> float:
    """What one value counts for where values of a group resemble each other: L. Kish, Survey Sampling (1965).

    1 / (1 + (m − 1)ρ), with the sizes of the groups and `alike` as ρ.
    """
    mean = float((sizes**2).sum() / sizes.sum()) if len(sizes) else 1.0
    return 1.0 / (1.0 + max(mean - 1.0, 0.0) * alike)
