"""A cycle day by day: its age on any clock, and the quals that it would have had at other intervals."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fabwatch.quals.history import DAY, Cycle, Stream
from fabwatch.stats.cycles import Floats
from fabwatch.stats.distributions import Family

BEYOND_DAYS = 10_000.0
NOW = 1e-9
"""Days: a qual at the moment of the hidden failure finds it."""


@dataclass(frozen=True)
class Plan:
    """The interval that was advised for one stream, in units of its clock, and the wear known then."""

    clock: str
    every: float
    family: Family
    log_scale: float
    log_shape: float


class Timeline:
    """The days of a cycle, from 0 at its start, and its age on any clock: known at its quals up to the first failed one.

    In between it is interpolated; beyond the end the cycle runs on at the mean pace of the tool.
    """

    def __init__(self, cycle: Cycle, stream: Stream):
        self._cycle, self._stream = cycle, stream
        days, passed = cycle.ages("days")
        self.count = next((n for n, ok in enumerate(passed, 1) if not ok), len(passed))
        self.failed = not all(passed)
        self.quals = days[: self.count]
        self._end = None if self.failed or cycle is not stream.running else stream.age
        end = self._end.days if self._end else self.quals[-1] if self.failed else days_from(cycle.began, cycle.ended)
        self.end = max(end, days[self.count - 1] if days else 0.0)
        self._by_clock: dict[str, tuple[Floats, Floats]] = {}

    def _knots(self, clock: str) -> tuple[Floats, Floats]:
        if clock not in self._by_clock:
            ages = [0.0, *self._cycle.ages(clock)[0][: self.count]]
            days = [0.0, *self.quals]
            if self._end is not None:
                ages.append(max(self._end.on(clock), ages[-1]))
                days.append(self.end)
            # The pace of the record, not of the cycle: one in which little ran would else last for years.
            wafers_a_day = self._stream.processed / self._stream.span_days if self._stream.span_days else 0.0
            known = clock in ("wafers", "days", *self._stream.counters)
            pace = self._stream.units_a_day(clock, wafers_a_day) if known else 0.0
            ages.append(ages[-1] + pace * BEYOND_DAYS)
            days.append(days[-1] + BEYOND_DAYS)
            self._by_clock[clock] = np.array(days), np.array(ages)
        return self._by_clock[clock]

    def runs(self, clock: str) -> bool:
        """Whether the clock moves on beyond the end of the cycle."""
        ages = self._knots(clock)[1]
        return bool(ages[-1] > ages[-2])

    def age(self, day: ArrayLike, clock: str) -> Floats:
        """The age on a clock at days of the cycle."""
        return np.asarray(np.interp(np.asarray(day, float), *self._knots(clock)))

    def day(self, age: ArrayLike, clock: str) -> Floats:
        """The days of the cycle at ages on a clock."""
        days, ages = self._knots(clock)
        return np.asarray(np.interp(np.asarray(age, float), ages, days))

    def after(self, day: float, plan: Plan) -> float:
        """The day on which a qual is due after one on this day."""
        return float(self.day(self.age(day, plan.clock) + plan.every, plan.clock))


def days_from(begin: datetime, end: datetime | None) -> float:
    """Days from one time to another, below 0 where that was earlier; 0 without one."""
    return 0.0 if end is None else (end - begin).total_seconds() / DAY


class Check(NamedTuple):
    """A qual of the schedule with the advice: an advised one has its plan, one of the record has none."""

    day: float
    plan: Plan | None


class Stage(NamedTuple):
    """The days of a cycle from one origin to the next, and the advice of the first."""

    begin: float
    end: float
    plan: Plan | None


def schedule(timeline: Timeline, stages: Sequence[Stage], kept: Sequence[float]) -> list[Check]:
    """The quals from the first stage to the end of the cycle: each as long after the last one as was advised then.

    A cycle that failed goes on to the first qual at or after the failed one. `kept` are quals of the record that come under
    any schedule. Where nothing was advised, those of the record come.
    """
    begin = stages[0].begin
    checks: list[Check] = []
    last = max((day for day in timeline.quals if day <= begin), default=0.0)
    for stage in stages:
        plan = stage.plan if stage.plan is not None and timeline.runs(stage.plan.clock) else None
        fixed = [day for day in (timeline.quals if plan is None else kept) if stage.begin < day <= stage.end]
        if plan is None and timeline.failed and stage.begin >= timeline.end:
            # The record has found the failure by then: at the latest it comes to light with its schedule.
            fixed = [stage.begin]
        while True:
            due = np.inf if plan is None else max(timeline.after(last, plan), stage.begin)
            check = Check(fixed.pop(0), None) if fixed and fixed[0] <= due else Check(due, plan)
            late = check.day > timeline.end and not timeline.failed
            if check.day > stage.end or late or check.day == np.inf:
                break
            checks.append(check)
            last = check.day
            if last >= timeline.end:
                return checks
    return checks


def last_before(day: float, quals: Sequence[float]) -> float:
    """The day of the last of these quals before a day; the start of the cycle where there is none."""
    n = bisect_left(quals, day - NOW)
    return quals[n - 1] if n else 0.0
