"""Bad input: the good rows load, the rest is set aside with file, byte, rule and hint; nothing is dropped in silence."""

import gzip
import os
import subprocess
import sys
import zipfile

import pytest

from fabwatch.terms.problems import RULES
from tests.conftest import NOW
from tests.fabs import new_fab

MOVES = "LOT_ID,TOOL_ID,WAFER_QTY,TRACK_IN,TRACK_OUT"
GOOD = "L1,ETCH-1,25,2026-05-01 10:00:00,2026-05-01 10:30:00"
QUALS = "TOOL_ID,QUAL_TYPE,QUAL_TIME,RESULT_TIME,RESULT"


def moves(*lines):
    return "\n".join([MOVES, GOOD, *lines]) + "\n"


@pytest.mark.parametrize(
    ("line", "rule", "why"),
    [
        ("L2,ETCH-1,25,2026-05-01 10:00:00,soon", "bad_time", "end_at: 'soon' is not a time"),
        ("L2,ETCH-1,25,2026-05-01 10:00:00,2026-05-01", "bad_time", "end_at: '2026-05-01' is not a time"),
        ("L2,ETCH-1,25,2026-05-01 10:00:00,2026-05-01 10:3", "bad_time", "is not a time"),
        ("L2,ETCH-1,25,,2026-13-01 10:30:00", "bad_time", "is not a time"),
        ("L2,ETCH-1,25,2026-05-01 10:00:00,", "missing_value", "end_at is empty"),
        ("L2,,25,2026-05-01 10:00:00,2026-05-01 10:30:00", "missing_value", "tool is empty"),
        (",ETCH-1,25,2026-05-01 10:00:00,2026-05-01 10:30:00", "missing_value", "lot and wafer are both empty"),
        ("L2,ETCH-1,,2026-05-01 10:00:00,2026-05-01 10:30:00", "missing_value", "wafers is empty"),
        ("L2,ETCH-1,many,2026-05-01 10:00:00,2026-05-01 10:30:00", "bad_number", "'many' is not a number"),
        ("L2,ETCH-1,2.5,2026-05-01 10:00:00,2026-05-01 10:30:00", "bad_number", "is not a whole number"),
        ("L2,ETCH-1,nan25,2026-05-01 10:00:00,2026-05-01 10:30:00", "bad_number", "is not a number"),
        ("L2,ETCH-1,-25,2026-05-01 10:00:00,2026-05-01 10:30:00", "negative_quantity", "-25 is not a quantity"),
        ("L2,ETCH-1,0,2026-05-01 10:00:00,2026-05-01 10:30:00", "negative_quantity", "0 is not a quantity"),
        ("L2,ETCH-1,25,2026-05-01 11:00:00,2026-05-01 10:30:00", "start_after_end", "is after end_at"),
        ("L2,ETCH-1,25,2026-05-01 10:00:00,2027-05-01 10:30:00", "future_time", "is in the future"),
        ("L2,ETCH-1,25,2026-05-01 10:00:00", "wrong_column_count", "4 cells, the header has 5 columns"),
        ("L2,ETCH-1,25,2026-05-01 10:00:00,2026-05-01 10:30:00,x", "wrong_column_count", "6 cells"),
        ('L2,"ETCH-1,25,2026-05-01 10:00:00,2026-05-01 10:30:00', "stray_quote", "is not closed"),
        ("L2,ETCH\0-1,25,2026-05-01 10:00:00,2026-05-01 10:30:00", "nul_bytes", "zero bytes"),
    ],
)
def test_a_bad_move_is_set_aside_with_its_place_and_the_good_one_loads(fab, write, line, rule, why):
    path = write("m.csv", moves(line))
    summary = fab.ingest(path)
    assert (summary.rows, summary.set_aside, summary.clean) == (1, 1, False)
    (problem,) = fab.problems()
    assert problem.rule == rule
    assert why in problem.why
    assert (problem.path, problem.line) == (str(path), 3)
    raw = path.read_bytes()[problem.byte_offset :].splitlines()[0]
    assert problem.raw == raw.decode().replace("\0", "")
    assert problem.hint


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("ETCH-1,particles,2026-05-01 10:00:00,2026-05-01 09:00:00,PASS", "start_after_end"),
        ("ETCH-1,particles,2026-05-01 10:00:00,,MAYBE", "unknown_word"),
        ("ETCH-1,particles,2026-05-01 10:00:00,,", "missing_value"),
        ("ETCH-X,particles,2026-05-01 10:00:00,,PASS", "unknown_tool"),
    ],
)
def test_a_bad_qual_is_set_aside(fab, write, line, rule):
    good = "ETCH-1,particles,2026-05-01 09:00:00,,PASS"
    summary = fab.ingest([write("m.csv", moves()), write("q.csv", "\n".join([QUALS, good, line]) + "\n")])
    assert (summary.rows, summary.set_aside) == (2, 1)
    assert [problem.rule for problem in fab.problems()] == [rule]


