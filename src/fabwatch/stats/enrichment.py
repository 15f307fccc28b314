"""What is more frequent among bad wafers than among the others: exact tests, false discoveries, and since when.

Wafers of one lot share their fate as they share their route. So wafers are counted as the number of independent ones that
they are worth: a lot of n counts n / (1 + (n - 1) ρ), with ρ the correlation within lots (L. Kish, Survey Sampling, 1965).
With ρ = 0 the test is R. A. Fisher's exact one on wafers, with ρ = 1 the same on lots.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Z95 = 1.959963984540054
SMALLEST = 1e-300
"""Chances below this are not told apart."""
FINEST = 400
"""Positions that are tried for each end of a stretch."""


def within_lots(bad: npt.NDArray[np.bool_], lot: Wholes) -> float:
    """Correlation of being bad among wafers of one lot, in [0, 1]; `lot` numbers the lots from 0.

    Analysis of variance of a binary outcome: M. S. Ridout, C. G. B. Demétrio and D. Firth, Biometrics 55 (1999) 137.
    """
    size = np.bincount(lot).astype(float)
    hits = np.bincount(lot, weights=bad)
    size, hits = size[size > 0], hits[size > 0]
    total, lots = size.sum(), size.size
    if lots < 2 or total == lots:
        return 1.0
    share = hits.sum() / total
    between = float((size * (hits / size - share) ** 2).sum() / (lots - 1))
    within = float((hits * (1 - hits / size)).sum() / (total - lots))
    typical = (total - (size**2).sum() / total) / (lots - 1)
    spread = between + (typical - 1) * within
    return min(max((between - within) / spread, 0.0), 1.0) if spread > 0 else 0.0


def within_lots_of(x: Floats, lot: Wholes) -> float:
    """Correlation of numbers of wafers of one lot, in [0, 1], by analysis of variance; `lot` numbers the lots from 0."""
    size = np.bincount(lot).astype(float)
    lots, total = size.size, float(size.sum())
    if lots < 2 or total == lots:
        return 1.0
    mean = np.bincount(lot, x) / size
    between = float((size * (mean - x.mean()) ** 2).sum() / (lots - 1))
    within = float(((x - mean[lot]) ** 2).sum() / (total - lots))
    typical = (total - float((size**2).sum()) / total) / (lots - 1)
    spread = between + (typical - 1) * within
    return min(max((between - within) / spread, 0.0), 1.0) if spread > 0 else 0.0


def worth(counts: Floats, rho: float) -> Floats:
    """Independent wafers that each count of wafers of one lot is worth."""
    return np.asarray(counts / (1 + (np.maximum(counts, 1.0) - 1) * rho), float)


def chances(bad_with: Floats, exposed: Floats, bad: float, total: float) -> Floats:
    """Chance of so many bad ones or more among the exposed, if being bad has nothing to do with it (hypergeometric).

    Counts may be fractions, as independent wafers are: bad ones are rounded down among the exposed, and up among all.
    """
    population, among = round(total), int(np.ceil(bad - 1e-9))
    drawn: Wholes = np.minimum(np.rint(np.maximum(exposed, bad_with)).astype(np.int64), population)
    hits = np.minimum(np.floor(bad_with + 1e-9).astype(np.int64), drawn)
    return np.clip(_at_least(hits, population, among, drawn), SMALLEST, 1.0)


def _at_least(hits: Wholes, population: int, among: int, drawn: Wholes) -> Floats:
    """Chance of so many hits or more (hypergeometric): the terms from there on, each from the one before.

    Below the mean the terms on the other side are summed, which are the smaller ones. (scipy.stats has the same, and takes a
    second to be imported.)
    """
    upper = hits * population > drawn * among
    # From the first term of the side that is summed, away from the mean.
    first = np.where(upper, hits, hits - 1)
    low, high = np.maximum(0, drawn + among - population), np.minimum(among, drawn)
    inside = (first >= low) & (first <= high)
    start = np.clip(first, low, high)
    total = np.where(inside, 1.0, 0.0)
    term, k, alive = total.copy(), start.astype(float), inside.copy()
    n, most, rest = drawn.astype(float), float(among), float(population - among)
    while alive.any():
        with np.errstate(divide="ignore", invalid="ignore"):
            up = (most - k) * (n - k) / ((k + 1) * (rest - n + k + 1))
            down = k * (rest - n + k) / ((most - k + 1) * (n - k + 1))
        term = np.where(alive, term * np.where(upper, up, down), 0.0)
        total += term
        k += np.where(upper, 1.0, -1.0)
        alive &= (term > 1e-17 * total) & (k >= low) & (k <= high)
    tail = np.exp(_log_term(start, population, among, drawn)) * total
    return np.where(upper, tail, 1 - tail)


def _log_term(k: Wholes, population: int, among: int, drawn: Wholes) -> Floats:
    def log_choose(n: Floats, of: Floats) -> Floats:
        return np.asarray(gammaln(n + 1) - gammaln(of + 1) - gammaln(n - of + 1))

    from scipy.special import gammaln

    hits, n = k.astype(float), drawn.astype(float)
    all_of, bad = np.full(hits.shape, float(population)), np.full(hits.shape, float(among))
    return log_choose(bad, hits) + log_choose(all_of - bad, n - hits) - log_choose(all_of, n)


def strength(bad_with: Floats, exposed: Floats, bad: float, total: float) -> Floats:
    """How much likelier the counts are with two shares of bad ones than with one (log of the ratio).

    It ranks what goes with being bad where all chances are too small to be told apart.
    """
    exposed = np.minimum(np.maximum(exposed, bad_with), total)
    others, others_bad = total - exposed, np.clip(bad - bad_with, 0, total - exposed)
    apart = _log_likelihood(bad_with, exposed) + _log_likelihood(others_bad, others)
    return np.asarray(apart - _log_likelihood(np.array([float(min(bad, total))]), np.array([float(total)])))


def chances_within(hits: Floats, expected: Floats, bad: Floats) -> Floats:
    """Chance of so many bad ones or more among the exposed wafers of lots of which others were not exposed.

    `expected` of the `bad` ones of those lots would be exposed if the bad ones of each were any of its wafers. The count of
    each lot is hypergeometric, their sum one of unequal chances, whose upper tail that of a binomial with the mean chance
    bounds (W. Hoeffding, Ann. Math. Stat. 27 (1956) 713).
    """
    from scipy.special import betainc

    some = (bad > 0) & (hits > expected)
    share = np.divide(expected, bad, out=np.ones_like(bad), where=bad > 0)
    # The upper tail of a binomial is an incomplete beta function.
    count, of = np.maximum(hits, 1), np.maximum(bad, 1)
    tail: Floats = np.where(some, betainc(count, np.maximum(of - count + 1, 1e-9), np.minimum(share, 1.0)), 1.0)
    return np.clip(tail, SMALLEST, 1.0)


def strength_within(hits: Floats, expected: Floats, bad: Floats) -> Floats:
    """How much likelier those counts are with a share of their own than with the expected one (log of the ratio)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rest, rest_expected = bad - hits, bad - expected
        own = np.where(hits > 0, hits * np.log(hits / expected), 0.0)
        own = own + np.where(rest > 0, rest * np.log(rest / rest_expected), 0.0)
    return np.where((hits > expected) & (expected > 0), own, 0.0)


