"""Outlier screens reject the parts that a plain calculation rejects, and never a group that is no outlier."""

import json
from pathlib import Path

import numpy as np
import pytest

from fabwatch.fab import Fab
from fabwatch.terms.errors import BadQuestion, UnknownTool
from tests.commands import command
from tests.made_stdf import Stdf

SIDE = 15
Values = dict[int, np.ndarray]


def lot_of(
    fab: Fab, folder: Path, lot: str, wafers: list[Values], fails: list[set[int]] | None = None, product: str = "P"
) -> None:
    """Load a lot: of each wafer the values by test, part by part; parts lie row by row on a square."""
    file = Stdf().far().mir(lot, product)
    limits: set[int] = set()
    for number, values in enumerate(wafers):
        name = f"{lot}-{number + 1:02d}"
        file.wir(name)
        parts = len(next(iter(values.values())))
        for part in range(parts):
            file.pir()
            for test, column in values.items():
                first = test not in limits
                limits.add(test)
                file.ptr(test, float(column[part]), limits=(-1e6, 1e6) if first else None, name=f"T{test}" if first else "")
            bad = fails is not None and part in fails[number]
            file.prr(part % SIDE, part // SIDE, 5 if bad else 1)
        file.wrr(parts, wafer=name)
    path = folder / f"{lot}.stdf"
    path.write_bytes(file.mrr().content)
    summary = fab.ingest(path)
    assert summary.failed == 0, summary.files


def robust(values: np.ndarray) -> tuple[float, float]:
    low, middle, high = np.percentile(values, [25, 50, 75])
    sd = (high - low) / 1.35
    return middle - 6 * sd, middle + 6 * sd


def outside(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    return (values < limits[0]) | (values > limits[1])


def test_static_and_dynamic_screens_reject_what_a_plain_calculation_rejects(fab: Fab, tmp_path: Path) -> None:
    """Heavy tails, wafers that lie apart, failing parts that count nowhere, and a test that only half of the parts see."""
    dice = np.random.default_rng(1)
    lots: dict[str, list[Values]] = {}
    fails: dict[str, list[set[int]]] = {}
    for lot in ("A", "B", "C"):
        shifts = dice.normal(0, 1, 3)
        tails = [(dice.standard_t(3, 200) + shift).astype(np.float32) for shift in shifts]
        lots[lot] = [{7: tail, 9: dice.normal(50, 2, 200).astype(np.float32)} for tail in tails]
        fails[lot] = [set(dice.choice(200, 20, replace=False).tolist()) for _ in shifts]
        lot_of(fab, tmp_path, lot, lots[lot], fails[lot])
    good = {lot: [np.array([n not in failing for n in range(200)]) for failing in fails[lot]] for lot in lots}
    answer = fab.screens(neighbours=8)
    rejected: set[tuple[str, int, int]] = set()
    by_kind: dict[str, set[tuple[str, int, int]]] = {"static PAT": set(), "dynamic PAT": set()}
    for test in (7, 9):
        limits = robust(np.concatenate([lots[lot][w][test][good[lot][w]] for lot in lots for w in range(3)]))
        for kind in by_kind:
            hits = {
                (lot, w, int(part))
                for lot in lots
                for w in range(3)
                for part in np.flatnonzero(
                    good[lot][w]
                    & outside(
                        lots[lot][w][test],
                        limits if kind == "static PAT" else robust(lots[lot][w][test][good[lot][w]]),
                    )
                )
            }
            row = next(row for row in answer.screens if (row.screen, row.test) == (kind, test))
            assert (row.parts, row.wafers, row.lots) == (len(hits), len({h[:2] for h in hits}), len({h[0] for h in hits}))
            assert (row.n, row.name, row.unit, row.product) == (1620, f"T{test}", "V", "P")
            assert row.share == pytest.approx(len(hits) / 1620)
            by_kind[kind] |= hits
            if kind == "static PAT":
                assert (row.lower, row.upper) == pytest.approx(limits)
    rejected = by_kind["static PAT"] | by_kind["dynamic PAT"]
    assert len(rejected) > 10
    assert by_kind["static PAT"] != by_kind["dynamic PAT"]
    total = answer.total
    assert (total.good, total.parts, total.static, total.dynamic) == (1620, len(rejected), *map(len, by_kind.values()))
    assert [doubt.code for doubt in answer.doubts] == ["FewLots"]


def test_a_planted_outlier_is_the_one_part_that_is_rejected(fab: Fab, tmp_path: Path) -> None:
    values = np.random.default_rng(2).uniform(-1, 1, 100)
    values[17] = 9.0
    lot_of(fab, tmp_path, "A", [{7: values}])
    answer = fab.screens()
    assert {(row.screen, row.parts) for row in answer.screens if row.parts} == {("static PAT", 1), ("dynamic PAT", 1)}
    assert (answer.total.parts, answer.total.static, answer.total.dynamic, answer.total.neighbourhood) == (1, 1, 1, 0)


def test_parts_of_a_wafer_that_lies_apart_are_outside_of_the_product_and_not_of_their_wafer(
    fab: Fab, tmp_path: Path
) -> None:
    dice = np.random.default_rng(3)
    wafers: list[Values] = [{7: dice.normal(0, 1, 100)} for _ in range(30)]
    wafers[4] = {7: dice.normal(20, 1, 100)}
    lot_of(fab, tmp_path, "A", wafers)
    answer = fab.screens()
    assert (answer.total.static, answer.total.dynamic) == (100, 0)
    assert [(row.parts, row.wafers) for row in answer.screens if row.screen == "static PAT"] == [(100, 1)]
    alone = fab.screens(wafer="A-05").total
    assert (alone.good, alone.parts) == (100, 0)


def test_few_values_constants_and_groups_screen_nothing_and_are_doubted(fab: Fab, tmp_path: Path) -> None:
    dice = np.random.default_rng(4)
    values = {
        1: dice.normal(0, 1, 200),
        2: np.full(200, 5.0),
        3: np.where(np.arange(200) < 170, 1.0, 2.0 + np.arange(200)),
        4: np.where(np.arange(200) < 160, dice.normal(0, 1, 200), dice.normal(1000, 1, 200)),
    }
    lot_of(fab, tmp_path, "A", [values])
    lot_of(fab, tmp_path, "B", [{5: dice.normal(0, 1, 29)}])
    answer = fab.screens(neighbours=8)
    assert {row.test for row in answer.screens if row.test is not None} == {1}
    assert answer.total.parts == 0
    doubts = {doubt.code: doubt for doubt in answer.doubts}
    assert doubts.keys() == {"TooFewValues", "HalfEqual", "SeveralGroups", "UnscreenedWafers", "FewLots"}
    firsts = {code: getattr(doubt, "first", None) for code, doubt in doubts.items()}
    assert (firsts["TooFewValues"], firsts["HalfEqual"], firsts["SeveralGroups"]) == ("5 T5", "3 T3", "4 T4")
    assert all(doubt.sentence("es") and doubt.sentence() in answer.sentence() for doubt in answer.doubts)


@pytest.mark.parametrize("needed", [3, 5, 8])
def test_good_parts_among_failing_ones_are_counted_as_a_loop_over_their_neighbours_does(
    fab: Fab, tmp_path: Path, needed: int
) -> None:
    fails = set(np.random.default_rng(5).choice(SIDE * SIDE, 100, replace=False).tolist()) - {0}
    # A good corner of which all that is around it fails.
    fails |= {1, SIDE, SIDE + 1}
    lot_of(fab, tmp_path, "A", [{7: np.zeros(SIDE * SIDE)}], [fails])
    expected = 0
    for part in set(range(SIDE * SIDE)) - fails:
        x, y = part % SIDE, part // SIDE
        near = [
            (y + dy) * SIDE + x + dx
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            if (dx, dy) != (0, 0) and 0 <= x + dx < SIDE and 0 <= y + dy < SIDE
        ]
        expected += len(near) >= 3 and sum(n in fails for n in near) / len(near) >= needed / 8
    answer = fab.screens(neighbours=needed)
    assert answer.total.neighbourhood == answer.total.parts == expected
    assert expected > 0
    (row,) = [row for row in answer.screens if row.screen == "bad neighbourhood"]
    assert (row.n, row.parts, row.test, row.lower) == (SIDE * SIDE - len(fails), expected, None, None)


def test_a_retested_part_counts_by_its_last_values_and_its_last_result(fab: Fab, tmp_path: Path) -> None:
    """An outlier that a retest brings back is none; a part that passes its retest at an odd value is one."""
    values = np.random.default_rng(6).normal(0, 1, 60)
    file = Stdf().far().mir("A").wir("A-01")
    for part, value in enumerate(values):
        odd, hard = (50.0, 1) if part == 3 else (0.0, 5) if part == 8 else (value, 1)
        file.pir().ptr(7, odd, limits=(-99.0, 99.0) if not part else None, name="T7").prr(part, 0, hard)
    for part, value in ((3, 0.1), (8, -50.0)):
        file.pir().ptr(7, value).prr(part, 0, 1, flag=2)
    (tmp_path / "a.stdf").write_bytes(file.wrr(62, wafer="A-01").mrr().content)
    fab.ingest(tmp_path / "a.stdf")
    answer = fab.screens()
    assert (answer.total.good, answer.total.static, answer.total.dynamic) == (60, 1, 1)
    assert fab.screens(retests="none").total.good == 61


def test_packaged_parts_are_screened_by_lot_and_each_pin_is_a_test(fab: Fab, tmp_path: Path) -> None:
    dice = np.random.default_rng(7)
    for lot, centre in (("A", 0.0), ("B", 5.0)):
        file = Stdf().far().mir(lot, "Q")
        for part in range(40):
            pins = [centre + dice.normal(), 100.0 + dice.normal()]
            if (lot, part) == ("A", 11):
                pins[1] = 0.0
            file.pir().mpr(9, pins).prr(-32768, -32768, name=str(part))
        (tmp_path / f"{lot}.stdf").write_bytes(file.mrr().content)
        fab.ingest(tmp_path / f"{lot}.stdf")
    answer = fab.screens(product="Q")
    rows = [row for row in answer.screens if row.screen == "dynamic PAT"]
    assert [(row.test, row.parts, row.n, row.wafers) for row in rows] == [(9, 1, 80, 1), (9, 0, 80, 0)]
    assert {row.pin for row in rows} == {0, 1}
    assert not [row for row in answer.screens if row.screen == "bad neighbourhood"]
    with pytest.raises(UnknownTool, match="product"):
        fab.screens(product="R")
    with pytest.raises(BadQuestion, match="neighbours"):
        fab.screens(neighbours=9)


def test_values_held_a_few_tests_at_a_time_give_the_same(fab: Fab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = np.random.default_rng(8)
    lot_of(fab, tmp_path, "A", [{test: dice.standard_t(2, 100) for test in (3, 5, 900, 4_000_000_000)}])
    whole = fab.screens()
    monkeypatch.setattr("fabwatch.yields.screens.MOST_VALUES", 150)
    pieces = fab.screens()
    assert len(whole.screens) == 9
    assert (pieces.screens, pieces.total) == (whole.screens, whole.total)


def test_good_normal_parts_are_hardly_ever_rejected(fab: Fab, tmp_path: Path) -> None:
    """Six standard deviations: of 60,000 normal values none is outside, though each wafer has limits of its own."""
    dice = np.random.default_rng(9)
    for lot in "ABCDEF":
        lot_of(fab, tmp_path, lot, [{test: dice.normal(0, 1, 100) for test in range(10)} for _ in range(10)])
    answer = fab.screens()
    assert (answer.total.good, answer.total.parts, answer.doubts) == (6000, 0, ())


def test_the_command_prints_the_contract(fab: Fab, tmp_path: Path) -> None:
    assert fab.screens().total.share is None
    assert "No test results" in fab.screens().sentence()
    lot_of(fab, tmp_path, "A", [{7: np.random.default_rng(2).normal(0, 1, 40)}])
    answer = json.loads(command("yield", "screens", "--lot", "A", "--fab", fab.path, "--json").out)
    assert {"screen", "test", "name", "unit", "lower", "upper", "parts", "share", "wafers", "lots"} <= answer["screens"][
        0
    ].keys()
    assert answer["total"] == {
        **{"good": 40, "parts": 0, "share": 0.0, "wafers": 0, "lots": 0},
        **{"static": 0, "dynamic": 0, "neighbourhood": 0},
    }
    none = command("yield", "screens", "--lot", "Z", "--fab", fab.path)
    assert (none.code, "hint:" in none.err) == (1, True)