def test_rows_in_are_rows_stored_and_set_aside_and_duplicates(fab, write):
    lines = [GOOD, GOOD, "L2,ETCH-1,x,,", "L3,ETCH-1,25,,2026-05-02 10:00:00", '"L4,ETCH-1', "short"]
    summary = fab.ingest(write("m.csv", moves(*lines)))
    assert (summary.rows, summary.set_aside, summary.duplicates) == (2, 3, 2)
    assert summary.rows + summary.set_aside + summary.duplicates == 1 + len(lines)


def test_a_stray_quote_costs_its_own_line_only(fab, write):
    lines = ['"L2,ETCH-1,25,,2026-05-01 10:30:00', *(f"L{n},ETCH-1,25,,2026-05-02 10:00:00" for n in range(30, 80))]
    summary = fab.ingest(write("m.csv", moves(*lines)))
    assert (summary.rows, summary.set_aside) == (51, 1)


def test_a_quoted_text_may_hold_separators_line_ends_and_quotes(fab, write):
    text = 'TOOL_ID,AREA\nETCH-1,"Etch, dry\nnew ""fab"""\nETCH-2,Wet\n'
    assert fab.ingest(write("t.csv", text)).rows == 2
    assert {row.area for row in fab.risk().tools} == {'Etch, dry\nnew "fab"', "Wet"}


@pytest.mark.parametrize("keep", range(len("44,30.5")))
def test_a_last_line_that_may_be_cut_never_gives_a_wrong_value(fab, write, keep):
    header = "TOOL_ID,QUAL_TYPE,QUAL_TIME,RESULT,PARTICLES,LIMIT\n"
    whole = "ETCH-1,particles,2026-05-01 09:00:00,PASS,3,30.5\n"
    last = "ETCH-1,particles,2026-05-01 10:00:00,FAIL," + "44,30.5"[:keep]
    fab.ingest([write("m.csv", moves()), write("q.csv", header + whole + last)])
    assert [problem.rule for problem in fab.problems()] == ["torn_line"]
    fab.ingest(write("q.csv", header + whole + "ETCH-1,particles,2026-05-01 10:00:00,FAIL,44,30.5\n"))
    fab._lake.pin()
    stored = fab._lake.ask("SELECT reading, upper FROM quals ORDER BY processed_at").fetchall()
    assert stored == [(3.0, 30.5), (44.0, 30.5)]


def test_a_last_line_that_shows_itself_whole_is_taken(fab, write):
    text = moves("L2,ETCH-1,25,2026-05-01 10:00:00,2026-05-01 11:30:00")
    assert fab.ingest(write("m.csv", text.rstrip("\n"))).rows == 2


def test_a_torn_gz_gives_its_whole_lines_and_says_so(fab, tmp_path):
    lines = "".join(f"L{n},ETCH-1,25,,2026-05-02 10:{n % 60:02d}:00\n" for n in range(4000))
    packed = gzip.compress((MOVES + "\n" + lines).encode())
    (tmp_path / "m.csv.gz").write_bytes(packed[: len(packed) // 2])
    summary = fab.ingest(tmp_path / "m.csv.gz")
    assert 0 < summary.rows < 4000
    assert "torn_file" in summary.files[0].rules
    (tmp_path / "m.csv.gz").write_bytes(packed)
    assert summary.rows + fab.ingest(tmp_path / "m.csv.gz").rows == 4000


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("empty.csv", b"", "empty_file"),
        ("blank.csv", b"\n\n  \n", "empty_file"),
        ("unknown.csv", b"foo,bar\n1,2\n", "unknown_columns"),
        ("program.exe", b"MZ\x90\x00\x03" + bytes(200), "unreadable"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(range(30)) * 9, "unreadable"),
        ("broken.parquet", b"PAR1" + b"x" * 50, "unreadable"),
        ("wide.csv", ",".join(f"c{n}" for n in range(100_000)).encode() + b"\n", "refused"),
        ("long.csv", b"x" * (2 << 20), "refused"),
        ("bomb.csv.gz", gzip.compress(b"L1,E,25\nL2,E,24\n" * (6 << 20)), "refused"),
        ("broken.zip", b"PK\x03\x04 this is no zip", None),
    ],
)
def test_a_file_that_cannot_be_taken_is_left_out_with_a_reason_and_the_others_load(
    fab, write, tmp_path, name, content, rule
):
    path = tmp_path / name
    path.write_bytes(content)
    summary = fab.ingest([path, write("m.csv", moves())])
    assert (summary.failed, summary.loaded, summary.rows) == (1, 1, 1)
    (left_out,) = [file for file in summary.files if file.status != "loaded"]
    assert left_out.message
    if rule:
        assert left_out.rules == {rule: 1}
        assert [problem.rule for problem in fab.problems()] == [rule]


