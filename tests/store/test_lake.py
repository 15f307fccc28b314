"""The lake: snapshots, tidying, what the doctor sees, and folders that are no fab."""

import json
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

import fabwatch
from fabwatch.fab import Fab
from fabwatch.store import engine
from fabwatch.store import lake as store
from fabwatch.store.catalogs.file import FileCatalog
from fabwatch.store.folder import FORMAT
from fabwatch.terms.clock import utc_now
from fabwatch.terms.errors import DiskFull, EngineMissing, NewerFab, NoFab, StoreBroken, StoreBusy, UnknownTime
from tests.fabs import new_fab

HEADER = "tool,lot,wafers,end_at\n"


def move(lot, hour, tool="E1"):
    return f"{tool},{lot},25,2026-05-01 {hour:02d}:00:00\n"


def test_a_question_as_known_before_a_late_file_gives_the_answer_of_then(fab, write):
    fab.ingest(write("m1.csv", HEADER + move("L1", 10)))
    before = utc_now() + timedelta(microseconds=1)
    then = fab.risk()
    fab.ingest(write("late.csv", HEADER + move("L2", 9)))
    assert (fab.risk().tools[0].lots, fab.risk(known_at=before).tools) == (2, then.tools)
    fab.compact()
    assert (fab.risk().tools[0].lots, fab.risk(known_at=before).tools) == (2, then.tools)


def test_as_of_counts_what_had_happened_wherever_and_whenever_it_was_loaded(fab, write):
    fab.ingest(write("m1.csv", HEADER + move("L1", 10) + move("L2", 12)))
    assert fab.risk(as_of="2026-05-01T11:00Z").tools[0].lots == 1
    fab.ingest(write("late.csv", HEADER + move("L3", 9)))
    assert fab.risk(as_of="2026-05-01T11:00Z").tools[0].lots == 2


def test_a_time_before_the_fab_is_refused(fab):
    with pytest.raises(UnknownTime, match="Nothing had been loaded by"):
        fab.risk(known_at="2020-01-01")


