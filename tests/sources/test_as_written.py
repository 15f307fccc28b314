"""Tables as people's programs write them: each kind of oddity is read as it was meant, or asked for; no row goes astray."""

import csv
import io
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabwatch.sources.opening import CannotRead, Document, inspect
from fabwatch.sources.reading import open_table
from fabwatch.sources.values import Unfit, converter
from fabwatch.terms.settings.files import SourceSettings
from fabwatch.terms.tables import Column
from tests.conftest import NOW
from tests.fabs import new_fab

READING = Column("reading", "number", "What was measured.")
GROUPS = {".": ",", ",": "."}


def written(value, sign, grouped):
    """A number with two decimals as a person of that country writes it."""
    whole, _, rest = f"{abs(value):.2f}".partition(".")
    if grouped:
        whole = f"{int(whole):,}".replace(",", GROUPS[sign])
    return ("-" if value < 0 else "") + whole + sign + rest


@given(
    st.lists(st.floats(-9_999_999, 9_999_999).map(lambda x: round(x, 2)), min_size=1, max_size=20),
    st.sampled_from(".,"),
    st.booleans(),
)
def test_a_column_of_numbers_is_read_as_it_was_written_in_any_country(values, sign, grouped):
    texts = [written(value, sign, grouped) for value in values]
    convert = converter(READING, texts, SourceSettings())
    assert [convert(text) for text in texts] == [pytest.approx(float(f"{value:.2f}")) for value in values]


@given(st.lists(st.integers(0, 999_999), min_size=1, max_size=20), st.sampled_from(".,"))
def test_numbers_that_read_in_two_ways_are_asked_for_or_read_with_the_point(values, sign):
    texts = [f"{value:,}".replace(",", GROUPS[sign]) for value in values]
    try:
        convert = converter(READING, texts, SourceSettings())
    except CannotRead:
        assert any("," in text for text in texts)
        assert [converter(READING, texts, SourceSettings(decimal=sign))(text) for text in texts] == values
        return
    assert all(convert(text) == float(text.replace(",", "")) for text in texts)


@pytest.mark.parametrize(
    "text", ["1.2.3", "1,23,456.0", "12 nm", ">", "<x", "<<5", "><5", "1_000", "inf", "0x10", "--1", "1e999", "1.234,5,6"]
)
def test_what_is_no_number_is_never_one(text):
    for sign in ".,":
        with pytest.raises(Unfit):
            converter(READING, [], SourceSettings(decimal=sign))(text)


def test_the_columns_of_one_file_share_their_decimal_sign(fab, write):
    header = "tool;qual_type;processed_at;passed;reading;upper\n"
    rows = "E1;p;2026-05-01 10:00:00;P;1.250,5;1.400\nE1;p;2026-05-02 10:00:00;P;1.234;1.400\n"
    fab.ingest([write("t.csv", "tool,area\nE1,Etch\n"), write("q.csv", header + rows)])
    fab._lake.pin()
    assert fab._lake.ask("SELECT reading, upper FROM quals ORDER BY 1").fetchall() == [(1234, 1400), (1250.5, 1400)]


CELL = st.text(st.sampled_from("abAB 0159\"'#;,|\t-_ü"), max_size=8)


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=12),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "end", "mark"]),
)
def test_every_record_that_a_writer_of_tables_writes_is_read_or_set_aside(tmp_path_factory, rows, sign, line_end, extra):
    # A line that begins with # and has other cells than the header is a comment; a record of the header alone is one again.
    rows = [[f"x{first}", *rest] for first, *rest in rows]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sign, lineterminator=line_end)
    writer.writerow(["tool", "lot", "recipe", "wafers", "end_at"])
    writer.writerows([*row, 25, "2026-05-01 10:00:00"] for row in rows)
    content = text.getvalue()
    if extra == "end":
        head, *lines = content.split(line_end)
        content = line_end.join([head, *(line + sign if line else line for line in lines)])
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes((b"\xef\xbb\xbf" if extra == "mark" else b"") + content.encode())
    document = Document(path)
    table = open_table(document, inspect(document), SourceSettings())
    read = list(table.rows(datetime(2027, 1, 1)))
    assert sum(batch.records for batch in read) == len(rows)
    stored = [row for batch in read for row in batch.table.to_pylist()]
    problems = [problem for batch in read for problem in batch.problems]
    assert len(stored) + len(problems) == len(rows)
    named = [row for row in rows if row[0].strip() and row[1].strip().lower() not in ("", "-", "--")]
    if not problems:
        assert [row["tool"] for row in stored] == [row[0].strip() for row in named]


