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
Z95 = 1.959963984540054


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


def worth(counts: Floats, rho: float) -> Floats:
    """Independent wafers that each count of wafers of one lot is worth."""
    return np.asarray(counts / (1 + (np.maximum(counts, 1.0) - 1) * rho), float)


def chances(bad_with: Floats, exposed: Floats, bad: float, total: float) -> Floats:
    """Chance of so many bad ones or more among the exposed, if being bad has nothing to do with it (hypergeometric).

    Counts may be fractions, as independent wafers are: bad ones are rounded down among the exposed, and up among all.
    """
    from scipy.stats import hypergeom

    population, among = round(total), int(np.ceil(bad - 1e-9))
    drawn: Wholes = np.minimum(np.rint(np.maximum(exposed, bad_with)).astype(np.int64), population)
    hits = np.minimum(np.floor(bad_with + 1e-9).astype(np.int64), drawn)
    tail: Floats = hypergeom.sf(hits - 1, population, among, drawn)
    return np.clip(tail, 0.0, 1.0)


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


def stretch(bad: Floats, size: Floats, most: int = 600) -> Stretch:
    """Where a series of lots in order of time is worst: the stretch whose share of bad wafers differs most from the rest.

    `bad` of `size` wafers of each lot. The likelihood ratio of two binomials decides; each end that lies within the series
    costs log n, so that what holds throughout, or to the end, is said to (J. V. Braun, R. K. Braun and H.-G. Müller,
    Biometrika 87 (2000) 301). At most `most` positions are tried for each end.
    """
    n = size.size
    places = np.unique(np.linspace(0, n, min(n, most) + 1).round().astype(int))
    hits, of = np.concatenate([[0.0], np.cumsum(bad)])[places], np.concatenate([[0.0], np.cumsum(size)])[places]
    begin, end = np.triu_indices(places.size, 1)
    inside, inside_of = hits[end] - hits[begin], of[end] - of[begin]
    outside, outside_of = hits[-1] - inside, of[-1] - inside_of
    ratio = _log_likelihood(inside, inside_of) + _log_likelihood(outside, outside_of)
    ratio = ratio - _log_likelihood(hits[-1:], of[-1:])
    worse = inside * np.maximum(outside_of, 1e-9) >= outside * np.maximum(inside_of, 1e-9)
    cost = np.log(max(n, 2)) * ((begin > 0).astype(float) + (end < places.size - 1))
    best = int(np.argmax(np.where(worse, ratio - cost, -np.inf)))
    return Stretch(int(places[begin[best]]), int(places[end[best]]))


def _log_likelihood(hits: Floats, of: Floats) -> Floats:
    share = np.divide(hits, of, out=np.zeros_like(hits), where=of > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        good = np.where(share < 1, (of - hits) * np.log1p(-np.minimum(share, 1 - 1e-15)), 0.0)
        bad = np.where(share > 0, hits * np.log(np.maximum(share, 1e-300)), 0.0)
    return np.asarray(good + bad)
