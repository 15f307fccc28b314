"""When the coming quals are due, by histories whose next qual is plain to see, and by the dates that then came."""

from datetime import timedelta

import numpy as np
import pytest

from fabwatch.quals.cadence import coming
from fabwatch.quals.history import Age, Cycle, QualEvent, Stream
from tests.diary import DAY0, Diary


@pytest.fixture
def log(tmp_path):
    return Diary(tmp_path)


def first(log, day, tool="T"):
    with log.fab() as fab:
        row = fab.forecast(tool=tool, as_of=DAY0 + timedelta(days=day)).tools[0]
    return row.next_quals[0], row


def stream(days, now, wafers_a_day=100.0, name="T"):
    """A tool that is never restored, with a good qual on each of these days."""
    quals = [QualEvent(DAY0 + timedelta(days=d), Age(wafers_a_day * d, d), True) for d in days if d <= now]
    age = Age(wafers_a_day * now, now)
    return Stream(
        name, "*", "p", [], Cycle(DAY0, quals), DAY0 + timedelta(days=now), age, (wafers_a_day,), now, age.wafers, 0
    )


def test_a_tool_that_goes_from_weekly_to_every_three_days_is_followed_after_three_gaps(log):
    log.restored(0).ran(*range(60))
    for day in (1, 8, 15, 22, 29, 36, 39, 42, 45):
        log.qual(day, True)
    due, row = first(log, 45.5)
    assert (due.day, row.why.checked_every_days) == (pytest.approx(2.5, abs=0.3), 3)


def test_one_gap_over_a_hole_in_the_record_and_quals_after_alarms_change_nothing(log):
    log.restored(0).ran(*range(60))
    for day in (2, 4, 6, 8, 28, 30, 32, 34, 36):
        log.qual(day, True)
    log.qual(31, True, reason="alarm").qual(33, True, reason="FDC alarm")
    due, row = first(log, 36.5)
    assert (due.day, row.why.checked_every_days) == (pytest.approx(1.5, abs=0.2), 2)


def test_a_tool_checked_every_500_wafers_is_due_by_wafers_though_it_ran_unevenly(log):
    log.restored(0)
    day = 0
    for idle in (0, 4, 1, 0, 3, 1, 0):
        log.ran(*range(day, day + 5)).qual(day + 4.9, True)
        day += 5 + idle
    log.ran(day, day + 1)
    due, row = first(log, day + 1.9)
    assert row.why.checked_by == "wafers"
    assert due.day == pytest.approx(300 / row.pace_per_day, rel=0.05)


def test_after_a_repair_the_requal_comes_as_soon_as_it_did_before(log):
    log.restored(0).ran(*range(40))
    for begin in (0, 10, 20):
        log.qual(begin + 3, True).qual(begin + 6, True).qual(begin + 9, False).restored(begin + 9.5)
        log.qual(begin + 9.7, True)
    log.qual(33, True).qual(36, False).restored(36.5)
    due, _ = first(log, 36.6)
    assert (due.day, due.day_high) == (pytest.approx(0.1, abs=0.05), pytest.approx(0.1, abs=0.05))


def test_an_open_fail_waits_for_repair_and_requal_and_not_for_the_next_round(log):
    log.restored(0).ran(*range(40))
    for begin in (0, 10, 20):
        log.qual(begin + 3, True).qual(begin + 6, True).qual(begin + 9, False).restored(begin + 9.5)
        log.qual(begin + 9.7, True)
    log.qual(33, True).qual(36, False)
    with log.fab() as fab:
        plan = fab.plan(days=3, as_of=DAY0 + timedelta(days=36.3))
    (item,) = plan.items
    assert item.usual_day == pytest.approx(0.4, abs=0.05)


def test_where_maintenance_leaves_the_round_alone_the_last_qual_counts(log):
    log.restored(0).ran(*range(40))
    for round_day in range(2, 36, 3):
        log.qual(round_day, True)
    for day in (6, 13, 22, 30.5):
        log.restored(day)
    log.restored(35.5)
    due, _ = first(log, 36)
    assert due.day == pytest.approx(2, abs=0.2)


def test_an_overdue_qual_is_not_due_at_once_and_later_still_the_longer_it_is_overdue(log):
    log.restored(0).ran(*range(60))
    for day in range(2, 34, 2):
        log.qual(day, True)
    with log.fab() as fab:
        late, later = (fab.forecast(as_of=DAY0 + timedelta(days=day)).tools[0].next_quals[0] for day in (36.5, 50))
    assert 0 < late.day < later.day < 5
    assert late.day_low < late.day < late.day_high


def test_a_tool_with_one_qual_has_the_rhythm_of_its_sisters(log):
    log.typed("T", "U").restored(0).restored(0, "U").ran(*range(40)).ran(*range(40), tool="U")
    for day in range(4, 36, 4):
        log.qual(day, True, "U")
    due, row = first(log.qual(33, True), 34)
    assert (due.day, row.why.checked_every_days) == (pytest.approx(3, abs=0.3), 4)


def test_a_tool_with_one_qual_and_no_sister_has_no_coming_quals(log):
    with log.restored(0).ran(*range(40)).qual(33, True).fab() as fab:
        assert fab.forecast(as_of=DAY0 + timedelta(days=34)).tools[0].next_quals == ()


def test_four_of_five_quals_come_within_the_stated_range_and_half_before_the_middle():
    random = np.random.default_rng(3)
    days = [np.cumsum(3 * np.exp(random.normal(0, 0.2, 40))) for _ in range(300)]
    held, before = [], []
    for now in (30.0, 37.0, 41.5):
        for dates, due in zip(days, coming([stream(dates, now) for dates in days], 3), strict=True):
            actual = [day for day in dates if day > now]
            held += [low <= day - now <= high for day, (low, _, high) in zip(actual, due.days, strict=False)]
            before.append(actual[0] - now <= due.days[0, 1])
    assert np.mean(held) == pytest.approx(0.8, abs=0.05)
    assert np.mean(before) == pytest.approx(0.5, abs=0.05)


def test_the_chance_to_fail_is_the_mean_over_the_days_on_which_the_qual_may_come(log):
    log.typed("T", "U", "V")
    for tool in ("T", "U", "V"):
        log.restored(0, tool).ran(*range(40), tool=tool)
        for begin in (0, 10, 20):
            log.qual(begin + 3, True, tool).qual(begin + 5, True, tool).qual(begin + 9, False, tool)
            log.restored(begin + 9.5, tool)
    due, row = first(log.qual(33, True).qual(35, True), 36)
    chances = [float(chance) for chance in row.quantiles]
    units = row.pace_per_day if row.clock == "wafers" else 1.0
    bad = [
        np.interp(row.age + units * day, list(row.quantiles.values()), chances, left=0.0)
        for day in (due.day_low, due.day, due.day_high)
    ]
    assert due.day_low < due.day < due.day_high
    assert due.p_fail == pytest.approx(float(np.dot(bad, (0.304, 0.392, 0.304))), abs=0.02)
