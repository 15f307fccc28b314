"""The types of a fab say something of one another, and only where that has paid."""

import math
from datetime import timedelta

import numpy as np
import pytest

from fabwatch.quals.history import Age, Cycle, QualEvent, Stream
from fabwatch.quals.wear import entries, fit_fab, fit_sisters
from fabwatch.stats.kinds import shared
from fabwatch.terms.settings.answering import QualSettings
from tests.worn import START

STATED = QualSettings()
DAYS = 12.0


def fab_of(seed, types=30, gap_follows=True):
    """Types of one to five tools, checked about four times a life; of each tool life, shape, days between quals, history."""
    rng = np.random.default_rng(seed)
    made = []
    for kind in range(types):
        log_life, gap_life = rng.normal(math.log(6), 0.8), rng.normal(math.log(6), 0.8)
        every = math.exp((log_life if gap_follows else gap_life) + rng.normal(math.log(0.25), 0.3))
        made.append([])
        for number in range(1 + int(rng.integers(5))):
            life, shape = math.exp(log_life + rng.normal(0, 0.3)), 2.0 * math.exp(rng.normal(0, 0.12))
            made[-1].append((life, shape, every, history(rng, f"T{kind}-{number}", life, shape, every)))
    return made


def history(rng, name, life, shape, every):
    cycles, began = [Cycle(START)], 0.0
    while True:
        fails, look = life * rng.weibull(shape), rng.uniform(0, every)
        while began + look < DAYS:
            at = START + timedelta(days=began + look)
            cycles[-1].quals.append(QualEvent(at, Age(0.0, look), bool(look < fails)))
            if look >= fails:
                break
            look += every
        if began + look >= DAYS:
            break
        began += look
        cycles[-1].ended = START + timedelta(days=began)
        cycles.append(Cycle(cycles[-1].ended))
    now = START + timedelta(days=DAYS)
    return Stream(name, "*", "p", cycles[:-1], cycles[-1], now, Age(0.0, DAYS - began), (0.0,), DAYS, 0.0, 0)


def streams_of(made):
    return [[stream for *_, stream in sisters] for sisters in made]


def far_from_truth(made, worn):
    """Mean square of the difference between the forecast and the true chance to fail within half a gap from now."""
    off = []
    for sisters, wear in zip(made, worn, strict=True):
        then = np.array([stream.age.days + every / 2 for _, _, every, stream in sisters])
        forecast = wear.fitted.bad_by(then, wear.running)
        for (life, shape, _, stream), age, chance in zip(sisters, then, forecast, strict=True):
            if stream.running.failed is None:
                good = stream.running.last_good.days
                off.append(chance - 1 + math.exp((good / life) ** shape - (age / life) ** shape))
    return float(np.mean(np.square(off)))


def test_a_fab_whose_gaps_follow_the_lives_is_forecast_better_by_what_its_types_say_of_one_another():
    made = [fab_of(seed) for seed in (1, 2)]
    together = [far_from_truth(one, fit_fab(streams_of(one), "days", lambda _: STATED)) for one in made]
    apart = [far_from_truth(one, [fit_sisters(s, "days", STATED) for s in streams_of(one)]) for one in made]
    assert np.mean(together) < 0.9 * np.mean(apart)


def test_a_fab_whose_gaps_say_nothing_loses_nothing():
    made = fab_of(3, gap_follows=False)
    together = far_from_truth(made, fit_fab(streams_of(made), "days", lambda _: STATED))
    apart = far_from_truth(made, [fit_sisters(s, "days", STATED) for s in streams_of(made)])
    assert together < 1.1 * apart


def test_under_six_types_each_is_known_by_itself():
    groups = streams_of(fab_of(4, types=5))
    for wear, group in zip(fit_fab(groups, "days", lambda _: STATED), groups, strict=True):
        assert np.array_equal(wear.fitted.weight, fit_sisters(group, "days", STATED).fitted.weight)


def test_the_order_of_types_changes_nothing():
    groups = streams_of(fab_of(5, types=8))
    order = np.random.default_rng(0).permutation(len(groups))
    there = fit_fab(groups, "days", lambda _: STATED)
    back = fit_fab([groups[n] for n in order], "days", lambda _: STATED)
    for place, n in enumerate(order):
        assert back[place].fitted.weight == pytest.approx(there[n].fitted.weight, abs=1e-8)


