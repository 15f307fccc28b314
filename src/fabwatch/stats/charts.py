"""Control charts: center, three-sigma limits and the statistic that is plotted, from readings in order of time.

Source, unless a function names another: D. C. Montgomery, Introduction to Statistical Quality Control, 7th ed., chapters
6, 9 and 11.
"""

from dataclasses import dataclass

import numpy as np

from fabwatch.stats.control_constants import c4, d2, d3, deviation_limits, df_of_moving_range, range_limits

Floats = np.ndarray
WIDTH = 3.0
"""Limits are this many sigma of the plotted statistic from the center."""


@dataclass(frozen=True)
class Estimate:
    """What phase I says of a process: its center and the standard deviation of single readings within subgroups."""

    center: float
    sigma: float
    df: float
    """Degrees of freedom of sigma."""


@dataclass(frozen=True)
class Lines:
    """A chart: the statistic at each point, its center and limits at each point (NaN: none on that side)."""

    values: Floats
    center: Floats
    lower: Floats
    upper: Floats

    @property
    def z(self) -> Floats:
        """The points in sigma of the statistic from the center.

        Where the limits have no width, a departure is beyond any of them, and a point at the center tells nothing (NaN).
        """
        sigma = np.where(self.upper > self.center, self.upper - self.center, self.center - self.lower) / WIDTH
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (self.values - self.center) / sigma
            flat = np.sign(self.values - self.center) * np.inf
        return np.where(sigma > 0, z, np.where(np.isnan(self.values), np.nan, flat))

    @property
    def outside(self) -> np.ndarray:
        """Where the statistic is beyond a limit."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.values > self.upper) | (self.values < self.lower))


def level(values: Floats, center: float, lower: float, upper: float) -> Lines:
    """A chart whose center and limits are the same at every point."""
    return Lines(values, *(np.full(len(values), line) for line in (center, lower, upper)))


def moving_ranges(x: Floats) -> Floats:
    """The difference of each reading from the one before; NaN for the first."""
    return np.concatenate(([np.nan], np.abs(np.diff(x)))) if len(x) else np.empty(0)


def estimate_individuals(x: Floats) -> Estimate:
    """Center and sigma of single readings (2 at least): mean, and mean moving range over d2."""
    return Estimate(float(x.mean()), float(np.abs(np.diff(x)).mean()) / d2(2), df_of_moving_range(len(x)))


def individuals(x: Floats, of: Estimate) -> Lines:
    """The chart of single readings."""
    return level(x, of.center, of.center - WIDTH * of.sigma, of.center + WIDTH * of.sigma)


def moving_range(x: Floats, of: Estimate) -> Lines:
    """The chart of moving ranges."""
    mean = of.sigma * d2(2)
    low, high = range_limits(2)
    return level(moving_ranges(x), mean, low * mean, high * mean)


@dataclass(frozen=True)
class Subgroups:
    """Subgroups in order of time: size, mean, range and standard deviation of each (NaN for one reading)."""

    n: np.ndarray
    mean: Floats
    range: Floats
    std: Floats


def subgroups(values: Floats, sizes: np.ndarray) -> Subgroups:
    """The figures of subgroups of one reading or more: their readings one after the other, and how many each has."""
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(int)
    mean = np.add.reduceat(values, starts) / sizes
    range_ = np.maximum.reduceat(values, starts) - np.minimum.reduceat(values, starts)
    squares = np.add.reduceat((values - np.repeat(mean, sizes)) ** 2, starts)
    several = sizes > 1
    std = np.sqrt(squares / np.where(several, sizes - 1, 1))
    return Subgroups(sizes, mean, np.where(several, range_, np.nan), np.where(several, std, np.nan))


def _kinds(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different sizes, and which of them each subgroup has."""
    if (sizes == sizes[0]).all():
        return sizes[:1], np.zeros(len(sizes), int)
    each, which = np.unique(sizes, return_inverse=True)
    return each, which