def together(one: Floats, other: Floats) -> Floats:
    """One chance from two independent ones (R. A. Fisher, Statistical Methods for Research Workers, 1932)."""
    product = np.log(np.maximum(one, SMALLEST)) + np.log(np.maximum(other, SMALLEST))
    both: Floats = np.exp(product) * (1 - product)
    return np.clip(both, SMALLEST, 1.0)


def false_discoveries(p: Floats) -> Floats:
    """For each chance the smallest share of false findings among those as small: Y. Benjamini and Y. Hochberg, J. R. Stat.
    Soc. B 57 (1995) 289.
    """
    order = np.argsort(p)
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    q: Floats = np.empty(p.size)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def difference(hits: float, of: float, other_hits: float, other_of: float) -> tuple[float, float, float]:
    """Difference of two shares with its 95 % interval (R. G. Newcombe, Statistics in Medicine 17 (1998) 873, method 10)."""
    (share, low, high), (other, other_low, other_high) = _wilson(hits, of), _wilson(other_hits, other_of)
    gap = share - other
    down = float(np.hypot(share - low, other_high - other))
    up = float(np.hypot(high - share, other - other_low))
    return gap, max(gap - down, -1.0), min(gap + up, 1.0)


def _wilson(hits: float, of: float) -> tuple[float, float, float]:
    if of <= 0:
        return 0.0, 0.0, 1.0
    share = min(hits / of, 1.0)
    middle = (share + Z95**2 / (2 * of)) / (1 + Z95**2 / of)
    half = Z95 / (1 + Z95**2 / of) * float(np.sqrt(share * (1 - share) / of + Z95**2 / (4 * of**2)))
    return share, max(middle - half, 0.0), min(middle + half, 1.0)


