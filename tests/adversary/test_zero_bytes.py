"""Zero bytes, as blocks of a disk that were never written leave them: their lines are set aside, and no text holds one.

The catalog compares texts by statements of its own, which end at a zero byte: one such name would end every load after it.
"""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fabwatch.terms.errors import BadQuestion
from tests.ingest.contents import contents

ROWS = [f"2026-05-01T10:00:0{n}Z,OX-1,W{n},1,{n}.5,300,1.{n},20" for n in range(4)]
LOG = ["# Recipe: R1", "time,tool,wafer,step,Flow,Power,Pressure,Temp", *ROWS[:2], "Pump started", *ROWS[2:]]
PAIRS = [f"2026-05-01 10:00:0{n} tool=OX-2 wafer=W{n} flow=1{n}.5 power=300" for n in range(4)]
SML = [
    line
    for n in range(3)
    for line in (f"2026-05-01 10:00:0{n} S5F1 W", "<L", "<B 0x80>", f"<U4 {n}>", '<A "Pump fault">', ">", ".")
]
MOVES = ["lot,tool,wafers,end_at,chamber", *(f"L{n},OX-3,25,2026-05-01T1{n}:00:00Z,A" for n in range(4))]
OPEN = [*[line.replace("Pump", "Valve") for line in SML], "2026-05-01 10:00:09 S1F3 W", "<L"]
FILES = {"a.log": LOG, "b.log": PAIRS, "c.log": SML, "d.csv": MOVES, "e.log": OPEN}

PLACES = ("front", "middle", "end")
HEADERS = {"a.log": 1, "d.csv": 0}
"""Which of their lines is the header."""


def with_zeros(lines, number, place):
    """The file with three zero bytes in a line: in front, in the middle, or at its end."""
    line = lines[number].encode()
    at = {"front": 0, "middle": len(line) // 2, "end": len(line)}[place]
    damaged = line[:at] + b"\0\0\0" + line[at:]
    return b"".join((damaged if n == number else text.encode()) + b"\n" for n, text in enumerate(lines))


def texts_with_zeros(fab):
    return [row for rows in contents(fab).values() for row in rows if "\0" in row or "\\x00" in row]


def place_of(number):
    """A line after the other has them elsewhere: in the three messages of the logs each kind of line meets all places."""
    return PLACES[(number + number // 7) % 3]


@pytest.mark.parametrize("place", ["in turn", *(pytest.param(place, marks=pytest.mark.soak) for place in PLACES)])
def test_zero_bytes_anywhere_cost_their_line_alone_and_stand_in_no_table(tmp_path, fab, place):
    in_turn = place == "in turn"
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "sure.csv").write_text("\n".join([MOVES[0], "SURE,OX-9,25,2026-05-01T10:00:00Z,A"]) + "\n")
    for name, lines in FILES.items():
        for number in range(len(lines)):
            where = place_of(number) if in_turn else place
            (folder / f"{number:02d}{name}").write_bytes(with_zeros(lines, number, where))
    summary = fab.ingest(folder)
    of = {result.path.rpartition("/")[2]: result for result in summary.files}
    # A header cannot be known any more, or is known without those signs; every other line is set aside as what it is.
    for name, lines in FILES.items():
        for number in range(len(lines)):
            result = of[f"{number:02d}{name}"]
            header = HEADERS.get(name) == number
            assert header or result.status == "loaded", result
            assert header or result.rules.get("nul_bytes") == 1, result
    assert not texts_with_zeros(fab)
    assert {row.tool for row in fab.risk(as_of="2026-05-02").tools} >= {"OX-9"}
    # What is known of the tools is worked out of all logs again, also where only one of each is read again.
    fab.ingest([folder / f"02{name}" for name in FILES] if in_turn else folder, again=True)
    assert not texts_with_zeros(fab)


def test_zero_bytes_in_a_last_line_that_is_open_wait_with_it(tmp_path, fab):
    folder = tmp_path / "files"
    folder.mkdir()
    for name, lines in FILES.items():
        for end, tail in (("0", b"\0"), ("1", b"\0\0" + lines[-1].encode()), ("2", lines[-1].encode() + b"\0")):
            (folder / (end + name)).write_bytes("".join(line + "\n" for line in lines).encode() + tail)
    for result in fab.ingest(folder).files:
        assert result.status == "loaded", result
        assert "reading_failed" not in result.rules
    assert not texts_with_zeros(fab)


def test_zero_bytes_in_cells_that_are_texts_cost_their_row(tmp_path, fab):
    rows = [line.split(",") for line in MOVES[1:]]
    columns = {name: [row[n] for row in rows] for n, name in enumerate(MOVES[0].split(","))}
    columns["chamber"][1] = "A\0"
    columns["tool"][2] = "\0OX-3"
    pq.write_table(pa.table(columns), tmp_path / "moves.parquet")
    (result,) = fab.ingest(tmp_path / "moves.parquet").files
    assert (result.rows, result.rules) == (2, {"nul_bytes": 2})


def test_a_statement_in_the_settings_with_a_zero_byte_costs_its_files(tmp_path, fab):
    (fab.path / "fab.toml").write_text('[sources.x]\nfiles = "x*.csv"\nconstants = { chamber = "A\\u0000" }\n')
    (tmp_path / "x.csv").write_text("lot,tool,wafers,end_at\nL1,OX-1,25,2026-05-01T10:00:00Z\n")
    (tmp_path / "y.csv").write_text("lot,tool,wafers,end_at\nL2,OX-1,25,2026-05-01T10:00:00Z\n")
    with type(fab)(fab.path) as stated:
        results = stated.ingest([tmp_path / "x.csv", tmp_path / "y.csv"]).files
    assert [result.rows for result in results] == [0, 1]
    assert all("hint: " in result.message for result in results[:1])


@pytest.mark.parametrize("name", ["\0", "OX\0-1"])
def test_a_question_about_a_name_with_a_zero_byte_is_refused_or_knows_none(fab, name, tmp_path):
    (tmp_path / "m.csv").write_text("\n".join(MOVES) + "\n")
    fab.ingest(tmp_path / "m.csv")
    for ask in (fab.risk, fab.forecast):
        with pytest.raises(Exception, match=r".") as stop:
            ask(tool=name)
        assert type(stop.value).__name__ in ("BadQuestion", "UnknownTool", "TooFewFailures")
    with pytest.raises(BadQuestion):
        fab._lake.ask("SELECT $name", {"name": name})
