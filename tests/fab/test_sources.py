"""What a file is said to be is tried without a trace, and written into fab.toml so that nothing else in it changes."""

import io
import json
from pathlib import Path

import pytest

from fabwatch.api.upload_store import UploadStore
from fabwatch.fab import Fab
from fabwatch.ingest.stating import Statement, pattern_for
from fabwatch.terms.errors import CannotState, NotKept, NotWritten, UnknownTool
from tests.made_logs import log_of

ODD = "EQP,Los,Menge,Fertig um,Rest\nE1,L1,25,03/04/2026 10:00,x\nE2,L2,25,04/04/2026 10:00,y\n"
COLUMNS = {"EQP": "tool", "Los": "lot", "Menge": "wafers", "Fertig um": "end_at", "Rest": None}
KEYS = {"kind": "moves", "zone": "Europe/Berlin", "time_format": "%d/%m/%Y %H:%M"}
RIGHT = Statement(keys=KEYS, columns=COLUMNS)
OURS = '# agreed in May\n[fab]\nname = "Fab 7"   # in the north\n\n[sources.other]\nfiles = "q_*.csv" # quals\n'


def sent(fab: Fab, name: str, text: str) -> str:
    """The load of a file that was uploaded."""
    path = UploadStore(fab.path).store(name, io.BytesIO(text.encode()))
    fab.ingest(path)
    return next(row.load for row in fab.loads() if row.path and row.path.endswith(name))


def written(fab: Fab) -> str:
    path = fab.path / "fab.toml"
    return path.read_text() if path.exists() else ""


@pytest.fixture
def stated(fab):
    (fab.path / "fab.toml").write_text(OURS)
    with Fab(fab.path, clock=fab._clock) as door:
        yield door


def test_a_file_that_waits_shows_each_column_with_what_stands_in_it_and_what_it_lacks(fab):
    told = fab.explain(sent(fab, "export_20260501.csv", ODD))
    assert (told.status, told.kind, told.source, told.covered) == ("inbox", "moves", "export", False)
    assert [(column.header, column.column, column.by) for column in told.columns[:2]] == [
        ("EQP", "tool", "alias"),
        ("Los", None, ""),
    ]
    assert told.columns[3].values == ("03/04/2026 10:00", "04/04/2026 10:00")
    assert told.lacking == ("end_at", "lot or wafer", "wafers or wafer")
    assert told.stated == {"files": "export_*.csv"}


