"""Readings that tell how much of a life is over: a rising curve of the reading over age / life, and what it says of lives.

Before its failure at age X a tool reads mean(u) = base + rise u^power with u = age / X, in shares of its limit; counts are
negative binomial, values normal. A reading says most late in life, and readings of one cycle together say where X may lie.

Sources: joint models of a marker and a time to failure, M. S. Wulfsohn and A. A. Tsiatis, Biometrics 53 (1997); EM, A. P.
Dempster et al., J. R. Stat. Soc. B 39 (1977).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fabwatch.stats.cycles import Floats, Whole

POWERS = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
ROUNDS = 8
DOUBTED = np.log(0.005)
"""One reading shifts the odds of two lives by a factor of 200 at most: an odd reading must not outvote all others."""
ODD = 0.01
"""Of readings of quals that passed, as many may be of a tool that had failed: anything up to the limit. They must not make
all others look scattered."""
LEAST_BASE, LEAST_SPREAD = 1e-3, 1e-3
MOSTLY = 0.98
BASE_APART, RISE_APART = 0.3, 0.5
"""How far the base and the rise of a type may lie from those of all types, as shares of them."""
SPREAD_WEIGHT = 300.0
"""Readings' worth of belief that the spread of a type is that of all types: it belongs to the counter more than to the tool,
and as it is never below 0, fewer would make most types look scattered by chance."""


@dataclass(frozen=True)
class Readings:
    """Readings of many cycles: the row of the cycle, the age, the reading and its limit."""

    cycle: Whole
    age: Floats
    reading: Floats
    limit: Floats

    @classmethod
    def of(cls, rows: Sequence[tuple[float, ...]]) -> "Readings":
        """From (cycle, age, reading, limit)."""
        table = np.array(rows, float).reshape(-1, 4)
        return cls(table[:, 0].astype(np.int64), table[:, 1], table[:, 2], table[:, 3])

    @property
    def share(self) -> Floats:
        """The readings as shares of their limits."""
        share: Floats = self.reading / self.limit
        return share

    @property
    def whole(self) -> bool:
        """True when they may be counts: all but a few odd ones are whole."""
        whole = (self.reading >= 0) & (self.reading == np.round(self.reading))
        return bool(self.reading.size) and float(whole.mean()) >= MOSTLY

    @property
    def count(self) -> Floats:
        """The readings as counts."""
        count: Floats = np.maximum(np.round(self.reading), 0.0)
        return count


@dataclass(frozen=True)
class Curve:
    """The mean reading over life, in shares of the limit, and how far readings scatter around it."""

    counts: bool
    base: float
    rise: float
    power: float
    spread: float
    """Of counts, what their variance has over that of a Poisson count, as a share of the squared mean; of values, the
    standard deviation as a share of the limit.
    """

    def mean(self, used: Floats) -> Floats:
        """The mean reading, as a share of the limit, when a share `used` of the life is over (1 at most)."""
        mean: Floats = self.base + self.rise * np.clip(used, 0.0, 1.0) ** self.power
        return mean

    def variance(self, mean: float, limit: float) -> float:
        """Of a reading around its mean, both in shares of the limit."""
        return mean / limit + self.spread * mean**2 if self.counts else self.spread**2

    def log_chance(self, readings: Readings, used: Floats) -> Floats:
        """The log chance of each reading when these shares of its life are over: readings x lives, as `used`."""
        mean = self.mean(used)
        limit = readings.limit[:, None]
        if not self.counts:
            off = (readings.share[:, None] - mean) / self.spread
            log: Floats = -0.5 * off**2 - np.log(self.spread * limit * np.sqrt(2 * np.pi))
            return log
        expected, reading = mean * limit, readings.count[:, None]
        if self.spread < LEAST_SPREAD:
            poisson: Floats = reading * np.log(expected) - expected - _log_factorial(readings.count)[:, None]
            return poisson
        size = 1 / self.spread
        log = reading * np.log(expected / (expected + size)) + size * np.log(size / (expected + size))
        log += (_log_rising(readings.count, size) - _log_factorial(readings.count))[:, None]
        return log

    def life_chances(self, readings: Readings, lives: Floats, trust: float = 1.0) -> Floats:
        """The log chance of all readings of each cycle for each of its lives: cycles x lives, both as in `lives`.

        The logs are multiplied by `trust` (0: readings say nothing).
        """
        log = self.log_chance(readings, readings.age[:, None] / lives[readings.cycle])
        log = np.logaddexp(log, log.max(axis=1, keepdims=True, initial=-np.inf) + DOUBTED)
        together = np.zeros(lives.shape)
        np.add.at(together, readings.cycle, trust * log)
        return together


def _log_factorial(reading: Floats) -> Floats:
    return _log_rising(reading, 1.0)


def _log_rising(reading: Floats, size: float) -> Floats:
    """log(Gamma(size + reading) / Gamma(size)), for whole readings."""
    most = int(reading.max(initial=0.0))
    steps = np.concatenate([[0.0], np.cumsum(np.log(size + np.arange(most)))])
    log: Floats = steps[reading.astype(np.int64)]
    return log


def fit_curve(readings: Readings, lives: Floats) -> Curve | None:
    """The most likely curve of readings before the failures of their cycles; None where readings do not rise.

    `lives`: equally likely ages of each cycle's failure (cycles x lives), as the quals bound them; EM weighs them.
    """
    if not readings.reading.size:
        return None
    kinds = (True, False) if readings.whole else (False,)
    fits = [_fitted(readings, lives, _start(readings, counts, power)) for counts in kinds for power in POWERS]
    best, _ = max(fits, key=lambda fit: fit[1])
    return best if best.rise > 0 else None


def fit_alike(readings: Readings, lives: Floats, common: Curve) -> Curve | None:
    """The same for one type whose curve is drawn from around a common one; None where its readings do not rise."""
    curve, _ = _fitted(readings, lives, common, common)
    return curve if curve.rise > 0 else None


def _start(readings: Readings, counts: bool, power: float) -> Curve:
    share = readings.share
    low, high = float(np.median(share)), float(np.quantile(share, 0.9))
    spread = 0.0 if counts else max(float(share.std()), LEAST_SPREAD)
    return Curve(counts, max(low, LEAST_BASE) if counts else low, max(high - low, 0.05), power, spread)


def _fitted(readings: Readings, lives: Floats, curve: Curve, around: Curve | None = None) -> tuple[Curve, float]:
    used = np.clip(readings.age[:, None] / lives[readings.cycle], 0.0, 1.0)
    log_likelihood = -np.inf
    for _ in range(ROUNDS):
        log = curve.life_chances(readings, lives)
        top = log.max(axis=1, keepdims=True)
        weight = np.exp(log - top)
        total = weight.sum(axis=1, keepdims=True)
        log_likelihood = float((np.log(total / lives.shape[1]) + top).sum())
        weight = (weight / total)[readings.cycle] * _usual(readings, used, curve)
        curve = _improved(readings, used, weight, curve, around)
    return curve, log_likelihood


def _usual(readings: Readings, used: Floats, curve: Curve) -> Floats:
    """The chance of each reading to be of its curve rather than an odd one."""
    even = 1 / (readings.limit[:, None] + 1) if curve.counts else 1 / readings.limit[:, None]
    chance = (1 - ODD) * np.exp(curve.log_chance(readings, used))
    usual: Floats = chance / (chance + ODD * even)
    return usual


def _improved(readings: Readings, used: Floats, weight: Floats, curve: Curve, around: Curve | None) -> Curve:
    """Base and rise by weighted least squares, then the spread by moments."""
    share, limit, risen = readings.share[:, None], readings.limit[:, None], used**curve.power
    mean = curve.mean(used)
    variance = mean / limit + curve.spread * mean**2 if curve.counts else np.full_like(mean, curve.spread**2)
    trust = weight / np.maximum(variance, 1e-12)
    crossed = float((trust * risen).sum())
    normal = np.array([[float(trust.sum()), crossed], [crossed, float((trust * risen**2).sum())]])
    right = np.array([float((trust * share).sum()), float((trust * risen * share).sum())])
    if around is not None:
        apart = (max(BASE_APART * abs(around.base), 0.02), max(RISE_APART * around.rise, 0.02))
        for n, (middle, off) in enumerate(zip((around.base, around.rise), apart, strict=True)):
            normal[n, n] += 1 / off**2
            right[n] += middle / off**2
    base, rise = np.linalg.solve(normal + 1e-9 * np.eye(2), right)
    if rise <= 0:
        base, rise = right[0] / normal[0, 0], 0.0
    base = max(float(base), LEAST_BASE) if curve.counts else float(base)
    better = replace(curve, base=base, rise=float(rise))
    return replace(better, spread=_spread(share, limit, better.mean(used), weight, better, around))


def _spread(share: Floats, limit: Floats, mean: Floats, weight: Floats, curve: Curve, around: Curve | None) -> float:
    off, count = weight * (share - mean) ** 2, float(weight.sum())
    if curve.counts:
        squares = float((weight * mean**4).sum())
        spread = float(((off - weight * mean / limit) * mean**2).sum()) / squares if squares > 0 else 0.0
    else:
        spread = float(off.sum()) / max(count, 1e-12)
    if around is not None:
        common = around.spread if curve.counts else around.spread**2
        spread = (spread * count + common * SPREAD_WEIGHT) / (count + SPREAD_WEIGHT)
    return max(spread, 0.0) if curve.counts else max(float(np.sqrt(max(spread, 0.0))), LEAST_SPREAD)
