"""The removal rate of a run from its log and the metrology that had arrived, with an interval that holds in each group.

The last values of the group carry most information: EWMA levels of several weights are mixed by their recent errors, older
results counting less (on following the best expert: M. Herbster and M. Warmuth, Machine Learning 32 (1998) 151). The log,
and the last errors of the other groups of the tool, correct the level where that has reduced the error so far. The interval
comes from past errors of the same group, and widens or narrows with its past coverage: adaptive conformal inference,
I. Gibbs and E. Candes, NeurIPS 34 (2021).
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from fabwatch.cmp import doubts
from fabwatch.cmp.history import Polished
from fabwatch.cmp.runs import LogRun
from fabwatch.terms.doubts import Doubt

WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)
DECAY = 0.9
"""Weight of a result relative to the next one, when the levels are mixed."""
SHARPNESS = 0.3
"""How strongly the mix prefers the levels with the smallest errors."""
MIDDLE = 0.4
FEW = 8
"""With fewer results than this, a group is not trusted."""
WINDOW = 80
"""A choice and an interval rest on this many last results."""
MIN_GAIN = 0.95
"""A correction is used when its squared error is below this share of that of the level alone."""
RIDGE = 300.0
REFIT_EVERY = 10
"""The correction by the log is fitted again after this many runs."""
FIT_FROM = 40
FAR = 6.0
"""A sensor of the log is unlike those before from this many standard deviations."""
CLIP = 4.0
SHRINK = 20.0
ADAPT_RATE = 0.05
"""How much each interval, by holding or not, moves the level of the next ones."""
BEST_LEVEL, LEAST_LEVEL = 0.999, 0.5
LEVEL, LOG, OTHERS = "level", "level and log", "level and other groups"


@dataclass
class Memory:
    """The state of the model of one group."""

    values: list[float] = field(default_factory=list)
    features: list[np.ndarray] = field(default_factory=list)
    levels: dict[float, float] = field(default_factory=dict)
    squares: np.ndarray = field(default_factory=lambda: np.zeros(len(WEIGHTS)))
    """Squared error of each level, older ones weighted less."""
    counted: float = 0.0
    middle: np.ndarray | None = None
    """EWMA of the features."""
    level_shift: float = 0.0
    """How far the level of the intervals has moved from the nominal coverage."""
    errors: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    reported_errors: list[float] = field(default_factory=list)
    """Errors of the predictions that were reported."""
    departures: list[np.ndarray] = field(default_factory=list)
    others: list[np.ndarray] = field(default_factory=list)
    residual: float = 0.0
    slopes: np.ndarray | None = None
    learned_at: int = 0
    usage: np.ndarray | None = None
    last_at: float | None = None
    gaps: list[float] = field(default_factory=list)

    def scale(self) -> np.ndarray:
        """Recent standard deviation of each feature."""
        return np.asarray(np.array(self.features[-WINDOW:]).std(axis=0))


@dataclass(frozen=True)
class Prediction:
    """The prediction of a run before its result arrives."""

    expected: dict[str, float]
    """The rate by each method."""
    by: str | None
    rate: float | None
    half: float | None
    """Half the width of the interval."""
    departure: np.ndarray
    """How far its log departs from earlier runs, in standard deviations."""
    others: np.ndarray

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


def expected(memory: Memory, features: np.ndarray, others: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
    """The rate of a run by each method, and how far its log departs from earlier runs."""
    if not memory.levels or memory.middle is None:
        return {}, np.zeros(len(features))
    scale = memory.scale()
    with np.errstate(invalid="ignore", divide="ignore"):
        departure = np.where(scale > 0, (features - memory.middle) / scale, 0.0)
    level = _mixed(memory)
    by_log = float(_clipped(departure) @ memory.slopes) if memory.slopes is not None else 0.0
    by_others = float(others @ _carry_over(memory)) if memory.others else 0.0
    return {LEVEL: level, LOG: level + by_log, OTHERS: level + by_others}, departure


def _mixed(memory: Memory) -> float:
    """The levels of all weights, mixed by their recent errors."""
    levels = np.array([memory.levels[weight] for weight in WEIGHTS])
    if memory.counted < 3:
        return float(levels.mean())
    errors = memory.squares / memory.counted
    shares = np.exp(-SHARPNESS * memory.counted * (errors / max(errors.min(), 1e-300) - 1) / 2)
    return float(levels @ shares / shares.sum())


def _clipped(departure: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.nan_to_num(departure), -CLIP, CLIP))


def _carry_over(memory: Memory) -> np.ndarray:
    """How much of the last error of each other group carries over to this one, shrunk towards 0."""
    others = np.array(memory.others[-WINDOW:])
    own_errors = np.array(memory.errors[LEVEL][-len(others) :])
    scale = float(np.std(own_errors)) if len(own_errors) > 1 else 0.0
    squares = (others**2).sum(axis=0)
    return (
        np.asarray((others * own_errors[:, None]).sum(axis=0) / (squares + SHRINK)) if scale else np.zeros(others.shape[1])
    )


def choice(memory: Memory) -> str | None:
    """The method with the smallest recent error; a correction only where it clearly beats the level."""
    if not memory.levels:
        return None
    scores = {
        method: float(np.mean(np.square(errors[-WINDOW:]))) for method, errors in memory.errors.items() if len(errors) >= FEW
    }
    best = min(scores, key=lambda method: scores[method], default=LEVEL)
    return best if best != LEVEL and scores[best] < MIN_GAIN * scores[LEVEL] else LEVEL


def half(memory: Memory, memories: Iterable[Memory], coverage: float, rate: float | None) -> float | None:
    """Half the width of the interval: a quantile of the past errors of the group."""
    sizes = np.abs(memory.reported_errors[-WINDOW:])
    if len(sizes) < FEW:
        # For a new group, use the relative errors of the other groups.
        shares = [
            abs(error) / abs(value)
            for other in memories
            for error, value in zip(other.reported_errors, other.values[-len(other.reported_errors) :], strict=False)
        ]
        if rate is None or len(shares) < FEW:
            return None
        sizes = np.array(shares) * abs(rate)
    level = min(max(coverage + memory.level_shift, LEAST_LEVEL), BEST_LEVEL)
    rank = math.ceil((len(sizes) + 1) * level)
    ordered = np.sort(sizes)
    return float(ordered[rank - 1]) if rank <= len(ordered) else float(1.25 * ordered[-1])


def learn(memory: Memory, pending: PendingRun, coverage: float) -> None:
    """Update the model of a group with a result."""
    prediction, value, features = pending.prediction, pending.value.rate, pending.run.features
    for method, rate in prediction.expected.items():
        memory.errors[method].append(value - rate)
    if prediction.rate is not None:
        memory.reported_errors.append(value - prediction.rate)
        if prediction.half is not None:
            beyond = abs(value - prediction.rate) > prediction.half
            memory.level_shift += ADAPT_RATE * (beyond - (1 - coverage))
    if prediction.expected:
        memory.departures.append(_clipped(prediction.departure))
        memory.others.append(prediction.others)
        spread = float(np.std(memory.errors[LEVEL][-WINDOW:])) or 1.0
        memory.residual = (value - prediction.expected[LEVEL]) / spread
    if memory.levels:
        error = value - np.array([memory.levels[weight] for weight in WEIGHTS])
        memory.squares = DECAY * memory.squares + error**2
        memory.counted = DECAY * memory.counted + 1
    memory.values.append(value)
    memory.features.append(features)
    seen = len(memory.values)
    for weight in WEIGHTS:
        gain = max(weight, 1.0 / seen)
        memory.levels[weight] = memory.levels.get(weight, value) + gain * (value - memory.levels.get(weight, value))
    before = features if memory.middle is None else memory.middle
    memory.middle = before + max(MIDDLE, 1.0 / seen) * (features - before)
    if len(memory.departures) >= FIT_FROM and len(memory.departures) - memory.learned_at >= REFIT_EVERY:
        x, y = np.array(memory.departures), np.array(memory.errors[LEVEL])
        memory.slopes = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y)
        memory.learned_at = len(memory.departures)


def note(memory: Memory, run: LogRun) -> None:
    """Note what a run tells without its result: its counters and its time."""
    at = run.end.timestamp()
    if memory.last_at is not None:
        memory.gaps.append(at - memory.last_at)
    memory.last_at, memory.usage = at, run.usage


def doubts_of(memory: Memory, run: LogRun, departure: np.ndarray) -> list[Doubt]:
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
    far = np.flatnonzero(np.abs(np.nan_to_num(departure)) > FAR)
    if len(far):
        worst = far[np.argmax(np.abs(departure[far]))]
        found.append(doubts.LogUnlike(run.names[worst], float(abs(departure[worst]))))
    if memory.last_at is not None and memory.gaps:
        gap = run.end.timestamp() - memory.last_at
        if gap > max(20 * float(np.median(memory.gaps)), 86400.0):
            found.append(doubts.LongGap(gap / 3600))
    return found