def test_a_folder_without_a_fab_is_not_made_one_by_a_question(tmp_path):
    with pytest.raises(NoFab):
        fabwatch.open(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_fab_of_a_newer_version_is_left_alone(fab, tmp_path):
    (tmp_path / "fab" / "fabwatch.json").write_text(json.dumps({"format": FORMAT + 1}))
    with pytest.raises(NewerFab):
        fabwatch.open(tmp_path / "fab")


def test_a_fab_folder_may_be_moved(tmp_path, write):
    with Fab(tmp_path / "a", create=True) as fab:
        fab.ingest(write("m.csv", HEADER + "".join(move(f"L{n}", n % 24) for n in range(50))))
    shutil.move(tmp_path / "a", tmp_path / "b")
    with fabwatch.open(tmp_path / "b") as fab:
        assert fab.risk().tools[0].lots == 50


def test_many_files_become_few_and_say_the_same(fab, write):
    for number in range(5):
        fab.ingest(write(f"m{number}.csv", HEADER + "".join(move(f"L{number}-{n}", n % 24) for n in range(30))))
    before = fab.risk().tools
    merged = fab.compact()
    assert merged["moves"] == (5, 1)
    assert fab.risk().tools == before


def test_the_doctor_finds_nothing_in_a_good_fab(fab, write):
    fab.ingest(write("m.csv", HEADER + "".join(move(f"L{n}", n % 24) for n in range(50))))
    assert [finding for finding in fab.check() if not finding.well] == []


def test_the_doctor_names_a_lost_file_and_a_stray_one(fab, write, tmp_path):
    fab.ingest(write("m.csv", HEADER + "".join(move(f"L{n}", n % 24) for n in range(50))))
    (data,) = (tmp_path / "fab" / "data").rglob("moves/*.parquet")
    stray = data.with_name("stray.parquet")
    shutil.copy(data, stray)
    data.unlink()
    wrong = {finding.check: finding for finding in fab.check() if not finding.well}
    assert {"table moves", "files"} <= wrong.keys()
    assert all(finding.hint for finding in wrong.values())
    with pytest.raises(StoreBroken):
        fab.risk()
    assert fab.sweep() == 1
    assert not stray.exists()


def test_a_writer_waits_for_another_and_says_so_when_it_takes_too_long(fab, write, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "WAIT_FOR_WRITER", 0.2)
    other = FileLock(str(tmp_path / "fab" / ".writing.lock"))
    with other, pytest.raises(StoreBusy):
        fab.ingest(write("m.csv", HEADER + move("L1", 10)))
    assert fab.ingest(write("m.csv", HEADER + move("L1", 10))).rows == 1


def test_a_full_disk_is_said_and_the_load_goes_on_when_there_is_room(fab, write, monkeypatch):
    path = write("m.csv", HEADER + move("L1", 10))
    real = store.Lake.ask

    def full(self, sql, parameters=None):
        if sql == "COMMIT":
            raise store.translated(OSError(28, "No space left on device"))
        return real(self, sql, parameters)

    monkeypatch.setattr(store.Lake, "ask", full)
    with pytest.raises(DiskFull, match="No space left"):
        fab.ingest(path)
    monkeypatch.setattr(store.Lake, "ask", real)
    assert fab.loads() == []
    assert fab.ingest(path).rows == 1


def test_too_little_memory_for_a_file_says_where_to_state_more(fab, write, monkeypatch):
    path = write("m.csv", HEADER + move("L1", 10))
    real = store.Lake.ask

    def short(self, sql, parameters=None):
        if "lake.moves" in sql and sql.startswith("INSERT"):
            raise store.translated(
                duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data of size 4.0 MiB")
            )
        return real(self, sql, parameters)

    monkeypatch.setattr(store.Lake, "ask", short)
    summary = fab.ingest(path)
    assert summary.failed == 1
    assert 'memory = "2GB"' in summary.files[0].message
    assert "take out what stands" not in summary.files[0].message
    monkeypatch.setattr(store.Lake, "ask", real)
    assert fab.ingest(path).rows == 1


def test_no_question_reads_the_network_or_loads_an_extension_by_itself(fab):
    settings = dict(
        fab._lake.ask("SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%known_extensions'").fetchall()
    )
    assert settings == {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def test_times_are_naive_utc_inside(fab, write):
    fab.ingest(write("m.csv", "tool,lot,wafers,end_at\nE1,L1,25,2026-05-01T10:00:00+02:00\n"))
    fab._lake.pin()
    assert fab._lake.ask("SELECT end_at, day FROM moves").fetchall() == [
        (datetime(2026, 5, 1, 8), datetime(2026, 5, 1).date())
    ]


def uncounted(fab):
    """Tables of which the catalog has no count."""
    catalog = sqlite3.connect(f"file:{fab.path / 'catalog.sqlite'}?mode=ro", uri=True)
    with closing(catalog):
        names = "SELECT table_name FROM ducklake_table AS t WHERE end_snapshot IS NULL AND NOT EXISTS"
        rows = catalog.execute(f"{names} (SELECT 1 FROM ducklake_table_stats AS s WHERE s.table_id = t.table_id)")
        return {row[0] for row in rows}


def test_every_table_has_a_count_so_that_the_engine_does_not_look_for_one_at_every_statement(fab, write):
    assert uncounted(fab) == set()
    # What is written later counts from there, and every value is found.
    fab.ingest(write("m.csv", "tool,lot,wafers,end_at\nT,L1,25,2026-04-01T00:00:00Z\n"))
    fab.ingest(write("c.csv", "tool,counter,read_at,value\nT,rf,2026-05-01T00:00:00Z,7\nT,rf,2026-05-02T00:00:00Z,9\n"))
    fab.ingest(write("d.csv", "tool,counter,read_at,value\nT,rf,2026-04-01T00:00:00Z,3\n"))
    fab._lake.pin()
    assert fab._lake.rows("SELECT min(value) AS low, count(*) FILTER (value > 8) AS high FROM counters") == [
        {"low": 3.0, "high": 1}
    ]
    assert fab._lake.rows("SELECT count(*) AS n FROM counters WHERE chamber IS NULL") == [{"n": 3}]
    assert uncounted(fab) == set()


def test_a_fab_of_the_first_format_gets_the_tables_it_lacks_and_still_knows_what_it_knew(tmp_path, write):
    folder = tmp_path / "fab"
    moves = write("moves.csv", "lot,tool,wafers,end_at\nL1,T,5,2026-01-01T00:00:00Z\n")
    with Fab(folder, create=True) as fab:
        fab.ingest(moves)
        for name in ("forecasts", "counters"):
            fab._lake.ask(f"DROP TABLE lake.{name}")
    (folder / "fabwatch.json").write_text('{"format": 1}\n')
    then = utc_now()
    time.sleep(1.1)
    with Fab(folder) as fab:
        assert fab._lake.rows("SELECT count(*) AS n FROM lake.forecasts") == [{"n": 0}]
        assert fab.risk(known_at=then).tools[0].wafers == fab.risk().tools[0].wafers == 5
        assert uncounted(fab) == set()
    assert json.loads((folder / "fabwatch.json").read_text())["format"] == FORMAT


def test_a_load_does_not_wait_for_a_question_that_takes_long(tmp_path, write):
    moves = "lot,tool,wafers,end_at\nL1,A,25,2026-05-01T00:00:00Z\n"
    with Fab(tmp_path / "fab", create=True) as asking, Fab(tmp_path / "fab") as loading, asking._lake.reading():
        assert asking._lake.rows("SELECT count(*) AS n FROM moves") == [{"n": 0}]
        begin = time.monotonic()
        assert loading.ingest(write("moves.csv", moves)).rows == 1
        assert time.monotonic() - begin < 4
        assert asking._lake.rows("SELECT count(*) AS n FROM moves") == [{"n": 0}]


@pytest.mark.parametrize(
    ("name", "text", "table"),
    [
        ("moves.csv", "lot,tool,wafers,end_at\nL2,A,25,2026-05-01T00:00:00Z\n", "moves"),
        ("a.log", "time,tool,wafer,step,Flow\n2026-05-01T00:00:00Z,A,W1,1,5\n2026-05-01T00:00:01Z,A,W1,1,6\n", "parts"),
    ],
)
def test_a_load_that_comes_just_before_a_question_is_in_its_snapshot_as_a_whole(
    tmp_path, write, monkeypatch, name, text, table
):
    with new_fab(tmp_path / "fab") as asking, Fab(tmp_path / "fab") as loading:
        asking.ingest(write("first.csv", "lot,tool,wafers,end_at\nL1,A,25,2026-05-01T00:00:00Z\n"))
        asking.risk()
        # Only where something was loaded since are the views made again, and can a load come between.
        loading.ingest(write("second.csv", "lot,tool,wafers,end_at\nL3,A,25,2026-05-01T00:00:00Z\n"))
        show, path, loaded = store.Lake._show, write(name, text), []

        def show_and_load(lake, version, tables):
            show(lake, version, tables)
            if lake is asking._lake and not loaded:
                loaded.append(loading.ingest(path))

        monkeypatch.setattr(store.Lake, "_show", show_and_load)
        with asking._lake.reading() as snapshot:
            assert loaded[0].loaded == 1
            assert snapshot == loading._lake.pin()
            (before,) = asking._lake.rows(f"SELECT count(*) AS n FROM {table}")
            loading.ingest(write("later-" + name, text.replace("A,", "B,")))
            assert before == {"n": 3 if table == "moves" else 1}
            assert asking._lake.rows(f"SELECT count(*) AS n FROM {table}") == [before]
            if table == "parts":
                (shape,) = asking._lake.rows("SELECT DISTINCT shape FROM parts")
                assert asking._lake.rows(f"SELECT count(*) AS n FROM samples_{shape['shape']}") == [{"n": 2}]


ELSEWHERE = {
    "a file of the machine": "SELECT * FROM read_text('/etc/passwd')",
    "a file beside the fab": "SELECT * FROM read_csv('{folder}/../moves.csv')",
    "the keys of the fab": "SELECT * FROM read_blob('{folder}/keys.sqlite')",
    "its settings": "SELECT * FROM read_text('{folder}/fab.toml')",
    "a copy elsewhere": "COPY (SELECT 1) TO '{folder}/../out.csv'",
    "another database": "ATTACH '{folder}/../other.duckdb'",
    "an extension": "INSTALL httpfs",
    "an extension by its path": "LOAD '{folder}/../other.duckdb_extension'",
    "the lock itself": "SET enable_external_access = true",
}


@pytest.mark.parametrize("what", ELSEWHERE)
def test_the_engine_reaches_the_data_of_the_fab_and_nothing_else(tmp_path, what):
    (tmp_path / "moves.csv").write_text("a\n1\n")
    with Fab(tmp_path / "fab", create=True) as fab:
        for name in ("keys.sqlite", "fab.toml"):
            (fab.path / name).write_text("x")
        with pytest.raises(StoreBroken):
            fab._lake.ask(ELSEWHERE[what].format(folder=fab.path))
        assert not (tmp_path / "out.csv").exists()


def test_the_signature_of_an_extension_is_checked_once_and_again_when_its_file_changes(tmp_path, monkeypatch):
    packaged = engine._packaged
    copies = {name: Path(shutil.copy(packaged(name), tmp_path)) for name in FileCatalog.extensions}
    monkeypatch.setattr(engine, "_packaged", copies.get)

    def unsigned():
        connection = engine.connect("1GB", tmp_path / "tmp", FileCatalog.extensions)
        (value,) = connection.execute("SELECT current_setting('allow_unsigned_extensions')").fetchone()
        connection.close()
        return value

    assert [unsigned(), unsigned()] == [False, True]
    path = copies["ducklake"]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(EngineMissing, match="signature"):
        engine.connect("1GB", tmp_path / "tmp", FileCatalog.extensions)
