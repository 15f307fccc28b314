"""Run-to-run: the rate of the next wafer, by the controller with the smallest error on the record of its group."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from fabwatch.cmp.history import Group, Polished
from fabwatch.cmp.usage import WAFERS
from fabwatch.stats.control import Level, observed, reset
from fabwatch.terms.reasons import Reason

WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Weights of the newest observation to try."""
FIXED_AFTER = 10
"""The fixed rate is the mean of this many first wafers."""
ENOUGH = 8
"""A group needs this many results to choose a controller by its record."""
FIRST = 3
"""The rate of a new consumable rests on this many first wafers, of this many lives."""
LIVES, KNOWN = 12, 3
"""Past changes of a consumable that are kept, and how many are needed to predict the next one."""
ALONE = 1.3
BY_COUNTER = 0.2
"""The weight to try for ages by a counter."""
RECORD = 1000
"""A controller is chosen on this many latest wafers of a group."""


class Name(NamedTuple):
    """A controller with its weight, and the clock for the age of consumables."""

    name: str
    weight: float
    clock: str = WAFERS

    def words(self) -> Reason:
        """The controller in words, with the counter that it goes by."""
        name = Reason((f"controller_{self.name}", {}))
        return name if self.clock == WAFERS else Reason(("controller_by", {"name": name, "clock": self.clock}))

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


def choices(group: Group, name: str = "auto") -> list[Name]:
    """The controllers to try on a group: those of one name, or all."""
    controllers = [*ALL, *(Name("age", BY_COUNTER, clock) for clock in group.clocks)]
    return [choice for choice in controllers if name in ("auto", choice.name)]


@dataclass(frozen=True)
class Step:
    """The rate that a controller expected of a wafer before it was polished, and the wafer."""

    expected: float
    spread: float | None
    wafer: Polished


@dataclass(frozen=True)
class _State:
    """The state of a controller."""

    level: Level
    life: int = 0
    jumps: tuple[tuple[float, float], ...] = ()
    """Distance of the first wafer after each change from the level before it, and from that of a new consumable."""
    starts: tuple[tuple[float, ...], ...] = ((),)
    """The first rates of each life of the consumables."""


class Filter:
    """A controller fed with the results of a group as they arrive; late ones are put in order."""

    def __init__(self, name: str, weight: float, clock: str = WAFERS):
        self._name, self._weight, self._clock = name, weight, clock
        self._wafers: list[Polished] = []
        self._before: list[_State] = []
        """Its state before each wafer, so that a late result costs only the wafers after it."""
        self._state = _State(Level(name, weight))

    @property
    def level(self) -> Level:
        """The current level."""
        return self._state.level

    @property
    def wafers(self) -> Sequence[Polished]:
        """The results so far, in order of polishing."""
        return self._wafers

    def take(self, wafer: Polished) -> None:
        """Add a result."""
        later: list[Polished] = []
        if self._wafers and wafer.at < self._wafers[-1].at:
            place = bisect_right(self._wafers, wafer.at, key=lambda result: result.at)
            later, self._state = self._wafers[place:], self._before[place]
            del self._wafers[place:], self._before[place:]
        for result in (wafer, *later):
            self._update(result)

    def _update(self, wafer: Polished) -> None:
        state = self._state
        age = wafer.age_on(self._clock)
        level, jumps, starts = state.level, state.jumps, state.starts
        if wafer.life != state.life and self._wafers:
            unchanged, renewed = self._bases(age)
            level = self._open(wafer.life, age)
            jumps = (*jumps, (wafer.rate - unchanged, wafer.rate - renewed))[-LIVES:]
            starts = (*starts, ())[-FIRST - 1 :]
        if len(starts[-1]) < FIRST:
            starts = (*starts[:-1], (*starts[-1], wafer.rate))
        self._wafers.append(wafer)
        self._before.append(state)
        self._state = _State(observed(level, wafer.rate, age), wafer.life, jumps, starts)

    def _bases(self, age: float) -> tuple[float, float]:
        """The level after a change without effect, and after one that makes the consumables new."""
        state = self._state
        level = state.level.level or 0.0
        if self._name == "age":
            return level, state.level.expected(age) or level
        starts = [sum(rates) / len(rates) for rates in state.starts[-FIRST:] if rates]
        return level, sum(starts) / len(starts) if starts else level

    def _open(self, life: int, age: float) -> Level:
        """The level before a wafer: reset when a consumable was changed, unless past changes have not variance_moved it."""
        level = self._state.level
        if life == self._state.life or not self._wafers or self._name == "fixed":
            return level
        if self._name == "last":
            # Only the last value is known; the spread of the next one is less certain than before.
            return reset(level, age=age)
        unchanged, renewed = self._bases(age)
        jumps, variance = self._state.jumps, level.variance
        if len(jumps) < KNOWN or variance is None:
            return reset(level, renewed, age=age)
        squares = [sum(jump[n] ** 2 for jump in jumps) / len(jumps) for n in (0, 1)]
        base, which = (unchanged, 0) if squares[0] <= squares[1] else (renewed, 1)
        # The first wafer departs by ALONE times the variance through its own noise and that of the level.
        variance_moved = max(squares[which] - ALONE * variance, 0.0)
        opening = variance_moved / (variance_moved + variance)
        if which == 0 and opening <= self._weight and self._name != "age":
            return level
        steps = [jump[which] for jump in jumps]
        mean = sum(steps) / len(steps)
        spread = sum((jump - mean) ** 2 for jump in steps) / len(steps) ** 2
        certainty = mean * mean / (mean * mean + spread) if mean else 0.0
        return reset(level, base + certainty * mean, max(opening, self._weight), age)

    def expected(self, age: float, life: int, ahead: float) -> tuple[float, float | None] | None:
        """Rate of the next wafer and its spread; None before the first result."""
        if not self._wafers:
            return None
        if self._name == "fixed":
            rates = [wafer.rate for wafer in self._wafers[:FIXED_AFTER]]
            return sum(rates) / len(rates), _spread(rates)
        level = self._open(life, age)
        expected = level.expected(age, ahead)
        return None if expected is None else (expected, level.spread())


