"""The plan of the coming days: what is due, why, and in which order."""

from datetime import timedelta

import pytest

from fabwatch.terms.errors import BadQuestion, TooFewFailures
from tests.diary import DAY0

NOW = DAY0 + timedelta(days=40)
COSTS = {"qual": 1.0, "contain": 0.002, "scrap": 0.02, "fail": 2.0, "false": 1.0}


@pytest.fixture
def three(log):
    """A ran since its qual, B was just checked, C stands failed, D was never checked; all of one type."""
    log.typed("A", "B", "C", "D")
    for tool in "ABCD":
        log.restored(0, tool).ran(*range(40), tool=tool)
    for tool in "ABC":
        for begin in (0, 12, 24):
            log.qual(begin + 4, True, tool).qual(begin + 8, True, tool).qual(begin + 11, False, tool)
            log.restored(begin + 11.5, tool)
    return log.qual(36, True, "A").qual(39.9, True, "B").qual(39.5, False, "C")


def by_tool(answer):
    return {item.tool: item for item in answer.items}


def test_what_stands_failed_comes_first_and_what_was_just_checked_waits(three):
    with three.fab() as fab:
        answer = fab.plan(7, costs=COSTS, as_of=NOW)
        items = by_tool(answer)
        assert (items["C"].day, items["C"].reason, items["C"].p_bad_now) == (0, "failed", 1.0)
        assert items["A"].due_day < items["B"].due_day
        assert items["A"].wafers_at_risk == 400
        assert items["D"].reason == "never checked"
        assert [item.day for item in answer.items] == sorted(item.day for item in answer.items)
        assert answer.checked == 4
        assert "the largest expected loss is on C p" in answer.sentence()


def test_within_a_day_the_largest_expected_loss_comes_first(three):
    with three.fab() as fab:
        items = fab.plan(30, costs=COSTS, as_of=NOW).items
        for day in {item.day for item in items}:
            losses = [item.expected_loss for item in items if item.day == day]
            assert losses == sorted(losses, reverse=True)


def test_wafers_at_risk_on_the_day_are_those_of_now_and_the_pace_until_then(three):
    with three.fab() as fab:
        item = by_tool(fab.plan(30, costs=COSTS, as_of=NOW))["B"]
        assert item.wafers_at_risk_then == pytest.approx(item.wafers_at_risk + 100 * item.due_day, abs=2)


def test_an_inhibit_limit_brings_a_check_forward(three):
    three.stated("[quals.p]\ninhibit = 450\n")
    with three.fab() as fab:
        item = by_tool(fab.plan(7, costs=COSTS | {"qual": 50.0}, as_of=NOW))["A"]
        assert (item.reason, item.due_day) == ("limit", pytest.approx(0.5, abs=0.05))


def test_without_stated_costs_the_hours_of_today_are_kept(three):
    with three.fab() as fab:
        assert "are kept and redistributed" in fab.plan(as_of=NOW).sentence()
        assert "hours" in fab.plan(as_of=NOW).sentence()


@pytest.mark.parametrize("days", [0, -1, 400])
def test_a_plan_of_no_days_is_refused(three, days):
    with three.fab() as fab, pytest.raises(BadQuestion):
        fab.plan(days)


def test_a_fab_without_quals_has_no_plan(log):
    with log.ran(0).fab() as fab, pytest.raises(TooFewFailures):
        fab.plan()
