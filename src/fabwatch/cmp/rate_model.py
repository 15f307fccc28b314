"""The removal rate of a run from its log and the metrology that had arrived, with an interval that holds in each group.

The last values of the group say most: levels of several weights (EWMA) are carried along and mixed by how they did lately,
older results counting less (on following the best expert: M. Herbster and M. Warmuth, Machine Learning 32 (1998) 151).
What the log says beside it, and what the other groups of the tool did last, correct it where that has paid so far. The
interval is of what was missed in the same group before, and widens or narrows with how it held: adaptive conformal
inference, I. Gibbs and E. Candes, NeurIPS 34 (2021).
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from fabwatch.cmp.history import Polished
from fabwatch.cmp.runs import LogRun

WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)
FORGETS = 0.9
"""What an older result counts beside the next one, when the levels are mixed."""
SHARP = 0.3
"""How sharply they are told apart."""
MIDDLE = 0.4
FEW = 8
"""Results of a group before which it is not trusted."""
LOOKED_BACK = 80
"""Results that a choice and an interval rest on."""
PAYS = 0.95
"""A correction counts when it missed less than this share of what the level alone missed."""
RIDGE = 300.0
RELEARNED = 10
"""Runs after which the correction by the log is learned anew."""
LEARNED_FROM = 40
FAR = 6.0
"""Standard deviations from which a sensor of the log is unlike those before."""
CLIP = 4.0
SHRINK = 20.0
ADAPTS = 0.05
"""How much one interval that held, or did not, moves the next ones."""
BEST_LEVEL, LEAST_LEVEL = 0.999, 0.5
LEVEL, LOG, OTHERS = "level", "level and log", "level and other groups"


@dataclass
class Memory:
    """What one group has taught so far."""

    values: list[float] = field(default_factory=list)
    features: list[np.ndarray] = field(default_factory=list)
    levels: dict[float, float] = field(default_factory=dict)
    squares: np.ndarray = field(default_factory=lambda: np.zeros(len(WEIGHTS)))
    """What each level missed, squared, the older the less."""
    counted: float = 0.0
    middle: np.ndarray | None = None
    """Where the features stood, carried along like the level."""
    held: float = 0.0
    """How far the level of the intervals has moved from the one asked for."""
    missed: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    chosen: list[float] = field(default_factory=list)
    """What the prediction that was given missed."""
    departures: list[np.ndarray] = field(default_factory=list)
    others: list[np.ndarray] = field(default_factory=list)
    residual: float = 0.0
    slopes: np.ndarray | None = None
    learned_at: int = 0
    usage: np.ndarray | None = None
    last_at: float | None = None
    gaps: list[float] = field(default_factory=list)

    def scale(self) -> np.ndarray:
        """Standard deviation of each feature lately."""
        return np.asarray(np.array(self.features[-LOOKED_BACK:]).std(axis=0))


@dataclass(frozen=True)
class Next:
    """What is said of a run before its result arrives."""

    expected: dict[str, float]
    """By each way to predict."""
    by: str | None
    guess: float | None
    half: float | None
    """Half the interval."""
    departure: np.ndarray
    """How its log departs from the runs before, in standard deviations."""
    others: np.ndarray

    @property
    def low(self) -> float | None:
        """Lower end of the interval."""
        return None if self.guess is None or self.half is None else self.guess - self.half

    @property
    def high(self) -> float | None:
        """Upper end of the interval."""
        return None if self.guess is None or self.half is None else self.guess + self.half


@dataclass(frozen=True)
class Given:
    """A run that waits for its result."""

    run: LogRun
    value: Polished
    told: Next


def expected(memory: Memory, features: np.ndarray, others: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
    """What each way to predict says of a run, and how its log departs from the runs before."""
    if not memory.levels or memory.middle is None:
        return {}, np.zeros(len(features))
    scale = memory.scale()
    with np.errstate(invalid="ignore", divide="ignore"):
        departure = np.where(scale > 0, (features - memory.middle) / scale, 0.0)
    level = _mixed(memory)
    by_log = float(_clipped(departure) @ memory.slopes) if memory.slopes is not None else 0.0
    by_others = float(others @ _pulls(memory)) if memory.others else 0.0
    return {LEVEL: level, LOG: level + by_log, OTHERS: level + by_others}, departure


def _mixed(memory: Memory) -> float:
    """The levels of all weights, each by how it did lately."""
    levels = np.array([memory.levels[weight] for weight in WEIGHTS])
    if memory.counted < 3:
        return float(levels.mean())
    errors = memory.squares / memory.counted
    shares = np.exp(-SHARP * memory.counted * (errors / max(errors.min(), 1e-300) - 1) / 2)
    return float(levels @ shares / shares.sum())


def _clipped(departure: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.nan_to_num(departure), -CLIP, CLIP))


def _pulls(memory: Memory) -> np.ndarray:
    """How much of the last departure of each other group comes back in this one, shrunk towards nothing."""
    others = np.array(memory.others[-LOOKED_BACK:])
    own = np.array(memory.missed[LEVEL][-len(others) :])
    scale = float(np.std(own)) if len(own) > 1 else 0.0
    squares = (others**2).sum(axis=0)
    return np.asarray((others * own[:, None]).sum(axis=0) / (squares + SHRINK)) if scale else np.zeros(others.shape[1])


def choice(memory: Memory) -> str | None:
    """The way that missed least lately; a correction only where it has paid."""
    if not memory.levels:
        return None
    scores = {key: float(np.mean(np.square(some[-LOOKED_BACK:]))) for key, some in memory.missed.items() if len(some) >= FEW}
    best = min(scores, key=lambda key: scores[key], default=LEVEL)
    return best if best != LEVEL and scores[best] < PAYS * scores[LEVEL] else LEVEL


def half(memory: Memory, memories: Iterable[Memory], coverage: float, guess: float | None) -> float | None:
    """Half the interval: a quantile of what was missed in the group, with as many results as there are."""
    missed = np.abs(memory.chosen[-LOOKED_BACK:])
    if len(missed) < FEW:
        # Of a new group nothing is known but how far others missed, as a share.
        shares = [
            abs(off) / abs(value)
            for other in memories
            for off, value in zip(other.chosen, other.values[-len(other.chosen) :], strict=False)
        ]
        if guess is None or len(shares) < FEW:
            return None
        missed = np.array(shares) * abs(guess)
    level = min(max(coverage + memory.held, LEAST_LEVEL), BEST_LEVEL)
    rank = math.ceil((len(missed) + 1) * level)
    ordered = np.sort(missed)
    return float(ordered[rank - 1]) if rank <= len(ordered) else float(1.25 * ordered[-1])


def learn(memory: Memory, given: Given, coverage: float) -> None:
    """Take a result in."""
    told, value, features = given.told, given.value.rate, given.run.features
    for key, guess in told.expected.items():
        memory.missed[key].append(value - guess)
    if told.guess is not None:
        memory.chosen.append(value - told.guess)
        if told.half is not None:
            beyond = abs(value - told.guess) > told.half
            memory.held += ADAPTS * (beyond - (1 - coverage))
    if told.expected:
        memory.departures.append(_clipped(told.departure))
        memory.others.append(told.others)
        spread = float(np.std(memory.missed[LEVEL][-LOOKED_BACK:])) or 1.0
        memory.residual = (value - told.expected[LEVEL]) / spread
    if memory.levels:
        off = value - np.array([memory.levels[weight] for weight in WEIGHTS])
        memory.squares = FORGETS * memory.squares + off**2
        memory.counted = FORGETS * memory.counted + 1
    memory.values.append(value)
    memory.features.append(features)
    seen = len(memory.values)
    for weight in WEIGHTS:
        gain = max(weight, 1.0 / seen)
        memory.levels[weight] = memory.levels.get(weight, value) + gain * (value - memory.levels.get(weight, value))
    before = features if memory.middle is None else memory.middle
    memory.middle = before + max(MIDDLE, 1.0 / seen) * (features - before)
    if len(memory.departures) >= LEARNED_FROM and len(memory.departures) - memory.learned_at >= RELEARNED:
        x, y = np.array(memory.departures), np.array(memory.missed[LEVEL])
        memory.slopes = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y)
        memory.learned_at = len(memory.departures)


def note(memory: Memory, run: LogRun) -> None:
    """What a run says without its result: its counters, and when it was."""
    at = run.end.timestamp()
    if memory.last_at is not None:
        memory.gaps.append(at - memory.last_at)
    memory.last_at, memory.usage = at, run.usage


def doubts(memory: Memory, run: LogRun, departure: np.ndarray) -> list[str]:
    """Why what is said of a run is not to be trusted."""
    if len(memory.values) < FEW:
        return [f"NewGroup: need at least {FEW} results of this tool, stage and chambers, have {len(memory.values)}"]
    found = []
    if memory.usage is not None and len(memory.usage) == len(run.usage):
        fell = [name for name, now, before in zip(run.counters, run.usage, memory.usage, strict=True) if now < before - 1e-9]
        if fell:
            found.append(f"ConsumableChanged: {', '.join(fell[:3])} fell since the run before")
    far = np.flatnonzero(np.abs(np.nan_to_num(departure)) > FAR)
    if len(far):
        worst = far[np.argmax(np.abs(departure[far]))]
        found.append(
            f"LogUnlike: {run.names[worst]} lies {abs(departure[worst]):.0f} standard deviations from the runs before"
        )
    if memory.last_at is not None and memory.gaps:
        gap = run.end.timestamp() - memory.last_at
        if gap > max(20 * float(np.median(memory.gaps)), 86400.0):
            found.append(f"LongGap: nothing of this group ran for {gap / 3600:.0f} hours")
    return found
