"""Electrical tests with a column for each parameter go in as one row for each value; other tables are not taken for that."""

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from fabwatch.fab import Fab
from fabwatch.sources import quick
from fabwatch.sources.opening import Document, inspect
from fabwatch.sources.reading import open_table
from fabwatch.sources.wide_wat import is_electrical
from fabwatch.terms.settings.files import SourceSettings
from tests.commands import command
from tests.conftest import NOW

COLUMNS = ["lot", "wafer", "product", "site", "parameter", "value", "unit", "lower", "upper", "measured_at"]
WIDE = """\
Lot ID,Wafer,Site,Test Time,Product,VTN_LIN (V),RS_POLY [ohm/sq],IOFF,Operator
,,Unit,,,V,ohm/sq,pA,
,,LSL,,,0.35,7.5,,
,,USL,,,0.55,9.0,120,
L1001,1,1,2026-04-12 10:00:00,P7,0.451,8.1,35,amy
L1001,1,2,2026-04-12 10:00:00,P7,0.449,OPEN,36,amy
L1001,2,1,2026-04-12 10:05:00,P7,0.462,8.2,,amy
L1001,2,2,2026-04-12 10:05:00,P7,,,,amy
L1001,Avg,,,P7,0.46,8.2,35.5,amy
"""
LONG = """\
lot,wafer,site,measured_at,product,parameter,value,unit,lower,upper
L1001,1,1,2026-04-12 10:00:00,P7,VTN_LIN,0.451,V,0.35,0.55
L1001,1,1,2026-04-12 10:00:00,P7,RS_POLY,8.1,ohm/sq,7.5,9
L1001,1,1,2026-04-12 10:00:00,P7,IOFF,35,pA,,120
L1001,1,2,2026-04-12 10:00:00,P7,VTN_LIN,0.449,V,0.35,0.55
L1001,1,2,2026-04-12 10:00:00,P7,IOFF,36,pA,,120
L1001,2,1,2026-04-12 10:05:00,P7,VTN_LIN,0.462,V,0.35,0.55
L1001,2,1,2026-04-12 10:05:00,P7,RS_POLY,8.2,ohm/sq,7.5,9
"""


def rows(fab: Fab) -> list[tuple[object, ...]]:
    """What the fab holds, in an order of its own."""
    return sorted(map(tuple, fab.sql(f"SELECT {', '.join(COLUMNS)} FROM wat").astype(str).values.tolist()))


def opened(folder: Path, name: str, text: str, stated: SourceSettings | None = None):
    """The table that a text is read as."""
    path = folder / name
    path.write_text(text)
    return open_table(Document(path), inspect(Document(path)), stated or SourceSettings())


def test_a_wide_table_and_a_long_one_of_the_same_values_are_the_same_rows_once(fab: Fab, tmp_path: Path) -> None:
    wide, long = tmp_path / "wat_0412.csv", tmp_path / "values.csv"
    wide.write_text(WIDE)
    long.write_text(LONG)
    loaded = fab.ingest([wide])
    assert (loaded.rows, loaded.set_aside) == (7, 3)
    first = rows(fab)
    again = fab.ingest([wide])
    assert (again.rows, again.already) == (0, 1)
    (as_long,) = fab.ingest([long]).files
    assert (as_long.rows, as_long.duplicates, as_long.set_aside) == (0, 7, 0)
    assert rows(fab) == first


def test_what_is_set_aside_says_its_parameter_line_and_reason(fab: Fab, tmp_path: Path) -> None:
    (tmp_path / "wat_0412.csv").write_text(WIDE)
    fab.ingest([tmp_path / "wat_0412.csv"])
    aside = {(row.line, row.rule): row.why for row in fab.problems()}
    assert aside[6, "bad_number"] == "RS_POLY: value: 'OPEN' is not a number"
    assert "none of the 3 parameters has a value" in aside[8, "missing_value"]
    assert "sums up others" in aside[9, "summary_row"]


def test_a_dry_run_shows_parameters_units_and_limits(fab: Fab, tmp_path: Path) -> None:
    (tmp_path / "wat_0412.csv").write_text(WIDE)
    text = command("ingest", tmp_path / "wat_0412.csv", "--dry-run", "--fab", fab.path).err
    assert "parameter VTN_LIN in V; lower 0.35; upper 0.55" in text
    assert "parameter IOFF in pA; upper 120" in text
    assert "unused: Operator" in text
    explained = command("ingest", tmp_path / "wat_0412.csv", "--explain", "--fab", fab.path).out
    (line,) = [line for line in explained.splitlines() if "RS_POLY [ohm/sq]" in line and "not a number" not in line]
    assert "ohm/sq" in line.split("[ohm/sq]")[1]
    assert "numbers that nothing else explains" in line


