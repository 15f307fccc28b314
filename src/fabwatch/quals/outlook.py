"""The future of tools under one qual type: their hidden failures, coming quals and planned maintenance, all at once."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fabwatch.quals.cadence import MIDDLE, WEIGHTS, Coming, ages_at
from fabwatch.quals.history import DAY
from fabwatch.quals.maintenance import Calendar
from fabwatch.quals.predictions import ByMarker
from fabwatch.quals.schedule import days_ahead, pace
from fabwatch.quals.wear import Wear
from fabwatch.quals.yardsticks import Yardsticks
from fabwatch.stats.cycles import Floats, Running

QUALS_AHEAD = 5
CHANCES = (0.005, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.995)
"""The quantiles of the hidden failure that are computed and recorded."""


class Outlook:
    """The future of the streams of one type, computed for all of them at once."""

    def __init__(
        self,
        wear: Wear,
        dues: Sequence[Coming | None],
        planned: Calendar,
        simple: Yardsticks,
        coverage: float,
    ):
        self.wear, self.coverage = wear, coverage
        tail = round((1 - coverage) / 2, 12)
        self.chances = tuple(sorted({*CHANCES, tail, round(1 - tail, 12)}))
        self.edges = [self.chances.index(tail), self.chances.index(round(1 - tail, 12))]
        self.ages = wear.predictor.ages(self.chances)
        self.now = np.array([stream.age.on(wear.clock) for stream in wear.streams])
        self.paces = [pace(stream) for stream in wear.streams]
        with_pace = zip(wear.streams, self.paces, strict=True)
        self.speed = np.array([stream.units_a_day(wear.clock, pace.per_day) for stream, pace in with_pace])
        self.bad_now = wear.predictor.bad_by(self.now)
        self.dues = dues
        ages = ages_at(dues, self.now, wear.clock, self.speed, QUALS_AHEAD)
        self.ages_at_due, self.simple = ages[:, :, MIDDLE], simple
        self.then, self.good = ages[:, 0, MIDDLE], np.array([s.running.last_good.on(wear.clock) for s in wear.streams])
        # Streams x quals x nodes: each qual at an early, the middle and a late day.
        self.bad_at_due = wear.predictor.bad_by(ages.reshape(len(ages), -1)).reshape(ages.shape)
        first_over = [wear.predictor.first_over(ages[:, :, node]) for node in range(WEIGHTS.size)]
        known = [chances for chances in first_over if chances is not None]
        self.first_over = np.stack(known, axis=2) if known else None
        self.planned, self.restored = planned, [planned.coming(stream, wear.stated) for stream in wear.streams]
        # The windows after a pass at the next qual, and after a restore now.
        passed = wear.fitted.failure_ages(Running.good_at(np.maximum(self.then, wear.running.last_edge)), (0.1, 0.9))
        self.if_passed = np.maximum(passed - self.then[:, None], 0.0)
        self.if_restored = wear.fitted.failure_ages(Running.good_at(np.zeros(len(wear.streams))), (0.1, 0.9))

    def new_life(self, n: int, days: Floats) -> Floats:
        """The chance of being out of spec so many days after a restore."""
        fitted, ages = self.wear.fitted.only([n]), np.maximum(days, 0.0) * self.speed[n]
        bad: Floats = fitted.bad_by(ages.reshape(1, -1), Running.good_at(np.zeros(1))).reshape(days.shape)
        return bad

    def planned_day(self, n: int) -> float | None:
        """Days until planned maintenance restores a stream."""
        at = self.restored[n]
        return None if at is None else (at - self.wear.streams[n].now).total_seconds() / DAY

    def left(self, n: int) -> Floats:
        """Units of the clock from now to the hidden failure, per quantile."""
        left: Floats = np.maximum(self.ages[n] - self.now[n], 0.0)
        return left

    def reading_at(self, n: int, due: int) -> tuple[float, float] | None:
        """Between which values four of five readings at a coming qual lie, where readings tell of the life."""
        if not isinstance(self.wear.predictor, ByMarker):
            return None
        between = self.wear.predictor.reading_at(n, float(self.ages_at_due[n, due]))
        return between and (round(between[0], 3), round(between[1], 3))

    def days(self, n: int) -> Floats | None:
        """Days from now to the hidden failure, per quantile; None where nothing runs."""
        if self.wear.clock == "days":
            return self.left(n)
        speed = replace(self.paces[n], per_day=float(self.speed[n]))
        return days_ahead(self.left(n), np.array(self.chances), speed) if speed.per_day > 0 else None