def test_a_quote_within_a_cell_is_a_sign_like_any_other(fab, write):
    names = ['8" EPI', '6"', 'a"b"c', "''", '"quoted, with ""signs"""']
    text = "lot,product,tool,wafers,end_at\n"
    text += "".join(f"L{n},{name},E1,25,2026-05-01 1{n}:00:00\n" for n, name in enumerate(names))
    summary = fab.ingest(write("m.csv", text))
    assert (summary.rows, summary.set_aside) == (5, 0)
    fab._lake.pin()
    found = [row[0] for row in fab._lake.ask("SELECT product FROM moves ORDER BY lot").fetchall()]
    assert found == ['8" EPI', '6"', 'a"b"c', "''", 'quoted, with "signs"']


def test_lines_may_end_in_returns_alone_in_logs_too(fab, write, tmp_path):
    (tmp_path / "m.csv").write_bytes(
        b"lot,tool,wafers,end_at\rL1,E1,25,2026-05-01 10:00:00Z\rL2,E1,25,2026-05-01 11:00:00Z\r"
    )
    log = "time,wafer,step,Flow,Power,Pressure\r" + "".join(f"2026-05-01T10:00:0{n}Z,W1,1,{n},2,3\r" for n in range(5))
    (tmp_path / "E2.log").write_bytes(log.encode())
    assert sorted(result.rows for result in fab.ingest([tmp_path / "m.csv", tmp_path / "E2.log"]).files) == [2, 5]


@pytest.mark.parametrize("cells", [["1.0", "2.0"], ["b'1'", "b'2'"], ["1", "2"], [" 1", "2 "]])
def test_a_name_does_not_carry_the_type_of_its_writer(fab, write, cells):
    text = "lot,wafer,tool,end_at\n" + "".join(f"L1,{cell},E1,2026-05-01 10:00:00\n" for cell in cells)
    fab.ingest(write("m.csv", text))
    fab._lake.pin()
    assert [row[0] for row in fab._lake.ask("SELECT wafer FROM moves ORDER BY 1").fetchall()] == ["1", "2"]


@pytest.mark.parametrize("cells", [["0012", "0013"], ["1.0", "1.5"], ["1.0", "b'2'"]])
def test_a_name_that_is_no_number_stays_as_it_is(fab, write, cells):
    text = "lot,wafer,tool,end_at\n" + "".join(f"L1,{cell},E1,2026-05-01 10:00:00\n" for cell in cells)
    fab.ingest(write("m.csv", text))
    fab._lake.pin()
    assert [row[0] for row in fab._lake.ask("SELECT wafer FROM moves ORDER BY 1").fetchall()] == cells


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1.0, 2.0]),
        pa.array([1, 2]),
        pa.array([Decimal("1.00"), Decimal("2.00")]),
        pa.array([b"1", b"2"]),
        pa.array(["1", "2"]).dictionary_encode(),
    ],
    ids=["float", "int", "decimal", "bytes", "dictionary"],
)
def test_slots_of_parquet_columns_of_any_type_are_names(tmp_path, fab, array):
    at = [datetime(2026, 5, 1, 10)] * 2
    pq.write_table(
        pa.table({"lot": ["L1", "L1"], "wafer": array, "tool": ["E1", "E1"], "end_at": at}), tmp_path / "m.parquet"
    )
    fab.ingest(tmp_path / "m.parquet")
    fab._lake.pin()
    assert [row[0] for row in fab._lake.ask("SELECT wafer FROM moves ORDER BY 1").fetchall()] == ["1", "2"]


