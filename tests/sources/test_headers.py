"""Headers as people's programs write them: over several lines, with units in brackets or below, repeated; and totals."""

import pytest

from fabwatch.sources.kinds import compact_names

ROWS = ["L1,E1,25,2026-05-01T10:00:00Z", "L2,E1,20,2026-05-01T11:00:00Z"]


def lots(fab):
    frame = fab.sql("SELECT lot, wafers FROM moves ORDER BY lot")
    return list(zip(frame.lot, frame.wafers, strict=True))


@pytest.mark.parametrize(
    ("head", "end"),
    [
        (["lot,tool,wafers,end_at"], []),
        (['lot,tool,wafers,"end', 'at"'], []),
        (['"lot","tool","wafers","end', "", 'at"'], []),
        (['Report for 8" wafers', "", "lot,tool,wafers,end_at"], []),
        (['"Report of the', 'night shift"', "lot,tool,wafers,end_at"], []),
        (['"Report, never closed', "lot,tool,wafers,end_at"], []),
        (["sep=,", "lot,tool,wafers,end_at"], []),
        (["lot,tool,wafers (pcs),end_at (UTC)"], []),
        (["# lots of May", "lot,tool,wafers,end_at", "# a comment"], []),
        (["lot,tool,wafers,end_at"], ["", "lot,tool,wafers,end_at"]),
        (['lot,tool,wafers,"end', 'at"'], ['lot,tool,wafers,"end', 'at"']),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_header_is_found_wherever_it_stands_and_however_many_lines_it_takes(fab, write, head, end, line_end):
    (result,) = fab.ingest(write("m.csv", line_end.join([*head, *ROWS, *end]) + line_end)).files
    assert (result.status, result.rows, result.set_aside) == ("loaded", 2, 0), result
    assert lots(fab) == [("L1", 25), ("L2", 20)]


def test_totals_and_footers_are_set_aside_as_what_they_are(fab, write):
    (result,) = fab.ingest(write("m.csv", "\n".join(["lot,tool,wafers,end_at", *ROWS, "Total,,45,", "2 rows"]) + "\n")).files
    assert (result.rows, result.rules) == (2, {"missing_value": 1, "wrong_column_count": 1})
    assert lots(fab) == [("L1", 25), ("L2", 20)]


QUAL = "E1,thk,2026-05-01T10:00:00Z,PASS,1.5,5"


@pytest.mark.parametrize(
    "lines",
    [
        ["tool,qual_type,processed_at,result,reading [nm],upper (nm)", QUAL],
        ["tool,qual_type,processed_at,result,reading,upper", ",,,,nm,nm", QUAL],
        ["tool,qual_type,processed_at,result,reading,upper", ",,,,[nm],", QUAL],
        ["tool,qual_type,processed_at,result,reading,upper,unit", QUAL + ",nm"],
    ],
    ids=["brackets", "below", "below in brackets", "column"],
)
def test_the_unit_of_a_reading_is_read_wherever_it_is_said(fab, write, lines):
    fab.ingest(write("tools.csv", "tool,area\nE1,Etch\n"))
    (result,) = fab.ingest(write("q.csv", "\n".join(lines) + "\n")).files
    assert (result.status, result.rows, result.set_aside) == ("loaded", 1, 0), result
    (reading,) = fab.readings(tool="E1").readings
    assert (reading.reading, reading.unit, reading.upper) == (1.5, "nm", 5)


def test_two_units_in_one_file_are_asked_about_and_durations_in_minutes_are_no_seconds(fab, write):
    head = "wafer,tool,polished_at,Pre Thickness (nm),Post Thickness (um)"
    (result,) = fab.ingest(write("m.csv", head + "\nW1,CMP-1,2026-05-01T10:00:00Z,900,0.5\n")).files
    assert result.status == "inbox"
    assert "Pre Thickness (nm)" in result.message
    assert "one file has one unit" in result.message
    head = "wafer,tool,polished_at,Pre Thickness (nm),Post Thickness (nm),Polish Time (min)"
    (result,) = fab.ingest(write("n.csv", head + "\nW1,CMP-1,2026-05-01T10:00:00Z,900,500,1.5\n")).files
    assert "not used: Polish Time (min)" in result.message


def test_a_first_row_of_names_that_look_like_units_is_a_row(fab, write):
    (result,) = fab.ingest(write("tools.csv", "tool,area\nA,W\nB,nm\n")).files
    assert result.rows == 2


@pytest.mark.parametrize("cell", ['="{}"', '"=""{}"""', "'{}'", "'{}"])
def test_what_keeps_a_spreadsheet_from_changing_a_cell_is_no_part_of_it(fab, write, cell):
    rows = ["0012,E1,25,2026-05-01 10:00:00", "0013,E1,20,2026-05-01 11:00:00"]
    rows = [",".join(cell.format(part) for part in row.split(",")) for row in rows]
    (result,) = fab.ingest(write("m.csv", "\n".join(["lot,tool,wafers,end_at", *rows]) + "\n")).files
    assert (result.rows, result.set_aside) == (2, 0)
    assert "end_at without a zone" in result.message
    assert lots(fab) == [("0012", 25), ("0013", 20)]


def test_an_apostrophe_that_is_not_before_every_name_is_part_of_it(fab, write):
    fab.ingest(write("m.csv", "lot,tool,wafers,end_at\n'L1,E1,25,2026-05-01T10:00:00Z\nL2,E1,20,2026-05-01T11:00:00Z\n"))
    assert lots(fab) == [("'L1", 25), ("L2", 20)]


@pytest.mark.parametrize("below", ["", "nm", "nm,", "]]", ",,,,,,,nm", '"nm', ",,nm,,"])
def test_a_line_below_the_header_that_is_short_or_odd_costs_itself_alone(fab, write, below):
    (result,) = fab.ingest(write("m.csv", "\n".join(["lot,tool,wafers,end_at", below, *ROWS]) + "\n")).files
    assert (result.status, result.rows) == ("loaded", 2), result
    assert lots(fab) == [("L1", 25), ("L2", 20)]


@pytest.mark.parametrize(
    "head", ["lotID,machineID,waferQty,trackOutTime", "Lot-Id,EqpID,N.Wafers,ENDTIME", "LotName,toolID,numWafers,Job End"]
)
def test_a_name_is_the_same_with_separators_capitals_or_neither(fab, write, head):
    (result,) = fab.ingest(write("m.csv", "\n".join([head, *ROWS]) + "\n")).files
    assert (result.status, result.rows, result.set_aside) == ("loaded", 2, 0), result
    assert lots(fab) == [("L1", 25), ("L2", 20)]


def test_a_name_that_would_mean_two_columns_without_its_separators_means_none():
    assert compact_names({"a_bc": "one", "ab_c": "two", "d_e": "one", "de": "one"}) == {"de": "one"}


@pytest.mark.parametrize(
    ("text", "why", "way_out"),
    [
        ('"lot,tool,wafers,end_at"\n"L1,E1,25,2026-05-01 10:00"\n', "one cell in quotes", "sed"),
        ('"lot;""tool"";wafers"\n"L1;""E1"";25"\n', "one cell in quotes", "sed"),
        ('"lot" "tool" "end_at"\n"1" "L1" "E1" "2026-05-01 10:00"\n', "separated by blanks", 'sep = ","'),
        ("lot   tool   wafers  end_at\nL1    E1     25      2026-05-01 10:00\n", "fixed width", "Fixed width"),
    ],
)
def test_columns_that_no_separator_shows_are_called_that_with_a_way_out(fab, write, text, why, way_out):
    (result,) = fab.ingest(write("m.csv", text)).files
    assert (result.status, result.rows) == ("failed", 0)
    assert why in result.message
    assert way_out in result.message


def test_taking_the_quotes_off_each_line_is_a_way_out(fab, write):
    """What the hint says, done by hand: as sed takes off both quotes and halves the others."""
    lines = ['"lot,tool,wafers,end_at"', '"L1,""E1, left"",25,2026-05-01 10:00"', '"L2,E1,20,2026-05-01 11:00"']
    text = "\n".join(line[1:-1].replace('""', '"') for line in lines) + "\n"
    (result,) = fab.ingest(write("m.csv", text)).files
    assert (result.rows, result.set_aside) == (2, 0)
    assert set(fab.sql("SELECT tool FROM moves").tool) == {"E1, left", "E1"}


def test_a_text_of_one_column_is_not_called_lined_up(fab, write):
    (result,) = fab.ingest(write("m.csv", "lot\nL1\nL2\n")).files
    assert (result.status, "fixed width" in result.message) == ("inbox", False)


def test_a_quote_after_a_blank_opens_a_cell(fab, write):
    rows = ['"L1", "E1, left", 25, 2026-05-01 10:00', 'L2, "E1, left", 20, "2026-05-01 11:00"']
    (result,) = fab.ingest(write("m.csv", "\n".join(['lot, "tool", wafers, "end_at"', *rows]) + "\n")).files
    assert (result.status, result.rows, result.set_aside) == ("loaded", 2, 0), result
    assert set(fab.sql("SELECT tool FROM moves").tool) == {"E1, left"}


@pytest.mark.parametrize("names", [("1", "2"), ("0", "1"), ('"1"', '"2"')])
def test_names_of_rows_that_the_header_leaves_out_shift_no_column(fab, write, names):
    rows = [f"{name},{row}" for name, row in zip(names, ROWS, strict=True)]
    (result,) = fab.ingest(write("m.csv", "\n".join(["lot,tool,wafers,end_at", *rows]) + "\n")).files
    assert (result.status, result.rows, result.set_aside) == ("loaded", 2, 0), result
    assert "not used: a column without a name" in result.message
    assert lots(fab) == [("L1", 25), ("L2", 20)]


@pytest.mark.parametrize("names", [("7", "9"), ("x", "y"), ("1", "x")])
def test_a_cell_too_many_that_is_no_name_of_a_row_costs_its_row(fab, write, names):
    rows = [f"{name},{row}" for name, row in zip(names, ROWS, strict=True)]
    (result,) = fab.ingest(write("m.csv", "\n".join(["lot,tool,wafers,end_at", *rows]) + "\n")).files
    assert (result.rows, result.rules) == (0, {"wrong_column_count": 2})


def test_a_cell_too_many_at_the_end_is_not_made_up_for_at_the_begin(fab, write):
    (result,) = fab.ingest(write("tools.csv", "tool,area\n1,Etch,old\n2,Litho,new\n")).files
    assert (result.rows, result.rules) == (0, {"wrong_column_count": 2})