def estimate_subgroups(of: Subgroups, by: str) -> Estimate:
    """Grand mean, and sigma within subgroups from their ranges (`by` is r) or standard deviations (s).

    Subgroups of different sizes count by the precision of their estimate (I. W. Burr, Journal of Quality Technology 1 (1969)
    163); of equal ones it is the mean range over d2, or the mean standard deviation over c4. Raises ValueError where no
    subgroup has two readings.
    """
    several = of.n > 1
    if not several.any():
        raise ValueError("no subgroup has two readings")
    sizes, spread = of.n[several], (of.range if by == "r" else of.std)[several]
    each, which = _kinds(sizes)
    center = np.array([d2(int(n)) if by == "r" else c4(int(n)) for n in each])
    scatter = np.array([d3(int(n)) if by == "r" else (1 - c4(int(n)) ** 2) ** 0.5 for n in each])
    mean, precision = center[which], ((center / scatter) ** 2)[which]
    sigma = float((precision * spread / mean).sum() / precision.sum())
    # Var(sigma) / sigma² = 1 / sum of precisions, and 1 / 2 df for a standard deviation.
    df = float(precision.sum()) / 2
    return Estimate(float((of.n * of.mean).sum() / of.n.sum()), sigma, df)


def between_within(of_means: Estimate, of: Subgroups) -> Estimate:
    """Sigma of single readings between and within subgroups, from that of the subgroup means and that within.

    The means vary by what is between and by 1/n of what is within; the degrees of freedom are Satterthwaite's. Source: D. J.
    Wheeler and D. S. Chambers, Understanding Statistical Process Control, 2nd ed., chapter 9; F. E. Satterthwaite,
    Biometrics Bulletin 2 (1946) 110.
    """
    within = estimate_subgroups(of, "s")
    size = len(of.n) / float((1 / of.n).sum())
    between = max(of_means.sigma**2 - within.sigma**2 / size, 0.0)
    inside = within.sigma**2 * (1 - 1 / size) if between else within.sigma**2
    outside = of_means.sigma**2 if between else 0.0
    total = inside + outside
    df = total**2 / (inside**2 / within.df + outside**2 / of_means.df) if total > 0 else within.df
    return Estimate(of_means.center, total**0.5, df)


def means(of: Subgroups, by: Estimate) -> Lines:
    """The chart of subgroup means; its limits are wider for smaller subgroups."""
    half = WIDTH * by.sigma / np.sqrt(of.n)
    return Lines(of.mean, np.full(len(of.n), by.center), by.center - half, by.center + half)


def spreads(of: Subgroups, by: Estimate, kind: str) -> Lines:
    """The chart of subgroup ranges (`kind` is r) or standard deviations (s)."""
    each, which = _kinds(of.n)
    lines = np.full((3, len(each)), np.nan)
    for k, n in enumerate(int(n) for n in each):
        if n > 1:
            mean = by.sigma * (d2(n) if kind == "r" else c4(n))
            low, high = range_limits(n) if kind == "r" else deviation_limits(n)
            lines[:, k] = mean, low * mean, high * mean
    center, lower, upper = lines[:, which]
    return Lines(of.range if kind == "r" else of.std, center, lower, upper)


def ewma(x: Floats, of: Estimate, weight: float = 0.2, width: float = WIDTH, n: np.ndarray | None = None) -> Lines:
    """Exponentially weighted moving averages of readings, or of means of `n` readings each, from the center on.

    Limits widen to their final value as the first averages come in. Source: S. W. Roberts, Technometrics 1 (1959) 239; J. M.
    Lucas and M. S. Saccucci, Technometrics 32 (1990) 1.
    """
    sizes = np.ones(len(x)) if n is None else n
    averages, variance = np.empty(len(x)), np.empty(len(x))
    at, own = of.center, 0.0
    for k, value in enumerate(x):
        at += weight * (value - at)
        own = (1 - weight) ** 2 * own + weight**2 / sizes[k]
        averages[k], variance[k] = at, own
    half = width * of.sigma * np.sqrt(variance)
    return Lines(averages, np.full(len(x), of.center), of.center - half, of.center + half)


@dataclass(frozen=True)
class Cusum:
    """Sums of departures above (`high`) and below (`low`, negative) the target, and the decision interval."""

    high: Floats
    low: Floats
    interval: float

    @property
    def lines(self) -> Lines:
        """The larger of the two sums at each point, with its sign, between the intervals."""
        values = np.where(self.high >= -self.low, self.high, self.low)
        return level(values, 0.0, -self.interval, self.interval)


