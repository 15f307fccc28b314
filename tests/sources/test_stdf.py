"""STDF: every part, result and limit of a tester goes in once, and what is odd about a file is said."""

import bz2
import contextlib
import gzip
import random
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fabwatch.fab import Fab
from fabwatch.ingest.summary import FileResult
from fabwatch.sources.opening import CannotRead, Document, inspect
from fabwatch.sources.result_file import ResultRows
from fabwatch.sources.stdf.parts import Session
from fabwatch.sources.stdf.reader import StdfFile
from tests.made_stdf import Stdf, simple, wafer


def loaded(fab: Fab, folder: Path, **files: bytes) -> dict[str, FileResult]:
    """Loads files and returns what was said of each by its name."""
    for name, content in files.items():
        (folder / f"{name}.stdf").write_bytes(content)
    summary = fab.ingest([folder / f"{name}.stdf" for name in files])
    return {Path(file.path).stem: file for file in summary.files}


def rows(fab: Fab, statement: str) -> list[tuple[Any, ...]]:
    return list(fab.sql(statement).itertuples(index=False, name=None))


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_give_the_same_parts_and_results(fab: Fab, tmp_path: Path, order: str) -> None:
    loaded(fab, tmp_path, a=simple(order=order).content)
    assert rows(fab, "SELECT x, y, hard_bin, passed FROM dies ORDER BY part") == [
        (0, 0, 1, True),
        (1, 0, 1, True),
        (0, 1, 5, False),
        (1, 1, 1, True),
    ]
    assert rows(fab, "SELECT part, test, value, passed FROM tests ORDER BY part") == [
        (0, 10, 0.0, True),
        (1, 10, 10.0, True),
        (2, 10, 1.0, False),
        (3, 10, 11.0, True),
    ]
    assert rows(fab, "SELECT lot, wafer, insertion, product, parts, good FROM wafer_tests") == [
        ("L1", "L1-01", "CP1", "P", 4, 3)
    ]
    assert rows(fab, "SELECT bin, name, good FROM bins ORDER BY bin") == [(1, "good", True), (5, "leak", False)]


def test_a_file_whose_first_record_states_the_other_byte_order_is_read_by_its_own(fab: Fab, tmp_path: Path) -> None:
    content = bytearray(simple(order=">").content)
    assert content[4] == 1
    content[4] = 2
    loaded(fab, tmp_path, a=bytes(content))
    assert fab.yields().total.parts == 4


def test_the_same_file_packed_as_gz_bz2_or_zip_is_one_file(fab: Fab, tmp_path: Path) -> None:
    content = simple().content
    (tmp_path / "a.stdf.gz").write_bytes(gzip.compress(content))
    (tmp_path / "b.stdf.bz2").write_bytes(bz2.compress(content))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as packed:
        packed.writestr("c.stdf", content)
    first = fab.ingest([tmp_path / "b.stdf.bz2"])
    assert (first.loaded, first.rows) == (1, 8)
    again = fab.ingest([tmp_path / "a.stdf.gz", tmp_path / "c.zip"])
    assert (again.rows, fab.yields().total.parts) == (0, 4)


def test_limits_stand_in_the_first_record_and_hold_until_another_one_states_its_own(fab: Fab, tmp_path: Path) -> None:
    file = Stdf().far().mir().wir()
    file.pir().ptr(7, 1.0, limits=(0.1, 2.5), name="vth").prr(0, 0)
    file.pir().ptr(7, 1.5).prr(1, 0)
    file.pir().ptr(7, 9.0, limits=(0.1, 10.0)).prr(2, 0)
    file.pir().ptr(7, 1.5, limits=(0.0, 0.0), opt=16 + 32).prr(3, 0)
    file.pir().ptr(7, 1.5, limits=(0.0, 3.0), opt=64).prr(4, 0)
    loaded(fab, tmp_path, a=file.wrr(5).mrr().content)
    limits = "SELECT limit_set, name, unit, lower, upper FROM limits ORDER BY limit_set"
    assert rows(fab, limits)[:2] == [(0, "vth", "V", 0.1, 2.5), (1, "vth", "V", 0.1, 10.0)]
    assert rows(fab, "SELECT upper FROM limits WHERE limit_set = 2 AND lower IS NULL") == [(3.0,)]
    assert [row[0] for row in rows(fab, "SELECT limit_set FROM tests ORDER BY part")] == [0, 0, 1, 0, 2]


