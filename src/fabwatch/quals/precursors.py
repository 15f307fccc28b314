"""What a tool reported before it failed: alarms and counts of errors that multiply its hazard, learned forward in time.

Used where they predicted the results of later quals better than the forecast without them.
"""

from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fabwatch.quals.cadence import MIDDLE, ages_at, coming
from fabwatch.quals.history import Stream
from fabwatch.quals.markers import Worn
from fabwatch.quals.predictions import ByCurve
from fabwatch.quals.schedule import pace
from fabwatch.stats.cycles import Floats
from fabwatch.stats.hazards import Factors, fit_factors, log_score

RECENT = timedelta(days=3)
WHEN = (0.2, 0.5, 0.8)
"""Shares of the time between two looks at which the past is looked at as a forecast would have."""
FEW_LOOKS, FEW_FAILURES, SEEN_IN = 30, 10, 5
"""Looks, failures, and looks before which a signal came, that are needed to learn from."""
MOST_SIGNALS = 12
SURE = 1 - 1e-12
NAMED = 1.15
"""A signal that multiplies the hazard by this much is named in the explanation."""


@dataclass(frozen=True)
class Precursors:
    """Which signals of one type multiply its hazard, and by how much."""

    names: tuple[str, ...]
    factors: Factors
    gain: float
    """How much better, in log chance, they predicted later quals."""

    def seen(self, stream: Stream) -> Floats:
        """What was seen of each name by now."""
        looks = [qual.at for qual in stream.running.quals]
        return _seen(stream, self.names, looks[-1] if looks else stream.running.began, stream.now)

    def times(self, stream: Stream) -> float:
        """How many times as high the hazard of a tool is by what was seen since its last look."""
        return float(self.factors.times(self.seen(stream)[None])[0])

    def told(self, stream: Stream) -> tuple[tuple[str, int, float], ...]:
        """The signals since the last look that raise the hazard: name, how often, how many times."""
        seen = self.seen(stream)
        by_name = self.factors.each(seen).reshape(-1, 2).prod(axis=1)
        counts = np.rint(np.expm1(seen.reshape(-1, 2).max(axis=1))).astype(int)
        rows = [
            (name, int(count), round(float(factor), 2))
            for name, count, factor in zip(self.names, counts, by_name, strict=True)
            if factor >= NAMED and count
        ]
        return tuple(sorted(rows, key=lambda row: -row[2]))


def learn_precursors(worn: Worn, judged_at: datetime | None, tie: float) -> Precursors | None:
    """The precursors of one type; None where there are none, or where they have not paid after `judged_at`."""
    names = _names(worn.streams)
    if not names or judged_at is None:
        return None
    looks = _looks(worn, names)
    before = looks.at <= np.datetime64(judged_at, "us")
    early, late = looks.part(before), looks.part(~before)
    if not early.enough or not late.at.size:
        return None
    factors = fit_factors(early.seen, early.hazard, early.failed, 1 / len(WHEN))
    told = log_score(late.hazard, late.failed, factors.times(late.seen)) - log_score(late.hazard, late.failed, np.ones(1))
    gain = float(told.sum()) / len(WHEN)
    if gain <= tie:
        return None
    return Precursors(names, fit_factors(looks.seen, looks.hazard, looks.failed, 1 / len(WHEN)), gain)


def _names(streams: Sequence[Stream]) -> tuple[str, ...]:
    often = Tally(name for stream in streams for name in stream.signals for _ in range(len(stream.signals[name].seconds)))
    return tuple(sorted(name for name, count in often.most_common(MOST_SIGNALS) if count >= SEEN_IN))


def _seen(stream: Stream, names: Sequence[str], since: datetime, now: datetime) -> Floats:
    """Log of 1 + how often each came since the last look, and in the last days."""
    row: list[float] = []
    for name in names:
        signal = stream.signals.get(name)
        row += [0.0, 0.0] if signal is None else [signal.between(since, now), signal.between(now - RECENT, now)]
    seen: Floats = np.log1p(np.array(row))
    return seen


@dataclass(frozen=True)
class _Looks:
    """Looks of the past: what was seen before, the hazard since the look before, the result, and when it was."""

    seen: Floats
    hazard: Floats
    failed: NDArray[np.bool_]
    at: NDArray[np.datetime64]

    def part(self, rows: NDArray[np.bool_]) -> "_Looks":
        return _Looks(self.seen[rows], self.hazard[rows], self.failed[rows], self.at[rows])

    @property
    def enough(self) -> bool:
        return self.at.size >= FEW_LOOKS * len(WHEN) and int(self.failed.sum()) >= FEW_FAILURES * len(WHEN)


def _looks(worn: Worn, names: Sequence[str]) -> _Looks:
    family = worn.fitted.grid.family
    scale, shape = (worn.fitted.weight @ axis for axis in worn.fitted.grid.points.T)
    seen, hazard, failed, at = [], [], [], []
    for tool, stream in enumerate(worn.streams):
        for cycle in stream.all_cycles:
            ages, passed = cycle.ages(worn.clock)
            times = [cycle.began, *(qual.at for qual in cycle.quals)]
            for n, (before, then) in enumerate(pairwise(times)):
                edges = np.log(np.maximum([ages[n - 1] if n else 0.0, ages[n]], 1e-12))
                low, high = family.hazard(edges - scale[tool], shape[tool])
                for share in WHEN:
                    seen.append(_seen(stream, names, before, before + (then - before) * share))
                    hazard.append(high - low)
                    failed.append(not passed[n])
                    at.append(np.datetime64(then, "us"))
                if not passed[n]:
                    break
    columns = 2 * len(names)
    return _Looks(
        np.array(seen).reshape(-1, columns), np.array(hazard), np.array(failed, bool), np.array(at, "datetime64[us]")
    )


def by_precursors(worn: Worn, alone: ByCurve, precursors: Precursors) -> ByCurve:
    """The same prediction with the hazard from the last good qual to the next one multiplied by what was seen."""
    now = np.array([stream.age.on(worn.clock) for stream in worn.streams])
    speed = np.array([stream.units_a_day(worn.clock, pace(stream).per_day) for stream in worn.streams])
    looks = ages_at(coming(worn.streams, 1), now, worn.clock, speed, 1)[:, 0, MIDDLE]
    rows = []
    for stream, next_look, edges, bad in zip(worn.streams, looks, alone.edges, alone.bad, strict=True):
        steps = np.diff(-np.log1p(-np.minimum(bad, SURE)), prepend=0.0)
        middle = (edges + np.concatenate([edges[:1], edges[:-1]])) / 2
        risen = np.cumsum(np.where(middle <= next_look, steps * precursors.times(stream), steps))
        rows.append(-np.expm1(-risen))
    return replace(alone, bad=np.array(rows), told=tuple(precursors.told(stream) for stream in worn.streams))
