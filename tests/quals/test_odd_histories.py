"""Odd histories get an answer with its doubts or a clear error, and never a number that is none."""

import json
from datetime import timedelta

import pytest

from fabwatch.terms.errors import BadQuestion
from tests.conftest import NOW
from tests.diary import DAY0

ODD = {
    "a tool that only fails": lambda log: log.ran(*range(9)).qual(2, False).qual(4, False).restored(5).qual(7, False),
    "nothing but passes": lambda log: log.ran(*range(9)).qual(2, True).qual(4, True).qual(8, True),
    "a restore before any move": lambda log: log.restored(-20).ran(5, 6).qual(7, True),
    "a restore and a qual at one time": lambda log: log.ran(*range(9)).qual(4, True).restored(4).qual(8, False),
    "passed and failed at one time": lambda log: log.ran(*range(9)).qual(4, True).qual(4, False).qual(6, True),
    "no wafer between two quals": lambda log: log.ran(0, 1).qual(2, True).qual(3, False).restored(4).qual(5, True),
    "nothing ran at all but once": lambda log: log.ran(0).qual(2, True).qual(4, False).restored(5).qual(8, True),
    "one qual": lambda log: log.ran(0, 1).qual(1, True),
    "one failed qual": lambda log: log.ran(0, 1).qual(1, False),
    "a qual before any move": lambda log: log.ran(5).qual(1, True).qual(2, False),
    "two restores at one time": lambda log: log.ran(*range(6)).qual(2, True).restored(3).restored(3).qual(5, True),
    "quals that err": lambda log: (
        log.stated("[quals.p]\nsensitivity = 0.6\nfalse_alarm = 0.1\n")
        .ran(*range(9))
        .qual(2, False)
        .qual(4, True)
        .qual(6, True)
        .restored(7)
        .qual(8, False)
    ),
}


@pytest.mark.parametrize("name", list(ODD))
@pytest.mark.parametrize("day", [9, 300])
def test_odd_histories_give_finite_numbers(log, name, day):
    with ODD[name](log).fab() as fab:
        as_of = DAY0 + timedelta(days=day)
        for answer in (
            fab.forecast(as_of=as_of),
            fab.interval(as_of=as_of),
            fab.plan(30, as_of=as_of),
            fab.score(as_of=as_of),
        ):
            text = json.dumps(answer.to_dict(), allow_nan=False)
            assert "NaN" not in text
        (row,) = fab.forecast(as_of=as_of).tools
        assert 0 <= row.p_bad_now <= 1
        assert row.window.from_wafers <= row.window.to_wafers
        assert all(0 <= qual.p_fail <= 1 for qual in row.next_quals)
        (advice,) = fab.interval(as_of=as_of).tools
        assert advice.low_wafers <= advice.advised_wafers <= advice.high_wafers


@pytest.mark.parametrize(
    ("name", "doubt"),
    [
        ("a tool that only fails", "OnlyFailed"),
        ("nothing but passes", "TooFewFailures"),
        ("passed and failed at one time", "Contradictory"),
        ("a qual before any move", "NoRestore"),
    ],
)
def test_what_is_odd_is_said(log, name, doubt):
    with ODD[name](log).fab() as fab:
        (row,) = fab.forecast(as_of=DAY0 + timedelta(days=9)).tools
        assert doubt in [doubted.code for doubted in row.doubts]


def test_a_time_that_has_not_come_is_doubted(log):
    with ODD["nothing but passes"](log).fab() as fab:
        (row,) = fab.forecast(as_of=NOW + timedelta(days=2)).tools
        assert row.doubts[-1].code == "FutureDate"
        assert not any(doubt.code == "FutureDate" for doubt in fab.forecast(as_of=NOW).tools[0].doubts)


def test_a_tool_without_any_qual_gets_the_window_of_its_type_marked_and_wide(log):
    log.typed("T", "U", "V")
    for tool in ("T", "U"):
        log.restored(0, tool).ran(*range(28), tool=tool)
        for begin in (0, 9, 18):
            log.qual(begin + 2, True, tool).qual(begin + 5, True, tool).qual(begin + 8, False, tool)
            log.restored(begin + 8.5, tool)
    with log.ran(*range(20, 28), tool="V").fab() as fab:
        rows = {row.tool: row for row in fab.forecast(as_of=DAY0 + timedelta(days=28)).tools}
    assert (rows["V"].quals, rows["V"].sisters) == (0, 2)
    assert "NoQual" in [doubted.code for doubted in rows["V"].doubts]
    assert rows["V"].window.to_wafers > 0


def test_several_checks_of_one_tool_fail_as_soon_as_the_first_does(log):
    log.restored(0).ran(*range(28))
    for begin in (0, 9, 18):
        for kind in ("p", "q"):
            log.qual(begin + 2, True, kind=kind).qual(begin + 5, True, kind=kind).qual(begin + 8, False, kind=kind)
        log.restored(begin + 8.5)
    with log.fab() as fab:
        answer = fab.forecast(as_of=DAY0 + timedelta(days=28.4))
    (both,) = answer.combined
    one, other = answer.tools
    assert both.qual_types == ("p", "q")
    assert both.p_bad_now == pytest.approx(1 - (1 - one.p_bad_now) * (1 - other.p_bad_now), abs=0.001)
    assert "the first of its 2 checks" in both.sentence()
    assert "el primero de sus 2 controles" in both.sentence("es")
    assert both.to_days < min(one.window.to_days, other.window.to_days)


@pytest.mark.parametrize("wish", [{"coverage": float("nan")}, {"coverage": -1.0}])
def test_a_coverage_that_is_none_is_refused(fab, wish):
    with pytest.raises(BadQuestion, match="coverage"):
        fab.forecast(**wish)
