"""Made runs of a polisher whose true rate before each run is known: levels that drift, alone or together, and a log."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from fabwatch.cmp.history import Polished
from fabwatch.cmp.runs import LogRun

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SENSORS = ("P mean", "P spread", "V mean", "V spread", "seconds")


@dataclass(frozen=True)
class Drift:
    """Steps of the own and the shared level from run to run, noise of a result, and what the first sensor adds."""

    own: float = 0.0
    shared: float = 0.0
    noise: float = 2.0
    slope: float = 0.0


WORLDS = {
    "nothing moves": Drift(),
    "the level wanders": Drift(own=1.0),
    "the level wanders, and results have no noise": Drift(own=2.0, noise=0.0),
    "groups wander together": Drift(shared=1.0),
    "the log tells": Drift(own=0.5, slope=2.0),
}


def series(drift, seed, n=300, groups=(("A", "4;5"), ("B", "4;5"), ("A", "1"))):
    """Runs in order of time, their results, and the true mean of each by its name."""
    dice = np.random.default_rng(seed)
    own, shared = dict.fromkeys(groups, 0.0), {}
    at, group = BEGIN, groups[0]
    runs, results, truth = [], {}, {}
    for i in range(n):
        # Lots of a group follow each other; pauses come now and then.
        if dice.random() < 0.15:
            group = groups[dice.integers(len(groups))]
        at += timedelta(minutes=5 if dice.random() < 0.9 else 60)
        own[group] += dice.normal(0, 1) * drift.own
        for chambers in sorted({chambers for _, chambers in groups}):
            shared[chambers] = shared.get(chambers, 0.0) + dice.normal(0, 1) * drift.shared
        features = dice.normal(0, 1, len(SENSORS))
        name = f"run {i:04d}"
        truth[name] = 80.0 + own[group] + shared[group[1]] + drift.slope * features[0]
        stage, chambers = group
        run = LogRun(name, "P1", stage, chambers, f"W{i}", at, SENSORS, features, (), np.zeros(0))
        runs.append(run)
        rate = truth[name] + dice.normal(0, 1) * drift.noise
        results[name] = result(name, at, rate)
    return runs, results, truth


def result(name, at, rate, known_at=None):
    """What metrology says of a run."""
    return Polished(None, None, name, at, known_at, rate, None, None, None, None, None, None, 0.0, 0, False)
