"""The removal rate of a run from its log and the metrology that had arrived, with an interval that holds in each group.

The last values of the group carry most information. Members follow its level by itself or together with the groups that
use the same chambers, with and without slopes on the log, faster and slower (`fabwatch.stats.tracks`); one is the last value
itself. They are mixed by the likelihood of their past errors, older ones counting less (on following the best expert:
M. Herbster and M. Warmuth, Machine Learning 32 (1998) 151). The interval comes from past errors of the same group, each
divided by the spread that was expected of it, and widens or narrows with its past coverage: adaptive conformal inference,
I. Gibbs and E. Candes, NeurIPS 34 (2021).
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from fabwatch.cmp import doubts
from fabwatch.cmp.history import Polished
from fabwatch.cmp.runs import LogRun
from fabwatch.stats.tracks import Expected, Place, Shape, Tracks
from fabwatch.terms.doubts import Doubt

LAST, LEVEL, LOG, OTHERS, BOTH = (
    "last value",
    "level",
    "level and log",
    "level and other groups",
    "level, log and other groups",
)
LEVELS = ((4.0, 30.0, 0.0, 1.0), (1.5, 10.0, 8.0, 240.0))
"""Variance and length of a group's own level (in its runs) and of the level it shares (in usual gaps): alone, together."""
NOISES = (0.4, 1.0)
SLOPES = (0.0, 0.1)
SHAPES = tuple(Shape(*level, noise, slopes) for level in LEVELS for noise in NOISES for slopes in SLOPES)
METHODS = (*((LOG if s.slopes else LEVEL) if not s.shared else (BOTH if s.slopes else OTHERS) for s in SHAPES), LAST)
WINDOW = 240
"""The levels of a tool rest on this many last results."""
LONGEST_PAUSE, GAPS = 40.0, 200
"""A pause counts as this many usual gaps between two runs of the tool at most; the usual one is the median of the last."""
DECAY = 0.95
"""Weight of an error relative to the next one, when the members are mixed."""
FEW = 8
"""With fewer results than this, a group is not trusted."""
SCORES = 160
"""An interval, and the scale of a feature, rest on this many last runs."""
ROUNDING = 1e-9
FAR = 6.0
"""A sensor of the log is unlike those before from this many standard deviations."""
CLIP = 3.0
OUTLIER = 4.0
"""A result moves the levels as if it were no further than this many expected spreads from its prediction."""
LARGEST_SCORE = 10.0
"""Beyond this many expected spreads an error says only that something was wrong."""
STUCK = 3
"""From the third equal result in a row on, an interval learns nothing from it."""
ADAPT_RATE = 0.05
"""How much each interval, by holding or not, moves the level of the next ones."""
BEST_LEVEL, LEAST_LEVEL = 0.999, 0.5


