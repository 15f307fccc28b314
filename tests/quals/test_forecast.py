"""The history of cycles, worked by hand, and the forecast that stands on it."""

import csv
import math
from collections import defaultdict
from datetime import datetime, timedelta

import pytest

from fabwatch.quals.history import Age, streams
from fabwatch.quals.schedule import usual_round
from fabwatch.quals.wear import cycle_pieces
from fabwatch.terms.doubts import joined
from fabwatch.terms.errors import BadQuestion, TooFewFailures
from fabwatch.terms.settings.answering import QualSettings
from tests.diary import DAY0
from tests.fabs import copy_of


def history(fab, day):
    fab._lake.pin()
    return {(s.tool, s.chamber, s.qual_type): s for s in streams(fab._lake, DAY0 + timedelta(days=day))}


def told(stream):
    """Of each ended cycle the ages at its last good and its failed look, if any."""
    return [(cycle.last_good, cycle.failed and cycle.failed.age) for cycle in stream.cycles if cycle.quals]


def test_a_passed_qual_does_not_reset_the_wear_clock_and_a_restore_does(log):
    log.restored(0).ran(0, 1, 2, 3, 4, 5).qual(2, True).qual(4, True).qual(6, False).restored(7).ran(7, 8).qual(8, True)
    with log.fab() as fab:
        stream = history(fab, 9)["T", "*", "p"]
        assert told(stream) == [(Age(400, 4), Age(600, 6))]
        assert (stream.running.last_good, stream.age, stream.running.failed) == (Age(100, 1), Age(200, 2), None)
        assert (stream.failures, stream.running.known_start) == (1, True)


def test_the_running_cycle_ends_at_its_last_good_qual_and_not_today(log):
    with log.restored(0).ran(*range(10)).qual(3, True).fab() as fab:
        stream = history(fab, 10)["T", "*", "p"]
        assert (stream.running.last_good, stream.age, told(stream)) == (Age(300, 3), Age(1000, 10), [])


def test_a_restore_before_any_failure_ends_the_cycle_at_the_last_good_qual_before_it(log):
    with log.restored(0).ran(*range(8)).qual(3, True).restored(5).fab() as fab:
        assert told(history(fab, 8)["T", "*", "p"]) == [(Age(300, 3), None)]


def test_what_comes_after_a_failed_qual_says_nothing_more_until_the_restore(log):
    log.restored(0).ran(*range(8)).qual(2, True).qual(4, False).qual(5, True).qual(6, False)
    with log.fab() as fab:
        stream = history(fab, 8)["T", "*", "p"]
        assert (stream.running.last_good, stream.running.failed.age) == (Age(200, 2), Age(400, 4))
        assert cycle_pieces(stream.running, "wafers", QualSettings()) == [(200, 400, 1.0)]


def test_a_forecast_knows_only_what_had_happened_by_its_time(log):
    log.restored(0).ran(*range(8)).qual(2, True).qual(4, False).restored(5)
    with log.fab() as fab:
        assert told(history(fab, 3)["T", "*", "p"]) == []
        assert history(fab, 3)["T", "*", "p"].age == Age(300, 3)


def test_which_restore_resets_which_qual_type_stands_in_fab_toml(log):
    log.stated('[quals.p]\nresets = ["part"]\n[quals.r]\nresets = ["repair", "pm"]\n')
    log.ran(*range(8)).qual(2, True).qual(2, True, kind="r").restored(4).qual(6, True).qual(6, True, kind="r")
    with log.fab() as fab:
        found = history(fab, 8)
        assert (found["T", "*", "p"].age.wafers, found["T", "*", "r"].age.wafers) == (800, 400)


def test_a_qual_that_passed_and_failed_at_one_time_counts_as_failed_and_is_doubted(log):
    with log.restored(0).ran(*range(8)).qual(2, True).qual(5, True).qual(5, False).fab() as fab:
        stream = history(fab, 8)["T", "*", "p"]
        assert (stream.running.failed.age, stream.contradictions) == (Age(500, 5), 1)
        (row,) = fab.forecast(as_of=DAY0 + timedelta(days=8)).tools
        assert "Contradictory" in joined(row.doubts)


def test_quals_that_an_alarm_asked_for_do_not_count_for_the_usual_round(log):
    log.restored(0).ran(*range(12)).qual(4, True).qual(8, True)
    log.qual(8.5, True, reason="FDC alarm").qual(9, True, reason="alarm").qual(12, True, reason="weekly round")
    with log.fab() as fab:
        stream = history(fab, 12)["T", "*", "p"]
        assert usual_round(stream).days == 4
        assert [qual.alarm for qual in stream.quals] == [False, False, True, True, False]


