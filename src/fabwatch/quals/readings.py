"""Numeric readings: where they drift towards their limit, they predict a failure better than past failures alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fabwatch.quals.history import Cycle, QualEvent, Stream
from fabwatch.quals.predictions import ByCurve
from fabwatch.stats.cycles import Floats, Running
from fabwatch.stats.drift import Drift, Path, fit_drift
from fabwatch.stats.pooling import Fitted
from fabwatch.stats.scoring import log_score

FEW_PATHS, FEW_READINGS = 6, 3
"""A drift needs this many cycles, with this many readings in the median cycle."""
REACHED = 0.4
"""Mean share of the way to the limit that a path covers before it fails; below this it is a jump, not a drift."""
SEED = 11
BELOW = 1 - 1e-9
LEAST = 1e-4


@dataclass(frozen=True)
class ByFailures:
    """Predictions from the ages of failures alone."""

    fitted: Fitted
    running: Running
    name: str = "failures"

    def bad_by(self, age: Floats) -> Floats:
        """The chance to have failed by an age, one per tool, or tools x ages."""
        return self.fitted.bad_by(age, self.running)

    def ages(self, chances: Sequence[float]) -> Floats:
        """Ages of the hidden failure per quantile: tools x chances."""
        return self.fitted.failure_ages(self.running, chances)

    def first_over(self, ages: Floats) -> Floats | None:
        """None: the results of the coming quals follow from `bad_by`."""
        del ages
        return None

    def only(self, members: Sequence[int]) -> "ByFailures":
        """The rows of some tools."""
        return ByFailures(self.fitted.only(members), self.running.only(members))


@dataclass(frozen=True)
class ByReadings:
    """Predictions from readings that drift: simulated first passages, one row per tool."""

    drift: Drift
    paths: tuple[Path, ...]
    passages: Floats
    gain: float
    """How much better, in log chance, they predict past quals than failures alone."""
    name: str = "readings"

    def bad_by(self, age: Floats) -> Floats:
        """The chance that the path has passed the limit by an age, one per tool, or tools x ages."""
        ages = np.asarray(age, float)
        if ages.ndim > 1:
            return np.column_stack([self.bad_by(column) for column in ages.T])
        chance: Floats = (self.passages <= ages[:, None]).mean(axis=1)
        return chance

    def ages(self, chances: Sequence[float]) -> Floats:
        """Ages of the first passage per quantile: tools x chances; paths that never pass lie beyond the horizon."""
        far = np.nanmax(np.where(np.isfinite(self.passages), self.passages, np.nan), axis=1, initial=self.drift.unit)
        filled = np.where(np.isfinite(self.passages), self.passages, far[:, None] * 1.5)
        ages: Floats = np.quantile(filled, chances, axis=1).T
        return ages

    def first_over(self, ages: Floats) -> Floats:
        """The chance per tool and coming age that it is the first with a reading over the limit."""
        random = np.random.default_rng(SEED)
        return np.array([self.drift.first_over(path, row, random) for path, row in zip(self.paths, ages, strict=True)])

    def only(self, members: Sequence[int]) -> "ByReadings":
        """The rows of some tools."""
        chosen = tuple(self.paths[n] for n in members)
        return ByReadings(self.drift, chosen, self.passages[list(members)], self.gain)


Predictor = ByFailures | ByReadings | ByCurve


def by_readings(sisters: Sequence[Stream], clock: str, failures: ByFailures, tie: float) -> ByReadings | None:
    """The drift of these sisters' readings; None without one, or where it predicts past quals no better than failures."""
    paths = [(n, _path(cycle, clock)) for n, stream in enumerate(sisters) for cycle in stream.all_cycles]
    usable = [path for _, path in paths if path is not None and path.age.size]
    if len(usable) < FEW_PATHS or np.median([path.age.size for path in usable]) < FEW_READINGS or not _drifts(usable):
        return None
    drift = fit_drift(usable)
    if drift.mean[1] <= 0:
        return None
    gain = 0.0
    for n, path in paths:
        if path is not None and path.age.size > 1:
            gain += _gain(drift, path, failures.fitted.only([n]))
    if gain <= tie:
        return None
    random = np.random.default_rng(SEED)
    running = [_path(stream.running, clock) or Path(np.empty(0), np.empty(0)) for stream in sisters]
    return ByReadings(drift, tuple(running), np.array([drift.passages(path, random) for path in running]), gain)


def _gain(drift: Drift, path: Path, fitted: Fitted) -> float:
    """Gain in the log chance of each qual of a cycle, given those before it, by readings over failures."""
    ages, over = path.age, path.reading >= 1
    later = np.arange(1, ages.size)
    by_age = np.array([float(fitted.bad_by(ages[n : n + 1], Running.good_at(ages[n - 1 : n]))[0]) for n in later])
    by_path = np.array([drift.next_over(Path(ages[:n], path.reading[:n]), float(ages[n])) for n in later])
    return float((log_score(by_path, over[1:], LEAST) - log_score(by_age, over[1:], LEAST)).sum())


def _drifts(paths: Sequence[Path]) -> bool:
    """True when readings cover a good part of the way to the limit before they pass it."""
    ended = [path.reading for path in paths if path.reading.size > 1 and path.reading[-1] >= 1]
    if len(ended) < FEW_PATHS // 2:
        return False
    begin = float(np.median([path.reading[0] for path in paths]))
    last = float(np.mean([reading[-2] for reading in ended if reading.size > 1]))
    return begin < 1 and (last - begin) / (1 - begin) >= REACHED


def _path(cycle: Cycle, clock: str) -> Path | None:
    """The readings of a cycle up to its first failed qual, as shares of the limit; None if a reading or limit is missing."""
    ages, readings = [], []
    for age, qual in zip(cycle.ages(clock)[0], cycle.quals, strict=True):
        share = _share_of_limit(qual)
        if share is None or (share > 1 and qual.passed) or (share < 1 and not qual.passed):
            return None
        ages.append(age)
        # The fab's result decides on which side a reading at the limit lies.
        readings.append(min(share, BELOW) if qual.passed else share)
        if not qual.passed:
            break
    return Path(np.array(ages), np.array(readings))


def _share_of_limit(qual: QualEvent) -> float | None:
    if qual.reading is None or qual.limit is None:
        return None
    limit, upper = qual.limit
    return qual.reading / limit if upper else 2 - qual.reading / limit