def test_a_fail_never_vanishes_because_its_reading_is_odd(fab, write):
    header = "tool,qual_type,processed_at,passed,reading,upper,resulted_at\n"
    odd = ["P,12,30,", "F,>500,30,", "F,overflow,x,soon", "F,12,30,2026-05-04 25:00:00"]
    rows = "".join(f"E1,p,2026-05-0{n + 1} 10:00:00,{cells}\n" for n, cells in enumerate(odd))
    summary = fab.ingest([write("t.csv", "tool,area\nE1,Etch\n"), write("q.csv", header + rows)])
    assert (summary.rows, summary.set_aside) == (5, 0)
    result = summary.files[1]
    assert result.rules == {"unreadable_cell": 4}
    assert "left empty: 4 cells" in result.message
    assert {(problem.rule, problem.line) for problem in fab.problems()} == {("unreadable_cell", line) for line in (4, 5)}
    assert next(row for row in fab.risk(as_of="2026-05-05").tools if row.qual_type == "p").status == "act"
    assert [finding for finding in fab.check(deep=True) if not finding.well] == []


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_reading_of_which_only_the_side_is_known_is_kept_as_that_and_is_in_no_mean(fab, write, decimal):
    readings = ["<0.5", "3.5", ">= 500.5", "≤\u00a00.25", "4.5", "> 12", "<"]
    rows = "".join(
        f"E1;p;2026-05-0{n + 1} 10:00:00;{'F' if '>' in reading else 'P'};{reading.replace('.', decimal)};30\n"
        for n, reading in enumerate(readings)
    )
    header = "tool;qual_type;processed_at;passed;reading;upper\n"
    summary = fab.ingest([write("t.csv", "tool,area\nE1,Etch\n"), write("q.csv", header + rows)])
    assert summary.files[1].rules == {"unreadable_cell": 1}
    known = [(row.beyond, row.reading, row.moving_range) for row in fab.readings("E1").readings]
    assert known == [
        ("<", 0.5, None),
        (None, 3.5, None),
        (">", 500.5, None),
        ("<", 0.25, None),
        (None, 4.5, 1.0),
        (">", 12, None),
    ]
    (group,) = fab.stats().groups
    assert (group.n, group.beyond, group.mean, group.min, group.max, group.cpk) == (2, 4, 4.0, 3.5, 4.5, None)
    # Above 500.5 is above 30; above 12 may be below it.
    assert (group.outside, group.failed) == (1, 2)
    marks = [(mark.beyond, mark.reading) for mark in fab.history("E1", as_of="2026-05-09").marks]
    assert marks == [*((side, value) for side, value, _ in known), (None, None)]
    # The same again is the same, and the receipts hold.
    assert fab.ingest(write("again.csv", header + rows + "\n")).files[0].duplicates == 7
    assert [finding for finding in fab.check(deep=True) if not finding.well] == []


def test_where_all_readings_lie_beyond_what_is_measured_there_is_no_mean(fab, write):
    rows = "".join(f"E1,p,2026-05-0{n} 10:00:00,P,<0.5,30\n" for n in (1, 2, 3))
    header = "tool,qual_type,processed_at,passed,reading,upper\n"
    fab.ingest([write("t.csv", "tool,area\nE1,Etch\n"), write("q.csv", header + rows)])
    (group,) = fab.stats().groups
    assert (group.n, group.beyond, group.mean, group.std, group.range, group.outside) == (0, 3, None, None, None, 0)


def test_a_cell_that_is_needed_costs_its_row(fab, write):
    text = "lot,tool,wafers,start_at,end_at\n"
    text += "L1,E1,x,2026-05-01 10:00:00,2026-05-01 11:00:00\nL2,E1,25,noon,2026-05-01 11:00:00\n"
    (result,) = fab.ingest(write("m.csv", text)).files
    assert (result.rows, result.set_aside, result.rules) == (1, 1, {"bad_number": 1, "unreadable_cell": 1})


