"""The runs of a fab in order of time, each told by the results that had arrived before it ended."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from fabwatch.cmp.history import Polished
from fabwatch.cmp.rate_model import FEW, LEVEL, LOG, OTHERS, Given, Memory, Next, choice, doubts, expected, half, learn, note
from fabwatch.cmp.runs import LogRun
from fabwatch.terms.polishing import PredictedRate

Key = tuple[str, str | None, str | None]
"""Tool, stage, chambers."""


@dataclass(frozen=True)
class Standing:
    """A group before its next run: rate = level + slopes · (features - middle) / scale, each departure within CLIP."""

    level: float
    slopes: np.ndarray
    middle: np.ndarray
    scale: np.ndarray
    half: float | None
    enough: bool
    """Results enough to be trusted."""


class Walk:
    """Goes through runs in order of time; each is told by the results that had arrived before it ended."""

    def __init__(self, runs: Sequence[LogRun], measured: Mapping[str, Polished], coverage: float):
        self.runs, self._measured, self.coverage = runs, measured, coverage
        self.keys: list[Key] = sorted({run.group for run in runs}, key=str)
        self._memories = {key: Memory() for key in self.keys}
        self._waiting: dict[Key, list[Given]] = {key: [] for key in self.keys}

    def __iter__(self) -> Iterator[PredictedRate]:
        for run in self.runs:
            # What the others of this and every group brought by now is taken in first.
            self._take(run.end, {run.group})
            memory = self._memories[run.group]
            told = self.next(run.group, run.features)
            value = self._measured.get(run.run)
            yield PredictedRate(
                run=run.run,
                wafer=run.wafer,
                stage=run.stage,
                chamber=run.chamber,
                predicted=told.guess,
                low=told.low,
                high=told.high,
                coverage=self.coverage,
                doubts=tuple(doubts(memory, run, told.departure)),
                measured=None if value is None else value.rate,
                last=memory.values[-1] if memory.values else None,
                by=told.by or "",
            )
            if value is not None:
                self._waiting[run.group].append(Given(run, value, told))
            note(memory, run)

    def finish(self, as_of: datetime) -> None:
        """Take in what had arrived by a moment, as the next run of each group would find it."""
        for _ in self:
            pass
        self._take(as_of, set(self.keys))

    def _take(self, now: datetime, next_ones: Collection[Key]) -> None:
        for key in self.keys:
            still = []
            for given in self._waiting[key]:
                arrived = given.value.known_at
                if (arrived is None and key in next_ones) or (arrived is not None and arrived <= now):
                    learn(self._memories[key], given, self.coverage)
                else:
                    still.append(given)
            self._waiting[key] = still

    def next(self, key: Key, features: np.ndarray) -> Next:
        """What is said of a run of a group that would end now."""
        memory = self._memories[key]
        others = np.array([self._memories[other].residual if other != key else 0.0 for other in self.keys])
        ways, departure = expected(memory, features, others)
        by = choice(memory)
        guess = ways.get(by) if by else None
        room = half(memory, self._memories.values(), self.coverage, guess)
        return Next(ways, by, guess, room, departure, others)

    def results(self, key: Key) -> int:
        """Results that a group has had."""
        return len(self._memories[key].values)

    def standing(self, key: Key) -> Standing | None:
        """What the next run of a group is told by, as numbers; None for a group without a result."""
        memory = self._memories[key]
        if memory.middle is None:
            return None
        plain = self.next(key, memory.middle)
        slopes = memory.slopes if plain.by == LOG and memory.slopes is not None else np.zeros(len(memory.middle))
        level = plain.expected[OTHERS if plain.by == OTHERS else LEVEL]
        return Standing(level, slopes, memory.middle, memory.scale(), plain.half, len(memory.values) >= FEW)