def test_results_of_sites_that_run_at_once_go_to_the_part_of_their_head_and_site(fab: Fab, tmp_path: Path) -> None:
    file = Stdf().far().mir().wir()
    file.pir(site=0).pir(site=1)
    file.ptr(7, 1.0, site=1, limits=(0, 9)).ptr(7, 0.5, site=0).ptr(8, 2.0, site=0).ptr(8, 4.0, site=1)
    file.prr(5, 5, site=1, hard=1).prr(4, 4, site=0, hard=3)
    loaded(fab, tmp_path, a=file.wrr(2).mrr().content)
    found = rows(fab, "SELECT d.x, t.test, t.value FROM tests AS t JOIN dies AS d USING (load, part) ORDER BY ALL")
    assert found == [(4, 7, 0.5), (4, 8, 2.0), (5, 7, 1.0), (5, 8, 4.0)]


def test_values_that_the_tester_marks_as_invalid_are_kept_without_a_value(fab: Fab, tmp_path: Path) -> None:
    file = Stdf().far().mir().wir()
    file.pir().ptr(7, 1.0, flag=0, limits=(0, 9)).ptr(7, 2.0, flag=2).ptr(7, 3.0, flag=64).ptr(7, 4.0, parm=2)
    file.ptr(7, float("nan")).prr(0, 0)
    loaded(fab, tmp_path, a=file.wrr(1).mrr().content)
    found = rows(fab, "SELECT count(*), count(value), sum(value), count(passed) FROM tests")
    assert found == [(5, 2, 4.0, 4)]


def test_records_of_several_values_and_functional_ones_are_results_too(fab: Fab, tmp_path: Path) -> None:
    file = Stdf().far().mir().wir().pir()
    file.mpr(20, [1.0, 2.0, 3.0]).ftr(30).ftr(30, flag=128).prr(0, 0, hard=2)
    loaded(fab, tmp_path, a=file.wrr(1).mrr().content)
    assert rows(fab, "SELECT pin, value FROM tests WHERE test = 20 ORDER BY pin") == [(0, 1.0), (1, 2.0), (2, 3.0)]
    tests = {row.test: row for row in fab.tests().tests}
    assert (tests[30].n, tests[30].failed, tests[30].mean, tests[20].n, tests[20].mean) == (2, 1, None, 3, 2.0)


def test_a_part_without_an_end_is_kept_without_a_verdict_and_doubted(fab: Fab, tmp_path: Path) -> None:
    file = Stdf().far().mir().wir()
    file.pir().ptr(7, 1.0, limits=(0, 9))
    file.pir().ptr(7, 2.0).prr(1, 1)
    loaded(fab, tmp_path, a=file.wrr(1).mrr().content)
    assert rows(fab, "SELECT t.value, d.x IS NULL, d.passed IS NULL FROM tests AS t JOIN dies AS d USING (load, part)") == [
        (1.0, True, True),
        (2.0, False, False),
    ]
    assert "1 parts have no verdict" in rows(fab, "SELECT doubts FROM wafer_tests")[0][0]


def test_results_of_no_part_are_set_aside_and_counted(fab: Fab, tmp_path: Path) -> None:
    file = simple()
    file.pieces.insert(-1, Stdf().ptr(10, 1.0, site=9).ptr(10, 2.0, site=9).content)
    said = loaded(fab, tmp_path, a=file.content)["a"]
    assert (said.rows, said.set_aside, said.rules) == (8, 2, {"lost_results": 1})
    assert rows(fab, "SELECT rule, why LIKE '2 results%' FROM problems") == [("lost_results", True)]


def test_a_file_without_a_record_about_the_lot_is_kept_with_its_doubt(fab: Fab, tmp_path: Path) -> None:
    loaded(fab, tmp_path, a=wafer(Stdf().far(), {(0, 0): 1}).mrr().content)
    assert fab.yields().total.parts == 1
    assert "no record about the lot" in fab.yields().sentence()


