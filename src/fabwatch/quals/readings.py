"""Numeric readings: where they drift towards their limit, they foretell a failure better than failures alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fabwatch.quals.history import Cycle, Look, Stream
from fabwatch.stats.cycles import Floats, Running
from fabwatch.stats.drift import Drift, Path, fit_drift
from fabwatch.stats.pooling import Fitted

FEW_PATHS, FEW_READINGS = 6, 3
"""A drift needs so many cycles with so many readings in the middle one of them."""
REACHED = 0.4
"""On average a path has to have come so far from its begin to the limit before it fails; else it is a jump, no drift."""
SEED = 11
BELOW = 1 - 1e-9


@dataclass(frozen=True)
class ByFailures:
    """What is foretold from the ages of failures alone."""

    fitted: Fitted
    running: Running
    name: str = "failures"

    def bad_by(self, age: Floats) -> Floats:
        """The chance to have failed by an age, one a tool."""
        return self.fitted.bad_by(age, self.running)

    def ages(self, chances: Sequence[float]) -> Floats:
        """Ages of the hidden failure by chance: tools x chances."""
        return self.fitted.failure_ages(self.running, chances)

    def first_over(self, ages: Floats) -> Floats | None:
        """Not told by failures: how the coming quals go follows from `bad_by`."""
        del ages
        return None

    def only(self, members: Sequence[int]) -> "ByFailures":
        """The rows of some tools."""
        return ByFailures(self.fitted.only(members), self.running.only(members))


@dataclass(frozen=True)
class ByReadings:
    """What is foretold from readings that drift: simulated first passages, a row a tool."""

    drift: Drift
    paths: tuple[Path, ...]
    passages: Floats
    name: str = "readings"

    def bad_by(self, age: Floats) -> Floats:
        """The chance that the path has passed the limit by an age, one a tool."""
        chance: Floats = (self.passages <= np.asarray(age, float)[:, None]).mean(axis=1)
        return chance

    def ages(self, chances: Sequence[float]) -> Floats:
        """Ages of the first passage by chance: tools x chances; what is not seen to pass lies at the horizon or beyond."""
        far = np.nanmax(np.where(np.isfinite(self.passages), self.passages, np.nan), axis=1, initial=self.drift.unit)
        filled = np.where(np.isfinite(self.passages), self.passages, far[:, None] * 1.5)
        ages: Floats = np.quantile(filled, chances, axis=1).T
        return ages

    def first_over(self, ages: Floats) -> Floats:
        """For each tool and coming age the chance that it is the first with a reading over the limit."""
        random = np.random.default_rng(SEED)
        return np.array([self.drift.first_over(path, row, random) for path, row in zip(self.paths, ages, strict=True)])

    def only(self, members: Sequence[int]) -> "ByReadings":
        """The rows of some tools."""
        chosen = tuple(self.paths[n] for n in members)
        return ByReadings(self.drift, chosen, self.passages[list(members)])


Foretold = ByFailures | ByReadings


def by_readings(sisters: Sequence[Stream], clock: str, failures: ByFailures, tie: float) -> ByReadings | None:
    """The drift of these sisters' readings; None without one, or where it foretells past quals no better than failures."""
    paths = [(n, _path(cycle, clock)) for n, stream in enumerate(sisters) for cycle in stream.all_cycles]
    told = [path for _, path in paths if path is not None and path.age.size]
    if len(told) < FEW_PATHS or np.median([path.age.size for path in told]) < FEW_READINGS or not _drifts(told):
        return None
    drift = fit_drift(told)
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
    return ByReadings(drift, tuple(running), np.array([drift.passages(path, random) for path in running]))


def _gain(drift: Drift, path: Path, fitted: Fitted) -> float:
    """By how much the log chance of each qual of a cycle, given those before it, is better by readings than by failures."""
    ages, over = path.age, path.reading >= 1
    later = np.arange(1, ages.size)
    by_age = np.array([float(fitted.bad_by(ages[n : n + 1], Running.good_at(ages[n - 1 : n]))[0]) for n in later])
    by_path = np.array([drift.next_over(Path(ages[:n], path.reading[:n]), float(ages[n])) for n in later])
    return float((_log_score(by_path, over[1:]) - _log_score(by_age, over[1:])).sum())


def _log_score(chance: Floats, came: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    held = np.clip(chance, 1e-4, 1 - 1e-4)
    score: Floats = np.log(np.where(came, held, 1 - held))
    return score


def _drifts(paths: Sequence[Path]) -> bool:
    """True when readings have come a good part of the way to the limit before they pass it."""
    ended = [path.reading for path in paths if path.reading.size > 1 and path.reading[-1] >= 1]
    if len(ended) < FEW_PATHS // 2:
        return False
    begin = float(np.median([path.reading[0] for path in paths]))
    last = float(np.mean([reading[-2] for reading in ended if reading.size > 1]))
    return begin < 1 and (last - begin) / (1 - begin) >= REACHED


def _path(cycle: Cycle, clock: str) -> Path | None:
    """The readings of a cycle up to its first failed look as parts of the limit; None when a look has none or no limit."""
    ages, readings = [], []
    for age, look in zip(cycle.ages(clock)[0], cycle.looks, strict=True):
        part = _part(look)
        if part is None or (part > 1 and look.passed) or (part < 1 and not look.passed):
            return None
        ages.append(age)
        # A reading at the limit itself is on the side that the fab put it.
        readings.append(min(part, BELOW) if look.passed else part)
        if not look.passed:
            break
    return Path(np.array(ages), np.array(readings))


def _part(look: Look) -> float | None:
    if look.reading is None:
        return None
    if look.upper is not None and look.upper > 0:
        return look.reading / look.upper
    if look.lower is not None and look.lower > 0:
        return 2 - look.reading / look.lower
    return None
