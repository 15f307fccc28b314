"""Fabs of every earlier format open and answer as then; what they hold is not loaded again.

Each in `tests/store/old` was made by the fabwatch of its time, whose commit its name ends with, from the files below.
"""

import json
import sqlite3
import tarfile
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fabwatch.fab import Fab
from fabwatch.store.folder import FORMAT
from fabwatch.store.readers import FileReaders
from tests.commands import command
from tests.conftest import NOW
from tests.fabs import new_fab

OLD = sorted((Path(__file__).parent.parent / "store" / "old").glob("*.tar.gz"))
FILES = {
    "moves.csv": "lot,tool,wafers,end_at\n" + "".join(f"L{hour},E1,25,2026-05-01T{hour}:00:00Z\n" for hour in range(10, 16)),
    "quals.csv": "tool,qual_type,processed_at,passed,reading,upper\n"
    "E1,particles,2026-05-01T09:00:00Z,pass,3,30\n"
    "E1,particles,2026-05-01T12:30:00Z,pass,4,30\n"
    "E1,particles,2026-05-01T16:00:00Z,fail,44,30\n",
    "wafers.log": "time,tool,lot,wafer,step,Flow,Power\n"
    + "".join(
        f"2026-05-01T1{wafer}:00:{second:02d}Z,LOG-1,LA,LA.0{wafer},{1 + second // 10},{second}.5,300\n"
        for wafer in (1, 2)
        for second in range(20)
    ),
}
WITH_LOG = 6
"""The first format whose fab below has loaded the log; that of the format before it waits there."""


def format_of(packed):
    return int(packed.name.removeprefix("format").partition("_")[0])


def test_every_earlier_format_is_here():
    assert {format_of(packed) for packed in OLD} == set(range(1, FORMAT))


@pytest.mark.parametrize("packed", OLD, ids=lambda packed: packed.name.partition(".")[0])
def test_a_fab_of_an_earlier_format_opens_answers_the_same_and_takes_nothing_twice(tmp_path, packed):
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    assert json.loads((tmp_path / "fab" / "fabwatch.json").read_text())["format"] == format_of(packed)
    with closing(sqlite3.connect(tmp_path / "fab" / "catalog.sqlite")) as catalog:
        (newest,) = catalog.execute("SELECT max(snapshot_time) FROM ducklake_snapshot").fetchone()
    then = datetime.fromisoformat(newest) + timedelta(seconds=1)
    files = tmp_path / "files"
    files.mkdir()
    for name, text in FILES.items():
        (files / name).write_text(text)
    with Fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        # Three lots of 25 ran between the last good qual at half past twelve and the failed one at four.
        (before,) = fab.risk(tool="E1", as_of="2026-05-01T15:30:00Z").tools
        assert (before.moves, before.wafers, before.lots) == (3, 75, 3)
        assert fab.contain("E1", qual_type="particles").wafers == 75
        # What was known before there was a column of today is known still.
        for known_at in (None, then):
            assert [reading.reading for reading in fab.readings("E1", known_at=known_at).readings] == [3, 4, 44]
        wrong = [finding for finding in fab.check(deep=True) if not finding.well and finding.check != "inbox"]
        assert wrong == []
        with_log = format_of(packed) >= WITH_LOG
        assert len(fab.runs().runs) == (2 if with_log else 0)
        again = {Path(result.path).name: result for result in fab.ingest(files).files}
        statuses = {name: result.status for name, result in again.items()}
        log = "already" if with_log else "loaded"
        assert statuses == {"moves.csv": "already", "quals.csv": "already", "wafers.log": log}
        assert [run.rows for run in fab.runs().runs] == [20, 20]
        counts = "SELECT (SELECT count(*) FROM lake.moves WHERE tool = 'E1'), (SELECT count(*) FROM lake.quals)"
        assert fab._lake.ask(counts).fetchall() == [(6, 3)]
        # A log that grew since then goes on where it was read to.
        (files / "wafers.log").write_text(FILES["wafers.log"] + "2026-05-01T13:00:00Z,LOG-1,LA,LA.03,1,1.5,300\n")
        assert fab.ingest(files / "wafers.log").rows == 1
        assert [finding for finding in fab.check(deep=True) if not finding.well] == []


def unpacked(packed, folder):
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / "fab"


def rows_in(catalog):
    """All that a catalog says."""
    with closing(sqlite3.connect(catalog)) as reading:
        return list(reading.iterdump())


@pytest.mark.parametrize("packed", [OLD[0], OLD[-1]], ids=lambda packed: packed.name.partition(".")[0])
def test_an_upgrade_can_be_undone_and_what_was_loaded_since_is_loaded_again(tmp_path, packed):
    folder = unpacked(packed, tmp_path)
    before, mark = rows_in(folder / "catalog.sqlite"), (folder / "fabwatch.json").read_text()
    since = tmp_path / "since.csv"
    since.write_text("lot,tool,wafers,end_at\nL99,E1,25,2026-05-01T18:00:00Z\n")
    with Fab(folder, clock=lambda: NOW) as fab:
        assert fab.ingest(since).rows == 1
    code, out, _ = command("downgrade", "--fab", folder)
    assert (code, out.partition(";")[0]) == (0, f"{folder} has format {format_of(packed)} again (it had {FORMAT})")
    assert rows_in(folder / "catalog.sqlite") == before
    assert json.loads((folder / "fabwatch.json").read_text()) == json.loads(mark)
    with Fab(folder, clock=lambda: NOW) as fab:
        assert fab.contain("E1", qual_type="particles").wafers == 75
        assert fab.ingest(since).rows == 1


def test_where_there_is_no_way_back_it_is_said_and_nothing_is_changed(tmp_path):
    with new_fab(tmp_path / "new"):
        pass
    assert "No catalog of an earlier format is kept" in command("downgrade", "--fab", tmp_path / "new").err
    assert "There is no fab" in command("downgrade", "--fab", tmp_path / "none").err
    folder = unpacked(OLD[-1], tmp_path)
    with Fab(folder, clock=lambda: NOW):
        pass
    catalog = rows_in(folder / "catalog.sqlite")
    with FileReaders(folder).shared():
        assert "Somebody is reading" in command("downgrade", "--fab", folder).err
    lost = next((folder / "data").rglob("*.parquet"))
    lost.rename(tmp_path / "lost")
    assert "data files of before the upgrade are gone" in command("downgrade", "--fab", folder).err
    assert rows_in(folder / "catalog.sqlite") == catalog
    assert json.loads((folder / "fabwatch.json").read_text())["format"] == FORMAT