def test_workbooks_and_parquet_give_the_same_rows(fab: Fab, tmp_path: Path) -> None:
    lines = [row for row in csv.reader(io.StringIO(WIDE)) if row[1] != "Avg"]
    with xlsxwriter.Workbook(tmp_path / "pcm.xlsx") as book:
        sheet = book.add_worksheet()
        for number, line in enumerate(lines):
            sheet.write_row(number, 0, [float(cell) if cell.replace(".", "").isdigit() else cell or None for cell in line])
    body = list(zip(*lines[4:], strict=True))
    columns = {name: pa.array(cells) for name, cells in zip(lines[0], body, strict=True)}
    pq.write_table(pa.table(columns), tmp_path / "wat.parquet")
    (from_book,) = fab.ingest([tmp_path / "pcm.xlsx"]).files
    assert (from_book.rows, from_book.set_aside) == (7, 2)
    fab.ingest([tmp_path / "wat.parquet"])
    of_parquet = fab.sql("SELECT wafer, site, parameter, value, unit FROM wat WHERE upper IS NULL AND parameter <> 'IOFF'")
    of_book = fab.sql("SELECT wafer, site, parameter, value, unit FROM wat WHERE upper IS NOT NULL AND parameter <> 'IOFF'")
    order = ["wafer", "site", "parameter"]
    assert of_parquet.sort_values(order).values.tolist() == of_book.sort_values(order).values.tolist()


NOT_WAT = {
    "numbers that may be anything": ("export.csv", "lot,wafer,A1,A2,A3\nL1,1,2,3,4\n"),
    "too few parameters": ("wat.csv", "lot,wafer,site,VTN\nL1,1,1,0.4\n"),
    "neither lot nor wafer": ("wat.csv", "part,VTN (V),VTP (V),IDS (uA)\nP,0.4,0.5,9\n"),
    "moves with numbers": (
        "wat.csv",
        "lot,wafer,tool,product,site,meas_time,end_at,A,B,C\nL1,1,T,P,1,2026-01-01T00:00Z,2026-01-01T00:00Z,1,2,3\n",
    ),
    "where a site lies": ("pcm.csv", "lot,wafer,site,x,y,row,col\nL1,1,1,2,3,4,5\n"),
}


@pytest.mark.parametrize("why", NOT_WAT)
def test_a_table_that_is_not_surely_electrical_tests_waits_in_the_inbox(fab: Fab, tmp_path: Path, why: str) -> None:
    name, text = NOT_WAT[why]
    (tmp_path / name).write_text(text)
    (file,) = fab.ingest([tmp_path / name]).files
    assert file.status == "inbox"
    assert rows(fab) == []


def test_a_file_that_may_be_electrical_tests_is_loaded_once_that_is_stated(fab: Fab, tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(NOT_WAT["numbers that may be anything"][1])
    (file,) = fab.ingest([tmp_path / "export.csv"]).files
    assert 'kind = "wat"' in file.suggestion
    (stated,) = fab.ingest([tmp_path / "export.csv"], kind="wat").files
    assert (stated.status, stated.rows) == ("loaded", 3)


def test_a_table_of_another_kind_keeps_its_kind_whatever_numbers_stand_in_it(fab: Fab, tmp_path: Path) -> None:
    text = "lot,wafer,parts,good,VTN (V),VTP (V),IDS (uA)\nL1,1,100,90,0.4,0.5,9\n"
    (tmp_path / "wat.csv").write_text(text)
    (file,) = fab.ingest([tmp_path / "wat.csv"]).files
    assert (file.status, file.kind, file.rows) == ("loaded", "sort_summary", 1)


@pytest.mark.parametrize(
    ("name", "text", "stated"),
    [
        ("lot17.csv", "lot,wafer,site,VT (V),ID (uA/um),RS (ohm/sq)\nL1,1,1,0.4,500,8\n", None),
        ("lot17.csv", "lot,wafer,VT,ID,RS\nLSL,,0.3,400,7\nL1,1,0.4,500,8\n", None),
        ("lot17.csv", "lot,wafer,VT\nL1,1,0.4\n", SourceSettings(kind="wat")),
    ],
    ids=["electrical units", "limits below the header", "stated"],
)
def test_what_makes_a_wide_table_electrical_tests(
    tmp_path: Path, name: str, text: str, stated: SourceSettings | None
) -> None:
    mapping = opened(tmp_path, name, text, stated).mapping
    assert (mapping.kind.table.name, mapping.fits) == ("wat", True)
    assert mapping.parameters[0].lower == ("0.3" if "LSL" in text else None)


def test_two_columns_of_one_parameter_are_asked_about(fab: Fab, tmp_path: Path) -> None:
    (tmp_path / "wat.csv").write_text("lot,wafer,site,VT (V),VT (mV),ID (uA)\nL1,1,1,0.4,400,8\n")
    (file,) = fab.ingest([tmp_path / "wat.csv"]).files
    assert file.status == "inbox"
    assert "several columns are VT" in file.message


def test_a_last_line_that_may_be_cut_is_set_aside_whole(fab: Fab, tmp_path: Path) -> None:
    (tmp_path / "wat.csv").write_text("lot,wafer,A,B,C\nL1,1,1.5,2,3\nL1,2,1.5,2,3.2")
    (file,) = fab.ingest([tmp_path / "wat.csv"]).files
    assert (file.rows, file.set_aside, file.rules) == (3, 1, {"torn_line": 1})


def test_equal_values_of_sites_without_a_name_are_all_kept(fab: Fab, tmp_path: Path) -> None:
    (tmp_path / "wat.csv").write_text("lot,wafer,A,B,C\nL1,1,1.5,2,3\nL1,1,1.5,2,4\n")
    (file,) = fab.ingest([tmp_path / "wat.csv"]).files
    assert (file.rows, file.duplicates) == (6, 0)
    sites = fab.sql("SELECT parameter, site FROM wat ORDER BY ALL").astype(str).values.tolist()
    assert [parameter for parameter, site in sites if site == "2"] == ["A", "B"]


CELLS = st.one_of(
    st.floats(-1e6, 1e6).map(lambda x: repr(round(x, 4))), st.sampled_from(["", "-", "NA", "OPEN", "1.5e-12", "  7 "])
)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=5), min_size=1, max_size=12), st.sampled_from((1, 3, 10_000)))
def test_every_cell_is_a_value_or_empty_or_set_aside(tmp_path_factory: pytest.TempPathFactory, cells, exactly: int) -> None:
    width = min(map(len, cells))
    lines = [",".join(["lot", "wafer", *(f"P{n} (V)" for n in range(width))])]
    lines += [",".join(["L1", str(n + 1), *row[:width]]) for n, row in enumerate(cells)]
    stated = SourceSettings(kind="wat", decimal=".")
    table = opened(tmp_path_factory.mktemp("wide"), "wat.csv", "\n".join(lines) + "\n", stated)
    if not table.mapping.parameters:
        return
    read = list(table.rows(NOW, exactly=exactly))
    names = ("wafer", "parameter", "value")
    stored = [tuple(row[name] for name in names) for part in read for row in part.table.to_pylist()]
    taken = {own.position - 2 for own in table.mapping.parameters}
    expected, bad, without = [], 0, 0
    for n, row in enumerate(cells):
        texts = [(p, row[p].strip()) for p in range(width) if p in taken and row[p].strip() not in ("", "-", "NA")]
        expected += [(str(n + 1), f"P{p}", float(text)) for p, text in texts if text != "OPEN"]
        bad += sum(text == "OPEN" for _, text in texts)
        without += not texts
    assert stored == expected
    assert sum(len(part.problems) for part in read) == bad + without
    assert sum(part.records for part in read) == len(expected) + bad + without


