"""Every dialect of a tool log by its cases: a log, and what is to be understood of it, as data that can be added to."""

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fabwatch.sources.opening import Document, inspect
from fabwatch.sources.toollog.recognising import open_log
from fabwatch.terms.clock import iso
from fabwatch.terms.settings.files import SourceSettings
from tests.fabs import new_fab

pytestmark = pytest.mark.unit

CASES = sorted((Path(__file__).parent.parent / "cases" / "toollog").glob("*.log"))
LATEST = datetime(2027, 1, 1)


def moment(seconds, dated):
    return iso(datetime.fromtimestamp(round(seconds, 6), UTC).replace(tzinfo=None)) if dated else round(seconds, 9)


def read(path, chunk=None):
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    document = Document(path)
    log = open_log(document, inspect(document), SourceSettings(**expected.get("settings", {})))
    batches = list(log.batches(LATEST))
    rows = [row for batch in batches for row in batch.samples.to_pylist()]
    messages = [message for batch in batches for message in batch.messages]
    return log, expected, rows, messages, [problem for batch in batches for problem in batch.problems]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_log_is_understood_as_its_case_says(path):
    log, expected, rows, messages, problems = read(path)
    assert log.dialect == expected["dialect"]
    columns = {column.name: column for column in log.layout.columns}
    for name, wanted in expected["columns"].items():
        assert {key: getattr(columns[name], key) for key in wanted} == wanted, name
    parts = [{**part.keys, "rows": part.rows} for part in log.parts]
    assert [{key: part[key] for key in wanted} for part, wanted in zip(parts, expected["runs"], strict=True)] == expected[
        "runs"
    ]
    for row, wanted in zip(rows, expected["rows"], strict=False):
        seen = {**row, "t": None if row["t"] is None else moment(row["t"], log.dated)}
        assert {key: seen[key] for key in wanted} == wanted
    assert len(rows) >= len(expected["rows"])
    assert sum(part["rows"] for part in parts) == len(rows)
    assert len(messages) == expected["messages"]
    for timed, wanted in zip(messages, expected.get("said", ()), strict=bool(expected.get("said"))):
        seen = {"kind": timed.message.kind, "code": timed.message.code, "text": timed.message.text}
        if "t" in wanted:
            seen["t"] = moment(timed.seconds, dated=True)
        assert {key: seen[key] for key in wanted} == wanted
    assert len(problems) == expected["set_aside"]
    assert [problem.rule.code for problem in problems] == expected.get("rules", [])
    if "offsets" in expected:
        assert [row["byte_offset"] for row in rows] == expected["offsets"]


@pytest.mark.parametrize("path", [path for path in CASES if path.stem != "utf16"], ids=lambda path: path.stem)
def test_each_row_lies_where_its_place_says(path):
    _log, _, rows, messages, problems = read(path)
    content = path.read_bytes()
    lines = dict(_lines(content))
    places = [row["byte_offset"] for row in rows] + [timed.message.byte_offset for timed in messages]
    places += [problem.byte_offset for problem in problems]
    assert len(set(places)) == len(places)
    assert set(places) <= lines.keys()
    for problem in problems:
        assert lines[problem.byte_offset].decode().strip() == problem.raw.strip()
        assert content[: problem.byte_offset].count(b"\n") + 1 == problem.line


def _lines(content):
    offset = 0
    for line in content.splitlines(keepends=True):
        yield offset, line
        offset += len(line)


LABVIEW = (Path(__file__).parent.parent / "cases" / "toollog" / "labview.log").read_bytes()
SEGMENT = LABVIEW[LABVIEW.index(b"\t\r\nChannels") :]


