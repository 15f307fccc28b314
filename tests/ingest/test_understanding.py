"""A file is understood once: what a dry run shows is what the load carries out, and what is no table is filed as none."""

import gzip
import random
import tomllib
import zipfile

import pytest

from fabwatch.cli.tables import files
from fabwatch.ingest.reading import Desk, Find, Understand
from fabwatch.ingest.summary import IngestSummary
from fabwatch.sources import reading
from fabwatch.sources.foreign import foreign
from fabwatch.sources.header import recognise
from fabwatch.terms.settings import Settings
from tests.made_logs import log_of

MOVES = "lot,wafer,tool,chamber,step,step_no,route,end_at\nL1,W1,E1,A,S1,1,R,2026-05-01T10:00:00Z\n"
ODD = "tool,lot,wafers,timestamp\nE1,L1,25,2026-05-01 10:00:00\n"
NAMELESS = "alpha,beta\nx,y\n"
AMBIGUOUS = "tool,lot,wafers,end_at\nE1,L1,25,03/04/2026 10:00\n"
LOG = log_of(["W1", "W2", "W3"], seconds=4)
EXE = b"MZ\x90\0\x03\0\0\0" + bytes(range(256)) * 8
NOISE = random.Random(7).randbytes(9000)
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + NOISE
TIFF = b"II*\0" + bytes(4000)


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content", [EXE, NOISE, JPEG, TIFF, b"\xff\xfe" + NOISE], ids=["exe", "noise", "jpeg", "tiff", "bom"]
)
@pytest.mark.parametrize("kind", [None, "log", "moves"])
def test_what_is_neither_text_nor_a_table_has_no_kind_and_a_way_out(fab, tmp_path, content, kind):
    path = written(tmp_path, "setup.bin", content)
    looked, loaded = fab.ingest(path, kind=kind, dry_run=True), fab.ingest(path, kind=kind)
    for summary in (looked, loaded):
        (file,) = summary.files
        assert (file.kind, file.status, file.suggestion) == (None, "failed", None)
        assert "neither text nor a table" in file.message
        assert "hint: export the data as CSV, TSV, Excel or Parquet" in file.message
    (problem,) = fab.problems()
    assert (problem.rule, problem.kind) == ("unreadable", None)
    assert "'FOLDER/*.csv'" in problem.hint
    assert fab.loads()[0].kind is None
    assert fab.inbox() == []


def test_a_workbook_is_refused_with_what_to_save_it_as(fab, tmp_path):
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    (file,) = fab.ingest(tmp_path / "book.xlsx").files
    assert (file.kind, file.status) == (None, "failed")
    assert "save each sheet as CSV" in file.message


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"FileVersion 1 2;\nFileTimestamp 05-01-26 10:00:00;\n", "no wafer stands whole in this KLARF file"),
        (b'\nRecord FileRecord  "1.8"\n{\n', "no wafer stands whole in this KLARF file"),
        (b"\x02\x00\x00\x0a\x02\x04\x19\x00\x01\x0a", "no part stands whole in this STDF file"),
        (b"\x00\x02\x00\x0a\x01\x04", "no part stands whole in this STDF file"),
        (b"FAR:A|4|2|U\nMIR:L1|X\n", "an ATDF file"),
        (b"TDSm\x0e\x00\x00\x00", "a TDMS file"),
        (b'<?xml version="1.0"?><Map/>', "no die stands whole in it"),
        (b"\xef\xbb\xbf<!DOCTYPE html>\n<table>", "a web page"),
        (b'[{"tool": "E1", "lot": "L1"}]', "a JSON file"),
        (b'{"tool": "E1"}\n{"tool": "E2"}\n', "a JSON file"),
        (b"\x89HDF\r\n\x1a\n\x00", "an HDF5 file"),
        (b"BZh91AY&SY\x00", "damaged packing"),
    ],
)
def test_what_is_not_read_yet_or_never_is_said_as_that(fab, tmp_path, start, kind):
    (tmp_path / "x.dat").write_bytes(start + b"\n" * 9)
    (file,) = fab.ingest(tmp_path / "x.dat").files
    assert (file.status, file.suggestion) == ("failed", None)
    assert kind in file.message
    assert "hint: " in file.message


@pytest.mark.parametrize("text", ["[2026-05-01 10:00:00] p=1 q=2\n", "{tool},b\n1,2\n", "Record,tool\n", "<PM1> up\n"])
def test_a_text_that_only_begins_alike_is_no_file_of_another_kind(text):
    assert foreign(text.encode()) is None


@pytest.mark.parametrize("text", [MOVES, LOG, "°C;µm\n1;2\n", "\ufeff" + MOVES])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "cp1252"])
def test_text_is_text_in_any_encoding(text, encoding):
    assert foreign(text.encode(encoding, errors="replace")) is None


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("m.csv", MOVES, None),
        ("a.log", LOG, None),
        ("a.log", LOG, "log"),
        ("m.csv", MOVES, "log"),
        ("odd.csv", ODD, None),
        ("x.csv", NAMELESS, None),
        ("d.csv", AMBIGUOUS, None),
        ("e.csv", "", None),
        ("z.log.gz", gzip.compress(LOG.encode()), None),
    ],
)
def test_a_dry_run_says_what_the_load_then_does(fab, tmp_path, name, text, kind):
    path = written(tmp_path, name, text)
    (looked,) = fab.ingest(path, kind=kind, dry_run=True).files
    assert fab.loads() == []
    assert fab.problems() == []
    (loaded,) = fab.ingest(path, kind=kind).files
    assert looked.status.replace("would load", "loaded") == loaded.status
    assert (looked.kind, looked.suggestion) == (loaded.kind, loaded.suggestion)
    if loaded.status != "loaded":
        assert looked.message == loaded.message
        assert "hint:" in looked.message


