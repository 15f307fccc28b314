"""Capability of a process: Cp, Cpk, Pp and Ppk with their intervals; what to do where readings are not normal.

Source: D. C. Montgomery, Introduction to Statistical Quality Control, 7th ed., chapter 8.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from fabwatch.stats.control_constants import chi_mean, d2, df_of_moving_range

Method = Literal["normal", "box-cox", "percentiles"]
NORMAL_BELOW = 0.01
"""Readings are taken as not normal where a sample of normal ones would look so with a smaller chance than this."""
FEW_PERCENTILES = 100
"""Percentiles 0.135 and 99.865 of fewer readings are their extremes, which say nothing of the tails."""
PIVOTS = 96
"""So many quantiles stand for a distribution in the interval of Cpk."""


class NotTold(ValueError):
    """Readings whose capability cannot be told: `code` says why, `values` how many there are and such."""

    def __init__(self, code: str, **values: float):
        super().__init__(code)
        self.code = code
        self.values = values


@dataclass(frozen=True)
class Capable:
    """Capability indices; None where a limit that they need is missing. `low` and `high` are the interval of Cpk."""

    cp: float | None
    cpk: float | None
    pp: float | None
    ppk: float | None
    low: float | None
    high: float | None
    cp_low: float | None
    cp_high: float | None
    ppk_low: float | None
    ppk_high: float | None
    method: Method
    normal_p: float | None
    """Chance that a sample of normal readings would look less normal; None where there are too few to tell."""
    power: float | None = None
    """Lambda of the Box-Cox transformation."""


@dataclass(frozen=True)
class Moments:
    """Size, mean and standard deviation of all readings, where only some of them are at hand."""

    n: int
    mean: float
    std: float


def capability(
    values: np.ndarray,
    within: float,
    df: float,
    lower: float | None,
    upper: float | None,
    coverage: float = 0.95,
    of: Moments | None = None,
) -> Capable:
    """The capability of readings between specification limits, at least one of which is needed.

    `within` is the standard deviation within subgroups (Cp, Cpk) with `df` degrees of freedom; Pp and Ppk take that of all
    readings. Of many readings `values` may be a sample that shows how they are distributed, and `of` says the rest. Raises
    NotTold with the reason.
    """
    x = np.asarray(values, float)
    if lower is None and upper is None:
        raise NotTold("no_limits")
    if x.size < 3 or not within > 0 or not x.std() > 0:
        raise NotTold("constant") if x.size >= 3 else NotTold("few_readings", needed=3, readings=x.size)
    p = normality(x)
    if p is None or p >= NORMAL_BELOW:
        return _normal(of or _moments(x), within, df, lower, upper, coverage, p)
    power = box_cox(x) if x.min() > 0 and all(limit is None or limit > 0 for limit in (lower, upper)) else None
    if power is not None:
        y = transformed(x, power)
        again = normality(y)
        if again is not None and again >= NORMAL_BELOW:
            limits = [None if limit is None else float(transformed(np.array([limit]), power)[0]) for limit in (lower, upper)]
            inside = float(np.abs(np.diff(y)).mean() / d2(2))
            spread = inside if inside > 0 else float(y.std(ddof=1))
            own = _normal(_moments(y), spread, df_of_moving_range(y.size), limits[0], limits[1], coverage, p)
            return Capable(**{**vars(own), "method": "box-cox", "power": power})
    return _by_percentiles(x, lower, upper, p)


def _moments(x: np.ndarray) -> Moments:
    return Moments(x.size, float(x.mean()), float(x.std(ddof=1)))


def _normal(
    x: Moments, within: float, df: float, lower: float | None, upper: float | None, coverage: float, p: float | None
) -> Capable:
    mean, overall, n = x.mean, x.std, x.n
    cp, cpk = _indices(mean, within, lower, upper)
    pp, ppk = _indices(mean, overall, lower, upper)
    # An estimate without bias, as the mean range gives, is above what a chi distribution gives.
    chi = within * chi_mean(df)
    low, high = cpk_interval(mean, chi, n, df, lower, upper, coverage)
    cp_low, cp_high = cp_interval(cp / chi_mean(df), df, coverage) if cp is not None else (None, None)
    ppk_low, ppk_high = cpk_interval(mean, overall, n, n - 1, lower, upper, coverage)
    return Capable(cp, cpk, pp, ppk, low, high, cp_low, cp_high, ppk_low, ppk_high, "normal", p)


def _indices(mean: float, std: float, lower: float | None, upper: float | None) -> tuple[float | None, float | None]:
    """Cp and Cpk; Cp only with both limits."""
    both = (upper - lower) / (6 * std) if upper is not None and lower is not None else None
    return both, cpk_of(mean, std, lower, upper)


def cpk_of(mean: float | None, std: float | None, lower: float | None, upper: float | None) -> float | None:
    """Cpk of a mean and a standard deviation, one-sided where there is one limit; None without limits or spread."""
    if mean is None or not std:
        return None
    margins = [upper - mean] if upper is not None else []
    margins += [mean - lower] if lower is not None else []
    return min(margins) / (3 * std) if margins else None


def cp_interval(cp: float, df: float, coverage: float = 0.95) -> tuple[float, float]:
    """The exact interval of Cp by the chi-square distribution of its variance (Montgomery, equation 8.19)."""
    from scipy.special import chdtri

    tail = (1 - coverage) / 2
    return cp * math.sqrt(chdtri(df, 1 - tail) / df), cp * math.sqrt(chdtri(df, tail) / df)


def cpk_interval(
    mean: float, std: float, n: int, df: float, lower: float | None, upper: float | None, coverage: float = 0.95
) -> tuple[float, float]:
    """The interval of Cpk from the mean of n readings and a standard deviation with `df` degrees of freedom.

    The generalized interval: exact with one limit, where it is that of the non-central t; near so with two, also where the
    process is centered. Source: T. Mathew, G. Sebastian and K. M. Kurian, Quality and Reliability Engineering International
    23 (2007) 471; their two random quantities are replaced by their quantiles, and the upper end
    starts from the mean without its bias away from the middle of the limits.
    """
    z, chi = _pivots(round(df, 2))
    sigma = std / chi

    def quantile(center: float, chance: float) -> float:
        means = center - z * sigma / math.sqrt(n)
        below = means - lower if lower is not None else np.inf
        above = upper - means if upper is not None else np.inf
        return float(np.quantile(np.minimum(below, above) / (3 * sigma), chance))

    return quantile(mean, (1 - coverage) / 2), quantile(_toward_middle(mean, std, n, lower, upper), (1 + coverage) / 2)


def _toward_middle(mean: float, std: float, n: int, lower: float | None, upper: float | None) -> float:
    """The mean without what chance takes it away from the middle: the nearer limit is always found too near."""
    if lower is None or upper is None:
        return mean
    middle = (lower + upper) / 2
    return middle + math.copysign(math.sqrt(max((mean - middle) ** 2 - std**2 / n, 0.0)), mean - middle)


@lru_cache(maxsize=64)
def _pivots(df: float) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of the normal distribution and of sqrt(chi-square / df), each with each."""
    from scipy.special import gammaincinv, ndtri

    chances = (np.arange(PIVOTS) + 0.5) / PIVOTS
    chi = np.sqrt(2 * gammaincinv(df / 2, chances) / df)
    z, spread = np.meshgrid(ndtri(chances), chi)
    return z.ravel(), spread.ravel()


