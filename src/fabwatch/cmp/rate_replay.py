"""The runs of a fab in order of time, each predicted from the results that had arrived before it ended."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from fabwatch.cmp.answers import PredictedRate
from fabwatch.cmp.history import Polished
from fabwatch.cmp.rate_model import (
    FEW,
    LEVEL,
    LOG,
    OTHERS,
    Memory,
    PendingRun,
    Prediction,
    choice,
    doubts_of,
    expected,
    half,
    learn,
    note,
)
from fabwatch.cmp.runs import LogRun

Key = tuple[str, str | None, str | None]
"""Tool, stage, chambers."""


@dataclass(frozen=True)
class GroupModel:
    """A group before its next run: rate = level + slopes · (features - middle) / scale, each departure within CLIP."""

    level: float
    slopes: np.ndarray
    middle: np.ndarray
    scale: np.ndarray
    half: float | None
    enough: bool
    """True when it has enough results to be trusted."""


class RateReplay:
    """Replays runs in order of time; predicts each from the results that had arrived before it ended."""

    def __init__(self, runs: Sequence[LogRun], measured: Mapping[str, Polished], coverage: float):
        self.runs, self._measured, self.coverage = runs, measured, coverage
        self.keys: list[Key] = sorted({run.group for run in runs}, key=str)
        self._memories = {key: Memory() for key in self.keys}
        self._waiting: dict[Key, list[PendingRun]] = {key: [] for key in self.keys}

    def __iter__(self) -> Iterator[PredictedRate]:
        for run in self.runs:
            # First learn from every result that has arrived by now.
            self._learn_arrived(run.end, {run.group})
            memory = self._memories[run.group]
            prediction = self.next(run.group, run.features)
            value = self._measured.get(run.run)
            yield PredictedRate(
                run=run.run,
                wafer=run.wafer,
                stage=run.stage,
                chamber=run.chamber,
                predicted=prediction.rate,
                low=prediction.low,
                high=prediction.high,
                coverage=self.coverage,
                doubts=tuple(doubts_of(memory, run, prediction.departure)),
                measured=None if value is None else value.rate,
                last=memory.values[-1] if memory.values else None,
                by=prediction.by or "",
            )
            if value is not None:
                self._waiting[run.group].append(PendingRun(run, value, prediction))
            note(memory, run)

    def finish(self, as_of: datetime) -> None:
        """Learn from all results up to a moment, as before the next run of each group."""
        for _ in self:
            pass
        self._learn_arrived(as_of, set(self.keys))

    def _learn_arrived(self, now: datetime, next_groups: Collection[Key]) -> None:
        for key in self.keys:
            waiting = []
            for pending in self._waiting[key]:
                arrived = pending.value.known_at
                if (arrived is None and key in next_groups) or (arrived is not None and arrived <= now):
                    learn(self._memories[key], pending, self.coverage)
                else:
                    waiting.append(pending)
            self._waiting[key] = waiting

    def next(self, key: Key, features: np.ndarray) -> Prediction:
        """The prediction of a run of a group that would end now."""
        memory = self._memories[key]
        others = np.array([self._memories[other].residual if other != key else 0.0 for other in self.keys])
        rates, departure = expected(memory, features, others)
        method = choice(memory)
        rate = rates.get(method) if method else None
        half_width = half(memory, self._memories.values(), self.coverage, rate)
        return Prediction(rates, method, rate, half_width, departure, others)

    def results(self, key: Key) -> int:
        """Number of results of a group."""
        return len(self._memories[key].values)

    def group_model(self, key: Key) -> GroupModel | None:
        """The model of the next run of a group, as numbers; None for a group without a result."""
        memory = self._memories[key]
        if memory.middle is None:
            return None
        baseline = self.next(key, memory.middle)
        slopes = memory.slopes if baseline.by == LOG and memory.slopes is not None else np.zeros(len(memory.middle))
        level = baseline.expected[OTHERS if baseline.by == OTHERS else LEVEL]
        return GroupModel(level, slopes, memory.middle, memory.scale(), baseline.half, len(memory.values) >= FEW)
