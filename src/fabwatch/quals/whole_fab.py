"""What the types of a fab say of one another: a prior from all types under one qual type, used where it has paid."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from fabwatch.quals.history import Stream
from fabwatch.quals.schedule import pace, usual_round
from fabwatch.stats.cycles import Cycles, Floats
from fabwatch.stats.kinds import Prior, learned, shared
from fabwatch.stats.pooling import Sisters

MANY_TYPES = 6
"""With fewer types under one qual type, each is known by itself alone."""
STEPS = 4
"""Steps of EM for the prior: it starts near its end."""
EARLIER = 0.6
"""Whether the fab helps is judged at the time of this share of all quals, by what came after."""


@dataclass(frozen=True)
class TypeRecord:
    """One type with what a prior of it needs."""

    streams: Sequence[Stream]
    qual_type: str
    clock: str
    sisters: Sisters
    early: Cycles
    """Its cycles as known at the time of judging."""

    @property
    def speed(self) -> float:
        """Units of its clock a day."""
        return float(np.mean([stream.units_a_day(self.clock, pace(stream).per_day) for stream in self.streams]))

    @property
    def gap(self) -> float:
        """Its usual days between quals; 0 where none is known."""
        gaps = [usual for stream in self.streams if (usual := usual_round(stream).days)]
        return float(np.median(gaps)) if gaps else 0.0


def judging_time(streams: Sequence[Stream]) -> datetime | None:
    """The time by which EARLIER of all quals of these streams were done; None without any."""
    times = sorted(qual.at for stream in streams for qual in stream.quals)
    return times[int(EARLIER * (len(times) - 1))] if times else None


def with_fab(records: Sequence[TypeRecord]) -> list[Sisters]:
    """Each type under the prior from all types of its qual type, where that predicted the later record better."""
    chosen = [record.sisters for record in records]
    by_kind: dict[str, list[int]] = defaultdict(list)
    speeds, gaps = [record.speed for record in records], [record.gap for record in records]
    for n, record in enumerate(records):
        # Nothing ran, or no gap between quals: no life in days to compare.
        if speeds[n] > 0 and gaps[n] > 0:
            by_kind[record.qual_type].append(n)
    for members in by_kind.values():
        if len(members) < MANY_TYPES:
            continue
        speed, gap = np.array([speeds[n] for n in members]), np.array([gaps[n] for n in members])
        early = [records[n].sisters.as_known(records[n].early) for n in members]
        with_prior = [one.under(prior) for one, prior in zip(early, _priors(early, speed, gap), strict=True)]
        now = [chosen[n] for n in members]
        gain = sum(
            one.later_score(helped) - one.later_score(alone)
            for one, helped, alone in zip(now, with_prior, early, strict=True)
        )
        if gain > 0:
            for n, prior in zip(members, _priors(now, speed, gap), strict=True):
                chosen[n] = chosen[n].under(prior)
    return chosen


def _priors(types: Sequence[Sisters], speed: Floats, gap: Floats) -> list[Prior]:
    priors = shared(*_means(types), speed, gap)
    for _ in range(STEPS):
        priors = learned(*_means([one.under(prior) for one, prior in zip(types, priors, strict=True)]), speed, gap)
    return priors


def _means(types: Sequence[Sisters]) -> tuple[Floats, Floats]:
    return np.array([one.kind.mean for one in types]), np.array([one.kind.spread for one in types])