@dataclass(frozen=True)
class Stretch:
    """A stretch of a series: from one position up to another, without that one."""

    begin: int
    end: int


def stretch(wafer: Wholes, entry: Wholes, bad: npt.NDArray[np.bool_], totals: tuple[float, float]) -> Stretch:
    """Where a series of passes in order of time is worst: wafers that passed in the stretch differ most from all others.

    `wafer` and `entry` number the wafer and the lot of each pass in order of time, `bad` tells the passes of bad wafers,
    `totals` are (bad ones, all) of the wafers that are compared. A wafer that passed several times counts where any of its
    passes lies. The likelihood ratio of two binomials decides; each end that lies within the series costs log n, so that
    what holds throughout is said to (J. V. Braun, R. K. Braun and H.-G. Müller, Biometrika 87 (2000) 301). At most FINEST
    positions are tried for each end.
    """
    passes = Passes(wafer, entry)
    inside, inside_of = passes.summed(bad.astype(float)), passes.summed(np.ones(wafer.size))
    outside, outside_of = np.maximum(totals[0] - inside, 0), np.maximum(totals[1] - inside_of, 0)
    ratio = _log_likelihood(inside, inside_of) + _log_likelihood(outside, np.maximum(outside_of, outside))
    worse = inside * np.maximum(outside_of, 1e-9) >= outside * np.maximum(inside_of, 1e-9)
    return passes.best(np.where(worse, ratio, -np.inf))


class Passes:
    """A series of passes in order of time, and every stretch of it."""

    def __init__(self, wafer: Wholes, entry: Wholes):
        self._n = int(entry[-1]) + 1
        self._places = np.unique(np.linspace(0, self._n, min(self._n, FINEST) + 1).round().astype(np.int64))
        self._cell = np.searchsorted(self._places, entry, "right") - 1
        # A wafer is counted once in a stretch: at its first pass there, whose last pass before lies outside.
        order = np.lexsort((np.arange(wafer.size), wafer))
        self._before = np.full(wafer.size, -1, np.int64)
        same = wafer[order][1:] == wafer[order][:-1]
        self._before[order[1:][same]] = self._cell[order[:-1][same]]
        self._begin, self._end = np.triu_indices(self._places.size, 1)

    def summed(self, weight: Floats) -> Floats:
        """The sum of the weights of the wafers that passed in each stretch, each wafer once."""
        cells = self._places.size - 1
        table = np.zeros((cells + 1, cells))
        np.add.at(table, (self._before + 1, self._cell), weight)
        # Passes in a cell whose wafer was last seen in a cell before a given one.
        seen = np.cumsum(table, axis=0)
        sums = np.concatenate([np.zeros((cells + 1, 1)), np.cumsum(seen, axis=1)], axis=1)
        return np.asarray(sums[self._begin, self._end] - sums[self._begin, self._begin], float)

    def best(self, ratio: Floats) -> Stretch:
        """The stretch with the largest ratio, each end that lies within the series being paid for."""
        inner = (self._begin > 0).astype(float) + (self._end < self._places.size - 1)
        best = int(np.argmax(ratio - np.log(max(self._n, 2)) * inner))
        return Stretch(int(self._places[self._begin[best]]), int(self._places[self._end[best]]))


def _log_likelihood(hits: Floats, of: Floats) -> Floats:
    share = np.divide(hits, of, out=np.zeros_like(hits), where=of > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        good = np.where(share < 1, (of - hits) * np.log1p(-np.minimum(share, 1 - 1e-15)), 0.0)
        bad = np.where(share > 0, hits * np.log(np.maximum(share, 1e-300)), 0.0)
    return np.asarray(good + bad)
