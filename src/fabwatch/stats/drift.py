"""Readings that drift towards a limit: a pooled random path, and when it first passes.

The path of one cycle is y(u) = a + b v + s_B B(v) + e with v = u^p: level a and slope b are drawn for each cycle from one
normal of all sisters, B is Brownian motion, e the error of a reading. Its readings are jointly normal, so that everything up
to the last one is in closed form; the future is simulated.

Sources: random-coefficient degradation paths, C. J. Lu and W. Q. Meeker, Technometrics 35 (1993); with Brownian motion,
G. A. Whitmore, Lifetime Data Anal. 1 (1995).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from fabwatch.stats.cycles import Floats

POWERS = (0.5, 1.0, 2.0)
START = np.log(np.array([0.1, 0.1, 0.05, 0.05]))
SWEEPS, STEP = 10, 1.8
DRAWS, STEPS, HORIZON = 2000, 160, 8.0
"""Number of simulated paths, their steps, and their horizon in longest ages on record."""


@dataclass(frozen=True)
class Path:
    """The readings of one cycle as shares of the limit, by rising age: 1 is the limit, above it is failed."""

    age: Floats
    reading: Floats


@dataclass(frozen=True)
class Drift:
    """The common path model of sisters; ages are in `unit`."""

    unit: float
    power: float
    mean: Floats
    """Mean level and slope."""
    spread: Floats
    """Standard deviations of level, slope, Brownian motion and error."""
    log_likelihood: float

    def time(self, age: Floats) -> Floats:
        """The age on the clock of the path."""
        warped: Floats = (np.asarray(age, float) / self.unit) ** self.power
        return warped

    def _parts(self, v: Floats) -> tuple[Floats, Floats]:
        return np.column_stack([np.ones_like(v), v]), _covariance(v, self.spread)

    def state(self, path: Path) -> tuple[Floats, Floats]:
        """Mean and covariance of (level now without the error, slope) after the readings of a cycle."""
        level, slope, brown, _ = self.spread**2
        if not path.age.size:
            return self.mean.copy(), np.diag([level, slope])
        v = self.time(path.age)
        design, cov = self._parts(v)
        end = v[-1]
        cross = np.vstack([level + slope * v * end + brown * np.minimum(v, end), slope * v])
        prior = np.array([[level + slope * end**2 + brown * end, slope * end], [slope * end, slope]])
        gain = np.linalg.solve(cov, cross.T).T
        mean = np.array([self.mean[0] + self.mean[1] * end, self.mean[1]]) + gain @ (path.reading - design @ self.mean)
        return mean, prior - gain @ cross.T

    def next_over(self, path: Path, age: float) -> float:
        """The chance that a reading at a later age is over the limit."""
        mean, cov = self.state(path)
        elapsed = float(self.time(np.array(age)) - (self.time(path.age)[-1] if path.age.size else 0.0))
        step = np.array([1.0, elapsed])
        variance = float(step @ cov @ step) + self.spread[2] ** 2 * max(elapsed, 0.0) + self.spread[3] ** 2
        return 0.5 * erfc((1 - float(step @ mean)) / sqrt(2 * variance))

    def passages(self, path: Path, random: np.random.Generator) -> Floats:
        """DRAWS ages at which the path itself, without the error of a reading, first passes the limit (inf: never)."""
        begin = float(self.time(path.age)[-1]) if path.age.size else 0.0
        ahead = np.linspace(0.0, max(HORIZON**self.power, 2 * begin), STEPS)
        level, slope = self._drawn(path, random)
        shocks = random.normal(size=(DRAWS, STEPS - 1)) * np.sqrt(np.diff(ahead)) * self.spread[2]
        course = level[:, None] + slope[:, None] * ahead
        course[:, 1:] += np.cumsum(shocks, axis=1)
        over = course >= 1
        first = np.where(over.any(axis=1), over.argmax(axis=1), STEPS - 1)
        before = np.maximum(first - 1, 0)
        rows = np.arange(DRAWS)
        rise = course[rows, first] - course[rows, before]
        part = np.where(rise > 0, (1 - course[rows, before]) / np.where(rise > 0, rise, 1.0), 1.0).clip(0.0, 1.0)
        at = np.where(first > 0, ahead[before] + part * (ahead[first] - ahead[before]), 0.0)
        ages: Floats = (begin + at) ** (1 / self.power) * self.unit
        return np.where(over.any(axis=1), ages, np.inf)

    def first_over(self, path: Path, ages: Floats, random: np.random.Generator) -> Floats:
        """The chance of each coming age to be the first with a reading over the limit."""
        begin = float(self.time(path.age)[-1]) if path.age.size else 0.0
        ahead = np.maximum(self.time(ages) - begin, 0.0)
        level, slope = self._drawn(path, random)
        shocks = random.normal(size=(DRAWS, ages.size)) * np.sqrt(np.maximum(np.diff(ahead, prepend=0.0), 0.0))
        course = level[:, None] + slope[:, None] * ahead + np.cumsum(shocks, axis=1) * self.spread[2]
        over = course + random.normal(size=course.shape) * self.spread[3] >= 1
        first = np.where(over.any(axis=1), over.argmax(axis=1), -1)
        return np.array([float(np.mean(first == n)) for n in range(ages.size)])

    def _drawn(self, path: Path, random: np.random.Generator) -> tuple[Floats, Floats]:
        mean, cov = self.state(path)
        root = np.linalg.cholesky(cov + 1e-12 * np.eye(2))
        drawn = mean[:, None] + root @ random.normal(size=(2, DRAWS))
        # Slopes are positive and skewed: replace the normal by the lognormal of the same mean and spread, by resampling
        # with the ratio of the two as weight.
        positive = drawn[1] > 0
        if self.mean[1] <= 0 or self.spread[1] < 1e-3 * self.mean[1] or not positive.any():
            return drawn[0], np.maximum(drawn[1], 0.0)
        wide = np.log1p((self.spread[1] / self.mean[1]) ** 2)
        logs = np.log(np.where(positive, drawn[1], 1.0))
        ratio = -0.5 * (logs - np.log(self.mean[1]) + wide / 2) ** 2 / wide - logs
        ratio += 0.5 * ((drawn[1] - self.mean[1]) / self.spread[1]) ** 2
        weight = np.where(positive, np.exp(ratio - ratio[positive].max()), 0.0)
        resampled = random.choice(DRAWS, size=DRAWS, p=weight / weight.sum())
        return drawn[0][resampled], drawn[1][resampled]


def _covariance(v: Floats, spread: Floats) -> Floats:
    """Covariance of readings at times v (a last axis of n): ... x n x n."""
    level, slope, brown, error = spread**2
    here, there = v[..., :, None], v[..., None, :]
    cov: Floats = level + slope * here * there + brown * np.minimum(here, there) + error * np.eye(v.shape[-1])
    return cov


def fit_drift(paths: Sequence[Path]) -> Drift:
    """The maximum-likelihood path model of sisters: bounded search over the spreads, level and slope in closed form."""
    unit = max(float(path.age.max()) for path in paths)
    groups: dict[int, list[Path]] = defaultdict(list)
    for path in paths:
        groups[path.age.size].append(path)
    stacks = [(np.array([p.age for p in group]) / unit, np.array([p.reading for p in group])) for group in groups.values()]
    fits = [_searched([(ages**power, readings) for ages, readings in stacks], unit, power) for power in POWERS]
    return max(fits, key=lambda drift: drift.log_likelihood)


def _searched(stacks: Sequence[tuple[Floats, Floats]], unit: float, power: float) -> Drift:
    logs = START.copy()
    best = _at(stacks, np.exp(logs), unit, power)
    step = STEP
    for _ in range(SWEEPS):
        for n in range(4):
            for move in (-step, step):
                trial = logs.copy()
                trial[n] = np.clip(trial[n] + move, -9.0, 4.0)
                candidate = _at(stacks, np.exp(trial), unit, power)
                if candidate.log_likelihood > best.log_likelihood:
                    logs, best = trial, candidate
        step *= 0.65
    return best


def _at(stacks: Sequence[tuple[Floats, Floats]], spread: Floats, unit: float, power: float) -> Drift:
    """Level and slope by generalised least squares at given spreads, and the likelihood there."""
    solved = list(_solved(stacks, spread))
    information = sum(
        (np.einsum("cij,cik->jk", design, inverse_design) for design, inverse_design, _, _ in solved), np.zeros((2, 2))
    )
    score = sum((np.einsum("cij,ci->j", inverse_design, y) for _, inverse_design, y, _ in solved), np.zeros(2))
    mean = np.linalg.solve(information, score)
    log = 0.0
    for (v, y), (design, _, _, cov) in zip(stacks, solved, strict=True):
        residual = y - design @ mean
        quadratic = np.einsum("ci,ci->", residual, np.linalg.solve(cov, residual[..., None])[..., 0])
        log -= 0.5 * (float(quadratic) + float(np.linalg.slogdet(cov)[1].sum()) + v.size * np.log(2 * np.pi))
    return Drift(unit, power, mean, spread, log)


def _solved(stacks: Sequence[tuple[Floats, Floats]], spread: Floats) -> Iterator[tuple[Floats, Floats, Floats, Floats]]:
    for v, y in stacks:
        cov = _covariance(v, spread)
        design = np.stack([np.ones_like(v), v], axis=-1)
        weighted: Floats = np.asarray(np.linalg.solve(cov, design), float)
        yield np.asarray(design, float), weighted, y, cov