def _spread(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def forward(group: Group, choice: Name) -> list[Step | None]:
    """The rate that a controller would have expected of each wafer of a group, from the results that had result."""
    steps: list[Step | None] = []
    waiting: list[tuple[datetime, int, Polished]] = []
    controller = Filter(*choice)
    for n, wafer in enumerate(group.wafers):
        for result in sorted(result for result in waiting if result[0] <= wafer.at):
            controller.take(result[2])
        waiting = [result for result in waiting if result[0] > wafer.at]
        ahead = n - len(controller.wafers) + 1.0
        forecast = controller.expected(wafer.age_on(choice.clock), wafer.life, max(ahead, 1.0))
        steps.append(None if forecast is None else Step(forecast[0], forecast[1], wafer))
        # A result without an arrival time is known when the next wafer of the group is polished.
        waiting.append((wafer.known_at or wafer.at, n, wafer))
    return steps


def score(steps: Sequence[Step | None]) -> float:
    """Mean squared error, as a share of the rate."""
    errors = [(step.expected - step.wafer.rate) / step.wafer.rate for step in steps if step is not None]
    return sum(error * error for error in errors) / len(errors) if errors else math.inf


def best(group: Group, name: str = "auto") -> tuple[Name, Reason]:
    """The controller for a group, and why: the one in fab.toml, or the one with the smallest error on the record."""
    candidates = choices(group, name)
    if len(group.wafers) < ENOUGH:
        chosen = DEFAULT if name == "auto" else candidates[len(candidates) // 2]
        return chosen, Reason(("reason_few", {"controller": chosen.words()}))
    record = replace(group, wafers=group.wafers[-RECORD:])
    scores = {choice: score(forward(record, choice)[1:]) for choice in candidates}
    chosen = min(candidates, key=lambda choice: scores[choice])
    key = "reason_configured" if name != "auto" else "reason_chosen"
    return chosen, Reason((key, {"controller": chosen.words(), "error": math.sqrt(scores[chosen])}))


def filtered(group: Group, choice: Name, moment: datetime) -> Filter:
    """A controller fed with every result that had arrived by a moment."""
    controller = Filter(*choice)
    for wafer in sorted(group.wafers, key=lambda wafer: wafer.known_at or wafer.at):
        if (wafer.known_at or wafer.at) <= moment and wafer.at <= moment:
            controller.take(wafer)
    return controller
