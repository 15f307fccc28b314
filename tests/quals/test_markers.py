"""Readings of the running cycle say how much of its life is over; where they tell nothing, nothing changes."""

import math

import numpy as np
import pytest

from fabwatch.quals.markers import Marker, Worn, read_before
from fabwatch.quals.predictions import by_marker
from fabwatch.quals.wear import fit_fab
from fabwatch.stats.markers import Curve, Readings, fit_curve
from fabwatch.terms.settings.answering import QualSettings
from tests.worn import worn_tools

LIMIT = 30.0
FEW = {"types": 7, "sisters": 7, "lives": 4.0}


def rising(rng, used):
    return int(rng.poisson(6 + 10 * used**2))


def level(rng, used):
    del used
    return int(rng.poisson(9))


def falling(rng, used):
    return max(round(rng.normal(20 - 15 * used, 2)), 0)


def values(rng, used):
    return float(12 + 12 * used**3 + rng.normal(0, 1.5))


def fab_of(seed, reads, write=None):
    """Types of worn tools whose good quals read `reads(rng, share of the life)` and whose failed ones are over the limit."""
    rng = np.random.default_rng(seed)
    made = worn_tools(seed, **FEW)
    for one in made:
        lives = [life for life, _ in one.began]
        cycles = one.stream.all_cycles
        for cycle, life in zip(cycles, [*lives, one.truth], strict=True):
            for n, qual in enumerate(cycle.quals):
                reading = float(reads(rng, min(qual.age.wafers / life, 1.0))) if qual.passed else LIMIT + 5
                cycle.quals[n] = qual._replace(reading=reading, upper=LIMIT, unit="counts")
                if write is not None:
                    cycle.quals[n] = write(rng, cycle.quals[n])
    return made


def forecast(made):
    """One fit of all types: [(tool, its wear, its row)]."""
    groups: dict[str, list] = {}
    for one in made:
        groups.setdefault(one.tool_type, []).append(one)
    worn = fit_fab([[one.stream for one in sisters] for sisters in groups.values()], "wafers", lambda _: QualSettings())
    by_tool = {stream.tool: (wear, n) for wear in worn for n, stream in enumerate(wear.streams)}
    return [(one, *by_tool[one.tool]) for one in made]


def scores(reads, seeds=3, write=None):
    """Brier of P(bad now) by failures alone and by the predictor, windows held, how many types use readings."""
    alone, told, held, used = [], [], [], []
    for seed in range(seeds):
        for one, wear, n in forecast(fab_of(seed, reads, write)):
            if not one.stream.running.quals:
                continue
            now = np.array([stream.age.wafers for stream in wear.streams])
            bad = one.truth <= one.stream.age.wafers
            alone.append((wear.fitted.bad_by(now, wear.running)[n] - bad) ** 2)
            told.append((wear.predictor.bad_by(now)[n] - bad) ** 2)
            low, high = wear.predictor.ages((0.1, 0.9))[n]
            held.append(low <= one.truth <= high)
            used.append(wear.predictor.name == "marker")
    return np.mean(alone), np.mean(told), np.mean(held), np.mean(used)


@pytest.mark.parametrize(("reads", "seeds"), [(rising, 3), (values, 2)])
def test_readings_that_rise_over_a_life_sharpen_the_chance_and_windows_still_hold(reads, seeds):
    alone, told, held, _ = scores(reads, seeds)
    assert told < 0.92 * alone
    assert 0.74 <= held <= 0.92


@pytest.mark.parametrize("reads", [level, falling])
def test_readings_that_tell_nothing_or_fall_cost_nothing(reads):
    alone, told, held, used = scores(reads)
    assert told <= 1.005 * alone
    assert 0.72 <= held <= 0.88
    assert used < 0.3


def test_a_lower_limit_is_an_upper_one_turned_upside_down():
    def turned(_, qual):
        return qual._replace(reading=2 * LIMIT - qual.reading, lower=LIMIT, upper=None)

    upright, upside = scores(rising, seeds=1), scores(rising, seeds=1, write=turned)
    assert upside == pytest.approx(upright, abs=1e-9)
    assert upright[3] > 0.5


def test_readings_in_another_unit_are_left_out():
    """A tenth was written per square metre: ten thousand times as many."""

    def mixed(rng, qual):
        return qual._replace(reading=qual.reading * 1e4, unit="1/m2") if rng.random() < 0.1 else qual

    alone, told, held, _ = scores(rising, write=mixed)
    assert told < 0.94 * alone
    assert 0.74 <= held <= 0.88


def test_quals_without_a_reading_or_a_limit_leave_failures_to_tell():
    for lost in ({"reading": None}, {"upper": None}):
        for _, wear, _ in forecast(fab_of(1, rising, lambda _, qual, lost=lost: qual._replace(**lost))):
            assert wear.predictor.name == "failures"


def test_one_odd_reading_does_not_outvote_the_others_and_no_chance_is_out_of_range():
    wild = np.random.default_rng(5)

    def odd(_, qual):
        return qual._replace(reading=float(wild.choice([0, 29, 1e6, -4]))) if wild.random() < 0.05 else qual

    alone, told, held, _ = scores(rising, write=odd)
    assert told < alone
    assert 0.72 <= held <= 0.9


