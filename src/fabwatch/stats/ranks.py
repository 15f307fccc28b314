"""Numbers compared by ranks where wafers of one lot are alike: lots with lots, and wafers with those of their own lot.

Ranks within lots are aligned: of the distance to the median of the lot, over all lots together (J. L. Hodges and E. L.
Lehmann, Annals of Mathematical Statistics 33 (1962) 482). Shifts are medians of differences (the same, 34 (1963) 598).
"""

import numpy as np

from fabwatch.stats.enrichment import SMALLEST, Z95, Flags, Floats, Passes, Stretch, Wholes

MOST_PAIRS = 2_000_000
"""So many differences are sorted; of more pairs those of lots spread evenly over the order."""
Shift = tuple[float, float, float]
"""A difference, and its 95 % interval."""


def midranks(x: Floats) -> Floats:
    """Ranks from 1 on; equal numbers have the mean of theirs."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse.ravel()], float)


def medians(x: Floats, group: Wholes, groups: int) -> Floats:
    """The median of each group; 0 for an empty one."""
    order = np.lexsort((x, group))
    size = np.bincount(group, minlength=groups)
    begin = np.concatenate(([0], np.cumsum(size)[:-1]))
    if not x.size:
        return np.zeros(groups)
    last, ordered = x.size - 1, np.asarray(x[order], float)
    low, high = (ordered[np.minimum(begin + (size - up) // 2, last)] for up in (1, 0))
    return np.asarray(np.where(size > 0, (low + high) / 2, 0.0), np.float64)


def upper_tail(z: Floats) -> Floats:
    """Chance of so much or more of a normal deviate, which for sums of ranks far out is too large and not too small."""
    from scipy.special import ndtr

    tail: Floats = ndtr(-z)
    return np.clip(tail, SMALLEST, 1.0)


def shift_between(x: Floats, y: Floats) -> Shift | None:
    """How much larger the numbers `x` are than `y`: the median of all differences; None without both."""
    if not (x.size and y.size):
        return None
    spread = x.size * y.size * (x.size + y.size + 1) / 12
    return _middle((x[:, None] - y[None, :]).ravel(), spread)


def shift_within(x: Floats, lot: Wholes, exposed: Flags) -> Shift | None:
    """The same of the exposed wafers of lots and the others of the same lot; None where no lot has both."""
    size, with_ = np.bincount(lot), np.bincount(lot[exposed], minlength=int(lot.max(initial=-1)) + 1)
    pairs = with_ * (size - with_)
    lots = np.flatnonzero(pairs)
    if not lots.size:
        return None
    lots = lots[:: int(pairs.sum() // MOST_PAIRS) + 1]
    order = np.argsort(lot, kind="stable")
    begin = np.concatenate(([0], np.cumsum(size)[:-1]))
    differences = []
    for number in lots.tolist():
        mine = order[begin[number] : begin[number] + size[number]]
        own = exposed[mine]
        differences.append((x[mine[own]][:, None] - x[mine[~own]][None, :]).ravel())
    return _middle(np.concatenate(differences), float((pairs[lots] * (size[lots] + 1)).sum() / 12))


def _middle(differences: Floats, variance: float) -> Shift:
    """The median of differences, and those that the sum of ranks does not refuse at 5 %."""
    ordered = np.sort(differences)
    away = ordered.size / 2 - Z95 * np.sqrt(variance)
    low = min(max(int(np.floor(away)), 0), (ordered.size - 1) // 2)
    return float(np.median(ordered)), float(ordered[low]), float(ordered[ordered.size - 1 - low])


def shift_stretch(wafer: Wholes, entry: Wholes, score: Floats, totals: tuple[float, float, float], sided: bool) -> Stretch:
    """Where the wafers of a series differ most from all others by their score.

    `totals` are (sum of scores, wafers, independent wafers that one is worth) of all that are compared, whose scores have a
    standard deviation of 1; `sided` says that only higher scores count. The likelihood ratio of two means decides, as that
    of two shares in `fabwatch.stats.enrichment.stretch`.
    """
    passes = Passes(wafer, entry)
    inside, of = passes.summed(score), passes.summed(np.ones(wafer.size))
    outside, others = totals[0] - inside, totals[1] - of
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.where((of > 0) & (others > 0), inside / of - outside / others, 0.0)
    ratio = totals[2] * of * np.maximum(others, 0) / totals[1] * gap**2 / 2
    return passes.best(np.where(gap >= 0, ratio, -np.inf) if sided else ratio)
