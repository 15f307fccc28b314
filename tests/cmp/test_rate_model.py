"""The prediction of removal rates on made runs whose truth is known: it gains where it can."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from fabwatch.cmp.rate_replay import RateReplay
from fabwatch.cmp.removal import _learning, _scored
from fabwatch.terms.doubts import joined
from tests.cmp.drifting import SENSORS, WORLDS, series

pytestmark = pytest.mark.unit
# Squared error relative to the last value's: at most this on the mean of the seeds.
AT_MOST = {
    "nothing moves": 0.70,
    "the level wanders": 0.80,
    "the level wanders, and results have no noise": 1.12,
    "groups wander together": 0.82,
    "the log tells": 0.60,
}
SEEDS = range(3)


@pytest.fixture(scope="module")
def worlds():
    """Predictions of each world and seed, with the truth of each run."""
    found = defaultdict(list)
    for name, drift in WORLDS.items():
        for seed in SEEDS:
            runs, results, truth = series(drift, seed)
            found[name].append((list(RateReplay(runs, results, 0.9)), truth))
    return found


def ratio(runs):
    scored = [run for run in runs if run.predicted is not None]
    errors = [(run.predicted - run.measured) ** 2 for run in scored]
    return np.mean(errors) / np.mean([(run.last - run.measured) ** 2 for run in scored])


@pytest.mark.parametrize("name", WORLDS)
def test_the_mix_gains_on_the_last_value_where_truth_allows_it(worlds, name):
    assert np.mean([ratio(runs) for runs, _ in worlds[name]]) <= AT_MOST[name]


@pytest.mark.parametrize("name", WORLDS)
def test_ninety_percent_of_the_intervals_hold_in_every_group(worlds, name):
    by_group = defaultdict(list)
    for seed, (runs, _) in enumerate(worlds[name]):
        for run in runs:
            if run.low is not None:
                by_group[seed, run.stage, run.chamber].append(run.low <= run.measured <= run.high)
    assert 0.88 <= np.mean([held for some in by_group.values() for held in some]) <= 0.93
    for group, some in by_group.items():
        assert np.mean(some) >= 0.86, group


def test_groups_with_common_chambers_tell_each_other_their_level_and_others_do_not():
    runs, results, truth = series(WORLDS["groups wander together"], 1)
    # Metrology of every run comes at once, so that the level of the other group is known.
    results = {run.run: replace(results[run.run], known_at=run.end + timedelta(seconds=1)) for run in runs}
    apart = [replace(run, chamber={"A": run.chamber, "B": "6"}[run.stage]) for run in runs]
    together, alone = (
        np.mean([(p.predicted - truth[p.run]) ** 2 for p in RateReplay(some, results, 0.9) if p.predicted is not None])
        for some in (runs, apart)
    )
    assert together < 0.9 * alone


def test_with_few_results_there_is_a_doubt_and_no_number_is_invented():
    runs, results, _ = series(WORLDS["the level wanders"], 2, groups=(("A", "1"),))
    for known in range(9):
        replay = RateReplay(runs[: known + 1], {run.run: results[run.run] for run in runs[:known]}, 0.9)
        last = list(replay)[-1]
        assert last.known == known
        assert ("NewGroup" in joined(last.doubts)) == (known < 8)
        assert (last.predicted is None) == (known == 0)
        assert last.predicted is None or np.isfinite(last.predicted)
        assert (last.low is None) == (last.high is None)
        assert last.low is None or last.low < last.predicted < last.high


def test_a_result_that_is_no_number_is_none():
    runs, results, _ = series(WORLDS["the level wanders"], 2, n=60)
    spoilt = dict(results) | {runs[n].run: replace(results[runs[n].run], rate=float("nan")) for n in (0, 20)}
    without = {name: value for name, value in results.items() if name not in (runs[0].run, runs[20].run)}
    assert list(RateReplay(runs, spoilt, 0.9)) == list(RateReplay(runs, without, 0.9))


def test_absurd_results_widen_the_intervals_and_are_soon_left_behind():
    runs, results, truth = series(WORLDS["groups wander together"], 1)
    group = runs[120].group
    spoilt = dict(results) | {runs[120].run: replace(results[runs[120].run], rate=1e4)}
    clean, odd = (list(RateReplay(runs, some, 0.9)) for some in (results, spoilt))
    later = [n for n in range(121, 160) if runs[n].group == group]
    assert all(odd[n].high - odd[n].low > 0.9 * (clean[n].high - clean[n].low) for n in later)
    assert odd[later[0]].high - odd[later[0]].low > 2 * (clean[later[0]].high - clean[later[0]].low)
    assert abs(odd[later[0]].predicted - clean[later[0]].predicted) < clean[later[0]].high - clean[later[0]].low
    assert np.mean([abs(odd[n].predicted - truth[runs[n].run]) for n in range(180, 300)]) < 4


def test_a_gauge_that_is_stuck_narrows_no_interval():
    runs, results, _ = series(WORLDS["nothing moves"], 4, groups=(("A", "1"),))
    stuck = {
        run.run: replace(results[run.run], rate=80.0) if 150 <= n < 200 else results[run.run] for n, run in enumerate(runs)
    }
    width = [run.high - run.low if run.low is not None else np.nan for run in RateReplay(runs, stuck, 0.9)]
    assert min(width[150:220]) > 0.75 * np.mean(width[130:150])
    same = {run.run: replace(results[run.run], rate=80.0) for run in runs}
    last = list(RateReplay(runs, same, 0.9))[-1]
    assert last.predicted == pytest.approx(80)
    assert (last.low, last.high) == (None, None)
    assert "NoSpread" in joined(last.doubts)


def test_a_sensor_that_is_missing_for_a_run_is_used_again_afterwards():
    runs, results, _ = series(WORLDS["the log tells"], 1)
    gone = np.full(len(SENSORS), np.nan)
    holes = [replace(run, features=gone) if n == 100 else run for n, run in enumerate(runs)]
    predictions = list(RateReplay(holes, results, 0.9))
    assert all(np.isfinite(run.predicted) for run in predictions if run.predicted is not None)
    assert ratio(predictions[120:]) < 0.6


def test_the_learning_curves_are_the_scores_by_the_number_of_known_results():
    runs, results, _ = series(WORLDS["the level wanders"], 1)
    predictions = list(RateReplay(runs, results, 0.9))
    curve: list[dict[str, Any]] = list(_learning(predictions, 0.9))  # type: ignore[arg-type]
    whole: list[dict[str, Any]] = list(_scored(predictions, 0.9))  # type: ignore[arg-type]
    for group in whole:
        points = [p for p in curve if (p["stage"], p["chamber"]) == (group["stage"], group["chamber"])]
        assert [p["known"] for p in points] == sorted(p["known"] for p in points)
        assert sum(p["n"] for p in points) == group["n"]
        assert sum(p["n"] * p["mse"] for p in points) == pytest.approx(group["n"] * group["mse"])
    plain = [
        p for p in predictions if (p.stage, p.chamber) == ("A", "1") and p.predicted is not None and 16 <= p.known <= 31
    ]
    point = next(p for p in curve if (p["stage"], p["chamber"], p["known"]) == ("A", "1", 16))
    assert (point["n"], point["known_to"]) == (len(plain), 31)
    assert point["mse_last_value"] == pytest.approx(np.mean([(p.last - p.measured) ** 2 for p in plain]))
    assert point["held"] == np.mean([p.low <= p.measured <= p.high for p in plain])