@pytest.mark.parametrize("sign", [";", "|", "+", "&", " ; "])
def test_a_cell_with_several_chambers_is_a_pass_of_each(fab, write, sign):
    text = "lot,wafer,tool,chamber,end_at\n"
    text += f"L1,W1,E1,A{sign}B,2026-05-01 10:00:00\nL1,W2,E1,A{sign}C{sign}A,2026-05-01 10:01:00\n"
    text += "L1,W3,E1,B,2026-05-01 10:02:00\n"
    quals = "tool,chamber,qual_type,processed_at,passed\n"
    quals += f"E1,A{sign}B{sign}C,p,2026-05-01 09:00:00,P\nE1,A,p,2026-05-01 11:00:00,F\n"
    summary = fab.ingest([write("m.csv", text), write("q.csv", quals)])
    assert summary.set_aside == 0
    rows = {row.chamber: row.wafers for row in fab.risk(as_of="2026-05-01T12:00:00Z").tools if row.qual_type == "p"}
    assert rows == {"*": 3, "A": 2, "B": 2, "C": 1}
    assert {row["wafer"] for row in fab.contain("E1", chamber="A").rows()} == {"W1", "W2"}
    # The same file again is known, and each row is there once.
    assert fab.ingest(write("m.csv", text)).already == 1


def test_a_measurement_of_several_chambers_is_one_of_none(fab, write):
    text = "wafer,tool,chamber,polished_at,after,unit\nW1,E1,P1;P2,2026-05-01 10:00:00,5000,angstrom\n"
    assert fab.ingest(write("x.csv", text)).rows == 1
    fab._lake.pin()
    assert fab._lake.ask("SELECT chamber FROM metrology").fetchall() == [(None,)]


def test_a_separator_at_the_end_of_every_row_is_no_column(fab, write):
    rows = [f"L{n},E1,25,2026-05-01 1{n}:00:00," for n in range(3)]
    (result,) = fab.ingest(write("m.csv", "\n".join(["lot,tool,wafers,end_at", *rows]) + "\n")).files
    assert (result.rows, result.set_aside) == (3, 0)
    assert "one separator more" in result.message
    # In some rows only it is a cell too many: a comma within a name may have shifted the others.
    rows[1] = "L8,E1,25,2026-05-01 11:30:00"
    (result,) = fab.ingest(write("n.csv", "\n".join(["lot,tool,wafers,end_at", *rows]) + "\n")).files
    assert result.rules == {"wrong_column_count": 2}


SENTINELS = {"of all columns": "missing = [-9999]", "of one": "missing = { reading = [-9999], lower = ['x'] }"}


@pytest.mark.parametrize("stated", SENTINELS.values(), ids=SENTINELS.keys())
@pytest.mark.parametrize("cell", ["-9999", "-9999.00", "No Data", "#####", "#N/A", "Bad Input"])
def test_what_stands_for_not_measured_is_no_reading(tmp_path, write, stated, cell):
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text(f"[sources.q]\nfiles = 'q*.csv'\n{stated}\n")
    header = "tool,qual_type,processed_at,passed,reading\n"
    rows = "".join(f"E1,p,2026-05-0{n + 1} 10:00:00,P,{text}\n" for n, text in enumerate(["2", cell, "4"]))
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        summary = fab.ingest([write("t.csv", "tool,area\nE1,Etch\n"), write("q.csv", header + rows)])
        assert (summary.rows, summary.files[1].rules) == (4, {})
        assert fab.stats().groups[0].mean == 3


@pytest.mark.parametrize("cell", ["No Data", "-9999", "-9999.0"])
@pytest.mark.parametrize("pairs", [False, True])
def test_a_sensor_that_has_nothing_to_say_at_first_is_a_sensor(tmp_path, cell, pairs):
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text("[sources.l]\nfiles = '*.log'\nmissing = [-9999]\n")
    cells = [[f"4.{n % 10}", "795.5", cell.replace(" ", "") if n < 300 else f"9.{n % 10}"] for n in range(450)]
    names = ["Pressure", "Power", "Helium"]
    stamps = [f"2026-05-01T10:{n // 60:02d}:{n % 60:02d}Z" for n in range(450)]
    if pairs:
        lines = [
            f"{at} wafer=W1 " + " ".join(map("=".join, zip(names, row, strict=True)))
            for at, row in zip(stamps, cells, strict=True)
        ]
    else:
        lines = [
            "time,wafer,Pressure,Power,Helium",
            *(f"{at},W1,{','.join(row)}" for at, row in zip(stamps, cells, strict=True)),
        ]
    (tmp_path / "E1.log").write_text("\n".join(lines) + "\n")
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        (result,) = fab.ingest(tmp_path / "E1.log").files
        assert (result.rows, result.rules) == (450, {})
        stats = {row.sensor: row for row in fab.sensor_stats().groups}
        assert (stats["Helium"].n, stats["Helium"].min) == (150, 9.0)


