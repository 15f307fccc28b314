"""Yardsticks for a forecast: today's fixed schedule, the mean time between failures, and one Weibull per type."""

import math
from dataclasses import dataclass

import numpy as np

from fabwatch.quals.history import Stream
from fabwatch.quals.wear import Wear
from fabwatch.stats.cycles import Floats

FIXED, MTBF, ALIKE = "the fixed schedule", "MTBF", "one Weibull a type"


@dataclass(frozen=True)
class Yardsticks:
    """The simple forecasts of one type."""

    share: float
    """Share of failed quals among sisters: all that a fixed schedule knows about the next qual."""
    lives: Floats
    """Mean age between failures of each tool, on the clock; that of all sisters where a tool has none."""


def yardsticks(wear: Wear) -> Yardsticks:
    """The simple forecasts, from the same history."""
    quals = [qual for stream in wear.streams for qual in stream.quals]
    failed = sum(not qual.passed for qual in quals)
    run_ages = np.array([_ran(stream, wear.clock) for stream in wear.streams])
    failures = np.array([stream.failures for stream in wear.streams])
    overall = float(run_ages.sum()) / max(float(failures.sum()), 0.5)
    lives = np.where(failures > 0, run_ages / np.maximum(failures, 1), overall)
    return Yardsticks((failed + 0.5) / (len(quals) + 1.0), np.maximum(lives, 1e-9))


def _ran(stream: Stream, clock: str) -> float:
    """How long a tool has run without failing: to the failed qual of each cycle, or to its last good one."""
    total = 0.0
    for cycle in stream.all_cycles:
        ages, _ = cycle.ages(clock)
        failed_age = next((age for age, qual in zip(ages, cycle.quals, strict=True) if not qual.passed), None)
        total += cycle.last_good.on(clock) if failed_age is None else failed_age
    return total


def exponential_age(good: float, life: float, chance: float) -> float:
    """The age by which a failure comes with this chance, at a constant failure rate."""
    return good - life * math.log(1 - chance)
