"""A messy wafer-level fab is counted exactly at every failed qual: wafers, passes, lots and the ids."""

import random
from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.fabs import new_fab
from tests.risk import messy, oracle


@pytest.fixture(scope="module", params=[1, 2, pytest.param(3, marks=pytest.mark.soak)])
def case(request, tmp_path_factory):
    rng = random.Random(request.param)
    moves, quals = messy.make(request.param)
    folder = tmp_path_factory.mktemp("messy")
    (folder / "fab").mkdir()
    (folder / "fab" / "fab.toml").write_text(messy.FAB_TOML)
    lines = messy.move_lines(moves, rng)
    half = len(lines) // 2
    (folder / "a.csv").write_text("\n".join([messy.MOVE_HEADER, *lines[:half]]) + "\n")
    (folder / "b.csv").write_text("\n".join([messy.MOVE_HEADER, *lines[half - 30 :]]) + "\n")
    (folder / "q.csv").write_text("\n".join([messy.QUAL_HEADER, *messy.qual_lines(quals, rng)]) + "\n")
    with new_fab(folder / "fab", clock=lambda: NOW) as fab:
        summary = fab.ingest([folder / "q.csv", folder / "a.csv", folder / "b.csv"])
        assert summary.clean
        rows_in = len(lines) + 30 + len(quals)
        assert summary.rows + summary.duplicates + summary.set_aside == rows_in
        yield fab, moves, quals


def _recipes(kind):
    return messy.COVERED if kind == "thickness" else None


@pytest.mark.parametrize("knowledge", [NOW, messy.START + timedelta(days=7)], ids=["all known", "seven days in"])
def test_containment_is_exact_at_every_failed_qual(case, knowledge):
    fab, moves, quals = case
    checked = 0
    for qual in quals:
        known = qual["processed_at"] <= knowledge and (qual["resulted_at"] or qual["processed_at"]) <= knowledge
        if qual["passed"] or not known:
            continue
        tool, kind, until = qual["tool"], qual["qual_type"], qual["processed_at"]
        at_that_time = [
            q for q in quals
            if (q["tool"], q["qual_type"], q["processed_at"], q["passed"]) == (tool, kind, until, False)
        ]  # fmt: skip
        if len({q["chamber"] for q in at_that_time}) > 1:
            continue
        chamber = qual["chamber"] or "*"
        answer = fab.contain(tool, qual_type=kind, at=until, as_of=knowledge)
        before = [
            q for q in quals
            if q["processed_at"] < until and (q["resulted_at"] or q["processed_at"]) <= knowledge
        ]  # fmt: skip
        chambered = any(q["chamber"] for q in [*before, qual] if (q["tool"], q["qual_type"]) == (tool, kind))
        expected = oracle.at_risk(
            moves, before, tool, chamber, kind, until, knowledge, _recipes(kind), before=until, chambered=chambered
        )
        assert (answer.wafers, answer.passes, answer.lots) == oracle.counts(expected), qual
        assert {item.wafer for item in answer.items} == {move["wafer"] for move in expected}
        assert answer.chamber == chamber
        assert answer.level == "wafer"
        checked += 1
    assert checked > 15


def test_risk_is_exact_for_every_tool_chamber_and_type_at_any_time(case):
    fab, moves, quals = case
    for hours in (30, 100, 180, 400):
        as_of = messy.START + timedelta(hours=hours)
        known = [q for q in quals if (q["resulted_at"] or q["processed_at"]) <= as_of and q["processed_at"] <= as_of]
        for row in fab.risk(as_of=as_of).tools:
            expected = oracle.at_risk(
                moves, known, row.tool, row.chamber, row.qual_type, as_of, as_of, _recipes(row.qual_type)
            )
            assert (row.wafers, row.passes, row.lots) == oracle.counts(expected), row


def test_a_tool_without_a_good_qual_is_counted_from_its_first_move_and_flagged(case):
    fab, moves, _ = case
    row = next(r for r in fab.risk(tool="NEVER-1", qual_type="rate").tools if r.chamber == "*")
    assert (row.bounded, row.since) == (False, None)
    assert row.wafers == len({m["wafer"] for m in moves if m["tool"] == "NEVER-1" and m["kind"] == "production"}) > 0
