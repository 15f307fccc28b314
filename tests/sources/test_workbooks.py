"""Workbooks: each sheet is a table or a log of its own, read as it would be from the CSV that the spreadsheet saves."""

from datetime import datetime, time

import pytest
import xlsxwriter

from tests.conftest import NOW
from tests.fabs import new_fab

AT = [datetime(2026, 5, 1, 10), datetime(2026, 5, 1, 11, 30, 15)]


@pytest.fixture
def book(tmp_path):
    """Writes a workbook: {sheet: rows}."""

    def writing(sheets, name="book.xlsx", hidden=()):
        path = tmp_path / name
        with xlsxwriter.Workbook(path) as made:
            stamp, clock = made.add_format({"num_format": "dd/mm/yyyy hh:mm"}), made.add_format({"num_format": "hh:mm:ss"})
            for sheet, rows in sheets.items():
                place = made.add_worksheet(sheet)
                if sheet in hidden:
                    place.hide()
                for row, cells in enumerate(rows):
                    for column, cell in enumerate(cells):
                        if isinstance(cell, (datetime, time)):
                            place.write_datetime(row, column, cell, stamp if isinstance(cell, datetime) else clock)
                        elif cell is not None:
                            place.write(row, column, cell)
        return path

    return writing


MOVES = [
    ["Lot", "Wafer", "Tool", "Track Out", "Comment"],
    ["L1", 1, "E1", AT[0], "0012"],
    ["L1", 2, "E1", AT[1], 'with "signs", and commas'],
]


def rows_of(fab, table, *names):
    fab._lake.pin()
    return fab._lake.ask(f"SELECT {', '.join(names)} FROM {table} ORDER BY ALL").fetchall()


@pytest.mark.parametrize("name", ["book.xlsx", "book.csv", "book"])
def test_a_workbook_under_any_name_is_read_with_its_titles_skipped_and_its_dates_by_their_type(book, fab, name):
    (result,) = fab.ingest(book({"Moves": [["Report of May"], [], *MOVES]}, name)).files
    assert (result.status, result.rows, result.set_aside) == ("loaded", 2, 0)
    assert "the header is line 3" in result.message
    assert rows_of(fab, "moves", "lot", "wafer", "end_at") == [("L1", "1", AT[0]), ("L1", "2", AT[1])]
    assert fab.ingest(book({"Moves": [["Report of May"], [], *MOVES]}, f"again{name}")).already == 1


def test_each_visible_sheet_is_a_file_of_its_own(book, fab):
    quals = [["Tool", "Qual type", "Qual time", "Result", "Reading"], ["E1", "particles", AT[0], "FAIL", 12.5]]
    odd = [["remarks", "of", "nobody"], ["a", "b", "c"]]
    sheets = {"Moves": MOVES, "Quals": quals, "Odd": odd, "Draft": MOVES, "Empty": []}
    results = {result.path.rpartition("!")[2]: result for result in fab.ingest(book(sheets, hidden=["Draft"])).files}
    assert {name: (result.status, result.kind) for name, result in results.items()} == {
        "Moves": ("loaded", "moves"), "Quals": ("loaded", "quals"), "Odd": ("inbox", "moves"),
    }  # fmt: skip
    assert rows_of(fab, "quals", "qual_type", "passed", "reading") == [("particles", False, 12.5)]
    # What waits can be stated, and is tried again from the copy that was kept.
    assert 'files = "book.xlsx!Odd"' in results["Odd"].suggestion
    assert [file.path.rpartition("/")[2] for file in fab.inbox()] == ["book.xlsx!Odd"]


def test_a_sheet_is_stated_by_the_name_of_its_workbook_or_by_its_own(book, tmp_path):
    (tmp_path / "fab").mkdir()
    toml = '[sources.a]\nfiles = "*.xlsx"\nzone = "Europe/Berlin"\n[sources.b]\nfiles = "book.xlsx!Other*"\nzone = "UTC"\n'
    (tmp_path / "fab" / "fab.toml").write_text(toml)
    other = [MOVES[0], ["L2", 1, "E1", AT[0], ""]]
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        fab.ingest(book({"Moves": MOVES, "Other one": other}))
        assert rows_of(fab, "moves", "lot", "end_at") == [
            ("L1", datetime(2026, 5, 1, 8)), ("L1", datetime(2026, 5, 1, 9, 30, 15)), ("L2", AT[0]),
        ]  # fmt: skip


def test_a_log_on_a_sheet_is_a_log(book, fab):
    header = ["time", "wafer", "step", "Pressure", "RF Power", "Helium"]
    rows = [[datetime(2026, 5, 1, 10, 0, n), "W1", 1, 4.5 + n / 10, 800, 9] for n in range(20)]
    (result,) = fab.ingest(book({"OX-1": [header, *rows]}, "OX-1.xlsx")).files
    assert (result.kind, result.rows) == ("log", 20)


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(200), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)])
def test_what_only_begins_like_a_workbook_is_refused_with_a_way_out(tmp_path, fab, content):
    (tmp_path / "x.xlsx").write_bytes(content)
    (tmp_path / "m.csv").write_text("lot,tool,wafers,end_at\nL1,E1,25,2026-05-01 10:00:00\n")
    results = {
        result.path.rpartition("/")[2]: result for result in fab.ingest([tmp_path / "x.xlsx", tmp_path / "m.csv"]).files
    }
    assert results["x.xlsx"].status == "failed"
    assert "hint: " in results["x.xlsx"].message
    assert results["m.csv"].rows == 1