def test_the_quick_way_is_taken_and_gives_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "".join(f"L1,{n},{n % 5},{n / 7:.4f},{n},{'' if n % 3 else n}\n" for n in range(1, 400))
    text = "lot,wafer,site,A (V),B (uA),C\n" + body
    whole = [row for part in opened(tmp_path, "wat.csv", text).rows(NOW) for row in part.table.to_pylist()]
    taken: list[bool] = []
    table_of = quick.table_of

    def counted(*parts_of: Any, **named: Any) -> Any:
        taken.append(True)
        return table_of(*parts_of, **named)

    monkeypatch.setattr(quick, "table_of", counted)
    parts = list(opened(tmp_path, "wat.csv", text).rows(NOW, exactly=10))
    keys = [name for name in whole[0] if not name.startswith("_")]
    fast = [[row[key] for key in keys] for part in parts for row in part.table.to_pylist()]
    assert taken
    assert fast == [[row[key] for key in keys] for row in whole]
    assert parts[-1].last_line == 400


@pytest.mark.parametrize("unit", ["V", "mV", "uA/um", "ohm/sq", "Ω/□", "pA", "fF/um2", "mV/dec", "MOhm", "A"])
def test_units_of_electrical_tests_are_known(unit: str) -> None:
    assert is_electrical(unit)


@pytest.mark.parametrize("unit", ["Torr", "sccm", "", "rpm", "nm/min", "%", "volt-ish"])
def test_other_units_are_not_taken_for_electrical(unit: str) -> None:
    assert not is_electrical(unit)


@pytest.mark.parametrize("form", ["csv", "quoted", "parquet"])
def test_a_thousand_parameters_are_read_some_rows_at_a_time_and_none_is_lost(tmp_path: Path, form: str) -> None:
    names = ["lot", "wafer", *(f"P{n} (V)" for n in range(1000))]
    lines = [["L1", str(row), *(str(row * 1000 + n) for n in range(1000))] for row in range(45)]
    path = tmp_path / "wat"
    if form == "parquet":
        columns = zip(*lines, strict=True)
        pq.write_table(pa.table({name: pa.array(cells) for name, cells in zip(names, columns, strict=True)}), path)
    else:
        quote = '"' if form == "quoted" else ""
        path.write_text("".join(",".join(quote + cell + quote for cell in line) + "\n" for line in [names, *lines]))
    table = open_table(Document(path), inspect(Document(path)), SourceSettings())
    parts = list(table.rows(NOW))
    values = [value for part in parts for value in part.table.column("value").to_pylist()]
    assert values == list(range(45_000))
    assert (sum(part.records for part in parts), table.count()) == (45_000, 45)
    assert max(part.records for part in parts) <= 25_000