def test_a_damaged_member_of_a_zip_leaves_the_others(fab, tmp_path):
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("good.csv", moves())
        packed.writestr("bad.csv", moves("L2,ETCH-1,25,,2026-05-02 10:00:00"))
    content = bytearray(path.read_bytes())
    at = content.rindex(b"ETCH-1,25,,2026")
    content[at : at + 4] = b"XXXX"
    path.write_bytes(content)
    summary = fab.ingest(path)
    assert sum("torn_file" in file.rules for file in summary.files) == 1
    assert summary.rows >= 1


def test_a_folder_without_permission_is_named_and_the_rest_loads(fab, write, tmp_path, monkeypatch):
    write("m.csv", moves())
    closed = tmp_path / "files" / "closed"
    closed.mkdir()
    real = os.scandir

    def scandir(path):
        # What an ordinary user meets; root may read every folder, so the refusal is made here.
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    summary = fab.ingest(tmp_path / "files")
    assert (summary.rows, summary.failed) == (1, 1)
    assert "Permission denied" in next(file.message for file in summary.files if file.status == "failed")


@pytest.mark.parametrize(
    ("encoding", "stated"),
    [("utf-8-sig", ""), ("utf-16", ""), ("utf-16-le", ""), ("cp1252", ""), ("latin-1", "latin-1"), ("utf-8", "")],
)
def test_encodings_are_told_apart_and_no_sign_is_mangled(tmp_path, encoding, stated):
    (tmp_path / "fab").mkdir()
    if stated:
        (tmp_path / "fab" / "fab.toml").write_text(f'[sources.t]\nfiles = "t.csv"\nencoding = "{stated}"\n')
    text = "TOOL_ID;AREA;TOOL_TYPE\r\nOFEN-1;Dünnschicht;800 °C\r\nOFEN-2;Ätzen;5 µm\r\n"
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        assert fab.ingest(tmp_path / "t.csv").rows == 2
        assert {(row.area, row.tool_type) for row in fab.risk().tools} == {("Dünnschicht", "800 °C"), ("Ätzen", "5 µm")}


def test_one_broken_byte_in_a_utf8_file_costs_one_line(fab, tmp_path):
    lines = [f"OFEN-{n};Ätzen".encode() for n in range(5)]
    lines[2] = b"OFEN-2;\xc4tzen"
    (tmp_path / "t.csv").write_bytes(b"\n".join([b"TOOL_ID;AREA", *lines]) + b"\n")
    summary = fab.ingest(tmp_path / "t.csv")
    assert (summary.rows, summary.files[0].rules) == (4, {"bad_encoding": 1})
    assert {row.area for row in fab.risk().tools} == {"Ätzen"}


def test_windows_text_is_read_and_said_to_be(fab, tmp_path):
    (tmp_path / "t.csv").write_bytes("TOOL_ID;AREA\nOFEN-1;Ätzen\n".encode("cp1252"))
    assert "Windows-1252" in fab.ingest(tmp_path / "t.csv").files[0].message


def test_every_rule_has_a_page_and_a_way_out():
    for rule in RULES:
        assert rule.__doc__
        assert rule.hint
        assert rule.code == rule.code.lower()


def _bomb(path):
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(b"time,wafer,step,Pressure\n")
        for _ in range(40):
            file.write(b"2026-03-01T00:00:00Z,W1,1,1.000000000000000000\n" * 100_000)


def _one_line(path):
    with path.open("wb") as file:
        file.write(b"time,wafer,step,Pressure\n2026-03-01T00:00:00Z,W1,1,")
        for _ in range(256):
            file.write(b"1" * (4 << 20))


def _wide(path):
    path.write_text("time,wafer," + ",".join(f"S{n}" for n in range(100_000)) + "\n")


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [("bomb.log.gz", _bomb, "a zip bomb"), ("line.log", _one_line, "a line is longer than"), ("wide.log", _wide, "columns")],
)
def test_a_log_that_would_choke_the_reader_is_refused_at_once_and_takes_no_memory(tmp_path, name, make, said):
    make(tmp_path / name)
    # In a process of its own, so that its memory is its own: the limit includes the engine itself.
    script = (
        "import sys\nfrom fabwatch.fab import Fab\nfrom fabwatch.store.skip_pandas import without_pandas\n"
        "without_pandas()\nfab = Fab(sys.argv[1], create=True)\n"
        "done = fab.ingest(sys.argv[2], kind='log').files[0]\n"
        # Not ru_maxrss: it goes over to a child from the process that began it, here the whole suite.
        "said = open('/proc/self/status').read()\nmost = int(said.partition('VmHWM:')[2].split()[0]) // 1024\n"
        "print(most, done.status, done.message)\n"
    )
    command = [sys.executable, "-c", script, tmp_path / "fab", tmp_path / name]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    megabytes, status, message = told.split(" ", 2)
    assert status == "failed"
    assert said in message
    assert "hint: " in message
    assert int(megabytes) < 512