def test_a_requal_at_once_is_no_further_evidence():
    made = fab_of(2, rising)
    cycle = max((one.stream.running for one in made), key=lambda cycle: sum(qual.passed for qual in cycle.quals))
    once = read_before(cycle, "wafers", "counts", len(cycle.quals))
    last = cycle.quals[-1]
    again = [
        last._replace(at=last.at.replace(minute=n), age=last.age._replace(wafers=last.age.wafers + n)) for n in range(5)
    ]
    cycle.quals[-1:] = again
    assert len(read_before(cycle, "wafers", "counts", len(cycle.quals))) == len(once)


def test_the_curve_is_found_back_from_failures_known_between_two_quals():
    rng = np.random.default_rng(3)
    rows, bounds = [], []
    for _ in range(400):
        life, every = 1000 * rng.weibull(3), rng.uniform(100, 250)
        ages = np.arange(every, life, every)
        if ages.size:
            rows += [(len(bounds), age, rng.poisson(6 + 9 * (age / life) ** 2), LIMIT) for age in ages]
            bounds.append(ages[-1] + every * (np.arange(6) + 0.5) / 6)
    curve = fit_curve(Readings.of(rows), np.array(bounds))
    assert curve is not None
    assert curve.counts
    assert curve.power == 2.0
    assert (curve.base, curve.rise) == pytest.approx((0.2, 0.3), rel=0.1)
    assert curve.spread < 0.02


def test_a_few_odd_readings_do_not_make_all_others_look_scattered():
    """One in fifty is of a tool that had failed and passed by luck; without that doubt the spread is said to be 0.05."""
    rng = np.random.default_rng(4)
    rows, bounds = [], []
    for _ in range(400):
        life = 1000 * rng.weibull(3)
        ages = np.arange(150, life, 150)
        if ages.size:
            means = np.where(rng.random(ages.size) < 0.02, 29, 6 + 9 * (ages / life) ** 2)
            counts = np.where(means == 29, 29, rng.poisson(means))
            rows += [(len(bounds), age, count, LIMIT) for age, count in zip(ages, counts, strict=True)]
            bounds.append(ages[-1] + 150 * (np.arange(6) + 0.5) / 6)
    curve = fit_curve(Readings.of(rows), np.array(bounds))
    assert curve is not None
    assert curve.spread < 0.02


def test_readings_are_trusted_as_far_as_wear_known_before_the_quals_that_judge_them_says(monkeypatch):
    """Here they deserve full trust; wear that has seen those quals leaves them little to say, and gives none of these it."""
    trusts = []

    def noted(worn, marker):
        trusts.append(marker.trust)
        return by_marker(worn, marker)

    monkeypatch.setattr("fabwatch.quals.wear.by_marker", noted)
    for seed in (0, 3, 6):
        forecast(fab_of(seed, rising))
    assert np.mean(trusts) > 0.9


def test_the_chance_of_counts_adds_up_to_one_and_has_the_stated_mean_and_variance():
    counts = np.arange(400.0)
    readings = Readings(np.arange(400), np.ones(400), counts, np.full(400, LIMIT))
    for spread in (0.0, 0.3):
        chance = np.exp(Curve(True, 0.2, 0.3, 2.0, spread).log_chance(readings, np.full((400, 1), 0.5)))[:, 0]
        mean = (0.2 + 0.3 * 0.25) * LIMIT
        assert chance.sum() == pytest.approx(1)
        assert (chance * counts).sum() == pytest.approx(mean)
        assert (chance * (counts - mean) ** 2).sum() == pytest.approx(mean + spread * mean**2)


def test_the_chance_by_readings_is_bayes_rule_worked_by_the_plainest_sum():
    one, wear, n = max(forecast(fab_of(0, rising)), key=lambda row: len(row[0].stream.running.quals))
    assert wear.predictor.name == "marker"
    marker = Marker(Curve(True, 0.2, 1 / 3, 2.0, 0.0), 1.0, 0.0, "counts")
    told = by_marker(Worn(wear.streams, "wafers", wear.fitted, wear.running), marker)
    now = one.stream.age.wafers
    ages = np.exp(np.linspace(math.log(1.0), math.log(1e6), 3_000))
    quals = [qual for qual in one.stream.running.quals if qual.passed]
    below = np.zeros(len(wear.streams))
    by, weights, before = 0.0, 0.0, 0.0
    for age in ages:
        below[:] = age
        reached = float(wear.fitted.bad_by(below, wear.running)[n])
        weight = reached - before
        before = reached
        if weight > 0:
            for qual in quals:
                mean = 6 + 10 * min(qual.age.wafers / age, 1) ** 2
                weight *= math.exp(qual.reading * math.log(mean) - mean - math.lgamma(qual.reading + 1))
        weights += weight
        by += weight * (age <= now)
    assert float(told.bad_by(np.array([s.age.wafers for s in wear.streams]))[n]) == pytest.approx(by / weights, abs=0.02)


def test_where_the_readings_run_is_said_and_they_run_towards_the_limit():
    """Four of five good readings at the next qual lie where they were said to."""
    within, rises = [], []
    rng = np.random.default_rng(8)
    for one, wear, n in forecast(fab_of(6, rising)):
        if wear.predictor.name == "marker" and one.stream.running.quals:
            age = one.stream.age.wafers
            low, high = wear.predictor.reading_at(n, age)
            if one.truth > age:
                within += [low <= rising(rng, age / one.truth) <= high for _ in range(20)]
            rises.append(wear.predictor.reading_at(n, 2 * age)[1] >= high)
    assert 0.72 <= np.mean(within) <= 0.92
    assert np.mean(rises) > 0.9
