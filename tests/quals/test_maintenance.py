"""Planned maintenance: it is used as what is to come, it never counts as done, and what contradicts it is doubted."""

from datetime import timedelta

import pytest

from fabwatch.terms.problems import UnknownTool
from tests.diary import DAY0, Diary

NOW = DAY0 + timedelta(days=35)


@pytest.fixture
def log(tmp_path):
    log = Diary(tmp_path).typed("T", "U", "V")
    for tool in ("T", "U", "V"):
        log.restored(0, tool).ran(*range(35), tool=tool)
        for begin in (0, 10, 20):
            log.qual(begin + 3, True, tool).qual(begin + 6, True, tool).qual(begin + 9, False, tool)
            log.restored(begin + 9.5, tool)
    return log.qual(33, True)


def calendar(fab, *days, word="planned", tool="T"):
    rows = [f"{tool},{(DAY0 + timedelta(days=day)).isoformat()}Z,{word}" for day in days]
    path = fab.path.parent / f"calendar{len(list(fab.path.parent.glob('calendar*')))}.csv"
    path.write_text("\n".join(["tool,done_at,kind", *rows]) + "\n")
    return fab.ingest([path])


def forecast(fab, as_of=NOW, tool="T"):
    return fab.forecast(tool=tool, as_of=as_of).tools[0]


@pytest.mark.parametrize("word", ["planned", "Planificado", "geplant", "calendar"])
def test_quals_after_planned_maintenance_have_the_chances_of_a_new_life(log, word):
    with log.fab() as fab:
        before = forecast(fab)
        assert calendar(fab, 70.0, word=word, tool="U").clean
        assert calendar(fab, 36.5, word=word).clean
        row = forecast(fab)
    assert [qual.at for qual in row.next_quals] == [qual.at for qual in before.next_quals]
    first = next(n for n, qual in enumerate(row.next_quals) if qual.day > 1.5)
    assert row.next_quals[:first] == before.next_quals[:first]
    assert row.next_quals[first].p_fail < before.next_quals[first].p_fail / 2
    assert row.window == before.window
    assert row.planned is not None
    assert row.planned.day == 1.5
    assert "Planned maintenance on 2026-" in row.sentence()
    assert "mantenimiento previsto" in row.sentence("es")


def test_wafers_at_risk_stop_where_planned_maintenance_comes_before_the_next_qual(log):
    with log.fab() as fab:
        before = forecast(fab)
        assert before.next_quals[0].day > 0.5
        calendar(fab, 35.2)
        row = forecast(fab)
    assert row.wafers_at_risk_at_next_qual == pytest.approx(200 + 0.2 * row.pace_per_day, abs=1)
    assert row.wafers_at_risk_at_next_qual < before.wafers_at_risk_at_next_qual


def test_no_answer_counts_planned_work_as_done(log):
    with log.fab() as fab:

        def answers():
            return (
                fab.risk(as_of=NOW).to_dict()["tools"],
                fab.history("T", as_of=NOW).to_dict()["marks"],
                [qual for row in fab.forecast(as_of=NOW).tools for qual in row.next_quals],
                [row.age for row in fab.forecast(as_of=NOW).tools],
                fab.contain("T", as_of=DAY0 + timedelta(days=29.2)).to_dict()["wafers"],
                fab.newest(),
            )

        before = answers()
        for tool in ("T", "U", "V"):
            # Also one between a fail and its repair, where a restore would end the hold.
            assert calendar(fab, 4.0, 29.1, 34.9, tool=tool).clean
        assert answers() == before


def test_a_plan_whose_day_has_passed_without_a_restore_is_doubted_and_not_used(log):
    with log.fab() as fab:
        before = forecast(fab)
        calendar(fab, 34.0)
        row = forecast(fab)
    assert [doubt.code for doubt in row.doubts] == [*(doubt.code for doubt in before.doubts), "PlannedLate"]
    assert (row.planned, row.window, row.next_quals) == (None, before.window, before.next_quals)


def test_a_plan_shortly_after_a_restore_was_perhaps_done_early(log):
    log.restored(34.5)
    with log.fab() as fab:
        before = forecast(fab)
        calendar(fab, 36.0)
        row = forecast(fab)
    assert "PlannedEarly" in [doubt.code for doubt in row.doubts]
    assert (row.planned, row.window, row.next_quals) == (None, before.window, before.next_quals)


def test_a_plan_that_was_put_off_is_not_doubted_and_the_new_date_counts(log):
    with log.fab() as fab:
        calendar(fab, 34.0)
        calendar(fab, 36.5)
        row = forecast(fab)
    assert not any(doubt.code.startswith("Planned") for doubt in row.doubts)
    assert row.planned is not None
    assert row.planned.day == 1.5


def test_a_plan_of_an_unknown_tool_waits_as_any_row_of_it_does(log):
    with log.fab() as fab:
        summary = calendar(fab, 36.5, tool="NOBODY")
        assert (summary.loaded, summary.set_aside) == (1, 1)
        assert {problem.rule for problem in fab.problems()} == {UnknownTool.code}
        assert forecast(fab).planned is None


def test_a_qual_that_maintenance_does_not_reset_is_not_touched_by_a_plan(log):
    log.stated('[quals.p]\nresets = ["repair"]\n')
    with log.fab() as fab:
        calendar(fab, 36.5)
        assert forecast(fab).planned is None


def test_the_plan_says_when_maintenance_comes_anyway(log):
    with log.fab() as fab:
        calendar(fab, 36.5)
        items = {item.tool: item.maintenance_at for item in fab.plan(days=14, as_of=NOW).items}
    assert items["T"] == DAY0 + timedelta(days=36.5)
    assert items["U"] is None
