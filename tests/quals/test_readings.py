"""Readings that drift to their limit halve the window; readings that jump, or that nobody wrote down, change nothing."""

import math
from datetime import datetime, timedelta

import numpy as np
import pytest

from fabwatch.quals.history import Age, Cycle, QualEvent, Stream
from fabwatch.quals.wear import fit_sisters
from fabwatch.stats.drift import Path, fit_drift
from fabwatch.terms.settings.answering import QualSettings

START = datetime(2025, 1, 1)
LIMIT = 30.0


def drifting(seed, sisters=12, lives=6, power=1.0, error=0.04, jump=False):
    """Sister tools whose particles rise to the limit: [(stream, age at which the path of the running cycle passes it)]."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(sisters):
        cycles, day, total = [], 0, 0
        end = int(lives * 20 * rng.uniform(0.8, 1.2))
        while True:
            level, life = rng.normal(0.2, 0.03), 2000 * math.exp(rng.normal(0, 0.4))
            cycle, age = Cycle(START + timedelta(days=day)), 0
            began = day
            truth = life
            while day < end:
                day, age, total = day + 1, age + 100, total + 100
                if (day - began) % 3 == 0:
                    clean = level if jump else level + (1 - level) * (age / life) ** power
                    reading = (1.4 if jump and age > life else clean) + rng.normal(0, error)
                    qual = QualEvent(
                        START + timedelta(days=day), Age(age, day - began), reading <= 1, False, reading * LIMIT
                    )
                    cycle.quals.append(qual._replace(upper=LIMIT))
                    if reading > 1:
                        break
            if day >= end:
                break
            cycle.ended = START + timedelta(days=day)
            cycles.append(cycle)
        stream = Stream(
            f"T{number}", "*", "p", cycles, cycle, START + timedelta(days=end), Age(age, end - began), (100.0,) * 4,
            float(end), float(total), 0,
        )  # fmt: skip
        made.append((stream, truth))
    return made


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_drifting_readings_halve_the_window_and_it_still_holds(power):
    inside, narrower = [], []
    for seed in range(8):
        made = drifting(seed, power=power)
        wear = fit_sisters([stream for stream, _ in made], "wafers", QualSettings())
        assert wear.predictor.name == "readings"
        ages, plain = wear.predictor.ages((0.1, 0.9)), wear.fitted.failure_ages(wear.running, (0.1, 0.9))
        for n, (stream, truth) in enumerate(made):
            if len(stream.running.quals) >= 2:
                inside.append(ages[n][0] <= truth <= ages[n][1])
                narrower.append((ages[n][1] - ages[n][0]) / (plain[n][1] - plain[n][0]))
    assert len(inside) > 50
    assert 0.68 <= np.mean(inside) <= 0.92
    assert np.median(narrower) < 0.6


def test_readings_that_jump_say_nothing_and_failures_are_asked():
    made = drifting(3, jump=True)
    assert fit_sisters([stream for stream, _ in made], "wafers", QualSettings()).predictor.name == "failures"


def test_without_readings_or_with_a_limit_they_contradict_failures_are_asked():
    made = drifting(4)
    for stream, _ in made:
        for cycle in stream.all_cycles:
            cycle.quals[:] = [qual._replace(reading=None) for qual in cycle.quals]
    assert fit_sisters([stream for stream, _ in made], "wafers", QualSettings()).predictor.name == "failures"
    made = drifting(4)
    for stream, _ in made:
        for cycle in stream.all_cycles:
            cycle.quals[:] = [qual._replace(upper=1.0) for qual in cycle.quals]
    assert fit_sisters([stream for stream, _ in made], "wafers", QualSettings()).predictor.name == "failures"


def test_the_chance_that_a_coming_reading_is_the_first_over_the_limit_adds_up_and_rises_with_age():
    made = drifting(5)
    wear = fit_sisters([stream for stream, _ in made], "wafers", QualSettings())
    ages = np.array([[stream.age.wafers + 300 * m for m in range(1, 6)] for stream, _ in made])
    first = wear.predictor.first_over(ages)
    assert (first >= 0).all()
    assert (first.sum(axis=1) <= 1 + 1e-9).all()
    assert first.sum(axis=1).mean() > 0.3


def test_the_common_path_is_found_back():
    """Level .2, slope .8 per unit, errors of .03: planted in 300 cycles of six readings."""
    rng = np.random.default_rng(9)
    paths = []
    for _ in range(300):
        ages = np.sort(rng.uniform(50, 1000, 6))
        level, slope = rng.normal(0.2, 0.05), rng.normal(0.8, 0.15)
        paths.append(Path(ages, level + slope * ages / 1000 + rng.normal(0, 0.03, 6)))
    drift = fit_drift(paths)
    scale = max(path.age.max() for path in paths) / 1000
    assert drift.power == 1.0
    assert drift.mean.tolist() == pytest.approx([0.2, 0.8 * scale], abs=0.03)
    assert drift.spread[[0, 1, 3]].tolist() == pytest.approx([0.05, 0.15 * scale, 0.03], rel=0.35)
    assert drift.spread[2] < 0.05


def test_what_is_known_after_the_readings_is_the_conditional_normal_worked_by_brute_force():
    """Against a long simulation of paths, weighed by how well they fit two readings."""
    rng = np.random.default_rng(2)
    paths = [Path(np.array([300.0, 600.0, 1000.0]), np.array([0.3, 0.5, 0.8]) + rng.normal(0, 0.05, 3)) for _ in range(30)]
    drift = fit_drift(paths)
    seen = Path(np.array([300.0, 600.0]), np.array([0.35, 0.5]))
    level, slope, brown, error = drift.spread
    v = drift.time(np.array([300.0, 600.0, 900.0]))
    n = 400_000
    a, b = rng.normal(drift.mean[0], level, n), rng.normal(drift.mean[1], slope, n)
    walk = np.cumsum(rng.normal(size=(n, 3)) * np.sqrt(np.diff(v, prepend=0)) * brown, axis=1)
    course = a[:, None] + b[:, None] * v + walk
    weight = np.exp(-0.5 * (((course[:, :2] - seen.reading) / error) ** 2).sum(axis=1))
    over = course[:, 2] + rng.normal(0, error, n) >= 0.7
    tilted = Path(seen.age, seen.reading + 0.3)
    lifted = type(drift)(drift.unit, drift.power, drift.mean + np.array([0.3, 0.0]), drift.spread, 0.0)
    assert lifted.next_over(tilted, 900.0) == pytest.approx(float((weight * over).sum() / weight.sum()), abs=0.02)