def cusum(x: Floats, of: Estimate, reference: float = 0.5, decision: float = 5.0, n: np.ndarray | None = None) -> Cusum:
    """The tabular cusum with reference value and decision interval in sigma; `n` readings in each mean.

    Its unit is that of the readings. Source: E. S. Page, Biometrika 41 (1954) 100; Montgomery 9.1.2.
    """
    sizes = np.ones(len(x)) if n is None else np.sqrt(n)
    scale = of.sigma
    steps = (x - of.center) * sizes
    high, low = np.empty(len(x)), np.empty(len(x))
    above = below = 0.0
    for k, step in enumerate(steps):
        above = max(0.0, above + step - reference * scale)
        below = min(0.0, below + step + reference * scale)
        high[k], low[k] = above, below
    return Cusum(high, low, decision * scale)


@dataclass(frozen=True)
class Multivariate:
    """What phase I says of several readings together: their means and covariance, and from how many it is."""

    center: Floats
    covariance: Floats
    points: int
    size: int
    """Readings in a subgroup; 1 for single ones."""


def estimate_multivariate(x: Floats) -> Multivariate:
    """Means and covariance of single observations, points by readings. Raises ValueError for too few or dependent ones."""
    points, p = x.shape
    if points <= p + 1:
        raise ValueError(f"T² of {p} readings needs more than {p + 1} points, has {points}")
    covariance = np.atleast_2d(np.cov(x, rowvar=False))
    if np.linalg.matrix_rank(covariance) < p:
        raise ValueError("readings that depend on each other, or do not vary, have no T² together")
    return Multivariate(x.mean(axis=0), covariance, points, 1)


def estimate_multivariate_subgroups(groups: Floats) -> Multivariate:
    """The same from subgroups of equal size (subgroups by readings in one by variables), by their mean covariance."""
    points, size, p = groups.shape
    inner = groups - groups.mean(axis=1, keepdims=True)
    covariance = np.einsum("gij,gik->jk", inner, inner) / (points * (size - 1))
    if size < 2 or np.linalg.matrix_rank(covariance) < p:
        raise ValueError("readings that depend on each other, or do not vary, have no T² together")
    return Multivariate(groups.mean(axis=(0, 1)), covariance, points, size)


def t_squared(x: Floats, of: Multivariate, alpha: float = 0.0027, *, phase_one: bool = True) -> Lines:
    """Hotelling's T² of observations, or of subgroup means, with its upper limit at a false-alarm chance of `alpha`.

    In phase I, where the points are those that the limits came from, a single observation follows a beta distribution, in
    phase II an F distribution. Source: N. D. Tracy, J. C. Young and R. L. Mason, Journal of Quality Technology 24 (1992) 88;
    subgroups: Montgomery 11.3.1.
    """
    from scipy.special import betaincinv, fdtri

    away = x - of.center
    values = of.size * np.einsum("ij,ij->i", away, np.linalg.solve(of.covariance, away.T).T)
    m, n, p = of.points, of.size, len(of.center)
    if n > 1:
        df = m * n - m - p + 1
        limit = p * ((m - 1) if phase_one else (m + 1)) * (n - 1) / df * float(fdtri(p, df, 1 - alpha))
    elif phase_one:
        limit = (m - 1) ** 2 / m * float(betaincinv(p / 2, (m - p - 1) / 2, 1 - alpha))
    else:
        limit = p * (m + 1) * (m - 1) / (m * m - m * p) * float(fdtri(p, m - p, 1 - alpha))
    center = float(np.mean(values)) if len(values) else 0.0
    return level(values, center, np.nan, limit)


def deviations(x: Floats, targets: Floats, sigmas: Floats | None = None) -> Floats:
    """Readings of short runs on one chart: their departure from the target of their product, or that in sigma of it.

    Source: Montgomery 10.1 (deviation from nominal, and the standardized chart of D. R. Bothe).
    """
    away = x - targets
    return np.asarray(away if sigmas is None else away / sigmas)
