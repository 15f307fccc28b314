"""Tables read by whole columns give the same rows, problems and places as the same tables read cell by cell."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabwatch.sources import quick
from fabwatch.sources.opening import Document, inspect
from fabwatch.sources.reading import open_table
from fabwatch.terms.settings.files import SourceSettings
from tests.conftest import NOW

SAMPLE = 6
"""Rows that are read one by one before whole columns are."""
MOVES = ("lot", "wafer", "tool", "chamber", "wafers", "start_at", "end_at", "note")
QUALS = ("tool", "chamber", "qual_type", "processed_at", "resulted_at", "result", "reading", "upper")
METROLOGY = ("wafer", "lot", "tool", "polished_at", "after", "rate", "unit", "note")
COUNTERS = ("tool", "counter", "read_at", "value")
ODD_LINES = [
    "",
    "   ",
    "# a comment",
    "#,a,b,c,d,e,f,g",
    "x",
    ",,,,,,,",
    "HEADER",
    ' "',
    'a,"b',
    "\0",
    "é,ü,T,A,1,,2026-05-01 00:00:00,µ",
]
ODD_CELLS = [
    *("", " ", "N/A", "-", "nan", "####", "No Data", "A;B", " A ", "x\u00a0", "É", "all", "*", "1.0", "b'1'", "0012", "'1"),
    *("1e3", "-1", "0", "1e999", "1,5", "1_0", "3.5", ".5", "5.", "+7", "99999999999", "2026-05-01", "2026-02-30 10:00:00"),
    *("2026-05-01 24:00:00", "2026-05-01T10:00:00Z", "2026-05-01 10:00:00.123", "2026-05-01T10:00:00.123456Z"),
    *("2026-05-01 10:00:00+02:00", "2099-01-01 00:00:00", "0000-01-01 00:00:00", "1599-01-01 00:00:00", "1777593600"),
    *("46143.5", "PASS", "fail", "maybe", "\u2028", "a\x1cb", " 2026-05-01 10:00:00"),
]


def cell_of(name, number, form):
    """An ordinary cell."""
    moment = f"2026-05-{1 + number % 28:02d}{form}{number % 24:02d}:{number % 60:02d}:00"
    ends = {"start_at": moment.replace("2026", "2025"), "end_at": moment, "processed_at": moment, "resulted_at": moment}
    texts = {**ends, "polished_at": moment, "read_at": moment, "result": "PASS", "unit": "nm", "tool": f"T{number % 3}"}
    numbers = {
        "wafers": "25",
        "reading": f"{number}.5",
        "upper": "900",
        "after": f"{number}",
        "rate": "12.5",
        "value": f"{number}",
    }
    return {**texts, **numbers}.get(name, f"{name[0].upper()}{number}")


@st.composite
def tables(draw):
    """The text of a table in which a few cells and lines are odd."""
    header = draw(st.sampled_from([MOVES, QUALS, METROLOGY, COUNTERS]))
    form, end = draw(st.sampled_from([" ", "T"])), draw(st.sampled_from(["\n", "\r\n"]))
    count = draw(st.integers(SAMPLE, 60))
    rows = [[cell_of(name, number, form) for name in header] for number in range(count)]
    for _ in range(draw(st.integers(0, 4))):
        row, column = draw(st.integers(SAMPLE - 2, count - 1)), draw(st.integers(0, len(header) - 1))
        rows[row][column] = draw(st.sampled_from(ODD_CELLS))
    lines = [",".join(row) for row in rows]
    for _ in range(draw(st.integers(0, 2))):
        line = draw(st.sampled_from(ODD_LINES)).replace("HEADER", ",".join(header))
        lines.insert(draw(st.integers(SAMPLE - 2, len(lines))), line)
    last = draw(st.sampled_from([end, "", end + end]))
    return end.join([",".join(header), *lines]) + last


def read(path, stated, exactly):
    """Each row with its place, the problems, and how many records there were."""
    document = Document(path)
    table = open_table(document, inspect(document), stated)
    rows, problems, records, quickly = [], [], 0, 0
    for piece in table.rows(NOW, exactly=exactly):
        names = [column.name for column in table.mapping.kind.columns]
        places = [name for name in ("_line", "_byte_offset", "_raw") if name in piece.table.column_names]
        rows += [tuple(row.values()) for row in piece.table.select([*names, *places]).to_pylist()]
        problems += piece.problems
        records += piece.records
        quickly += piece.table.num_rows if any(map(pa.types.is_dictionary, piece.table.schema.types)) else 0
    return rows, sorted(problems, key=lambda problem: problem.byte_offset), records, quickly


def without_places(rows, columns):
    return [row[:columns] for row in rows]


@settings(max_examples=100, deadline=None)
@given(tables(), st.sampled_from([None, "Europe/Berlin"]), st.sampled_from([64, 300, 1 << 20]))
def test_whole_columns_are_read_as_cell_by_cell(tmp_path_factory, text, zone, block):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(text.encode())
    stated = SourceSettings(zone=zone)
    before, quick.BLOCK = quick.BLOCK, block
    try:
        fast = read(path, stated, SAMPLE)
    finally:
        quick.BLOCK = before
    # The same sample decides what a column is; below it everything goes the exact way.
    document = Document(path)
    table = open_table(document, inspect(document), stated)
    width = len(table.mapping.kind.columns)
    slow = exact(path, stated)
    assert without_places(fast[0], width) == without_places(slow[0], width)
    assert fast[1] == slow[1]
    assert fast[2] == slow[2]
    for row in fast[0]:
        if len(row) > width:
            assert row in slow[0]


def exact(path, stated):
    before, quick.is_plain = quick.is_plain, lambda block: False
    try:
        return read(path, stated, SAMPLE)
    finally:
        quick.is_plain = before


@pytest.mark.parametrize("tail", ["", "\n", "\n   ", "\n# a comment", "\nx\n", "\n\n"])
def test_a_last_row_with_a_line_end_is_whole_whatever_comes_after_it(fab, write, tail):
    (result,) = fab.ingest(write("m.csv", "lot,tool,end_at,wafers\nL1,E1,2026-05-01T10:00:00Z,25" + tail)).files
    assert (result.rows, result.rules.get("torn_line", 0)) == ((1, 0) if tail else (0, 1))


@pytest.mark.parametrize("header", [MOVES, QUALS, METROLOGY, COUNTERS], ids=["moves", "quals", "metrology", "counters"])
def test_an_ordinary_table_is_read_by_whole_columns(tmp_path, header):
    lines = [",".join(cell_of(name, number, " ") for name in header) for number in range(500)]
    (tmp_path / "t.csv").write_text("\n".join([",".join(header), *lines]) + "\n")
    rows, problems, records, quickly = read(tmp_path / "t.csv", SourceSettings(), SAMPLE)
    assert (len(rows), problems, records, quickly) == (500, [], 500, 500 - SAMPLE)


def test_a_long_file_with_faults_here_and_there_loses_nothing(tmp_path, fab):
    moments = [f"2026-{1 + n % 4:02d}-{1 + n % 28:02d} {n % 24:02d}:{n % 60:02d}:00" for n in range(30_000)]
    lines = [f"L{n},T{n % 9},25,{moment}" for n, moment in enumerate(moments)]
    odd = {
        10_500: "L1,T1,many,2026-05-01 10:00:00",
        15_000: "L1,T1",
        20_000: "L2,T1,25,yesterday",
        29_000: "L2,,25,2026-05-01 10:00:00",
    }
    for number, line in odd.items():
        lines[number] = line
    (tmp_path / "m.csv").write_text("lot,tool,wafers,end_at\n" + "\n".join(lines) + "\n")
    (result,) = fab.ingest(tmp_path / "m.csv").files
    assert (result.rows, result.set_aside) == (30_000 - len(odd), len(odd))
    problems = fab.problems()
    content = (tmp_path / "m.csv").read_bytes()
    assert sorted(problem.line for problem in problems) == [number + 2 for number in odd]
    for problem in problems:
        assert content[problem.byte_offset :].split(b"\n")[0].decode() == problem.raw
    assert set(fab.sql("SELECT lot FROM moves").lot) == {line.split(",")[0] for n, line in enumerate(lines) if n not in odd}
