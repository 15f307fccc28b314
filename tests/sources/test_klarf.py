"""KLARF: defects go in by the columns that each file names, at their place on the wafer, and what is odd is said."""

import contextlib
import random
from pathlib import Path

import pytest

from fabwatch.fab import Fab
from fabwatch.ingest.summary import FileResult
from fabwatch.sources.klarf.reader import KlarfFile
from fabwatch.sources.opening import CannotRead, Document, inspect

HEAD = """FileVersion 1 2;
FileTimestamp 03-17-26 06:30:00;
InspectionStationID "MAKER" "MODEL" "INS-1";
ResultTimestamp 03-17-26 06:31:00;
LotID "L1";
SampleSize 1 200;
DeviceID "P";
StepID "M1";
SampleOrientationMarkType NOTCH;
OrientationMarkLocation {notch};
DiePitch 5.0e+03 4.0e+03;
DieOrigin 0 0;
WaferID "{wafer}";
Slot 3;
SampleCenterLocation 2.5e+03 2.0e+03;
ClassLookup 2
 0 "Unclassified"
 7 "Scratch; deep";
InspectionTest 1;
AreaPerTest 2.0e+10;
"""
SPEC = "DefectRecordSpec 9 DEFECTID XREL YREL XINDEX YINDEX DSIZE CLASSNUMBER TEST IMAGECOUNT ;\n"
TAIL = """SummarySpec 5
  TESTNO NDEFECT DEFDENSITY NDIE NDEFDIE ;
SummaryList
  1 {count} 0.1 100 2 ;
EndOfFile;
"""
ROWS = " 1 500.0 250.0 0 0 1.5 7 1 0\n 2 100.0 200.0 -1 2 0.5 0 1 0\n 3 100.0 210.0 -1 2 0.25 0 1 0"
FINE = """Record FileRecord "1.8"
{{
  Record LotRecord "L1"
  {{
    Record WaferRecord "W1"
    {{
      Field SampleCenterLocation 2 {{2500000, 2000000}}
      Field SlotNumber 1 {{3}}
      List DefectList
      {{
        Columns 5 {{ int32 YINDEX, int32 XINDEX, int32 DEFECTID, int32 XREL, int32 YREL }}
        Data {count}
        {{
          {rows}
        }}
      }}
      Record TestRecord "1" {{ Field AreaPerTest 1 {{2.0e+16}} }}
      Record SummaryRecord
      {{
        List TestSummaryList {{ Columns 2 {{ int32 TESTNO, int32 NDEFECT }} Data 1 {{ 1 {count} ; }} }}
      }}
    }}
    Field DiePitch 2 {{5000000, 4000000}}
    Field OrientationMarkLocation 1 {{0}}
    Field ResultTimestamp 2 {{"03-17-2026", "06:31:00"}}
    Field SampleSize 2 {{200000000, 0}}
    Field StepID 1 {{"M1"}}
  }}
}}
EndOfFile;
"""


def file(rows: str = ROWS, count: int = 3, notch: str = "DOWN", wafer: str = "W1", spec: str = SPEC) -> str:
    end = ";\n" if rows else ""
    return HEAD.format(notch=notch, wafer=wafer) + spec + f"DefectList\n{rows}{end or ';'}" + "\n" + TAIL.format(count=count)


def loaded(fab: Fab, path: Path, text: str) -> FileResult:
    path.write_text(text)
    (said,) = fab.ingest(path).files
    return said


def places(fab: Fab) -> list[tuple[float, ...]]:
    found = fab.sql("SELECT defect, x_um, y_um, size_um, class_name FROM defects ORDER BY defect")
    return [tuple(row) for row in found.itertuples(index=False)]


def test_defects_lie_at_their_place_from_the_centre_of_the_wafer(fab: Fab, tmp_path: Path) -> None:
    said = loaded(fab, tmp_path / "a.000", file())
    assert (said.kind, said.rows, said.set_aside) == ("klarf", 3, 0)
    assert places(fab)[0] == (1, 500.0 - 2500, 250.0 - 2000, 1.5, "Scratch; deep")
    assert places(fab)[1][1:3] == (-5000 + 100 - 2500, 8000 + 200 - 2000)
    (row,) = fab.defects().wafers
    assert (row.lot, row.wafer, row.layer, row.defects, row.dies, row.defective_dies) == ("L1", "W1", "M1", 3, 100, 2)
    assert row.density == pytest.approx(3 / 200)
    assert row.doubts == ()


def test_a_wafer_with_its_notch_elsewhere_is_turned_about_its_centre(fab: Fab, tmp_path: Path) -> None:
    loaded(fab, tmp_path / "a.000", file(notch="LEFT"))
    # With the notch to the left, up in the file is left on the wafer.
    assert places(fab)[0][1:3] == (1750.0, -2000.0)
    assert "turned by 90 degrees" in fab.defects().wafers[0].doubts[0]