def test_packaged_parts_are_tested_without_a_wafer(fab: Fab, tmp_path: Path) -> None:
    file = Stdf().far().mir("LOT9", code="FT1")
    for number in range(3):
        file.pir().ptr(7, 1.0, limits=(0, 9)).prr(-32768, -32768, hard=1 + number % 2, name=f"u{number}")
    loaded(fab, tmp_path, a=file.mrr().content)
    assert rows(fab, "SELECT count(wafer), count(x), min(part_id), max(lot) FROM dies") == [(0, 0, "u0", "LOT9")]
    assert (fab.yields(by="insertion").groups[0].insertion, fab.yields().total.good) == ("FT1", 2)


def test_limits_the_wrong_way_round_are_doubted(fab: Fab, tmp_path: Path) -> None:
    file = Stdf().far().mir().wir().pir().ptr(7, 1.0, limits=(5.0, 2.0)).prr(0, 0).wrr(1).mrr()
    said = loaded(fab, tmp_path, a=file.content)["a"]
    assert "1 tests have a lower limit above the upper one" in said.message


def test_places_are_stored_with_the_notch_down_x_to_the_right_and_y_upwards(fab: Fab, tmp_path: Path) -> None:
    bins = {(0, 0): 1, (1, 0): 2, (2, 0): 3, (0, 1): 4, (1, 1): 5, (2, 1): 6}
    made = {"mirrored": ("D", "L", "U"), "turned": ("U", "R", "U"), "quarter": ("L", "R", "U")}
    for number, (name, axes) in enumerate(made.items()):
        loaded(
            fab, tmp_path, **{name: wafer(Stdf().far().mir(f"{name}", start=number).wcr(*axes), bins, name).mrr().content}
        )
    placed = {
        name: {(x, y): b for x, y, b in rows(fab, f"SELECT x, y, hard_bin FROM dies WHERE lot = '{name}'")} for name in made
    }
    assert placed["mirrored"] == {(2 - x, y): b for (x, y), b in bins.items()}
    assert placed["turned"] == {(2 - x, 1 - y): b for (x, y), b in bins.items()}
    # With the notch to the left, what the file has above is to the left once the notch is down.
    assert placed["quarter"] == {(1 - y, x): b for (x, y), b in bins.items()}