@pytest.mark.parametrize("separator", ["\t", ";", " "])
@pytest.mark.parametrize("pairs", [False, True])
def test_decimal_commas_of_logs_are_no_separators(tmp_path, fab, separator, pairs):
    rows = [(f"2026-05-01T10:00:0{n}Z", f"4,9{n}", f"79{n},00") for n in range(5)]
    if pairs:
        lines = [separator.join([at, f"wafer=W1{separator}Pressure={p}", f"Power={w}"]) for at, p, w in rows]
    else:
        lines = [separator.join(cells) for cells in [("time", "Pressure", "Power"), *rows]]
    (tmp_path / "E1.log").write_text("\n".join(lines) + "\n")
    assert fab.ingest(tmp_path / "E1.log").files[0].rows == 5
    stats = {row.sensor: row.mean for row in fab.sensor_stats().groups}
    assert stats == {"Pressure": pytest.approx(4.92), "Power": pytest.approx(792)}


TALL = ["time,tag,value", "_time,_field,_value", "Date;Time;TagIndex;Value", "time,wafer,parameter,val"]


@pytest.mark.parametrize("header", TALL)
def test_a_table_with_one_value_a_row_is_called_that_and_never_one_sensor(tmp_path, fab, header):
    sign = ";" if ";" in header else ","
    width = header.count(sign) + 1
    rows = []
    for n in range(20):
        cells = ["2026-05-01", f"10:00:{n:02d}"] if width == 4 and sign == ";" else [f"2026-05-01T10:00:{n:02d}Z"]
        cells += ["W1"] * (width - len(cells) - 2) + [str(n % 2), f"{n}.5"]
        rows.append(sign.join(cells))
    (tmp_path / "x.csv").write_text("\n".join([header, *rows]) + "\n")
    (result,) = fab.ingest(tmp_path / "x.csv").files
    assert (result.status, result.rules) == ("failed", {"tall_table": 1})
    assert "one value a row" in result.message


def test_bytes_that_are_no_text_cost_their_row_and_not_the_file(tmp_path, fab):
    names = pa.Array.from_buffers(pa.string(), 2, pa.array([b"W1", b"\xff\xfe"], pa.binary()).buffers())
    at = [datetime(2026, 5, 1, 10)] * 2
    pq.write_table(
        pa.table({"lot": ["L1", "L1"], "wafer": names, "tool": ["E1", "E1"], "end_at": at}), tmp_path / "m.parquet"
    )
    (result,) = fab.ingest(tmp_path / "m.parquet").files
    assert (result.rows, result.rules) == (1, {"bad_encoding": 1})


@pytest.mark.parametrize("stated", ["missing = [-1]", "missing = { end_at = ['-1'], start_at = [-1] }"])
def test_a_sentinel_among_times_is_no_time_and_the_zone_is_still_asked_for(tmp_path, write, stated):
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text(f"[sources.m]\n{stated}\n")
    text = "lot,tool,wafers,start_at,end_at\nL1,E1,25,-1,2026-05-01 10:00:00\n"
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        (result,) = fab.ingest(write("m.csv", text)).files
        assert (result.rows, result.rules) == (1, {})
        assert "without a zone" in result.message


def test_equal_readings_of_one_file_are_of_as_many_sites_and_those_of_another_are_the_same(fab, write):
    header = "wafer,tool,polished_at,incoming,after,seconds,unit\n"
    rows = [f"W1,E1,2026-05-01 10:00:00,9000,{after},100,angstrom\n" for after in (5000, 5400, 5000, 5000)]
    assert fab.ingest(write("a.csv", header + "".join(rows))).rows == 4
    again = fab.ingest(write("b.csv", header + "".join(reversed(rows))))
    assert (again.rows, again.duplicates) == (0, 4)
    fab._lake.pin()
    assert fab._lake.ask("SELECT count(*), avg(after) FROM metrology").fetchall() == [(4, 5100.0)]
    assert [round(group.rate) for group in fab.rates().groups] == [39]
    # With its name a site is one, however often it is written.
    named = [f"W2,E1,2026-05-01 10:00:00,9000,{after},100,angstrom,1\n" for after in (5000, 5000)]
    assert fab.ingest(write("c.csv", header.replace("unit", "unit,site") + "".join(named))).rows == 1


