"""What a forecast has to beat: today's fixed schedule, the mean time between failures, and one Weibull for a whole type."""

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
    """Share of failed quals among sisters: all that a fixed schedule knows of the next one."""
    lives: Floats
    """Mean age between failures of each tool, on the clock; that of all sisters where a tool has none."""


def yardsticks(wear: Wear) -> Yardsticks:
    """The simple forecasts, from the same history."""
    looks = [look for stream in wear.streams for look in stream.looks]
    failed = sum(not look.passed for look in looks)
    ran = np.array([_ran(stream, wear.clock) for stream in wear.streams])
    failures = np.array([stream.failures for stream in wear.streams])
    of_all = float(ran.sum()) / max(float(failures.sum()), 0.5)
    lives = np.where(failures > 0, ran / np.maximum(failures, 1), of_all)
    return Yardsticks((failed + 0.5) / (len(looks) + 1.0), np.maximum(lives, 1e-9))


def _ran(stream: Stream, clock: str) -> float:
    """What a tool has run without failing: to the failed look of a cycle, or to its last good one."""
    total = 0.0
    for cycle in stream.all_cycles:
        ages, _ = cycle.ages(clock)
        found = next((age for age, look in zip(ages, cycle.looks, strict=True) if not look.passed), None)
        total += cycle.last_good.on(clock) if found is None else found
    return total


def exponential_age(good: float, life: float, chance: float) -> float:
    """The age of the failure with a chance, when it comes at the same rate whatever the age."""
    return good - life * math.log(1 - chance)