def test_a_file_cut_anywhere_keeps_its_whole_parts_and_says_where_it_was_cut(tmp_path: Path) -> None:
    bins = {(n % 7, n // 7): 1 + n % 3 for n in range(30)}
    file = simple(bins)
    content = file.content
    ends, at = [], 0
    for piece in file.pieces:
        at += len(piece)
        ends.append((at, piece[2:4] == bytes([5, 20])))
    path = tmp_path / "cut.stdf"
    dice = random.Random(3)
    for cut in sorted({*dice.sample(range(7, len(content)), 60), *range(7, 30)}):
        path.write_bytes(content[:cut])
        whole = sum(is_part for end, is_part in ends if end <= cut)
        try:
            found = list(StdfFile(Document(path), inspect(Document(path))).batches())
        except CannotRead as stop:
            assert "stands whole" in stop.problem.why or "first record" in stop.problem.why, cut  # noqa: PT017
            assert not whole
            continue
        kept = sum(isinstance(row, ResultRows) and row.table == "dies" and row.rows.num_rows for row in found)
        assert whole <= kept <= whole + 1, cut
        assert sum(row.aside for row in found) == 0


def test_a_file_that_is_damaged_anywhere_is_refused_or_read_and_never_ends_a_load(tmp_path: Path) -> None:
    content = simple({(n % 5, n // 5): 1 for n in range(10)}).content
    path = tmp_path / "damaged.stdf"
    dice = random.Random(5)
    for _ in range(80):
        damaged = bytearray(content)
        for _ in range(dice.randint(1, 4)):
            damaged[dice.randrange(6, len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(CannotRead):
            pieces = list(StdfFile(Document(path), inspect(Document(path))).batches())
            assert sum(piece.records for piece in pieces) <= 2 * 10 + 4


def test_a_whole_copy_takes_the_place_of_a_cut_one_and_a_cut_copy_adds_nothing(fab: Fab, tmp_path: Path) -> None:
    content = simple({(n, 0): 1 for n in range(20)}).content
    loaded(fab, tmp_path, cut=content[: len(content) // 2])
    part = fab.yields().total.parts
    assert 0 < part < 20
    said = loaded(fab, tmp_path, whole=content)["whole"]
    assert "in place of the cut copy" in said.message
    assert fab.yields().total.parts == 20
    later = loaded(fab, tmp_path, later=content[: len(content) // 3])["later"]
    assert (later.status, later.rows, fab.yields().total.parts) == ("already", 0, 20)


def test_the_same_results_count_once_under_the_same_name_and_are_doubted_under_another(fab: Fab, tmp_path: Path) -> None:
    bins = {(n, n % 3): 1 + n % 2 for n in range(12)}
    loaded(fab, tmp_path, first=simple(bins).content)
    tail = simple(bins)
    tail.mrr(2_000_000)
    said = loaded(fab, tmp_path, second=tail.content)["second"]
    assert (said.rows, said.duplicates, fab.yields().total.parts) == (0, 24, 12)
    loaded(fab, tmp_path, third=simple(bins, name="L1-09").content)
    doubts = rows(fab, "SELECT doubts FROM wafer_tests WHERE wafer = 'L1-09'")
    assert "the same results as L1 L1-01" in doubts[0][0]


def test_small_files_that_are_loaded_together_give_what_each_gives_alone(fab: Fab, tmp_path: Path) -> None:
    bins = {(n, 0): 1 + n % 2 for n in range(8)}
    files = {f"f{n}": simple(bins if n != 3 else {(0, 0): 1}, lot=f"L{n}", name=f"W{n}").content for n in range(6)}
    files["broken"] = b"\x02\x00\x00\x0a\x02\x04" + b"\xff" * 40
    said = loaded(fab, tmp_path, **files)
    assert {name: file.status for name, file in said.items() if file.status != "loaded"} in ({}, {"broken": "failed"})
    assert fab.yields().total.parts == 5 * 8 + 1


@pytest.mark.real
def test_a_real_file_has_the_parts_bins_and_values_that_its_tester_counted(fab: Fab, data: Path) -> None:
    summary = fab.ingest(data / "stdf" / "lot2.stdf.gz")
    assert summary.rows == 1569 + 52403
    total = fab.yields().total
    assert (total.parts, total.good, round(total.yield_ or 0, 5)) == (1569, 1389, 0.88528)
    hard = {row.bin: row.parts for row in fab.bins().bins if row.kind == "hard"}
    assert hard == {1: 1389, 8: 79, 2: 41, 5: 20, 20: 16, 10: 10, 7: 6, 4: 6, 15: 1, 17: 1}
    tests = {row.test: row for row in fab.tests().tests}
    assert (len(tests), tests[1000].n, round(tests[1000].mean or 0, 6)) == (74, 784, -0.654983)
    assert (tests[1000].lower, tests[1000].upper, tests[1000].unit) == (-0.9, -0.4, "v")
    assert fab.yields(retests="position").total.parts == 1456


def test_the_end_of_each_wafer_is_the_next_of_its_head_before_another_begins_there() -> None:
    dice = random.Random(5)
    for _ in range(50):
        records = [(dice.choice(["WIR", "WRR"]), dice.choice([1, 2])) for _ in range(dice.randint(1, 30))]
        tables = {
            kind: pa.table(
                {
                    "sequence_number": [n for n, (own, _) in enumerate(records) if own == kind],
                    "HEAD_NUM": [head for own, head in records if own == kind],
                    "WAFER_ID": [f"W{n}" for n, (own, _) in enumerate(records) if own == kind],
                }
            )
            for kind in ("WIR", "WRR")
        }
        session = Session(tables)
        for number, begun in enumerate(session.wafers):
            rest = records[begun["sequence_number"] + 1 :]
            mine = [(n, kind) for n, (kind, head) in enumerate(rest) if head == begun["HEAD_NUM"]]
            ended = mine and mine[0][1] == "WRR"
            found = session._end_of(number)
            assert (found and found["sequence_number"]) == (begun["sequence_number"] + 1 + mine[0][0] if ended else None)