def test_a_file_that_is_stated_to_be_a_log_and_is_none_gets_no_mapping_of_moves(fab, tmp_path):
    (file,) = fab.ingest(written(tmp_path, "m.csv", MOVES), kind="log").files
    assert (file.kind, file.status) == ("log", "inbox")
    assert 'kind = "log"' in file.suggestion
    assert "this is not a tool log" in file.message


def test_a_dry_run_of_a_log_shows_dialect_columns_runs_rows_and_five_of_them(fab, tmp_path, capsys):
    (file,) = fab.ingest(written(tmp_path, "a.log", LOG), dry_run=True).files
    assert (file.kind, file.status, file.suggestion) == ("log", "would load", None)
    guess = file.guess
    assert (guess["dialect"], guess["runs"], guess["rows"], len(guess["sample"])) == ("delimited", 3, 120, 5)
    roles = {column["name"]: column["role"] for column in guess["columns"]}
    expected = {"time": "time", "wafer": "wafer", "Pressure": "sensor", "Pressure_SP": "setpoint"}
    assert expected.items() <= roles.items()
    assert guess["sample"][0]["t"] == "2026-03-01T00:00:00Z"
    fab.ingest(tmp_path / "a.log")
    assert [run.rows for run in fab.runs().runs] == [40, 40, 40]
    capsys.readouterr()
    files.ingested(IngestSummary((file,)), tmp_path / "fab", as_json=False, dry_run=True)
    shown = capsys.readouterr().err
    assert "delimited, utf-8, separator ','" in shown
    assert "Pressure: sensor" in shown
    assert "3 runs, 120 rows, 0 messages, 0 set aside" in shown
    (again,) = fab.ingest(tmp_path / "a.log", dry_run=True).files
    assert again.status == "already"


@pytest.mark.parametrize(("text", "name"), [(MOVES, "m.csv"), (LOG, "a.log"), (ODD, "odd.csv"), (AMBIGUOUS, "d.csv")])
def test_a_header_is_recognised_once_a_file(tmp_path, monkeypatch, text, name):
    seen = []

    def counting(cells, *more):
        seen.append(tuple(cells))
        return recognise(cells, *more)

    monkeypatch.setattr(reading, "recognise", counting)
    # What the process does in which the file is read.
    desk, settings = Desk(), Settings()
    (candidate,) = Find(written(tmp_path, name, text), settings, None).run(desk)
    assert list(Understand(candidate, settings, None).run(desk))
    first = tuple(text.splitlines()[0].split(","))
    assert seen.count(first) == 1


def test_a_header_seen_in_the_first_bytes_is_recognised_anew_where_the_whole_file_has_another_encoding(fab, tmp_path):
    """The first bytes look like UTF-8 by themselves; only the whole file shows that it is Windows-1252."""
    lines = "".join(f"L{n},25,Ätzer{n % 3},2026-05-01 10:{n % 60:02d}:00\n" for n in range(6000))
    path = written(tmp_path, "m.csv", ("lot,wafers,tool,end_at\n" + lines).encode("cp1252"))
    (file,) = fab.ingest(path).files
    assert (file.status, file.rows, file.set_aside) == ("loaded", 6000, 0)
    assert {row.tool for row in fab.risk().tools} == {"Ätzer0", "Ätzer1", "Ätzer2"}


def test_a_path_is_meant_from_where_the_caller_stands(fab, tmp_path, monkeypatch):
    """The process that reads may have begun while the caller stood elsewhere."""
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        written(tmp_path / place, "m.csv", MOVES.replace("L1", place))
        monkeypatch.chdir(tmp_path / place)
        assert fab.ingest("m.csv").rows == 1


def test_a_header_is_suggested_for_one_column_only_and_a_letter_for_none(fab, write):
    (result,) = fab.ingest(write("odd.csv", "d,e,f\n1,2,3\n")).files
    assert "columns" not in tomllib.loads(result.suggestion)["sources"]["odd"]
    (result,) = fab.ingest(write("near.csv", "tol,lott,end_a,quantities\n1,2,2026-05-01,4\n")).files
    stated = tomllib.loads(result.suggestion)["sources"]["near"]["columns"]
    assert stated == {"tool": "tol", "lot": "lott", "end_at": "end_a", "wafers": "quantities"}


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("lot,wafers,errorID,when\nL1,25,E-12,2026-05-01 10:00\n", {"end_at": "when"}),
        ("lot,wafers,End of File,Increment\nL1,25,Logged,\n", {}),
        ("lot,wafers,Etch Tool,Waveform\nL1,25,E1,x\n", {"tool": "Etch Tool"}),
        ("tool,lot,wafers,From,To\nE1,L1,25,2026-05-01 10:00,2026-05-01 11:00\n", {}),
        ("tool,lot,wafers,end_a\nE1,L1,25,no time\n", {}),
    ],
    ids=["one time", "no cells of its kind", "last word", "two times", "no time"],
)
def test_a_column_is_suggested_only_where_its_name_and_its_cells_speak_for_it(fab, write, text, columns):
    (result,) = fab.ingest(write("odd.csv", text)).files
    assert tomllib.loads(result.suggestion)["sources"]["odd"].get("columns", {}) == columns


def test_a_file_of_which_no_column_is_known_is_not_called_moves(fab, write):
    text = "a b,c d\nx,y\n"
    (result,) = fab.ingest(write("odd.csv", text)).files
    assert tomllib.loads(result.suggestion)["sources"]["odd"]["kind"] == "log"
    assert "# still open: what it is" in result.suggestion
    (result,) = fab.ingest(write("own.csv", text), kind="quals").files
    assert tomllib.loads(result.suggestion)["sources"]["own"]["kind"] == "quals"
