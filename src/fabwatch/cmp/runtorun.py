"""Run-to-run: the rate of the next wafer, by the controller that did best on the record of its group."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fabwatch.cmp.history import Group, Polished
from fabwatch.stats.control import Level, observed, set_free

WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Weights of the newest observation that are tried."""
FIXED_AFTER = 10
"""The fixed rate is the mean of so many first wafers."""
ENOUGH = 8
"""Results from which the record can choose a controller."""
FIRST = 3
"""Wafers, and lives of the consumables, that say how a new one does."""
LIVES, KNOWN = 12, 3
"""Changes of a consumable that are remembered, and from how many on they tell what the next one will do."""
ALONE = 1.3
DEFAULT = ("ewma", 0.3)
Name = tuple[str, float]
"""A controller with its weight."""
ALL: tuple[Name, ...] = (
    ("fixed", 0.0),
    ("last", 1.0),
    *(("ewma", weight) for weight in WEIGHTS),
    *(("dewma", weight) for weight in (0.2, 0.3, 0.4)),
    *(("age", weight) for weight in (0.1, 0.2, 0.3, 0.4)),
)


@dataclass(frozen=True)
class Step:
    """What one controller expected of one wafer before it was polished, and what came."""

    expected: float
    spread: float | None
    wafer: Polished


class Filter:
    """A controller that goes through the results of a group as they arrive; late ones are put in their place."""

    def __init__(self, name: str, weight: float):
        self._name, self._weight = name, weight
        self._wafers: list[Polished] = []
        self._level = Level(name, weight)
        self._life = 0
        self._jumps: list[tuple[float, float]] = []
        """How far the first wafer after each change lay from the level before it, and from that of a new consumable."""
        self._starts: list[list[float]] = [[]]
        """The first rates of each life of the consumables."""

    @property
    def level(self) -> Level:
        """What is known now."""
        return self._level

    @property
    def wafers(self) -> Sequence[Polished]:
        """The results that were taken in, in order of polishing."""
        return self._wafers

    def take(self, wafer: Polished) -> None:
        """Take a result in."""
        if self._wafers and wafer.at < self._wafers[-1].at:
            place = bisect_right([one.at for one in self._wafers], wafer.at)
            every = [*self._wafers[:place], wafer, *self._wafers[place:]]
            self.__init__(self._name, self._weight)  # type: ignore[misc]
            for one in every:
                self._follow(one)
            return
        self._follow(wafer)

    def _follow(self, wafer: Polished) -> None:
        self._wafers.append(wafer)
        level = self._level
        if wafer.life != self._life and len(self._wafers) > 1:
            stays, anew = self._bases()
            self._jumps.append((wafer.rate - stays, wafer.rate - anew))
            level = self._open(wafer.life)
            self._starts.append([])
        if len(self._starts[-1]) < FIRST:
            self._starts[-1].append(wafer.rate)
        self._level = observed(level, wafer.rate, wafer.age)
        self._life = wafer.life

    def _bases(self) -> tuple[float, float]:
        """Where the level would be after a change that does nothing, and after one that makes the consumables new."""
        level = self._level.level or 0.0
        if self._name == "age":
            return level, self._level.expected(0.0) or level
        starts = [sum(some) / len(some) for some in self._starts[-FIRST:] if some]
        return level, sum(starts) / len(starts) if starts else level

    def _open(self, life: int) -> Level:
        """The level before a wafer: set free when a consumable was changed, unless changes have not moved it so far."""
        if life == self._life or not self._wafers or self._name in ("fixed", "last"):
            return self._level
        stays, anew = self._bases()
        jumps, variance = self._jumps[-LIVES:], self._level.variance
        if len(jumps) < KNOWN or variance is None:
            return set_free(self._level, anew)
        squares = [sum(jump[n] ** 2 for jump in jumps) / len(jumps) for n in (0, 1)]
        base, which = (stays, 0) if squares[0] <= squares[1] else (anew, 1)
        # A first wafer alone lies ALONE times the variance from the level by its own noise and that of the level.
        moved = max(squares[which] - ALONE * variance, 0.0)
        opening = moved / (moved + variance)
        if which == 0 and opening <= self._weight and self._name != "age":
            return self._level
        some = [jump[which] for jump in jumps]
        mean = sum(some) / len(some)
        spread = sum((jump - mean) ** 2 for jump in some) / len(some) ** 2
        sure = mean * mean / (mean * mean + spread) if mean else 0.0
        return set_free(self._level, base + sure * mean, max(opening, self._weight))

    def expected(self, age: float, life: int, ahead: float) -> tuple[float, float | None] | None:
        """Rate of a wafer that is polished next, and its spread; None before anything is known."""
        if not self._wafers:
            return None
        if self._name == "fixed":
            some = [wafer.rate for wafer in self._wafers[:FIXED_AFTER]]
            return sum(some) / len(some), _spread(some)
        level = self._open(life)
        expected = level.expected(age, ahead)
        return None if expected is None else (expected, level.spread())


def _spread(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def forward(group: Group, name: str, weight: float) -> list[Step | None]:
    """What a controller would have expected of each wafer of a group, with the results that had arrived before it."""
    found: list[Step | None] = []
    waiting: list[tuple[datetime, int, Polished]] = []
    filtered = Filter(name, weight)
    for n, wafer in enumerate(group.wafers):
        for arrived in sorted(one for one in waiting if one[0] <= wafer.at):
            filtered.take(arrived[2])
        waiting = [one for one in waiting if one[0] > wafer.at]
        ahead = n - len(filtered.wafers) + 1.0
        told = filtered.expected(wafer.age, wafer.life, max(ahead, 1.0))
        found.append(None if told is None else Step(told[0], told[1], wafer))
        # Without a time of its own a result is known when the next wafer of the group is polished.
        waiting.append((wafer.known_at or wafer.at, n, wafer))
    return found


def score(steps: Sequence[Step | None]) -> float:
    """Mean square of what was missed, as a share of the rate; large departures count no more than their weight."""
    missed = [(step.expected - step.wafer.rate) / step.wafer.rate for step in steps if step is not None]
    return sum(off * off for off in missed) / len(missed) if missed else math.inf


def best(group: Group, wanted: str = "auto") -> tuple[Name, str]:
    """The controller for a group, and why: the one stated, or the one that missed least on the record."""
    choices = [choice for choice in ALL if wanted in ("auto", choice[0])]
    if len(group.wafers) < ENOUGH:
        chosen = DEFAULT if wanted == "auto" else choices[len(choices) // 2]
        return chosen, f"{chosen[0]}: too few results to choose by"
    scores = {choice: score(forward(group, *choice)[1:]) for choice in choices}
    chosen = min(choices, key=lambda choice: scores[choice])
    why = "stated in fab.toml" if wanted != "auto" else "missed least on the record"
    return chosen, f"{chosen[0]}: {why} ({math.sqrt(scores[chosen]):.2%} of the rate)"


def filtered(group: Group, choice: Name, moment: datetime) -> Filter:
    """A controller with everything that had arrived by a moment."""
    found = Filter(*choice)
    for wafer in sorted(group.wafers, key=lambda one: one.known_at or one.at):
        if (wafer.known_at or wafer.at) <= moment and wafer.at <= moment:
            found.take(wafer)
    return found