def test_version_1_8_states_nanometres_and_columns_in_any_order(fab: Fab, tmp_path: Path) -> None:
    rows = "0 0 1 500000 250000 ; 2 -1 2 100000 200000 ;"
    loaded(fab, tmp_path / "a.klarf", FINE.format(rows=rows, count=2))
    assert places(fab)[0][1:3] == (-2000.0, -1750.0)
    (row,) = fab.defects().wafers
    assert (row.wafer, row.layer, row.density, row.doubts) == ("W1", "M1", pytest.approx(2 / 200), ())


def test_several_wafers_in_one_file_keep_what_is_said_of_the_lot(fab: Fab, tmp_path: Path) -> None:
    second = 'WaferID "W2";\nSlot 4;\n' + SPEC + "DefectList\n 1 0 0 0 0 1 0 1 0;\n" + TAIL.format(count=1)
    text = file().replace("EndOfFile;\n", "") + second
    loaded(fab, tmp_path / "a.000", text)
    found = {row.wafer: (row.lot, row.layer, row.defects, row.doubts) for row in fab.defects().wafers}
    assert found == {"W1": ("L1", "M1", 3, ()), "W2": ("L1", "M1", 1, ())}


def test_an_empty_list_beside_a_summary_that_counts_defects_is_doubted(fab: Fab, tmp_path: Path) -> None:
    loaded(fab, tmp_path / "a.000", file(rows="", count=40))
    (row,) = fab.defects().wafers
    assert (row.defects, row.doubts) == (0, ("its summary counts 40 defects, its list has 0",))


def test_images_may_stand_on_lines_of_their_own(fab: Fab, tmp_path: Path) -> None:
    spec = "DefectRecordSpec 6 DEFECTID XREL YREL XINDEX YINDEX IMAGELIST ;\n"
    said = loaded(fab, tmp_path / "a.000", file(" 1 0 0 0 0 0\n 2 5 5 0 0 2\n 10 1 11\n 1\n 3 9 9 0 0 0", spec=spec))
    assert (said.rows, said.set_aside) == (3, 0)


def test_rows_of_the_wrong_width_are_set_aside_and_columns_nobody_declared_doubted(fab: Fab, tmp_path: Path) -> None:
    said = loaded(fab, tmp_path / "a.000", file(ROWS + "\n 4 1 2\n x 1 1 0 0 1 0 1 0", count=5))
    assert (said.rows, said.set_aside) == (3, 2)
    said = loaded(fab, tmp_path / "b.000", file(" 1 1 1 0 0 1 0 1 0 77 88", count=1, wafer="W5"))
    assert (said.rows, said.set_aside) == (1, 0)
    assert any("2 values more" in doubt for row in fab.defects(wafer="W5").wafers for doubt in row.doubts)


@pytest.mark.parametrize("text", [file(), FINE.format(rows="0 0 1 500000 250000 ; 2 -1 2 100000 200000 ;", count=2)])
def test_a_file_cut_or_damaged_anywhere_never_gives_a_defect_that_is_not_in_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cut.000"

    def read(content: bytes) -> list[tuple[object, ...]]:
        path.write_bytes(content)
        document = Document(path)
        try:
            pieces = list(KlarfFile(document, inspect(document)).batches())
        except CannotRead as stop:
            assert "no wafer stands whole" in stop.problem.why  # noqa: PT017
            return []
        rows = [row for piece in pieces if piece.table == "defects" for row in piece.rows.to_pylist()]
        return [(row["defect"], row["x_um"], row["y_um"]) for row in rows]

    content = text.encode()
    whole = set(read(content))
    for cut in range(20, len(content), 7):
        assert {row[0] for row in read(content[:cut])} <= {row[0] for row in whole}, cut
    dice = random.Random(2)
    for _ in range(60):
        damaged = bytearray(content)
        damaged[dice.randrange(20, len(damaged))] = dice.randrange(256)
        with contextlib.suppress(CannotRead):
            assert len(read(bytes(damaged))) <= 4


@pytest.mark.real
def test_real_files_have_the_defects_that_they_count(fab: Fab, data: Path) -> None:
    folder = data / "klarf"
    fab.ingest([path for path in folder.iterdir() if not path.name.startswith("LICENSE")])
    rows = fab.defects().wafers
    by_lot: dict[str | None, int] = {}
    for row in rows:
        by_lot[row.lot] = by_lot.get(row.lot, 0) + row.defects
    assert (by_lot["MOO"], by_lot["QUU"], sum(row.lot == "QUU" for row in rows)) == (22190, 187, 3)
    (empty,) = [row for row in rows if row.lot == "BOO"]
    assert "counts 40 defects" in empty.doubts[0]
    # Every defect of a 200 mm wafer lies on it.
    farthest = fab.sql("SELECT max(sqrt(x_um ** 2 + y_um ** 2)) AS r FROM defects WHERE lot IN ('MOO', 'QUU')")
    assert farthest["r"].tolist()[0] < 100_000
