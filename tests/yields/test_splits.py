"""Split lots: groups against a control, within lots where they share them; figures are worked out again plainly."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from fabwatch.fab import Fab
from fabwatch.stats.groups import difference
from fabwatch.terms.errors import BadQuestion
from fabwatch.yields.names import groups_in
from tests.commands import command
from tests.made_stdf import Stdf, wafer

LOTS = {"L1": (0.95, 0.80), "L2": (0.75, 0.60), "L3": (0.85, 0.70)}
"""Yields of the wafers of group A and B: lots differ more than groups do."""
DIES = 60


def loaded(fab: Fab, folder: Path, lots=None, seed=1) -> dict[str, list[float]]:
    """Six wafers a lot, three a group, with the yields that they really got; the moves say which tool each passed."""
    chance = np.random.default_rng(seed)
    shares: dict[str, list[float]] = {}
    moves = ["lot,wafer,wafers,product,step_no,step,tool,chamber,recipe,start_at,end_at"]
    for lot, yields in (lots or LOTS).items():
        file = Stdf().far().mir(lot)
        for number in range(1, 7):
            group = "AB"[number % 2]
            bins = {(n % 10, n // 10): 1 + 4 * (chance.random() >= yields[number % 2]) for n in range(DIES)}
            wafer(file, bins, f"{lot}-{number:02d}", first=number == 1)
            shares.setdefault(f"{group} {lot}", []).append(float(np.mean([hard == 1 for hard in bins.values()])))
            moves.append(f"{lot},{lot}-{number:02d},1,P,10,Etch,E{group},,R,1970-01-10T00:00Z,1970-01-10T01:00Z")
        (folder / f"{lot}.stdf").write_bytes(file.mrr().content)
        assert fab.ingest(folder / f"{lot}.stdf").failed == 0
    (folder / "moves.csv").write_text("\n".join(moves) + "\n")
    assert fab.ingest(folder / "moves.csv").failed == 0
    return shares


def groups(lots=LOTS, numbers=range(1, 7)):
    return [f"{'AB'[n % 2]}={lot},{lot}-{n:02d}" for lot in lots for n in sorted(numbers, key=lambda n: n % 2)]


def test_groups_that_share_lots_are_compared_within_them(fab: Fab, tmp_path: Path) -> None:
    shares = loaded(fab, tmp_path)
    answer = fab.split_lots(groups())
    row = next(row for row in answer.differences if row.measure == "yield")
    # Three wafers of each group in each lot: the difference is the mean of those of the lots.
    gaps = [np.mean(shares[f"B {lot}"]) - np.mean(shares[f"A {lot}"]) for lot in LOTS]
    assert (row.group, row.within_lots, row.wafers, row.control_wafers) == ("B", True, 9, 9)
    assert row.difference == pytest.approx(np.mean(gaps))
    # Least squares with a column for each lot, by the normal equations.
    y = np.concatenate([[*shares[f"A {lot}"], *shares[f"B {lot}"]] for lot in LOTS])
    x = np.column_stack([np.tile([0, 0, 0, 1, 1, 1], 3), np.repeat(np.eye(3), 6, axis=0)])
    beta, rest, *_ = np.linalg.lstsq(x, y, rcond=None)
    error = np.sqrt(rest[0] / (18 - 4) * np.linalg.inv(x.T @ x)[0, 0])
    assert row.low == pytest.approx(beta[0] - stats.t.ppf(0.975, 14) * error)
    assert row.p == pytest.approx(2 * stats.t.sf(abs(beta[0]) / error, 14))
    assert [(group.group, group.control, group.wafers, group.lots) for group in answer.groups] == [
        ("A", True, 9, 3),
        ("B", False, 9, 3),
    ]
    assert answer.sentence().startswith(f"B against A: {row.difference:+.1%} yield (95 %: ")


def test_what_else_the_groups_passed_and_where_they_differ_is_said(fab: Fab, tmp_path: Path) -> None:
    loaded(fab, tmp_path)
    answer = fab.split_lots(groups(), control="B")
    assert {(row.axis, row.value, row.wafers, row.control_wafers) for row in answer.history if row.axis == "tool"} == {
        ("tool", "EA", 9, 0),
        ("tool", "EB", 0, 9),
    }
    assert answer.history[0].p == pytest.approx(stats.fisher_exact([[9, 0], [0, 9]]).pvalue)
    assert {row.group for row in answer.dies} == {"A"}
    assert len(answer.dies) == DIES
    assert all(row.difference == pytest.approx(row.yield_ - row.control_yield) for row in answer.dies)
    tests = [row for row in answer.differences if row.measure == "test"]
    assert [(row.test, row.name) for row in tests] == [(10, "place")]


def test_a_single_group_is_compared_with_the_others_of_its_lots(fab: Fab, tmp_path: Path) -> None:
    loaded(fab, tmp_path)
    nameless = fab.split_lots(["L1,L1-01", "L1,3", "L1,L1-05"])
    assert [group.group for group in nameless.groups] == ["others", "wafers"]
    answer = fab.split_lots(["odd=L1,L1-01", "odd=L1,3", "odd=L1,L1-05"])
    assert [(group.group, group.control, group.wafers) for group in answer.groups] == [
        ("others", True, 3),
        ("odd", False, 3),
    ]


def test_lots_of_one_group_each_are_not_judged_and_that_is_said(fab: Fab, tmp_path: Path) -> None:
    loaded(fab, tmp_path)
    answer = fab.split_lots(["A=L1", "B=L2", "B=L9"])
    row = next(row for row in answer.differences if row.measure == "yield")
    assert (row.low, row.high, row.p, row.q) == (None, None, None, None)
    assert {type(doubt).__name__ for doubt in answer.doubts} == {"LotsApart", "OtherNames"}
    assert "too few lots or wafers" in answer.sentence()


@pytest.mark.parametrize(
    ("entries", "control", "why"),
    [
        (["B=", "=L1"], None, "No wafer of group wafers"),
        (["A=L1,L1-01", "B=L1,L1-01"], None, "in groups A and B"),
        (["A=L1,L1-01", "B=L8"], None, "No wafer of group B"),
        (["A=L1,L1-01", "B=L2"], "C", "No group C"),
        (["A=L1", "A=L2", "A=L3"], None, "no other wafer"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused_with_a_way_out(
    fab: Fab, tmp_path: Path, entries: list[str], control: str | None, why: str
) -> None:
    loaded(fab, tmp_path)
    with pytest.raises(BadQuestion, match=why) as refusal:
        fab.split_lots(entries, control=control)
    assert refusal.value.hint


def test_groups_are_read_from_lines_and_from_tables() -> None:
    expected = ("A=L1,L1-01", "B=L1,L1-02")
    assert groups_in("A L1,L1-01\n# note\nB L1;L1-02\n") == expected
    assert groups_in("A=L1,L1-01\nB = L1, L1-02\n") == expected
    assert groups_in("Wafer ID;Split;Lot\nL1-01;A;L1\nL1-02;B;L1\n") == expected
    for text in ("", "# nothing\n", "A\n", "group,lot\n", "group,lot,wafer\nA,,\n"):
        with pytest.raises(BadQuestion) as refusal:
            groups_in(text)
        assert "group" in refusal.value.hint


def test_the_command_reads_a_file_of_groups(fab: Fab, tmp_path: Path) -> None:
    loaded(fab, tmp_path)
    file = tmp_path / "split.csv"
    file.write_text("group,lot,wafer\n" + "".join(f"{e.replace('=', ',')}\n" for e in groups()))
    result = command("yield", "split", str(file), "--json", "--fab", str(fab.path))
    assert result.code == 0, result.err
    assert json.loads(result.out)["control"] == "A"
    shown = command("yield", "split", str(file), "--fab", str(fab.path))
    assert "A (control)" in shown.out
    missing = command("yield", "split", str(tmp_path / "none.csv"), "--fab", str(fab.path))
    assert (missing.code, "hint:" in missing.err) == (1, True)


def test_where_nothing_differs_a_difference_is_found_as_often_as_stated() -> None:
    chance = np.random.default_rng(5)
    block = np.repeat(np.arange(6), 8)
    within = [
        difference(chance.normal(size=48) + chance.normal(size=6)[block] * 3, np.arange(48) % 2 == 0, block)
        for _ in range(600)
    ]
    between = [difference(chance.normal(size=48) + chance.normal(size=6)[block] * 3, block < 3, block) for _ in range(600)]
    for found in (within, between):
        wrong = np.mean([row is not None and row.p is not None and row.p < 0.05 for row in found])
        # Six standard errors of a share of 5 % in 600.
        assert abs(wrong - 0.05) < 0.053
    # Wafers taken as independent would find a difference between lots in about half of them.
    naive = [
        stats.ttest_ind(v[:24], v[24:]).pvalue
        for v in chance.normal(size=(600, 48)) + np.repeat(chance.normal(size=(600, 6)) * 3, 8, axis=1)
    ]
    assert np.mean(np.array(naive) < 0.05) > 0.3


def test_a_difference_needs_two_sides_and_something_to_judge_it_by() -> None:
    assert difference(np.ones(4), np.ones(4, bool), np.arange(4)) is None
    assert difference(np.array([np.nan, 1.0]), np.array([True, False]), np.arange(2)) is None
    alike = difference(np.array([1.0, 1, 2, 2]), np.array([False, False, True, True]), np.arange(4))
    assert alike is not None
    assert (alike.value, alike.p) == (1.0, None)
    pair = difference(np.array([1.0, 3.0]), np.array([False, True]), np.zeros(2, np.int64))
    assert pair is not None
    assert (pair.value, pair.within, pair.p) == (2.0, True, None)