@dataclass
class Memory:
    """The state of the model of one group."""

    values: list[float] = field(default_factory=list)
    followed: float = 0.0
    """The last result, an absurd one no further than it may move the levels."""
    features: list[np.ndarray] = field(default_factory=list)
    squares: np.ndarray = field(default_factory=lambda: np.zeros(len(METHODS)))
    """Squared error of each member, older ones weighted less."""
    counted: float = 0.0
    level_shift: float = 0.0
    """How far the level of the intervals has moved from the nominal coverage."""
    scores: list[float] = field(default_factory=list)
    """Size of each error of the predictions that were reported, divided by the spread that was expected."""
    own_at: float = 0.0
    """The number, among the runs of the group, of its latest result."""
    usage: np.ndarray | None = None
    last_at: float | None = None
    gaps: list[float] = field(default_factory=list)

    def usual(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each feature in the last runs: NaN and 0 where it was not read."""
        recent = np.array(self.features[-SCORES:])
        read = np.isfinite(recent)
        count = read.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            middle = np.where(read, recent, 0.0).sum(axis=0) / count
            scale = np.sqrt((np.where(read, recent - middle, 0.0) ** 2).sum(axis=0) / count)
            # Rounding alone is no spread.
            return middle, np.where(scale > ROUNDING * np.abs(middle), scale, 0.0)


@dataclass
class ToolMemory:
    """The levels of all groups of one tool."""

    tracks: Tracks = field(default_factory=lambda: Tracks(SHAPES, WINDOW))
    shared_at: float = 0.0
    """The moment of its latest result on its clock."""
    clock: float = 0.0
    """Time in usual gaps between two runs, where a pause counts no more than so many."""
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=GAPS))
    last_at: float | None = None

    def advance(self, at: float) -> float:
        """The clock at the end of the next run, at so many seconds."""
        if self.last_at is not None:
            gap = at - self.last_at
            self.gaps.append(gap)
            usual = float(np.median(self.gaps))
            self.clock += min(gap / usual, LONGEST_PAUSE) if usual > 0 else 1.0
        self.last_at = at
        return self.clock


@dataclass(frozen=True)
class Prediction:
    """The prediction of a run before its result arrives."""

    expected: np.ndarray
    """The rate by each member; empty before the first result."""
    by: str | None
    rate: float | None
    level: float | None
    """The rate of a log like those before."""
    slopes: np.ndarray
    spread: float | None
    """The expected standard deviation of its error."""
    half: float | None
    """Half the width of the interval."""
    departure: np.ndarray
    """How far its log departs from earlier runs, in standard deviations."""

    @property
    def low(self) -> float | None:
        """Lower end of the interval."""
        return None if self.rate is None or self.half is None else self.rate - self.half

    @property
    def high(self) -> float | None:
        """Upper end of the interval."""
        return None if self.rate is None or self.half is None else self.rate + self.half


@dataclass(frozen=True)
class PendingRun:
    """A run that waits for its result."""

    run: LogRun
    value: Polished
    prediction: Prediction
    own_at: float
    """Its number among the runs of its group."""
    shared_at: float
    """When it ended, on the clock of its tool."""


def parts_of(chamber: str | None) -> frozenset[str]:
    """The chambers of a group; groups with common ones share a level. Without any, the tool counts as one chamber."""
    return frozenset((chamber or "").split(";"))


def predicted(
    memory: Memory,
    memories: Iterable[Memory],
    tool: ToolMemory,
    group: tuple[str, str | None, str | None],
    features: np.ndarray,
    coverage: float,
) -> Prediction:
    """The prediction of a run of a group that would be the next one."""
    nothing = np.zeros(len(features))
    if not memory.values:
        return Prediction(np.zeros(0), None, None, None, nothing, None, None, nothing)
    middle, scale = memory.usual()
    with np.errstate(invalid="ignore", divide="ignore"):
        departure = np.where(scale > 0, (features - middle) / scale, 0.0)
    place = Place(group, parts_of(group[2]), memory.own_at + 1, tool.shared_at + 1, nothing)
    levels, slopes, spreads = _members(memory, tool.tracks.expect(place), len(features))
    shares = _shares(memory)
    level, slope = float(shares @ levels), shares @ slopes
    spread = None if spreads is None else float(np.sqrt(shares @ (spreads**2 + (levels - level) ** 2)))
    clipped = _clipped(departure)
    rate = level + float(clipped @ slope)
    by = max(dict.fromkeys(METHODS), key=lambda name: sum(shares[n] for n, own in enumerate(METHODS) if own == name))
    half = _half(memory, memories, coverage, spread)
    return Prediction(levels + slopes @ clipped, by, rate, level, slope, spread, half, departure)


def _members(memory: Memory, tracked: Expected | None, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Level, slopes and spread by each member; the last one is the last value."""
    last = memory.followed
    if tracked is None:
        # Its results have left the window: the last one is all that is known.
        return np.full(len(METHODS), last), np.zeros((len(METHODS), width)), None
    levels = np.append(tracked.levels, last)
    slopes = np.vstack([tracked.slopes, np.zeros(width)])
    return levels, slopes, None if tracked.spreads is None else np.append(tracked.spreads, tracked.spreads.max())


def _shares(memory: Memory) -> np.ndarray:
    """The weight of each member: the likelihood of its errors, with the noise of the best one."""
    if memory.counted < 3:
        return np.full(len(METHODS), 1 / len(METHODS))
    errors = memory.squares / memory.counted
    shares = np.exp(-memory.counted * (errors / max(errors.min(), 1e-300) - 1) / 2)
    return np.asarray(shares / shares.sum())


def _clipped(departure: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.nan_to_num(departure), -CLIP, CLIP))


