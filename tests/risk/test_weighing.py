"""Weighted containment: the chance that each wafer ran after the hidden fault began, against simulated truth and by hand."""

from datetime import timedelta

import numpy as np
import pytest

from tests.diary import DAY0
from tests.fabs import new_fab
from tests.worn import START, worn_files, worn_tools


@pytest.fixture(scope="module")
def contained(tmp_path_factory):
    """Every failed qual of forty made tools: [(its containment, age at the hidden failure, age at each item's end)]."""
    folder = tmp_path_factory.mktemp("weighing")
    made = worn_tools(21, types=2, sisters=20, lives=5)
    answers = []
    with new_fab(folder / "fab") as fab:
        assert fab.ingest(worn_files(made, folder, lots_a_day=4)).clean
        for one in made:
            for cycle, (began, found) in zip((c for c in one.stream.cycles if c.failed), one.began, strict=True):
                held = fab.contain(one.tool, at=cycle.failed.at, as_of=START + timedelta(days=500))
                if held.since and held.since < cycle.began:
                    # The cycle before failed as well: its fault is another one.
                    continue
                # An age is the wafers since the restore: from the failed look backwards, lot by lot.
                age, ages = found, {}
                for item in held.items:
                    ages[item.lot] = age
                    age -= item.wafers
                answers.append((held, began, ages))
    return answers


def test_the_chances_are_calibrated_by_tenths(contained):
    chances, bad = [], []
    for held, began, ages in contained:
        for item in held.items:
            chances.append(item.p_after_fault)
            bad.append(ages[item.lot] >= began)
    said, came = np.array(chances), np.array(bad)
    assert said.size > 1500
    for tenth in range(10):
        here = (said >= tenth / 10) & (said < (tenth + 1) / 10)
        if here.sum() >= 60:
            error = 2.5 * np.sqrt(0.25 / (here.sum() / 3))
            assert came[here].mean() == pytest.approx(said[here].mean(), abs=error), tenth
    assert came.mean() == pytest.approx(said.mean(), abs=0.03)


def test_the_shorter_list_holds_about_nine_tenths_of_the_bad_wafers_and_spares_some(contained):
    bad = held_bad = spared = wafers = 0
    for held, began, ages in contained:
        listed = {item.lot for item in held.hold_90.items}
        for item in held.items:
            of_it = max(min(ages[item.lot] - began, item.wafers), 0)
            bad += of_it
            held_bad += of_it if item.lot in listed else 0
        spared, wafers = spared + held.hold_90.spares, wafers + held.wafers
        assert held.hold_90.wafers + held.hold_90.spares == held.wafers
    assert 0.85 <= held_bad / bad <= 0.95
    assert spared / wafers > 0.1


def test_the_chance_rises_towards_the_failed_qual(contained):
    for held, _, _ in contained:
        chances = [item.p_after_fault for item in held.items]
        assert chances == sorted(chances, reverse=True)
        assert chances[0] == pytest.approx(1.0, abs=0.01)


def test_wafers_before_a_restore_were_at_the_risk_of_the_cycle_that_it_ended(log):
    log.restored(0).ran(*range(8)).qual(2, True).restored(4.2).qual(8, False)
    with log.fab() as fab:
        chances = {item.lot: item.p_after_fault for item in fab.contain("T").items}
    # Lots 2 to 4 ran behind the good qual and before the restore, 5 to 7 after it until the failed one.
    assert chances["LT2"] < chances["LT3"] < 0.7
    assert chances["LT4"] < chances["LT5"] < chances["LT6"] < chances["LT7"]
    assert chances["LT7"] == pytest.approx(1.0, abs=0.001)


def test_a_qual_that_can_miss_leaves_some_chance_behind_the_last_good_one(log):
    log.stated("[quals.p]\nsensitivity = 0.7\n")
    log.restored(0).ran(*range(8)).qual(4, True).qual(8, False)
    with log.fab() as fab:
        answer = fab.contain("T", as_of=DAY0 + timedelta(days=9))
    chances = {item.lot: item.p_after_fault for item in answer.items}
    assert 0.02 < chances["LT3"] < 0.4
    assert sum(look.probability for look in answer.looks) == pytest.approx(1, abs=0.001)
    assert answer.looks[0].probability == pytest.approx(chances["LT3"], abs=0.01)
    assert "most likely" in answer.sentence() or not answer.hold_90.spares


def test_what_an_open_fab_kept_for_one_question_changes_no_answer_to_another(tmp_path):
    """Containments of several tools at several moments, one after the other, against a fab that was opened for each."""
    made = worn_tools(22, types=2, sisters=4, lives=3)
    with new_fab(tmp_path / "fab") as fab:
        assert fab.ingest(worn_files(made, tmp_path, lots_a_day=2)).clean
    failed = [(one.tool, cycle.failed.at) for one in made for cycle in one.stream.cycles if cycle.failed][::3]
    # Some moments know the same quals as the one before, others know more or less.
    asked = [(tool, at, at + timedelta(days=days)) for tool, at in failed[:6] for days in (30, 0, 0.4, 30.2)]
    with new_fab(tmp_path / "fab") as kept:
        answers = [kept.contain(tool, at=at, as_of=as_of) for tool, at, as_of in asked]
    for (tool, at, as_of), answer in zip(asked, answers, strict=True):
        with new_fab(tmp_path / "fab") as fresh:
            assert fresh.contain(tool, at=at, as_of=as_of) == answer
    assert len({answer.items[-1].p_after_fault for answer in answers}) > 6


def test_a_late_result_and_a_load_are_learned_from_at_once(log):
    log.typed("T", "U").restored(0).restored(0, tool="U").ran(*range(9)).ran(*range(9), tool="U").qual(2, True).qual(
        8, False
    )
    with log.fab() as fab:
        before = fab.contain("T", as_of=DAY0 + timedelta(days=12))
        assert fab.contain("T", as_of=DAY0 + timedelta(days=11)).items == before.items
        late = log.folder / "late.csv"
        late.write_text(
            "tool,qual_type,processed_at,resulted_at,passed\n"
            "U,p,2026-05-04T00:00Z,2026-05-12T12:00Z,fail\nU,p,2026-05-02T00:00Z,,pass\n"
        )
        assert fab.ingest(late).clean
        early, later = (fab.contain("T", as_of=DAY0 + timedelta(days=days)) for days in (11, 12))
    chances = [[item.p_after_fault for item in answer.items] for answer in (before, early, later)]
    # A sister that failed within three days is known of only once its result has come.
    assert chances[0] != chances[1] != chances[2]
    assert sum(chances[2]) > sum(chances[1])


def test_wafers_of_a_time_when_nobody_looked_keep_their_chance(log):
    """The fit takes an old tool for a survivor; that it was good before its first qual is on no record, so none is freed."""
    log.typed("T", "U").restored(0).restored(0, tool="U").ran(*range(20)).ran(*range(30), tool="U").qual(20, False)
    for day in range(10, 30, 2):
        log.qual(day, True, tool="U")
    with log.fab() as fab:
        answer = fab.contain("T", as_of=DAY0 + timedelta(days=20))
    chances = [item.p_after_fault for item in answer.items]
    assert not answer.bounded
    assert chances == sorted(chances, reverse=True)
    assert 0 < chances[-1] < chances[0]
