"""The runs of a fab in order of time, each predicted from the results that had arrived before it ended."""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from fabwatch.cmp.answers import PredictedRate
from fabwatch.cmp.history import Polished
from fabwatch.cmp.rate_model import FEW, Memory, PendingRun, Prediction, ToolMemory, doubts_of, learn, note, predicted
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
        self.runs, self.coverage = runs, coverage
        # A result that is not a number is none.
        self._measured = {name: value for name, value in measured.items() if math.isfinite(value.rate)}
        self.keys: list[Key] = sorted({run.group for run in runs}, key=str)
        self._memories = {key: Memory() for key in self.keys}
        self._tools = {key[0]: ToolMemory() for key in self.keys}
        self._waiting: dict[Key, list[PendingRun]] = {key: [] for key in self.keys}

    def __iter__(self) -> Iterator[PredictedRate]:
        of_group: Counter[Key] = Counter()
        for run in self.runs:
            of_group[run.group] += 1
            clock = self._tools[run.tool].advance(run.end.timestamp())
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
                doubts=tuple(doubts_of(memory, run, prediction)),
                measured=None if value is None else value.rate,
                last=memory.values[-1] if memory.values else None,
                by=prediction.by or "",
                known=len(memory.values),
            )
            if value is not None:
                self._waiting[run.group].append(PendingRun(run, value, prediction, of_group[run.group], clock))
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
                    learn(self._memories[key], self._tools[key[0]], pending, self.coverage)
                else:
                    waiting.append(pending)
            self._waiting[key] = waiting

    def next(self, key: Key, features: np.ndarray) -> Prediction:
        """The prediction of a run of a group that would end now."""
        return predicted(self._memories[key], self._memories.values(), self._tools[key[0]], key, features, self.coverage)

    def results(self, key: Key) -> int:
        """Number of results of a group."""
        return len(self._memories[key].values)

    def group_model(self, key: Key) -> GroupModel | None:
        """The model of the next run of a group, as numbers; None for a group without a result."""
        memory = self._memories[key]
        if not memory.values:
            return None
        middle, scale = memory.usual()
        baseline = self.next(key, middle)
        assert baseline.level is not None, "a group with a result has a level"  # noqa: S101 - made that way
        enough = len(memory.values) >= FEW
        return GroupModel(baseline.level, baseline.slopes, middle, scale, baseline.half, enough)