def test_a_forecast_has_the_contract_and_its_window_in_days_is_wafers_over_pace(log):
    log.typed("T", "U", "V")
    for tool in ("T", "U", "V"):
        log.restored(0, tool).ran(*range(28), tool=tool)
        for cycle in range(3):
            begin = cycle * 9
            log.qual(begin + 2, True, tool).qual(begin + 5, True, tool).qual(begin + 8, False, tool).restored(
                begin + 8.5, tool
            )
    with log.qual(27.9, True).fab() as fab:
        answer = fab.forecast(tool="T", as_of=DAY0 + timedelta(days=28))
        (row,) = answer.tools
        assert (row.failures, row.quals, row.sisters, row.clock, row.doubts) == (3, 10, 2, "wafers", ())
        assert row.pace_per_day == pytest.approx(100, rel=0.02)
        assert row.window.to_days == pytest.approx(row.window.to_wafers / row.pace_per_day, rel=0.1)
        assert 0 <= row.p_bad_now < 0.3
        assert row.age_quantiles["0.1"] < row.age_quantiles["0.5"] < row.age_quantiles["0.9"]
        assert len(row.next_quals) == 5
        assert sum(qual.p_fail for qual in row.next_quals) <= 1
        wide = fab.forecast(tool="T", coverage=0.95, as_of=DAY0 + timedelta(days=28)).tools[0].window
        assert wide.to_wafers > row.window.to_wafers


def test_a_tool_that_never_failed_and_a_stopped_one_are_answered_with_their_doubts(log):
    with log.ran(0, 1).qual(1.9, True).fab() as fab:
        (row,) = fab.forecast(as_of=DAY0 + timedelta(days=60)).tools
        names = [doubt.code for doubt in row.doubts]
        assert names == ["TooFewFailures", "NoRestore", "NoPace", "Extrapolated"]
        assert (row.window.from_days, row.window.to_days) == (None, None)
        assert math.isfinite(row.window.to_wafers)
        assert "wafers from now" in row.sentence()


def test_a_tool_with_an_open_failed_qual_is_bad_now(log):
    with log.restored(0).ran(0, 1, 2).qual(1, True).qual(2, False).fab() as fab:
        (row,) = fab.forecast(as_of=DAY0 + timedelta(days=3)).tools
        assert (row.p_bad_now, row.next_quals) == (1.0, ())
        assert "open failed qual" in row.sentence()


@pytest.mark.parametrize("wish", [{"coverage": 0.0}, {"coverage": 1.0}, {"coverage": 80.0}, {"clock": "moons"}])
def test_an_impossible_wish_is_refused(fab, wish):
    with pytest.raises(BadQuestion):
        fab.forecast(**wish)


def test_a_fab_without_quals_says_what_a_forecast_needs(log):
    with log.ran(0).fab() as fab, pytest.raises(TooFewFailures, match="No qual of any tool") as fault:
        fab.forecast()
    assert "load quals" in fault.value.hint


def test_on_the_real_fab_the_chance_to_fail_the_next_qual_comes_true(data, real_fab, tmp_path):
    quals, restores = defaultdict(list), defaultdict(list)
    with (data / "fab" / "quals.csv").open() as file:
        for line in csv.DictReader(file):
            quals[line["TOOL_ID"]].append((datetime.fromisoformat(line["QUAL_TIME"]), line["RESULT"] == "FAIL"))
    with (data / "fab" / "maintenance.csv").open() as file:
        for line in csv.DictReader(file):
            restores[line["TOOL_ID"]].append(datetime.fromisoformat(line["DONE_AT"]))
    as_of = datetime(2026, 3, 12)
    with copy_of(real_fab, tmp_path / "fab") as fab:
        rows = fab.forecast(as_of=as_of).tools
    assert len(rows) > 980
    said, came = [], []
    for row in rows:
        later = [qual for qual in quals[row.tool] if qual[0] > as_of]
        if row.next_quals and later and not any(as_of < done <= min(later)[0] for done in restores[row.tool]):
            said.append(row.next_quals[0].p_fail)
            came.append(min(later)[1])
    rate = sum(came) / len(came)
    brier = sum((p - y) ** 2 for p, y in zip(said, came, strict=True)) / len(came)
    assert sum(said) / len(said) == pytest.approx(rate, abs=0.03)
    assert brier < rate * (1 - rate)


def test_what_a_pass_would_say_is_what_the_forecast_says_once_it_has_passed(log):
    log.typed("T", "U", "V")
    for tool in ("T", "U", "V"):
        log.restored(0, tool).ran(*range(40), tool=tool)
        for begin in (0, 9, 18):
            log.qual(begin + 2, True, tool).qual(begin + 5, True, tool).qual(begin + 8, False, tool)
            log.restored(begin + 8.5, tool)
    with log.qual(28.5, True).qual(31.5, True).fab() as fab:
        before = fab.forecast(tool="T", clock="wafers", as_of=DAY0 + timedelta(days=30)).tools[0]
        after = fab.forecast(tool="T", clock="wafers", as_of=DAY0 + timedelta(days=31.5)).tools[0]
    assert before.next_quals[0].day == pytest.approx(1.5, abs=0.1)
    assert (after.window.from_wafers, after.window.to_wafers) == pytest.approx(before.why.if_passed, rel=0.35)
    assert before.why.if_restored[0] > before.why.if_passed[0]