@pytest.mark.parametrize(
    ("content", "why", "way_out"),
    [
        (LABVIEW + SEGMENT, "a second measurement begins", "a file of its own"),
        (LABVIEW.replace(b"X_Value\tPressure", b"Pressure\tP2"), "without a column of time", "X_Columns One"),
        (LABVIEW.replace(b"X_Dimension\tTime", b"X_Dimension\tFrequency"), "without a column of time", "X_Columns One"),
        (LABVIEW.replace(b"\r\n0,000000\t", b"\r\n3786825600,5\t"), "seconds since 1904", "Time_Pref Relative"),
        (LABVIEW.replace(b"X_Columns\tMulti", b"X_Columns\tNo"), "without a column of time", "X_Columns One"),
        (re.sub(rb"\r\n[01],\d+\t", rb"\r\n\t", LABVIEW), "without a column of time", "X_Columns One"),
        (LABVIEW[: LABVIEW.index(b"X0")], "without the ends of its two headers", "X_Columns One"),
    ],
    ids=["two", "no time", "frequency", "1904", "said no time", "empty time", "cut"],
)
def test_a_measurement_file_that_is_not_read_says_how_to_write_it(fab, tmp_path, content, why, way_out):
    (tmp_path / "m.lvm").write_bytes(content)
    (result,) = fab.ingest(tmp_path / "m.lvm").files
    assert (result.status, result.rows) == ("failed", 0)
    assert why in result.message
    assert way_out in result.message


@pytest.mark.parametrize("sign", [b"", b"|", b"comma", b"Decimal_Separator"])
def test_a_measurement_file_with_an_odd_decimal_sign_is_read_number_by_number(fab, tmp_path, sign):
    (tmp_path / "m.lvm").write_bytes(LABVIEW.replace(b"Decimal_Separator\t,", b"Decimal_Separator\t" + sign))
    (result,) = fab.ingest(tmp_path / "m.lvm").files
    assert (result.status, result.rows) == ("loaded", 3), result


def test_numbers_of_a_log_that_read_in_two_ways_are_asked_for(tmp_path):
    for number in range(2):
        rows = "".join(f"2026-05-01T10:00:0{n}Z\t{n}00\t5,01{n}\n" for n in range(1, 5))
        (tmp_path / f"{number}.log").write_text("time\tFlow\tPressure\n" + rows)
    with new_fab(tmp_path / "asked") as fab:
        (result,) = fab.ingest(tmp_path / "0.log").files
        assert result.status == "inbox"
        assert "'5,011' a decimal or a thousands comma" in result.message
    document = Document(tmp_path / "1.log")
    for sign, first in ((",", 5.011), (".", 5011.0)):
        log = open_log(document, inspect(document), SourceSettings(decimal=sign))
        (batch,) = log.batches(LATEST)
        assert batch.samples.column("Pressure").to_pylist()[0] == first


def test_a_measurement_file_has_a_cell_for_a_comment_only_where_there_is_one(tmp_path):
    read_as = []
    for name, content in (("a", LABVIEW), ("b", LABVIEW.replace(b"000000\t\r\n", b"000000\r\n"))):
        (tmp_path / f"{name}.lvm").write_bytes(content)
        document = Document(tmp_path / f"{name}.lvm")
        (batch,) = open_log(document, inspect(document), SourceSettings()).batches(LATEST)
        assert not batch.messages
        read_as.append(batch.samples.drop(["byte_offset"]).to_pylist())
    assert read_as[0] == read_as[1]
    assert [row["Comment"] for row in read_as[0]] == [None, "spark", None]


TURNS = "\n".join(
    f"{name}\t{one}\t{name}\t{two}" for name, one, two in (("Name", "a", "b"), ("Port", 1, 2), ("Unit", "V", "V"))
)


