"""Two groups of units compared: how far their means lie apart, within blocks where they share them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Wholes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Difference:
    """How far the mean of a group lies above that of the others."""

    value: float
    low: float | None
    """The interval; None where too little is there to tell how much of it is chance."""
    high: float | None
    p: float | None
    units: int
    """Units that were compared: those of blocks that both groups share, else blocks."""
    within: bool
    """True if units were compared within blocks."""


def difference(value: Floats, group: Flags, block: Wholes, coverage: float = 0.95) -> Difference | None:
    """Mean of `value` (n) where `group` is true less that where it is false; None where one side is empty.

    Units of one block (wafers of a lot) share more than chance. Where blocks hold units of both sides the difference is
    taken within them: least squares with an effect of each block, residual degrees of freedom (D. C. Montgomery, Design and
    Analysis of Experiments, 8th ed. 2013, ch. 4). Else the means of the blocks are the units, with unequal variances
    (B. L. Welch, Biometrika 34 (1947) 28).
    """
    there = np.isfinite(value)
    value, group, block = value[there], group[there], np.unique(block[there], return_inverse=True)[1]
    if not group.any() or group.all():
        return None
    size, ours = np.bincount(block).astype(float), np.bincount(block, weights=group)
    shared = (ours > 0) & (ours < size)
    if shared.any():
        return _within(value, group, block, shared, coverage)
    means = np.bincount(block, weights=value) / size
    return _between(means[ours > 0], means[ours == 0], coverage)


def _within(value: Floats, group: Flags, block: Wholes, shared: Flags, coverage: float) -> Difference:
    chosen = shared[block]
    y, x, b = value[chosen], group[chosen].astype(float), np.unique(block[chosen], return_inverse=True)[1]
    size = np.bincount(b)
    y = y - (np.bincount(b, weights=y) / size)[b]
    x = x - (np.bincount(b, weights=x) / size)[b]
    leverage = float(x @ x)
    slope = float(x @ y) / leverage
    freedom = len(y) - len(size) - 1
    if freedom < 1:
        return Difference(slope, None, None, None, len(y), True)
    error = float(np.sqrt(np.sum((y - slope * x) ** 2) / freedom / leverage))
    return _judged(slope, error, freedom, len(y), True, coverage)


def _between(ours: Floats, others: Floats, coverage: float) -> Difference:
    gap, units = float(ours.mean() - others.mean()), len(ours) + len(others)
    if min(len(ours), len(others)) < 2:
        return Difference(gap, None, None, None, units, False)
    parts = ours.var(ddof=1) / len(ours), others.var(ddof=1) / len(others)
    error = float(np.sqrt(sum(parts)))
    bottom = parts[0] ** 2 / (len(ours) - 1) + parts[1] ** 2 / (len(others) - 1)
    freedom = float(sum(parts) ** 2 / bottom) if bottom else float(units - 2)
    return _judged(gap, error, freedom, units, False, coverage)


def _judged(gap: float, error: float, freedom: float, units: int, within: bool, coverage: float) -> Difference:
    """The difference with its interval and the chance of one so large; equal units show no chance to judge it by."""
    if error <= 1e-12 * max(abs(gap), 1e-300):
        return Difference(gap, None, None, None, units, within)
    half = float(stats.t.ppf((1 + coverage) / 2, freedom)) * error
    p = float(2 * stats.t.sf(abs(gap) / error, freedom))
    return Difference(gap, gap - half, gap + half, p, units, within)