def _half(memory: Memory, memories: Iterable[Memory], coverage: float, spread: float | None) -> float | None:
    """Half the width of the interval: a quantile of the past errors of the group, in spreads that were expected."""
    scores = memory.scores[-SCORES:]
    if len(scores) < FEW:
        # For a new group, use the errors of the other groups.
        scores = [score for other in memories for score in other.scores[-SCORES:]]
    if spread is None or len(scores) < FEW:
        return None
    level = min(max(coverage + memory.level_shift, LEAST_LEVEL), BEST_LEVEL)
    rank = math.ceil((len(scores) + 1) * level)
    ordered = np.sort(scores)
    return spread * float(ordered[rank - 1] if rank <= len(ordered) else 1.25 * ordered[-1])


def learn(memory: Memory, tool: ToolMemory, pending: PendingRun, coverage: float) -> None:
    """Update the model of a group with a result."""
    prediction, value, features = pending.prediction, pending.value.rate, pending.run.features
    moved = value
    if prediction.rate is not None and prediction.spread is not None:
        error = value - prediction.rate
        stuck = memory.values[1 - STUCK :] == [value] * (STUCK - 1)
        if not stuck:
            memory.scores.append(min(abs(error) / prediction.spread, LARGEST_SCORE))
            if prediction.half is not None:
                memory.level_shift += ADAPT_RATE * ((abs(error) > prediction.half) - (1 - coverage))
        if len(memory.values) >= FEW:
            reach = OUTLIER * prediction.spread
            moved = prediction.rate + min(max(error, -reach), reach)
    if len(prediction.expected):
        memory.squares = DECAY * memory.squares + (moved - prediction.expected) ** 2
        memory.counted = DECAY * memory.counted + 1
    group = pending.run.group
    # What is usual of a log is not known from a few runs.
    clipped = _clipped(prediction.departure) * (len(memory.values) >= FEW)
    tool.tracks.add(Place(group, parts_of(group[2]), pending.own_at, pending.shared_at, clipped), moved)
    memory.own_at, tool.shared_at = max(memory.own_at, pending.own_at), max(tool.shared_at, pending.shared_at)
    memory.values.append(value)
    memory.followed = moved
    memory.features.append(features)


def note(memory: Memory, run: LogRun) -> None:
    """Note what a run tells without its result: its counters and its time."""
    at = run.end.timestamp()
    if memory.last_at is not None:
        memory.gaps.append(at - memory.last_at)
    memory.last_at, memory.usage = at, run.usage


def doubts_of(memory: Memory, run: LogRun, prediction: Prediction) -> list[Doubt]:
    """Why the prediction of a run is not to be trusted."""
    if len(memory.values) < FEW:
        return [doubts.NewGroup(FEW, len(memory.values))]
    found: list[Doubt] = []
    if memory.usage is not None and len(memory.usage) == len(run.usage):
        reset = [
            name for name, now, before in zip(run.counters, run.usage, memory.usage, strict=True) if now < before - 1e-9
        ]
        if reset:
            found.append(doubts.ConsumableReset(", ".join(reset[:3])))
    if prediction.half is None:
        found.append(doubts.NoSpread())
    departure = prediction.departure
    far = np.flatnonzero(np.abs(np.nan_to_num(departure)) > FAR)
    if len(far):
        worst = far[np.argmax(np.abs(departure[far]))]
        found.append(doubts.LogUnlike(run.names[worst], float(abs(departure[worst]))))
    if memory.last_at is not None and memory.gaps:
        gap = run.end.timestamp() - memory.last_at
        if gap > max(20 * float(np.median(memory.gaps)), 86400.0):
            found.append(doubts.LongGap(gap / 3600))
    return found
