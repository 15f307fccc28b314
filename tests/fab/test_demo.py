"""The demo fab: the answers equal its hidden truth, and it says DEMO."""

from datetime import timedelta

import pytest

from fabwatch.fab.demo import demo_fab
from fabwatch.sources.synthetic import Plan, simulate, write_exports
from fabwatch.sources.synthetic.writing import FAB_TOML
from fabwatch.terms.errors import BadQuestion
from tests.fabs import new_fab

PLAN = Plan(seed=3, days=9)
ALL_ARRIVED = PLAN.start + timedelta(days=PLAN.days + 5)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    history = simulate(PLAN)
    write_exports(history, PLAN, folder / "exports")
    (folder / "fab").mkdir()
    (folder / "fab" / "fab.toml").write_text(FAB_TOML)
    with new_fab(folder / "fab") as fab:
        assert fab.ingest(folder / "exports").clean
        yield fab, history


def test_the_wafers_at_risk_are_those_of_the_hidden_truth(made):
    fab, history = made
    rows = {(row.tool, row.chamber, row.qual_type): row for row in fab.risk(as_of=ALL_ARRIVED).tools}
    assert len(history.at_risk) > 30
    for place, wafers in history.at_risk.items():
        assert rows[place].wafers == len(wafers), place


def test_every_fault_that_was_found_lies_in_the_containment_of_the_qual_that_found_it(made):
    fab, history = made
    failed = [qual for qual in history.quals if not qual["passed"]]
    assert failed
    for qual in failed:
        held = fab.contain(qual["tool"], qual_type=qual["qual_type"], at=qual["processed_at"], as_of=ALL_ARRIVED)
        faults = [f for f in history.faults if f["tool"] == qual["tool"] and qual["chamber"] in (None, f["chamber"])]
        begun = [
            f for f in faults if f["began"] <= qual["processed_at"] and (f["ended"] or ALL_ARRIVED) > qual["processed_at"]
        ]
        assert any(held.since is None or f["began"] > held.since for f in begun)


def test_its_polish_times_were_worked_out_by_hand_and_would_have_been_better_learned(made):
    fab, history = made
    polishers = {tool["tool"] for tool in history.tools if tool["area"] == "CMP"}
    rates = fab.rates(as_of=ALL_ARRIVED)
    assert {group.tool for group in rates.groups} == polishers
    assert all(30 < group.rate < 42 for group in rates.groups)
    # Three wafers of each lot are measured; what wears a pad is told by the moves.
    assert max(group.age for group in rates.groups) > 3 * max(group.measured for group in rates.groups)
    replay = fab.replay(as_of=ALL_ARRIVED)
    learned = next(one for one in replay.controllers if one.name == "auto")
    assert learned.sigma < 0.7 * replay.happened.sigma
    assert learned.rework <= replay.happened.rework


def test_the_same_seed_gives_the_same_fab_and_another_another():
    assert simulate(PLAN).moves == simulate(PLAN).moves
    assert simulate(PLAN).moves != simulate(Plan(seed=4, days=9)).moves


def test_it_has_what_a_real_fab_has(made):
    _, history = made
    assert {move["kind"] for move in history.moves} == {"production", "test"}
    assert {move["status"] for move in history.moves} == {"completed", "aborted"}
    assert any(q["resulted_at"] - q["processed_at"] > timedelta(days=1) for q in history.quals)
    assert {bool(q["chamber"]) for q in history.quals} == {True, False}


def test_the_demo_says_demo_and_is_quick_the_second_time(tmp_path):
    for status in ("loaded", "already"):
        with demo_fab(tmp_path / "demo") as (fab, summary):
            assert {file.status for file in summary.files} == {status}
            assert fab.risk().demo is True


def test_the_demo_never_moves_into_a_folder_with_other_things(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadQuestion, match="is not empty"), demo_fab(tmp_path):
        pass
