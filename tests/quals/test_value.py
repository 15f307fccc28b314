"""What following the advice would have changed, beside a plain simulation of fabs whose hidden failures are known."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from fabwatch.fab import Fab
from fabwatch.quals import ledger
from fabwatch.quals.history import Age, Cycle, QualEvent, Stream
from fabwatch.quals.timeline import Plan
from fabwatch.quals.value import value
from fabwatch.stats.distributions import WEIBULL
from fabwatch.stats.renewal import Costs
from fabwatch.terms.settings.answering import QualSettings
from tests.fabs import new_fab

BEGIN, DAYS, STEP = datetime(2026, 1, 1), 79.5, 0.02
PER_DAY = 200.0
LIFE, SHAPE = 9.0, 2.2
ORIGINS = [BEGIN + timedelta(days=days) for days in (30, 50, 70)]
PRICES = Costs(qual=1.0, contain=0.005, scrap=0.1, fail=5.0, false=1.0)


def at(day):
    return BEGIN + timedelta(days=float(day))


def lived(lives, every_by_day):
    """One tool step by step: it is checked when as long after its last qual as is in force that day, and repaired at once
    when it is found failed. Returns its cycles, and since the first origin its quals, failures, wafers exposed and bad.
    """
    cycles, counts, number = [Cycle(BEGIN)], np.zeros(4), 0
    began = last = 0.0
    for day in np.arange(STEP, DAYS, STEP):
        if day - last < every_by_day(day) - STEP / 2:
            continue
        fails = began + lives[number]
        passed = bool(day < fails)
        cycles[-1].quals.append(QualEvent(at(day), Age(PER_DAY * (day - began), day - began), passed))
        if day > 30:
            counts += (1, 0, 0, 0) if passed else (1, 1, PER_DAY * (day - last), PER_DAY * (day - fails))
        last = day
        if not passed:
            cycles[-1].ended = at(day)
            cycles.append(Cycle(at(day)))
            began, number = day, number + 1
    age = Age(PER_DAY * (DAYS - began), DAYS - began)
    return Stream("T", "*", "p", cycles[:-1], cycles[-1], at(DAYS), age, (PER_DAY,), DAYS, PER_DAY * DAYS, 0), counts


def plan(every, clock="days"):
    unit = PER_DAY if clock == "wafers" else 1.0
    return Plan(clock, every * unit, WEIBULL, float(np.log(LIFE * unit)), float(np.log(SHAPE)))


def fab_of(today, seed=3, tools=60):
    """The record of a fab that is checked every so many days, and the lives that its tools were dealt."""
    rng = np.random.default_rng(seed)
    lives = [LIFE * rng.weibull(SHAPE, 400) + 0.001 for _ in range(tools)]
    made = [lived(each, lambda day: today) for each in lives]
    later = {(f"T{n:02d}", "*", "p"): replace(stream, tool=f"T{n:02d}") for n, (stream, _) in enumerate(made)}
    return lives, later, sum(counts for _, counts in made)


def valued(later, plans, stated=None, area_of=lambda tool: "Etch"):
    return value(later, ORIGINS, plans, area_of, PRICES, True, lambda kind: stated or QualSettings())


def plans_of(later, *every, clock="days"):
    return [{key: plan(each, clock) for key in later} for each in every]


@pytest.mark.unit
@pytest.mark.parametrize("clock", ["days", "wafers"])
@pytest.mark.parametrize(("today", "advised"), [(3.0, (1.0, 1.0, 1.0)), (1.0, (3.0, 3.0, 3.0)), (2.0, (1.0, 3.0, 0.5))])
def test_the_figures_are_those_of_a_fab_that_had_followed_the_advice(today, advised, clock):
    lives, later, was = fab_of(today)
    row = valued(later, plans_of(later, *advised, clock=clock)).total
    assert (row.quals.today, row.failures, row.exposed.today) == pytest.approx(tuple(was[:3]), rel=1e-6)
    assert row.bad.today == pytest.approx(was[3], rel=0.08)

    def in_force(day):
        return today if day <= 30 else advised[0] if day <= 50 else advised[1] if day <= 70 else advised[2]

    truth = sum(lived(each, in_force)[1] for each in lives)
    assert row.quals.advised == pytest.approx(truth[0], rel=0.05)
    assert row.exposed.advised == pytest.approx(truth[2], rel=0.1)
    assert row.bad.advised == pytest.approx(truth[3], rel=0.12)
    assert row.quals.low < truth[0] - was[0] < row.quals.high
    assert row.exposed.low < truth[2] - was[2] < row.exposed.high


@pytest.mark.unit
def test_shorter_intervals_cost_quals_and_find_failures_earlier_and_longer_ones_the_reverse():
    _, later, _ = fab_of(2.0)
    often, seldom = (valued(later, plans_of(later, *[every] * 3)).total for every in (1.0, 4.0))
    assert often.quals.low > 0 > often.bad.high
    assert 0 < often.earlier_low < often.earlier_days < often.earlier_high
    assert seldom.quals.high < 0 < seldom.bad.low
    assert seldom.earlier_high < 0


@pytest.mark.unit
def test_a_fab_that_is_checked_as_advised_sees_no_change():
    _, later, _ = fab_of(2.0)
    row = valued(later, plans_of(later, 2.0, 2.0, 2.0)).total
    for change in (row.quals, row.exposed, row.bad, row.cost):
        assert change.advised == pytest.approx(change.today, rel=0.01)
        assert change.low <= 0.01 * change.today
        assert change.high >= -0.01 * change.today
    assert row.earlier_days == pytest.approx(0, abs=0.02)


@pytest.mark.unit
def test_where_nothing_was_advised_the_schedule_of_the_record_stays():
    _, later, _ = fab_of(2.0, tools=10)
    some = set(sorted(later)[:4])
    none = valued(later, [{}, {}, {}]).total
    assert (none.stretches, none.advised) == (30, 0)
    assert {change.today - change.advised for change in (none.quals, none.exposed, none.bad, none.cost)} == {0}
    value_of = valued(later, [{key: plan(0.5) for key in some}, {}, {key: plan(0.5) for key in some}])
    assert (value_of.total.stretches, value_of.total.advised) == (30, 8)
    assert value_of.total.quals.advised > value_of.total.quals.today
    assert "In 22 of 30 stretches" in value_of.sentence()


@pytest.mark.unit
def test_a_failure_that_the_advice_has_not_found_comes_to_light_where_the_schedule_of_the_record_returns():
    _, later, _ = fab_of(2.0, tools=10)
    never = valued(later, [{key: plan(500.0) for key in later}, {}, {}]).total
    assert never.quals.today - never.quals.advised > 2
    assert -20 < never.earlier_days < -0.5
    assert never.failures == valued(later, [{}, {}, {}]).total.failures


@pytest.mark.unit
def test_areas_add_up_to_the_fab():
    _, later, _ = fab_of(2.0, tools=10)
    value_of = valued(later, plans_of(later, 1.0, 1.0, 1.0), area_of=lambda tool: "Etch" if tool < "T04" else None)
    assert [row.name for row in value_of.by_area] == ["-", "Etch"]
    for field in ("quals", "exposed", "bad", "cost"):
        total = getattr(value_of.total, field)
        assert sum(getattr(row, field).advised for row in value_of.by_area) == pytest.approx(total.advised, abs=0.2)


@pytest.mark.unit
def test_quals_after_alarms_and_right_after_a_restore_come_under_any_schedule():
    cycles = []
    for start in range(30, 80, 10):
        quals = [(0.1, False), (4.0, False), (5.0, True), (8.0, False)]
        events = [QualEvent(at(start + day), Age(PER_DAY * day, day), day < 8, alarm) for day, alarm in quals]
        cycles.append(Cycle(at(start), events, at(start + 10)))
    stream = Stream("T", "*", "p", cycles[:-1], cycles[-1], at(80), Age(0.0, 10.0), (PER_DAY,), 80.0, 80 * PER_DAY, 0)
    row = valued({("T", "*", "p"): stream}, plans_of({("T", "*", "p"): 0}, 100, 100, 100)).total
    # By the advice alone nothing is checked for a hundred days: what is left are two quals a cycle, and the failure.
    assert row.quals.today == 4 * 5
    assert row.earlier_days < -80
    shortened = valued({("T", "*", "p"): stream}, plans_of({("T", "*", "p"): 0}, 4, 4, 4)).total
    # 0.1, 4.1, 5 after an alarm, and 9 instead of 8; over the same days.
    assert shortened.quals.advised == pytest.approx(20 * 8 / 9, rel=0.01)
    assert shortened.exposed.advised == pytest.approx(5 * 4 * PER_DAY * 8 / 9, rel=0.01)


@pytest.mark.unit
def test_the_worked_number_of_the_docs():
    quals = [QualEvent(at(day), Age(100.0 * day, day), day < 9) for day in (3.0, 6.0, 9.0)]
    ended = Cycle(BEGIN, quals, at(9))
    stream = Stream("T", "*", "p", [ended], Cycle(at(9)), at(9), Age(0.0, 0.0), (100.0,), 9.0, 900.0, 0)
    anywhere = Plan("days", 2.0, WEIBULL, float(np.log(1e5)), 0.0)
    key = ("T", "*", "p")
    row = value({key: stream}, [BEGIN], [{key: anywhere}], lambda _: None, PRICES, True, lambda _: QualSettings()).total
    assert (row.quals.today, row.quals.advised) == pytest.approx((3, 4.5), abs=0.01)
    assert (row.exposed.today, row.exposed.advised) == pytest.approx((300, 212), abs=0.5)
    assert row.earlier_days == pytest.approx(0.5, abs=0.001)
    # One cycle alone says little.
    assert row.exposed.low < 1.3 * (212 - 300)
    assert row.exposed.high >= 0


@pytest.mark.unit
def test_a_qual_that_misses_failures_finds_them_later_under_any_schedule():
    _, later, _ = fab_of(2.0, tools=20)
    sure = valued(later, plans_of(later, 1.0, 1.0, 1.0)).total
    blind = valued(later, plans_of(later, 1.0, 1.0, 1.0), QualSettings(sensitivity=0.6)).total
    assert blind.bad.today > sure.bad.today
    assert blind.bad.advised > sure.bad.advised
    assert blind.bad.high < 0


@pytest.mark.unit
def test_a_record_without_moves_is_counted_in_days_alone():
    _, later, _ = fab_of(3.0, tools=10)
    still = {}
    for key, stream in later.items():
        cycles = [
            replace(cycle, quals=[qual._replace(age=Age(0.0, qual.age.days)) for qual in cycle.quals])
            for cycle in stream.all_cycles
        ]
        still[key] = replace(stream, cycles=cycles[:-1], running=cycles[-1], age=Age(0.0, stream.age.days), processed=0.0)
    row = valued(still, plans_of(still, 1.0, 1.0, 1.0)).total
    assert row.earlier_days > 0.5
    # A failure with nothing run since the last good qual still came after it, by half a wafer.
    assert row.exposed.today <= 0.5 * row.failures
    stopped = valued(still, plans_of(still, 1.0, 1.0, 1.0, clock="wafers")).total
    assert stopped.quals.today == stopped.quals.advised


def test_a_fab_whose_schedule_is_the_advice_is_told_that_nothing_would_change(tmp_path, monkeypatch):
    """At these costs the optimum is the interval of the record: sqrt(qual * life / (contain + scrap / 2)) = 2 days."""
    rng = np.random.default_rng(8)
    rows = {"tools": ["tool,tool_type,area"], "moves": ["lot,tool,wafers,end_at"]}
    rows |= {"quals": ["tool,qual_type,processed_at,passed"], "restores": ["tool,done_at,kind"]}
    for number in range(16):
        tool = f"T{number:02d}"
        rows["tools"].append(f"{tool},TYPE,Etch")
        began, fails = 0.0, 12 * rng.weibull(2.2)
        for day in range(1, 121):
            rows["moves"].append(f"L{number}-{day},{tool},240,{at(day - 0.5).isoformat()}Z")
            if day % 2 == 0:
                passed = day - began < fails
                rows["quals"].append(f"{tool},p,{at(day).isoformat()}Z,{'pass' if passed else 'fail'}")
                if not passed:
                    rows["restores"].append(f"{tool},{at(day + 0.01).isoformat()}Z,repair")
                    began, fails = day + 0.01, 12 * rng.weibull(2.2)
    for name, lines in rows.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    with new_fab(tmp_path / "fab") as fab:
        assert fab.ingest([tmp_path / f"{name}.csv" for name in rows]).clean
    qual = (2 * 240) ** 2 * (0.005 + 0.05) / (0.886 * 12 * 240)
    (tmp_path / "fab" / "fab.toml").write_text(f"[costs]\nqual = {qual:.3f}\n")
    handed = []

    def noted(*inputs):
        handed.append(inputs)
        return value(*inputs)

    monkeypatch.setattr(ledger, "value", noted)
    with Fab(tmp_path / "fab") as fab:
        value_of = fab.score(as_of=at(120)).value
        assert value_of.costs_stated
        _, origins, plans, *_ = handed[0]
        for origin, plan_at in zip(origins, plans, strict=True):
            # Each origin is followed as `fabwatch interval` would have advised then.
            for advice in fab.interval(as_of=origin).tools:
                followed = plan_at[advice.tool, advice.chamber, advice.qual_type]
                in_wafers = advice.clock == "wafers"
                expected = advice.advised_wafers if in_wafers else advice.advised_days
                assert followed.every == pytest.approx(expected, abs=0.51 if in_wafers else 0.006)
        row = value_of.total
        assert row.advised == row.stretches > 0
        assert row.quals.advised == pytest.approx(row.quals.today, rel=0.15)
        assert row.cost.advised == pytest.approx(row.cost.today, rel=0.04)
        assert row.cost.low < 0.04 * row.cost.today
        assert abs(row.earlier_days) < 0.25
