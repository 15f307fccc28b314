"""The removal rate of a run from its log and the metrology that had arrived, with an interval that holds in each group.

The last values of the group say most: levels of several weights (EWMA) are carried along and mixed by how they did lately,
older results counting less (on following the best expert: M. Herbster and M. Warmuth, Machine Learning 32 (1998) 151).
What the log says beside it, and what the other groups of the tool did last, correct it where that has paid so far. The
interval is of what was missed in the same group before, and widens or narrows with how it held: adaptive conformal
inference, I. Gibbs and E. Candes, NeurIPS 34 (2021).
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from fabwatch.cmp.history import Polished, groups
from fabwatch.cmp.runs import LogRun, log_runs
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.terms.answers import How
from fabwatch.terms.errors import NothingRecorded, unknown
from fabwatch.terms.polishing import PredictedRate, PredictedRates

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
METHOD = (
    "Level: EWMA of the measured rates of the same tool, stage and chambers with weights from 0.2 to 1, mixed by how each "
    "did lately (a result counts 0.9 times the next one); corrected by a ridge regression on how the log departs from the "
    "runs before, or by the last departure of the other groups, where that missed at least 5 % less in the last 80 "
    "results. A result is known when it arrived, else when the next run of its group ended. Interval: the quantile of "
    "what was missed in the group in the last 80 results, its level adapted to how the intervals before it held (adaptive "
    "conformal inference)."
)
LEVEL, LOG, OTHERS = "level", "level and log", "level and other groups"


@dataclass
class _Memory:
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


@dataclass(frozen=True)
class _Given:
    """What was said of a run before its result arrived."""

    run: LogRun
    value: Polished
    expected: dict[str, float]
    chosen: float | None
    half: float | None
    departure: np.ndarray
    others: np.ndarray


def predict(
    lake: Lake, snapshot: int, as_of: datetime, known_at: datetime | None, tool: str | None, chosen: Sequence[str | None]
) -> PredictedRates:
    """The removal rate of runs in order of time; `chosen` names the first and the last, None for no bound.

    Raises BadQuestion where there is no log with measured runs.
    """
    measured = {wafer.run: wafer for group in groups(lake, as_of, tool) for wafer in group.wafers if wafer.run}
    runs = log_runs(lake, as_of, tool)
    if not runs or not measured:
        raise NothingRecorded(
            "No run of a log has a measured removal rate.",
            "load the logs and a file with WAFER, STAGE, REMOVAL_RATE: fabwatch ingest FILES",
        )
    coverage = lake.settings.cmp.coverage
    told = list(_forward(runs, measured, coverage))
    begin, end = _span(told, chosen)
    how = How(METHOD, question("cmp", "metrology"), snapshot)
    part = tuple(told[begin:end])
    return PredictedRates(as_of, known_at, lake.settings.fab.demo, how, part, tuple(_scored(part, coverage)))


def _span(told: Sequence[PredictedRate], chosen: Sequence[str | None]) -> tuple[int, int]:
    names = [run.run for run in told]
    places = []
    for name, otherwise in zip(chosen, (0, len(names) - 1), strict=True):
        if name is not None and name.isdigit() and name not in names:
            places.append(min(max(int(name) - 1, 0), len(names) - 1))
        elif name is not None and name not in names:
            raise unknown("run with a log", name, names)
        else:
            places.append(otherwise if name is None else names.index(name))
    return places[0], places[1] + 1


def _forward(runs: Sequence[LogRun], measured: dict[str, Polished], coverage: float) -> Any:
    memories: dict[tuple[str, str | None, str | None], _Memory] = defaultdict(_Memory)
    waiting: dict[tuple[str, str | None, str | None], list[_Given]] = defaultdict(list)
    keys = sorted({run.group for run in runs}, key=str)
    for run in runs:
        # What the others of this and every group brought by now is taken in first.
        for key in keys:
            still = []
            for given in waiting[key]:
                arrived = given.value.known_at
                if (arrived is None and key == run.group) or (arrived is not None and arrived <= run.end):
                    _learn(memories[key], given, coverage)
                else:
                    still.append(given)
            waiting[key] = still
        memory = memories[run.group]
        others = np.array([memories[key].residual if key != run.group else 0.0 for key in keys])
        expected, departure = _expected(memory, run, others)
        choice = _choice(memory)
        guess = expected.get(choice) if choice else None
        half = _half(memory, memories, coverage, guess)
        value = measured.get(run.run)
        yield PredictedRate(
            run=run.run,
            wafer=run.wafer,
            stage=run.stage,
            chamber=run.chamber,
            predicted=guess,
            low=None if guess is None or half is None else guess - half,
            high=None if guess is None or half is None else guess + half,
            coverage=coverage,
            doubts=tuple(_doubts(memory, run, departure)),
            measured=None if value is None else value.rate,
            last=memory.values[-1] if memory.values else None,
            by=choice or "",
        )
        if value is not None:
            waiting[run.group].append(_Given(run, value, expected, guess, half, departure, others))
        _note(memory, run)


def _expected(memory: _Memory, run: LogRun, others: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
    """What each way to predict says of a run, and how its log departs from the runs before."""
    if not memory.levels or memory.middle is None:
        return {}, np.zeros(len(run.features))
    scale = np.array(memory.features[-LOOKED_BACK:]).std(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        departure = np.where(scale > 0, (run.features - memory.middle) / scale, 0.0)
    level = _mixed(memory)
    by_log = float(_clipped(departure) @ memory.slopes) if memory.slopes is not None else 0.0
    by_others = float(others @ _pulls(memory)) if memory.others else 0.0
    return {LEVEL: level, LOG: level + by_log, OTHERS: level + by_others}, departure


def _mixed(memory: _Memory) -> float:
    """The levels of all weights, each by how it did lately."""
    levels = np.array([memory.levels[weight] for weight in WEIGHTS])
    if memory.counted < 3:
        return float(levels.mean())
    errors = memory.squares / memory.counted
    shares = np.exp(-SHARP * memory.counted * (errors / max(errors.min(), 1e-300) - 1) / 2)
    return float(levels @ shares / shares.sum())


def _clipped(departure: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.nan_to_num(departure), -CLIP, CLIP))


def _pulls(memory: _Memory) -> np.ndarray:
    """How much of the last departure of each other group comes back in this one, shrunk towards nothing."""
    others = np.array(memory.others[-LOOKED_BACK:])
    own = np.array(memory.missed[LEVEL][-len(others) :])
    scale = float(np.std(own)) if len(own) > 1 else 0.0
    squares = (others**2).sum(axis=0)
    return np.asarray((others * own[:, None]).sum(axis=0) / (squares + SHRINK)) if scale else np.zeros(others.shape[1])


def _choice(memory: _Memory) -> str | None:
    """The way that missed least lately; a correction only where it has paid."""
    if not memory.levels:
        return None
    scores = {key: float(np.mean(np.square(some[-LOOKED_BACK:]))) for key, some in memory.missed.items() if len(some) >= FEW}
    best = min(scores, key=lambda key: scores[key], default=LEVEL)
    return best if best != LEVEL and scores[best] < PAYS * scores[LEVEL] else LEVEL


def _half(memory: _Memory, memories: dict[Any, _Memory], coverage: float, guess: float | None) -> float | None:
    """Half the interval: a quantile of what was missed in the group, with as many results as there are."""
    missed = np.abs(memory.chosen[-LOOKED_BACK:])
    if len(missed) < FEW:
        # Of a new group nothing is known but how far others missed, as a share.
        shares = [
            abs(off) / abs(value)
            for other in memories.values()
            for off, value in zip(other.chosen, other.values[-len(other.chosen) :], strict=False)
        ]
        if guess is None or len(shares) < FEW:
            return None
        missed = np.array(shares) * abs(guess)
    level = min(max(coverage + memory.held, LEAST_LEVEL), BEST_LEVEL)
    rank = math.ceil((len(missed) + 1) * level)
    ordered = np.sort(missed)
    return float(ordered[rank - 1]) if rank <= len(ordered) else float(1.25 * ordered[-1])


def _learn(memory: _Memory, given: _Given, coverage: float) -> None:
    """Take a result in."""
    value, features = given.value.rate, given.run.features
    for key, guess in given.expected.items():
        memory.missed[key].append(value - guess)
    if given.chosen is not None:
        memory.chosen.append(value - given.chosen)
        if given.half is not None:
            beyond = abs(value - given.chosen) > given.half
            memory.held += ADAPTS * (beyond - (1 - coverage))
    if given.expected:
        level = given.expected[LEVEL]
        memory.departures.append(_clipped(given.departure))
        memory.others.append(given.others)
        spread = float(np.std(memory.missed[LEVEL][-LOOKED_BACK:])) or 1.0
        memory.residual = (value - level) / spread
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


def _note(memory: _Memory, run: LogRun) -> None:
    """What a run says without its result: its counters, and when it was."""
    at = run.end.timestamp()
    if memory.last_at is not None:
        memory.gaps.append(at - memory.last_at)
    memory.last_at, memory.usage = at, run.usage


def _doubts(memory: _Memory, run: LogRun, departure: np.ndarray) -> list[str]:
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


def _scored(told: Sequence[PredictedRate], coverage: float) -> Any:
    by_group: dict[tuple[str | None, str | None], list[PredictedRate]] = defaultdict(list)
    for one in told:
        if one.measured is not None and one.predicted is not None and one.last is not None:
            by_group[one.stage, one.chamber].append(one)
    for (stage, chamber), some in sorted(by_group.items(), key=str):
        actual = np.array([one.measured for one in some], float)
        guess = np.array([one.predicted for one in some], float)
        last = np.array([one.last for one in some], float)
        bounded = [one for one in some if one.low is not None and one.high is not None and one.measured is not None]
        held = [bool(one.low <= one.measured <= one.high) for one in bounded]  # type: ignore[operator]
        yield {
            "stage": stage,
            "chamber": chamber,
            "n": len(some),
            "mse": float(np.mean((guess - actual) ** 2)),
            "mse_last_value": float(np.mean((last - actual) ** 2)),
            "held": float(np.mean(held)) if held else None,
            "coverage": coverage,
        }