@pytest.mark.parametrize(
    ("text", "why", "way_out"),
    [
        (
            TURNS + "\n\n0\t1,5\t0\t2,5\n1\t1,5\t0,2\t2,5\n2\t1,5\t0,4\t2\n",
            "a column of time of its own",
            "one column of time",
        ),
        (
            "VarName;TimeString;VarValue\nP;01.05.2026 10:00:00;12,5\nT;01.05.2026 10:00:00;380,25\n",
            "one value a row",
            "wide",
        ),
        ('"Sensor ID","Value","Time"\n"P",1.5,"2026-05-01 10:00"\n"T",2.5,"2026-05-01 10:00"\n', "one value a row", "wide"),
        (
            "#g,1,1,1,1\n,res,table,_time,_value,_field,host\n,,0,2026-05-01T10:00:00Z,3,p,h\n,,0,2026-05-01T10:00:10Z,4,p,h\n",
            "one value a row",
            "wide",
        ),
    ],
    ids=["pairs", "historian", "sensor", "annotated"],
)
def test_a_log_of_a_shape_that_is_not_read_says_what_shape_would_be(fab, tmp_path, text, why, way_out):
    (tmp_path / "x.csv").write_text(text)
    (result,) = fab.ingest(tmp_path / "x.csv").files
    assert (result.status, result.rows) == ("failed", 0), result
    assert why in result.message
    assert way_out in result.message


def test_a_question_about_a_log_is_answered_as_a_log(tmp_path):
    """Which kind it is was known before its first row was read: the suggestion does not make a table of it."""
    (tmp_path / "x.csv").write_text("Logged on,Pressure,Power\n03-04-2026 10:00:00,1.5,7\n03-05-2026 10:00:01,1.25,8\n")
    with new_fab(tmp_path / "fab") as fab:
        (result,) = fab.ingest(tmp_path / "x.csv").files
        assert (result.kind, result.status) == ("log", "inbox")
        stated = tomllib.loads(result.suggestion)["sources"]["x"]
        assert (stated["kind"], stated["time_format"]) == ("log", "%d-%m-%Y %H:%M:%S")


def test_a_file_of_events_with_two_times_is_no_log(fab, tmp_path):
    rows = "".join(f"{n},2026-05-01 10:00:0{n},2026-05-01 10:00:1{n},{n}\n" for n in range(5))
    (tmp_path / "x.csv").write_text("number,from,to,size\n" + rows)
    (result,) = fab.ingest(tmp_path / "x.csv").files
    assert result.status == "inbox"


def test_a_table_that_only_lacks_the_name_of_its_time_is_no_log(fab, tmp_path):
    rows = "".join(f"E1,thk,2026-05-0{n} 10:00:00,PASS,1.5,2.5\n" for n in range(1, 6))
    (tmp_path / "x.csv").write_text("tool,qual_type,moment,result,reading,upper\n" + rows)
    (result,) = fab.ingest(tmp_path / "x.csv").files
    assert (result.kind, result.status) == ("quals", "inbox")
    assert 'processed_at = "moment"' in result.suggestion


@pytest.mark.parametrize(
    ("header", "rows", "names"),
    [
        ("time,P", "{n},5.{n},OK", None),
        ("time,P", "2026-05-01 10:00:0{n},5.{n},OK", ["time", "P", "column 3"]),
        ("time,P", "{n},2026-05-01 10:00:0{n},5.{n}", ["column 1", "time", "P"]),
        ("P,Q", "2026-05-01 10:00:0{n},5.{n},6", ["column 1", "P", "Q"]),
        ("tool,time,P", "E{n},2026-05-01 10:00:0{n},5.{n},OK", ["tool", "time", "P", "column 4"]),
        ("time,P", "0.{n},5.{n},OK", ["time", "P", "column 3"]),
    ],
)
def test_a_cell_without_a_name_is_at_the_end_where_the_times_say_so_or_nowhere(tmp_path, header, rows, names):
    (tmp_path / "x.log").write_text("\n".join([header, *(rows.format(n=n) for n in range(1, 6))]) + "\n")
    document = Document(tmp_path / "x.log")
    log = open_log(document, inspect(document), SourceSettings())
    assert (log and [column.name for column in log.layout.columns]) == names


@pytest.mark.parametrize("header", ["when,what,reading", "time,what,P"])
def test_one_reading_beside_words_may_be_of_anything_and_is_asked_for(fab, tmp_path, header):
    rows = "".join(f"2026-05-01 10:00:0{n},W1,5.{n}\n" for n in range(5))
    (tmp_path / "x.log").write_text(f"{header}\n{rows}")
    assert fab.ingest(tmp_path / "x.log").files[0].status == "inbox"