def test_types_without_a_gap_or_a_pace_are_left_out_and_answered():
    groups = streams_of(fab_of(6, types=8))
    lone = Cycle(START, [QualEvent(START + timedelta(days=1), Age(0.0, 1.0), True)])
    now = START + timedelta(days=DAYS)
    groups.append([Stream("LONE", "*", "p", [], lone, now, Age(0.0, DAYS), (0.0,), DAYS, 0.0, 0)])
    groups.append([Stream("NEVER", "*", "p", [], Cycle(START), now, Age(0.0, DAYS), (0.0,), DAYS, 0.0, 0)])
    for wear in fit_fab(groups, "days", lambda _: STATED)[-2:]:
        assert np.isfinite(wear.fitted.failure_ages(wear.running, (0.1, 0.9))).all()


def test_lives_that_follow_the_gap_are_told_from_it_and_the_doubtful_count_for_little():
    gap = np.geomspace(1, 8, 8)
    mean = np.column_stack([np.log(5 * gap), np.full(8, math.log(2.0))])
    spread = np.full((8, 2), 0.1)
    mean[3, 0] += 3.0
    spread[3, 0] = 3.0
    priors = shared(mean, spread, np.ones(8), gap)
    for prior, days in zip(priors, gap, strict=True):
        assert prior.scale is not None
        assert prior.scale[0] == pytest.approx(math.log(5 * days), abs=0.25)
        assert prior.shape[0] == pytest.approx(math.log(2.0), abs=0.05)
    # The clock only changes the unit.
    wafers = shared(mean + np.array([math.log(100), 0.0]), spread, np.full(8, 100.0), gap)
    assert [p.scale[0] for p in wafers if p.scale] == pytest.approx([p.scale[0] + math.log(100) for p in priors if p.scale])


def test_only_a_cycle_that_began_long_before_anybody_looked_enters_late():
    quals = [QualEvent(START + timedelta(days=d), Age(10.0 * d, float(d)), True) for d in (20, 22, 24)]
    old, fresh = Cycle(START, quals), Cycle(START + timedelta(days=24.5))
    later = [QualEvent(START + timedelta(days=d), Age(10.0 * (d - 24.5), d - 24.5), True) for d in (34.5, 36.5)]
    fresh.quals += later
    old.ended = fresh.began
    now = START + timedelta(days=37)
    stream = Stream("T", "*", "p", [old], fresh, now, Age(125.0, 12.5), (10.0,), 37.0, 370.0, 0)
    assert entries([stream], "days") == [(START, 20.0)]
    assert entries([stream], "wafers") == [(START, 200.0)]
    # Where a first qual failed, looking began before it: one gap, at most.
    failed = Cycle(START, [quals[0]._replace(passed=False)])
    other = Stream("U", "*", "p", [], failed, now, Age(370.0, 37.0), (10.0,), 37.0, 370.0, 0)
    assert entries([stream, other], "days") == [(START, 18.0), (START, 18.0)]
    # A gap in the middle of a record is no late entry, as a failure would have been found; nor is an unknown start.
    old.known_start = False
    assert entries([stream], "days") == [(START, 0.0)]


def test_tools_that_were_old_when_looking_began_do_not_pass_for_long_lived():
    """Renewed for a hundred days, looked at every two days for the last thirty: only survivors are seen."""
    rng, lives = np.random.default_rng(4), []
    streams = []
    for number in range(60):
        began, fails = 0.0, 20 * rng.weibull(2.0)
        while began + fails < 70:
            began, fails = began + fails, 20 * rng.weibull(2.0)
        first = Cycle(START + timedelta(days=began))
        for day in range(70, 100, 2):
            passed = day < began + fails
            first.quals.append(QualEvent(START + timedelta(days=day), Age(0.0, day - began), passed))
            if not passed:
                break
        now = START + timedelta(days=100)
        streams.append(Stream(f"T{number}", "*", "p", [], first, now, Age(0.0, 100 - began), (0.0,), 100.0, 0.0, 0))
        lives.append(20 * math.log(2) ** 0.5)
    wear = fit_sisters(streams, "days", STATED)
    assert np.median(wear.fitted.typical) == pytest.approx(np.median(lives), rel=0.15)