def test_bytes_that_are_no_text_beside_several_chambers_cost_their_row(tmp_path, fab):
    names = pa.Array.from_buffers(pa.string(), 2, pa.array([b"A;B", b"\xff\xfe"], pa.binary()).buffers())
    columns = {"lot": ["L1", "L1"], "wafer": ["W1", "W2"], "tool": ["E1", "E1"], "chamber": names}
    pq.write_table(pa.table({**columns, "end_at": [datetime(2026, 5, 1, 10)] * 2}), tmp_path / "m.parquet")
    (result,) = fab.ingest(tmp_path / "m.parquet").files
    assert (result.rows, result.rules) == (2, {"bad_encoding": 1})


MANY = 12_000
"""More rows than the first ones, by which most columns show how they are read."""


@pytest.mark.parametrize(("telling", "first"), [("1.250,5", 1234.0), ("1,250.5", 1.234)])
def test_what_a_column_is_is_told_by_all_of_its_rows_and_not_the_first(fab, write, telling, first):
    fab.ingest(write("tools.csv", "tool,area\nE1,A\n"))
    rows = [f"E1;thk;2026-05-01 {n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d};PASS;1.234" for n in range(MANY)]
    rows[-1] = rows[-1].replace("1.234", telling)
    (result,) = fab.ingest(write("q.csv", "\n".join(["tool;qual_type;processed_at;result;reading", *rows]) + "\n")).files
    assert (result.rows, result.rules) == (MANY, {})
    assert sorted({row.reading for row in fab.readings(tool="E1").readings}) == sorted([first, 1250.5])


def test_the_order_of_day_and_month_is_told_by_all_rows_or_asked_for(fab, write):
    head = "lot,tool,wafers,end_at"
    rows = [f"L{n},E1,25,0{1 + n % 9}/0{1 + n // 9 % 9}/2025 10:00:00" for n in range(MANY)]
    (result,) = fab.ingest(write("asked.csv", "\n".join([head, *rows]) + "\n")).files
    assert result.status == "inbox"
    assert "day or month first" in result.message
    (result,) = fab.ingest(write("told.csv", "\n".join([head, *rows, "L,E1,25,31/05/2025 10:00:00"]) + "\n")).files
    assert (result.rows, result.rules) == (MANY + 1, {})
    assert fab.sql("SELECT min(end_at) AS early FROM moves").early[0] == datetime(2025, 1, 1, 10)
    assert fab.sql("SELECT count(*) AS n FROM moves WHERE month(end_at) = 5 AND day(end_at) = 31").n[0] == 1


def test_a_comma_far_down_that_reads_in_two_ways_is_no_number_where_none_above_it_had_any(fab, write, tmp_path):
    fab.ingest(write("tools.csv", "tool,area\nE1,A\n"))
    rows = [f"E1;thk;2026-05-01 {n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d};PASS;12" for n in range(MANY)]
    rows[-1] = rows[-1].replace(";12", ";1,234")
    (result,) = fab.ingest(write("q.csv", "\n".join(["tool;qual_type;processed_at;result;reading", *rows]) + "\n")).files
    assert (result.rows, result.rules) == (MANY, {"unreadable_cell": 1})
    assert {row.reading for row in fab.readings(tool="E1").readings} == {12}
    lines = [f"2026-05-01T10:{n // 60:02d}:{n % 60:02d}Z\t{n}\t5" for n in range(900)]
    lines[800] = lines[800].replace("\t5", "\t5,012")
    (tmp_path / "a.log").write_text("time\tFlow\tPressure\n" + "\n".join(lines) + "\n")
    (result,) = fab.ingest(tmp_path / "a.log").files
    assert (result.rows, result.rules) == (899, {"bad_number": 1})