def _by_percentiles(x: np.ndarray, lower: float | None, upper: float | None, p: float) -> Capable:
    """Pp and Ppk by the percentiles that three sigma of a normal distribution cut off (ISO 22514-2)."""
    if x.size < FEW_PERCENTILES:
        raise NotTold("not_normal", p=p, needed=FEW_PERCENTILES, readings=x.size)
    low, middle, high = (float(value) for value in np.quantile(x, (0.00135, 0.5, 0.99865)))
    margins = [(upper - middle) / (high - middle)] if upper is not None else []
    margins += [(middle - lower) / (middle - low)] if lower is not None else []
    pp = (upper - lower) / (high - low) if upper is not None and lower is not None else None
    return Capable(None, None, pp, min(margins), None, None, None, None, None, None, "percentiles", p)


def normality(values: np.ndarray) -> float | None:
    """Chance that normal readings would look less normal, by Anderson and Darling; None for fewer than 8 or constant ones.

    Source: M. A. Stephens in D'Agostino and Stephens, Goodness-of-Fit Techniques (1986) table 4.9.
    """
    from scipy.special import log_ndtr

    x = np.sort(np.asarray(values, float))
    n, std = x.size, float(x.std(ddof=1)) if x.size > 1 else 0.0
    if n < 8 or not std > 0:
        return None
    z = (x - x.mean()) / std
    weight = 2 * np.arange(1, n + 1) - 1
    a = -n - float((weight * (log_ndtr(z) + log_ndtr(-z[::-1]))).sum()) / n
    a *= 1 + 0.75 / n + 2.25 / n**2
    if a < 0.2:
        return 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a * a)
    if a < 0.34:
        return 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a * a)
    if a < 0.6:
        return math.exp(0.9177 - 4.279 * a - 1.38 * a * a)
    return math.exp(1.2937 - 5.709 * a + 0.0186 * a * a) if a < 150 else 0.0


def box_cox(values: np.ndarray) -> float:
    """The power that makes positive readings most like normal ones, by maximum likelihood, from -5 to 5.

    Source: G. E. P. Box and D. R. Cox, Journal of the Royal Statistical Society B 26 (1964) 211.
    """
    from scipy.optimize import minimize_scalar

    x = np.asarray(values, float)
    scale = float(np.exp(np.log(x).mean()))
    logs = np.log(x / scale)

    def loss(power: float) -> float:
        y = np.expm1(power * logs) / power if abs(power) > 1e-9 else logs
        return float(np.log(y.var()))

    return float(minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-6}).x)


def transformed(values: np.ndarray, power: float) -> np.ndarray:
    """Positive readings after the Box-Cox transformation; it keeps their order."""
    x = np.asarray(values, float)
    return np.log(x) if abs(power) < 1e-9 else (x**power - 1) / power
