"""A table to train models on has what was known then, and nothing of what came later."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from fabwatch.fab import Fab
from fabwatch.fab.answers import Features
from fabwatch.terms.errors import BadQuestion, NoSuchPath, NothingRecorded
from tests.commands import command
from tests.fabs import new_fab
from tests.models.made_moves import START, drawn, oracle, read, stamp

MOVES = "lot,wafer,wafers,product,step_no,step,tool,chamber,start_at,end_at"
LATE = START + timedelta(hours=1000)


Cells = dict[Any, dict[str, Any]]


def load(fab: Fab, write, **files: str) -> None:
    for name, text in files.items():
        summary = fab.ingest(write(f"{name}.csv", text))
        assert summary.failed == 0, summary.files
        assert summary.set_aside == 0, fab.problems()


def one_lot(fab: Fab, write) -> None:
    """Two wafers through an etcher and a polisher; hours since the start stand in the times."""
    lines = [MOVES]
    for wafer in (1, 2):
        lines.append(f"L1,L1.0{wafer},1,P,10,ETCH-1,E1,{'AB'[wafer - 1]},{stamp(10)},{stamp(11)}")
        lines.append(f"L1,L1.0{wafer},1,P,20,CMP,C1,,{stamp(14 + wafer)},{stamp(17 + wafer)}")
    load(fab, write, moves="\n".join(lines) + "\n")


def cells(answer: Features) -> Cells:
    return {(row["lot"], row.get("wafer")): dict(row) for row in answer.table.arrow.to_pylist()}


def test_a_row_says_what_was_known_of_its_wafer(fab: Fab, write) -> None:
    one_lot(fab, write)
    load(
        fab,
        write,
        maintenance=f"tool,chamber,done_at,kind\nE1,A,{stamp(4)},pm\nC1,,{stamp(2)},repair\nC1,,{stamp(15.5)},repair\n",
        quals="tool,chamber,qual_type,processed_at,resulted_at,passed\n"
        f"E1,A,particles,{stamp(5)},{stamp(6)},pass\nE1,A,particles,{stamp(7)},{stamp(10.5)},fail\n"
        f"C1,,rate,{stamp(1)},{stamp(16)},pass\n",
        metrology="lot,wafer,polished_at,measured_at,after,unit\n"
        f"L1,1,{stamp(16)},{stamp(17)},5000,angstrom\nL1,2,{stamp(17)},{stamp(19.5)},5200,angstrom\n",
        sort=f"lot,wafer,parts,good,tested_at\nL1,1,100,80,{stamp(40)}\n",
    )
    table = cells(fab.features(share=0))
    first, second = table["L1", "L1.01"], table["L1", "L1.02"]
    assert (first["product"], first["at"]) == ("P", START + timedelta(hours=18))
    assert [first[f"etch_1.{name}"] for name in ("tool", "chamber", "process_min", "age_h", "age_wafers")] == [
        "E1",
        "A",
        60,
        6,
        0,
    ]
    assert [first[f"cmp.{name}"] for name in ("tool", "queue_h", "age_h", "age_wafers")] == ["C1", 4, 13, 0]
    # The restore came between the two; the first wafer ended after the second had begun.
    assert [second[f"cmp.{name}"] for name in ("queue_h", "age_h", "age_wafers")] == [5, 0.5, 0]
    assert (second["etch_1.age_h"], second["etch_1.age_wafers"]) == (None, None)
    # The fail was processed before the move and known after its start; the good one of C1 was known between the two.
    assert (first["etch_1.qual"], second["etch_1.qual"]) == ("good", "none")
    assert (first["cmp.qual"], second["cmp.qual"]) == ("none", "good")
    assert (first["metrology.after"], second["metrology.after"]) == (5000, None)
    assert (first["target.yield"], first["target.passed"], second["target.yield"]) == (0.8, 80, None)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("hours", [120, 1000])
def test_every_cell_of_the_history_is_that_of_plain_loops(fab: Fab, tmp_path: Path, seed: int, hours: int) -> None:
    made, as_of = drawn(seed), START + timedelta(hours=hours)
    assert fab.ingest(made.write(tmp_path / "files", "all")).failed == 0
    table, expected = cells(fab.features(share=0, as_of=as_of)), oracle(made, as_of)
    assert len(expected) > 10
    assert table.keys() == expected.keys()
    for wafer, row in table.items():
        for name, value in row.items():
            if name in ("lot", "wafer", "product") or name.startswith("metrology") or name == "target.yield":
                continue
            known = expected[wafer].get(name)
            assert value == (pytest.approx(known) if isinstance(known, float) else known), (wafer, name)
        assert {name for name, value in expected[wafer].items() if value is not None} <= row.keys()


@pytest.mark.parametrize("by", ["wafer", "lot", "reading"])
def test_what_comes_later_changes_no_cell_of_an_earlier_table(fab: Fab, tmp_path: Path, by) -> None:
    made, as_of = drawn(5), START + timedelta(hours=130)
    assert fab.ingest(made.write(tmp_path / "files", "early", lambda known: read(known) <= as_of)).failed == 0
    log = [f"{stamp(h)},T00,A,L{n},L{n}.01,1,{h}" for n in range(3) for h in (10, 10.001, 131, 131.001)]
    header = "time,tool,chamber,lot,wafer,step,Pressure [mTorr]"
    early, late = (tmp_path / "early.log", tmp_path / "late.log")
    early.write_text("\n".join([header, *(line for line in log if read(line.split(",")[0]) <= as_of)]) + "\n")
    late.write_text("\n".join([header, *(line for line in log if read(line.split(",")[0]) > as_of)]) + "\n")
    assert fab.ingest(early).failed == 0
    before = fab.features(by=by, share=0, as_of=as_of)
    assert fab.ingest([*made.write(tmp_path / "files", "late", lambda known: read(known) > as_of), late]).failed == 0
    after = fab.features(by=by, share=0, as_of=as_of)
    assert after.columns == before.columns
    # Means over the wafers of a lot are sums in whatever order the engine takes them.
    for row, known in zip(after.rows(), before.rows(), strict=True):
        assert row == {name: pytest.approx(v) if isinstance(v, float) else v for name, v in known.items()}
    assert len(fab.features(by=by, share=0).table) > len(before.table)
    if by == "wafer":
        assert after.table == before.table


def test_a_reading_says_what_was_known_when_its_polish_ended_and_what_was_measured_later(fab: Fab, write) -> None:
    one_lot(fab, write)
    load(
        fab,
        write,
        maintenance=f"tool,chamber,done_at,kind\nC1,,{stamp(2)},repair\nC1,,{stamp(15.5)},repair\n",
        metrology="lot,wafer,tool,polished_at,measured_at,incoming,after,seconds,unit\n"
        f"L1,1,C1,{stamp(18)},{stamp(20)},9000,5000,100,angstrom\nL1,2,C1,{stamp(19)},{stamp(21)},9100,5200,90,angstrom\n",
    )
    first, second = sorted(fab.features(by="reading", share=0).table.arrow.to_pylist(), key=lambda row: row["at"])
    assert (first["wafer"], first["at"], second["at"]) == ("L1.01", *(START + timedelta(hours=h) for h in (18, 19)))
    assert [first[f"own.{name}"] for name in ("tool", "queue_h", "age_h", "age_wafers")] == ["C1", 4, 13, 0]
    assert [second[f"own.{name}"] for name in ("queue_h", "age_h")] == [5, 0.5]
    assert [first[f"reading.{name}"] for name in ("incoming", "seconds")] == [9000, 100]
    assert (first["target.after"], first["target.rate"]) == (5000, 40)
    assert (second["target.after"], second["target.rate"]) == (5200, pytest.approx(3900 / 90))
    # What was measured is known after the polish: not even of the wafer before.
    assert first.get("metrology.after") is None
    assert second.get("metrology.after") is None


def test_a_move_after_the_first_test_is_not_of_the_table(fab: Fab, write) -> None:
    one_lot(fab, write)
    load(fab, write, sort=f"lot,wafer,parts,good,tested_at\nL1,1,100,80,{stamp(12)}\nL1,2,100,70,{stamp(5)}\n")
    answer = fab.features(share=0)
    assert [(row["wafer"], row["at"]) for row in answer.rows()] == [("L1.01", "2026-03-01T11:00:00Z")]
    assert not any(column.name.startswith("cmp") for column in answer.columns)
    assert "TestedFirst" in {doubt.code for doubt in answer.doubts}
    earlier = fab.features(share=0, as_of=stamp(11.5))
    assert [row["wafer"] for row in earlier.rows()] == ["L1.01"]
    assert earlier.targets == []


def test_a_lot_has_the_mean_of_its_wafers_and_the_place_of_most(fab: Fab, write) -> None:
    one_lot(fab, write)
    load(
        fab,
        write,
        more=f"{MOVES}\nL1,,2,P,30,WET,W1,,{stamp(25)},{stamp(26)}\nL2,,25,P,30,WET,W1,,{stamp(27)},{stamp(28)}\n",
        sort=f"lot,wafer,parts,good,tested_at\nL1,1,100,80,{stamp(40)}\nL1,2,300,270,{stamp(41)}\n",
    )
    answer = fab.features(by="lot", share=0)
    table = cells(answer)
    lot = table["L1", None]
    assert "wafer" not in lot
    assert (lot["cmp.queue_h"], lot["cmp.tool"], lot["etch_1.chamber"]) == (4.5, "C1", "A")
    assert (lot["wet.queue_h"], lot["at"]) == (6.5, START + timedelta(hours=26))
    assert (lot["target.yield"], lot["target.passed"]) == (350 / 400, 350)
    assert table["L2", None]["wet.tool"] == "W1"
    by_wafer = fab.features(share=0)
    assert {row["lot"] for row in by_wafer.rows()} == {"L1"}
    assert {doubt.code for doubt in by_wafer.doubts} == {"LotsWithoutWafers"}


def test_sensors_stand_at_the_step_whose_move_they_were_logged_in(fab: Fab, write) -> None:
    one_lot(fab, write)
    lines = ["time,tool,chamber,lot,wafer,step,Pressure [mTorr]"]
    for wafer, hour in ((1, 10), (2, 10), (1, 30)):
        lines += [f"{stamp(hour + n / 100)},E1,A,L1,L1.0{wafer},{1 + n // 10},{10 * wafer + n + hour}" for n in range(20)]
    assert fab.ingest(write("e1.log", "\n".join(lines) + "\n")).failed == 0
    answer = fab.features(share=0, as_of=LATE)
    first = cells(answer)["L1", "L1.01"]
    assert first["etch_1.1.pressure.mean"] == pytest.approx(sum(20 + n for n in range(10)) / 10)
    assert first["etch_1.2.pressure.max"] == 39
    # The run twelve hours after the last move is of no step and came too late.
    assert {column.name.split(".")[0] for column in answer.columns if column.from_ == "step_summary"} == {"etch_1"}
    column = next(column for column in answer.columns if column.name == "etch_1.2.pressure.max")
    assert (column.from_, column.unit, column.known_by, column.share) == (
        "step_summary",
        "mTorr",
        "end of the run at ETCH-1",
        1,
    )


def test_columns_that_few_rows_have_or_that_do_not_fit_are_left_out_and_named(fab: Fab, tmp_path: Path) -> None:
    assert fab.ingest(drawn(7).write(tmp_path / "files", "all")).failed == 0
    whole = fab.features(share=0)
    small = fab.features(share=0, most=16)
    assert len(small.columns) < len(whole.columns)
    assert len([column for column in small.columns if column.from_ in ("moves", "restores", "quals")]) - 4 <= 16
    (doubt,) = small.doubts
    assert doubt.code == "ColumnsLeftOut"
    assert "S" in doubt.sentence()
    # Where not one step fits, who it is and what came out remain.
    assert [column.from_ for column in fab.features(most=1).columns] == ["moves"] * 4 + ["metrology"] + ["wafer_tests"] * 2
    # A step that all rows have stays, whatever share is asked for.
    full = [column for column in fab.features(share=1).columns if column.name.endswith(".tool")]
    assert all(column.share == 1 for column in full)


def test_every_column_says_where_it_is_from_and_when_it_was_known(fab: Fab, tmp_path: Path) -> None:
    assert fab.ingest(drawn(7).write(tmp_path / "files", "all")).failed == 0
    answer = fab.features(share=0)
    assert [column.name for column in answer.columns] == answer.table.arrow.column_names
    for column in answer.columns:
        assert column.what.endswith(".")
        assert column.known_by
        assert column.share == pytest.approx(1 - answer.table.arrow[column.name].null_count / len(answer.table))
    known = {column.name: column.known_by for column in answer.columns}
    assert known["s0.queue_h"] == "start of step S0"
    assert known["s3.age_h"] == "start of step S3, or its end where no start is recorded"
    assert all("to be predicted" in known[name] for name in answer.targets)
    assert answer.to_dict()["columns"][0].keys() == {"name", "from", "what", "unit", "known_by", "share"}


def test_the_file_carries_the_table_and_what_is_known_of_its_columns(fab: Fab, tmp_path: Path) -> None:
    assert fab.ingest(drawn(7).write(tmp_path / "files", "all")).failed == 0
    answer = fab.features(share=0)
    parquet = answer.write(tmp_path / "t.parquet")
    stored = pq.read_table(parquet)
    assert stored.equals(answer.table.arrow)
    described = json.loads(stored.schema.metadata[b"fabwatch.features"])
    assert described["targets"] == ["target.yield", "target.passed"]
    csv = answer.write(tmp_path / "t.csv")
    assert json.loads((tmp_path / "t.csv.columns.json").read_text()) == described
    rows = pyarrow.csv.read_csv(csv)
    assert (rows.num_rows, rows.column_names) == (len(answer.table), stored.column_names)
    assert rows["s0.age_h"].to_pylist() == pytest.approx(stored["s0.age_h"].to_pylist(), nan_ok=True)
    assert csv.read_text().splitlines()[1].split(",")[3].endswith('Z"')
    assert sorted(path.name for path in tmp_path.glob("*t.*")) == ["t.csv", "t.csv.columns.json", "t.parquet"]


def test_the_api_gives_the_table_page_by_page_and_as_csv(server) -> None:
    whole = server.get("/api/v1/features?share=0").json()
    page = server.get("/api/v1/features?share=0&limit=3&offset=2")
    assert page.json()["table"] == whole["table"][2:5]
    assert (page.headers["X-Total-Count"], "offset=5" in page.headers["Link"]) == (str(whole["rows"]), True)
    assert whole["columns"][0]["from"] == "moves"
    csv = server.get("/api/v1/features?share=0&format=csv").text.splitlines()
    assert (len(csv), len(csv[0].split(","))) == (whole["rows"] + 1, len(whole["columns"]))


def test_a_file_that_cannot_be_written_whole_leaves_the_old_one(fab: Fab, write, tmp_path: Path, monkeypatch) -> None:
    one_lot(fab, write)
    answer = fab.features()
    path = tmp_path / "t.csv"
    path.write_text("old")

    def failing(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.csv.write_csv", failing)
    with pytest.raises(NoSuchPath, match="No space left"):
        answer.write(path)
    assert [p.name for p in tmp_path.glob("*t.csv*")] == ["t.csv"]
    assert path.read_text() == "old"


def test_a_name_that_a_spreadsheet_would_execute_is_only_text(fab: Fab, write, tmp_path: Path) -> None:
    load(fab, write, moves=f"{MOVES}\n=1+1,=1+1.01,1,P,10,@SUM,E1,A,{stamp(1)},{stamp(2)}\n")
    path = fab.features().write(tmp_path / "t.csv")
    header, row = path.read_text().splitlines()
    assert '"sum.tool"' in header
    assert row.startswith('"\'=1+1","\'=1+1.01"')


def test_without_tests_there_is_no_target_and_that_is_said(fab: Fab, write) -> None:
    one_lot(fab, write)
    answer = fab.features()
    assert answer.targets == []
    assert [doubt.code for doubt in answer.doubts] == ["NoTargets"]
    assert "no column to be predicted" in answer.sentence()
    assert answer.sentence("es").startswith("2 obleas con ")


def test_a_fab_without_measured_polishes_says_what_to_load_for_them(fab: Fab, write) -> None:
    one_lot(fab, write)
    with pytest.raises(NothingRecorded, match="measured polish"):
        fab.features(by="reading")


def test_a_fab_without_moves_has_no_table(fab: Fab, write) -> None:
    with pytest.raises(NothingRecorded, match="No production move"):
        fab.features()
    load(fab, write, moves=f"{MOVES}\nL1,,25,P,10,ETCH,E1,,{stamp(1)},{stamp(2)}\n")
    with pytest.raises(NothingRecorded, match="No wafer") as stop:
        fab.features()
    assert "--by lot" in stop.value.hint
    assert len(fab.features(by="lot").table) == 1
    with pytest.raises(NothingRecorded):
        fab.features(by="lot", as_of=stamp(0.5))


@pytest.mark.parametrize(
    ("file", "more", "why"),
    [
        ("t.xlsx", (), "neither .csv nor .parquet"),
        ("none/t.csv", (), "is not a folder"),
        ("folder.csv", (), "is a folder"),
        ("t.csv", ("--by", "tool"), "by must be one of wafer, lot"),
        ("t.csv", ("--share", "3"), "share must be from 0 to 1"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_way_out(fab: Fab, tmp_path: Path, file: str, more, why: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    result = command("features", "-o", tmp_path / file, *more, "--fab", fab.path)
    assert (result.code, why in result.err, "hint:" in result.err) == (1, True, True), result.err
    assert not list(tmp_path.glob("*t.csv*"))


def test_the_command_writes_the_file_and_says_what_is_in_it(fab: Fab, write, tmp_path: Path) -> None:
    one_lot(fab, write)
    shown = command("features", "--by", "lot", "-o", tmp_path / "t.parquet", "--fab", fab.path)
    assert shown.code == 0, shown.err
    assert "1 lots with" in shown.out
    described = command("features", "-o", tmp_path / "t.csv", "--json", "--fab", fab.path)
    facts = json.loads(described.out)
    assert (facts["rows"], facts["by"], facts["file"]) == (2, "wafer", str(tmp_path / "t.csv"))
    with pytest.raises(BadQuestion):
        fab.features(by="tool")  # type: ignore[arg-type]


def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch, capsys) -> None:
    with new_fab(tmp_path / "demo") as fab:
        assert fab.ingest(drawn(7).write(tmp_path / "files", "all")).failed == 0
    page = (Path(__file__).parent.parent.parent / "docs" / "features.md").read_text()
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        exec(block, {"__name__": "__main__"})
    shown = capsys.readouterr().out
    assert "features; 24 rows to learn from, 12 later ones to be judged by" in shown
    assert "['target.yield', 'target.passed'] start of step S0" in shown
