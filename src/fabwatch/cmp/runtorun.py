"""Run-to-run: the rate of the next wafer, by the controller that did best on the record of its group."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from fabwatch.cmp.history import Group, Polished
from fabwatch.cmp.usage import WAFERS
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
BY_COUNTER = 0.2
"""The weight that ages by a counter are tried with."""
RECORD = 1000
"""The latest wafers of a group, by which a controller is chosen."""


class Name(NamedTuple):
    """A controller with its weight, and the clock that it ages consumables by."""

    name: str
    weight: float
    clock: str = WAFERS

    def __str__(self) -> str:
        return self.name if self.clock == WAFERS else f"{self.name} by {self.clock}"


DEFAULT = Name("ewma", 0.3)
ALL: tuple[Name, ...] = (
    Name("fixed", 0.0),
    Name("last", 1.0),
    *(Name("ewma", weight) for weight in WEIGHTS),
    *(Name("dewma", weight) for weight in (0.2, 0.3, 0.4)),
    *(Name("age", weight) for weight in (0.1, 0.2, 0.3, 0.4)),
)


def choices(group: Group, wanted: str = "auto") -> list[Name]:
    """The controllers that can be tried on a group: those of one name, or all."""
    every = [*ALL, *(Name("age", BY_COUNTER, clock) for clock in group.clocks)]
    return [choice for choice in every if wanted in ("auto", choice.name)]


@dataclass(frozen=True)
class Step:
    """What one controller expected of one wafer before it was polished, and what came."""

    expected: float
    spread: float | None
    wafer: Polished


@dataclass(frozen=True)
class _State:
    """Where a controller stands."""

    level: Level
    life: int = 0
    jumps: tuple[tuple[float, float], ...] = ()
    """How far the first wafer after each change lay from the level before it, and from that of a new consumable."""
    starts: tuple[tuple[float, ...], ...] = ((),)
    """The first rates of each life of the consumables."""


class Filter:
    """A controller that goes through the results of a group as they arrive; late ones are put in their place."""

    def __init__(self, name: str, weight: float, clock: str = WAFERS):
        self._name, self._weight, self._clock = name, weight, clock
        self._wafers: list[Polished] = []
        self._before: list[_State] = []
        """Where it stood before each of them, so that a late one costs no more than those after it."""
        self._state = _State(Level(name, weight))

    @property
    def level(self) -> Level:
        """What is known now."""
        return self._state.level

    @property
    def wafers(self) -> Sequence[Polished]:
        """The results that were taken in, in order of polishing."""
        return self._wafers

    def take(self, wafer: Polished) -> None:
        """Take a result in."""
        later: list[Polished] = []
        if self._wafers and wafer.at < self._wafers[-1].at:
            place = bisect_right(self._wafers, wafer.at, key=lambda one: one.at)
            later, self._state = self._wafers[place:], self._before[place]
            del self._wafers[place:], self._before[place:]
        for one in (wafer, *later):
            self._follow(one)

    def _follow(self, wafer: Polished) -> None:
        state = self._state
        age = wafer.aged(self._clock)
        level, jumps, starts = state.level, state.jumps, state.starts
        if wafer.life != state.life and self._wafers:
            stays, anew = self._bases(age)
            level = self._open(wafer.life, age)
            jumps = (*jumps, (wafer.rate - stays, wafer.rate - anew))[-LIVES:]
            starts = (*starts, ())[-FIRST - 1 :]
        if len(starts[-1]) < FIRST:
            starts = (*starts[:-1], (*starts[-1], wafer.rate))
        self._wafers.append(wafer)
        self._before.append(state)
        self._state = _State(observed(level, wafer.rate, age), wafer.life, jumps, starts)

    def _bases(self, age: float) -> tuple[float, float]:
        """Where the level would be after a change that does nothing, and after one that makes the consumables new."""
        state = self._state
        level = state.level.level or 0.0
        if self._name == "age":
            return level, state.level.expected(age) or level
        starts = [sum(some) / len(some) for some in state.starts[-FIRST:] if some]
        return level, sum(starts) / len(starts) if starts else level

    def _open(self, life: int, age: float) -> Level:
        """The level before a wafer: set free when a consumable was changed, unless changes have not moved it so far."""
        level = self._state.level
        if life == self._state.life or not self._wafers or self._name == "fixed":
            return level
        if self._name == "last":
            # Nothing but the last value is known, and how far the next one lies from it less than before.
            return set_free(level, age=age)
        stays, anew = self._bases(age)
        jumps, variance = self._state.jumps, level.variance
        if len(jumps) < KNOWN or variance is None:
            return set_free(level, anew, age=age)
        squares = [sum(jump[n] ** 2 for jump in jumps) / len(jumps) for n in (0, 1)]
        base, which = (stays, 0) if squares[0] <= squares[1] else (anew, 1)
        # A first wafer alone lies ALONE times the variance from the level by its own noise and that of the level.
        moved = max(squares[which] - ALONE * variance, 0.0)
        opening = moved / (moved + variance)
        if which == 0 and opening <= self._weight and self._name != "age":
            return level
        some = [jump[which] for jump in jumps]
        mean = sum(some) / len(some)
        spread = sum((jump - mean) ** 2 for jump in some) / len(some) ** 2
        sure = mean * mean / (mean * mean + spread) if mean else 0.0
        return set_free(level, base + sure * mean, max(opening, self._weight), age)

    def expected(self, age: float, life: int, ahead: float) -> tuple[float, float | None] | None:
        """Rate of a wafer that is polished next, and its spread; None before anything is known."""
        if not self._wafers:
            return None
        if self._name == "fixed":
            some = [wafer.rate for wafer in self._wafers[:FIXED_AFTER]]
            return sum(some) / len(some), _spread(some)
        level = self._open(life, age)
        expected = level.expected(age, ahead)
        return None if expected is None else (expected, level.spread())


def _spread(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def forward(group: Group, choice: Name) -> list[Step | None]:
    """What a controller would have expected of each wafer of a group, with the results that had arrived before it."""
    found: list[Step | None] = []
    waiting: list[tuple[datetime, int, Polished]] = []
    filtered = Filter(*choice)
    for n, wafer in enumerate(group.wafers):
        for arrived in sorted(one for one in waiting if one[0] <= wafer.at):
            filtered.take(arrived[2])
        waiting = [one for one in waiting if one[0] > wafer.at]
        ahead = n - len(filtered.wafers) + 1.0
        told = filtered.expected(wafer.aged(choice.clock), wafer.life, max(ahead, 1.0))
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
    some = choices(group, wanted)
    if len(group.wafers) < ENOUGH:
        chosen = DEFAULT if wanted == "auto" else some[len(some) // 2]
        return chosen, f"{chosen}: too few results to choose by"
    record = replace(group, wafers=group.wafers[-RECORD:])
    scores = {choice: score(forward(record, choice)[1:]) for choice in some}
    chosen = min(some, key=lambda choice: scores[choice])
    why = "stated in fab.toml" if wanted != "auto" else "missed least on the record"
    return chosen, f"{chosen}: {why} ({math.sqrt(scores[chosen]):.2%} of the rate)"


def filtered(group: Group, choice: Name, moment: datetime) -> Filter:
    """A controller with everything that had arrived by a moment."""
    found = Filter(*choice)
    for wafer in sorted(group.wafers, key=lambda one: one.known_at or one.at):
        if (wafer.known_at or wafer.at) <= moment and wafer.at <= moment:
            found.take(wafer)
    return found