def test_a_trial_shows_rows_and_lines_and_leaves_no_trace(stated):
    load = sent(stated, "export_20260501.csv", ODD)
    before = stated.state()
    open_question = stated.try_source(load, Statement(keys={"kind": "moves"}, columns=COLUMNS))
    assert open_question.asked == {"time_format": ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M")}
    told = stated.try_source(load, RIGHT)
    assert (told.status, told.sample[0]["end_at"], told.sample[1]["tool"]) == ("would load", "2026-04-03T08:00:00Z", "E2")
    assert 'columns = { lot = "Los", wafers = "Menge", end_at = "Fertig um" }' in told.lines
    assert (written(stated), stated.state(), stated.audit()) == (OURS, before, [])


def test_what_is_written_is_loaded_is_in_the_audit_and_leaves_the_rest_of_the_file(stated):
    load = sent(stated, "export_20260501.csv", ODD)
    stated.write_source(load, RIGHT, who="ana", reason="the new export")
    assert written(stated).startswith(OURS + "\n[sources.export]\n")
    assert (stated.path / "fab.toml.before").read_text() == OURS
    (entry,) = stated.audit()
    about = json.loads(entry.about)
    assert (entry.who, entry.act, entry.reason) == ("ana", "source", "the new export")
    assert (about["source"], about["before"]) == ("export", "")
    assert about["lines"] in written(stated)
    assert not stated.verify_audit().faults
    (file,) = stated.retry().files
    assert (file.status, file.rows) == ("loaded", 2)
    # Tomorrow's file is read in the same way.
    assert (
        stated.ingest(
            UploadStore(stated.path).store("export_20260502.csv", io.BytesIO(ODD.replace("L1", "L3").encode()))
        ).loaded
        == 1
    )


def test_a_file_that_was_taken_for_something_else_is_read_anew_and_its_first_rows_are_gone(fab):
    load = sent(fab, "state.csv", "tool,area\nE1,Etch\nE2,Etch\n")
    assert fab.explain(load).status == "already"
    keys = {"kind": "tools", "constants": {"tool_type": "RIE"}}
    told = fab.write_source(load, Statement(keys=keys, columns={"area": None}), who="ana", reason="not an area")
    assert (told.stated["ignore"], told.stated["constants"]) == (["area"], {"tool_type": "RIE"})
    assert fab.ingest(fab.path / told.place, again=True).rows == 2
    rows = fab.sql("SELECT tool, area, tool_type FROM tools ORDER BY tool").to_dict("records")
    assert [(row["tool"], row["tool_type"]) for row in rows] == [("E1", "RIE"), ("E2", "RIE")]
    assert {row["area"] for row in rows} == {None}


def test_a_source_that_covers_the_file_is_changed_where_it_stands_and_keeps_what_other_files_need(stated):
    own = '[sources.mes]\nfiles = "export_*.csv"\nkind = "moves" # as ever\ncolumns = { end_at = "Ende", tool = "EQP" }\n'
    (stated.path / "fab.toml").write_text(OURS + own)
    with Fab(stated.path, clock=stated._clock) as fab:
        load = sent(fab, "export_1.csv", ODD)
        told = fab.write_source(load, RIGHT, who="ana", reason="another header")
        assert (told.source, told.covered) == ("mes", True)
        # `Ende` is what other files of the source call it.
        assert told.stated["columns"] == {
            "end_at": "Ende",
            "tool": "EQP",
            "lot": "Los",
            "wafers": "Menge",
            "Fertig um": "end_at",
        }
        assert 'kind = "moves" # as ever' in written(fab)
        assert written(fab).startswith(OURS)


def test_the_columns_of_a_log_are_given_roles(fab):
    load = sent(fab, "etch.log", log_of(["W1", "W2"], seconds=4))
    told = fab.explain(load)
    assert told.kind == "log"
    sensor = next(column.header for column in told.columns if column.column == "sensor")
    tried = fab.try_source(load, Statement(keys={"kind": "log"}, columns={sensor: "label"}))
    assert next(column.column for column in tried.columns if column.header == sensor) == "label"
    dropped = fab.try_source(load, Statement(keys={"kind": "log"}, columns={sensor: None}))
    assert dropped.stated["ignore"] == [sensor]
    assert tried.sample


BAD = {
    "a column twice": (Statement(keys=KEYS, columns={**COLUMNS, "Rest": "tool"}), "chosen for two columns"),
    "no such column": (Statement(keys=KEYS, columns={"EQP": "toool"}), "'toool' is not a column"),
    "no such header": (Statement(keys=KEYS, columns={"EQX": "tool"}), "no column 'EQX'"),
    "no such kind": (Statement(keys={"kind": "movess"}), "not a kind of file"),
    "no such zone": (Statement(keys={"zone": "Europe/Berln"}), "is not a time zone"),
    "no such key": (Statement(keys={"zoone": "UTC"}), "no such key; near it: zone"),
    "another part of fab.toml": (Statement(keys={"x]\n[server": 1}), "no such key"),
    "a number that is none": (Statement(keys={"missing": [float("nan")]}), "cannot be changed by a program"),
    "a pattern for other files": (Statement(files=("quals_*.csv",), keys=KEYS), "its patterns do not match"),
    "a source of other files": (Statement(source="other", keys=KEYS), "There is a source other already"),
    "a name of blanks": (Statement(source="  ", keys=KEYS), "needs a name"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_meant_is_refused_with_a_way_out_and_nothing_is_written(stated, name):
    statement, what = BAD[name]
    load = sent(stated, "export_1.csv", ODD)
    with pytest.raises(CannotState) as stop:
        stated.write_source(load, statement, who="ana", reason="a try")
    assert what in stop.value.what
    assert stop.value.hint
    assert (written(stated), stated.audit()) == (OURS, [])


def test_a_statement_that_does_not_make_the_file_readable_is_not_written(stated):
    load = sent(stated, "export_1.csv", ODD)
    with pytest.raises(CannotState, match=r"still cannot be loaded: end_at: is .* day or month first"):
        stated.write_source(load, Statement(keys={"kind": "moves"}, columns=COLUMNS), who="ana", reason="too early")
    assert written(stated) == OURS


def test_of_two_people_at_once_the_second_is_told_and_nothing_of_the_first_is_lost(stated):
    load = sent(stated, "export_1.csv", ODD)
    seen = stated.explain(load).seen
    stated.write_source(load, RIGHT, who="ana", reason="the first", seen=seen)
    first = written(stated)
    with pytest.raises(NotWritten):
        stated.write_source(load, RIGHT, who="ben", reason="the second", seen=seen)
    assert (written(stated), len(stated.audit())) == (first, 1)


def test_a_file_that_changes_between_the_trial_and_the_writing_is_not_overwritten(stated, monkeypatch):
    load = sent(stated, "export_1.csv", ODD)
    trial = stated._tried(load, RIGHT)
    changed = OURS + "# a line more\n"
    (stated.path / "fab.toml").write_text(changed)
    monkeypatch.setattr(stated, "_tried", lambda *_: trial)
    with pytest.raises(NotWritten, match="changed meanwhile"):
        stated.write_source(load, RIGHT, who="ana", reason="too late")
    assert (written(stated), stated.audit()) == (changed, [])


def test_a_fab_toml_that_cannot_be_written_is_named_and_the_audit_says_nothing(stated, monkeypatch):
    load = sent(stated, "export_1.csv", ODD)

    def fail(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(NotWritten, match=r"fab\.toml cannot be written: Permission denied"):
        stated.write_source(load, RIGHT, who="ana", reason="no right to")
    monkeypatch.undo()
    assert (written(stated), stated.audit()) == (OURS, [])
    assert not [path.name for path in stated.path.iterdir() if path.name.startswith(".fab.toml")]


def test_an_unknown_load_a_file_that_is_gone_and_one_from_elsewhere_are_told_apart(fab, write):
    with pytest.raises(UnknownTool):
        fab.explain("none")
    load = sent(fab, "tools.csv", "tool,area\nE1,Etch\n")
    for path in fab.path.glob("uploads/*/*"):
        path.unlink()
    with pytest.raises(NotKept, match="not there any more"):
        fab.explain(load)
    fab.ingest(write("own.csv", "tool,area\nE2,Etch\n"))
    elsewhere = next(row.load for row in fab.loads() if row.path.endswith("own.csv"))
    with pytest.raises(NotKept, match="loaded on the machine itself"):
        fab.explain(elsewhere)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("moves_2026-05-01.csv", "moves_*.csv"),
        ("moves_20260501T101500_0012.csv.gz", "moves_*.csv.gz"),
        ("ETCH07_quals.csv", "ETCH07_quals.csv"),
        ("20260501.csv", "20260501.csv"),
        ("etch[1]*_20260501.csv", "etch[[]1][*]_*.csv"),
    ],
)
def test_the_pattern_of_a_new_source_leaves_dates_open_and_names_as_they_are(name, pattern):
    assert pattern_for(name) == pattern
