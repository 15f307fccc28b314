"""Rows come from the fab's databases as they come from files: each once, on from where the last pull ended, read-only."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fabwatch.databases import reading
from fabwatch.fab import Fab
from fabwatch.terms.errors import BadQuestion, BadSettings
from tests.commands import command
from tests.servers import PROGRAMS, postgresql

SECRET = "FABWATCH_TEST_DB"
MOVES = "SELECT lot, wafer, eqp AS tool, done AS end_at, changed FROM moves"
Run = Callable[..., None]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if not PROGRAMS:
        pytest.skip("no PostgreSQL is installed: apt-get install postgresql")
    with postgresql() as address:
        yield address


@pytest.fixture(params=["postgresql", "sqlite", "odbc"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Run]]:
    """The address of a database, and what runs statements in it."""
    monkeypatch.setenv(SECRET, "only-for-tests")
    if request.param == "sqlite":
        connection: Any = sqlite3.connect(tmp_path / "mes.db", isolation_level=None)
        address, mark = f"sqlite://{tmp_path / 'mes.db'}", "?"
    elif request.param == "odbc":
        pyodbc = pytest.importorskip("pyodbc", reason="the package pyodbc is not installed")
        if "SQLite3" not in pyodbc.drivers():
            pytest.skip("no ODBC driver to try is installed: apt-get install libsqliteodbc")
        connection = sqlite3.connect(tmp_path / "mes.db", isolation_level=None)
        address, mark = f"odbc://?DRIVER={{SQLite3}};Database={tmp_path / 'mes.db'}", "?"
    else:
        server = request.getfixturevalue("server")
        connection = psycopg.connect(server, password="only-for-tests", autocommit=True)
        address, mark = server, "%s"

    def run(text: str, rows: Any = None) -> None:
        cursor = connection.cursor()
        if rows is None:
            cursor.execute(text)
        else:
            cursor.executemany(text.replace("?", mark), rows)

    run("DROP TABLE IF EXISTS moves")
    run("CREATE TABLE moves (lot TEXT, wafer TEXT, eqp TEXT, done TIMESTAMP, changed TIMESTAMP)")
    yield address, run
    connection.close()


def toml(address: str, query: str = MOVES, more: str = 'watermark = "changed"\nignore = ["changed"]') -> str:
    return (
        f'[databases.mes]\nurl = "{address}"\nsecret_env = "{SECRET}"\n'
        f'[databases.mes.pull.moves]\nquery = "{query}"\nzone = "Europe/Berlin"\n{more}\n'
    )


def made(tmp_path: Path, text: str) -> Fab:
    folder = tmp_path / "fab"
    folder.mkdir(exist_ok=True)
    (folder / "fab.toml").write_text(text)
    return Fab(folder, create=True)


def moves(first: int, last: int) -> list[tuple[str, ...]]:
    """Moves that were changed minute after minute."""
    return [(f"L{n // 25}", f"L{n // 25}.{n % 25:02d}", "E1", _time(n), _time(n + 5)) for n in range(first, last)]


def _time(minutes: int) -> str:
    return f"2026-07-{1 + minutes // 1440:02d} {minutes // 60 % 24:02d}:{minutes % 60:02d}:00"


INSERT = "INSERT INTO moves VALUES (?, ?, ?, ?, ?)"


def stored(fab: Fab) -> int:
    return int(fab.sql("SELECT count(*) AS n FROM moves")["n"][0])


def test_what_is_new_comes_once_and_the_overlap_is_there_already(tmp_path: Path, database: tuple[str, Run]) -> None:
    address, run = database
    run(INSERT, moves(0, 300))
    fab = made(tmp_path, toml(address))
    (one,) = fab.pull().tables
    assert (one.read, one.stored, one.there_already, one.set_aside, one.error) == (300, 300, 0, 0, None)
    run(INSERT, moves(300, 320))
    (two,) = fab.pull().tables
    # An hour before the last watermark is read again: 61 rows, both ends included.
    # By ODBC, SQLite compares times as texts, of which one more digit is another: the oldest row of the overlap is left out.
    again = 60 if address.startswith("odbc:") else 61
    assert (two.read, two.stored, two.there_already) == (20 + again, 20, again)
    assert stored(fab) == 320
    first = fab.sql("SELECT min(end_at) AS first FROM moves")["first"][0]
    # Times without a zone are those of Berlin.
    assert str(first) == "2026-06-30 22:00:00"
    assert list((fab.path / "pulled").glob("*.parquet")) == []


def test_a_pull_that_is_killed_in_the_middle_goes_on_and_doubles_nothing(
    tmp_path: Path, database: tuple[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, run = database
    run(INSERT, moves(0, 1_000))
    fab = made(tmp_path, toml(address))
    monkeypatch.setattr(reading, "ROWS", 100)
    monkeypatch.setattr(reading.parts, "__defaults__", (100,))
    loads = 0
    own = Fab.ingest

    class Killed(BaseException):
        pass

    for stop in (1, 3, 4):

        def stopping(self: Fab, *given: Any, stop: int = stop, **more: Any) -> Any:
            nonlocal loads
            summary = own(self, *given, **more)
            loads += 1
            if loads == stop:
                # Loaded, and the watermark is not noted yet.
                raise Killed
            return summary

        loads = 0
        monkeypatch.setattr(Fab, "ingest", stopping)
        with pytest.raises(Killed):
            fab.pull()
        monkeypatch.setattr(Fab, "ingest", own)
    fab.close()
    fab = Fab(fab.path)
    (one,) = fab.pull().tables
    assert one.error is None
    assert stored(fab) == 1_000
    assert fab.sql("SELECT count(DISTINCT (lot, wafer, end_at)) AS n FROM moves")["n"][0] == 1_000


def test_a_database_that_is_gone_does_not_stop_the_others(tmp_path: Path, database: tuple[str, Run]) -> None:
    address, run = database
    run(INSERT, moves(0, 10))
    gone = f'[databases.away]\nurl = "postgresql://me@127.0.0.1:9/db"\nsecret_env = "{SECRET}"\n'
    gone += '[databases.away.pull.quals]\nquery = "SELECT 1"\n'
    fab = made(tmp_path, gone + toml(address))
    away, here = fab.pull().tables
    assert "away" in (away.error or "")
    assert "only-for-tests" not in (away.error or "")
    assert here.stored == 10
    done = command("pull", "--fab", fab.path, "--json")
    assert done.code == 2
    assert json.loads(done.out)["tables"][0]["error"]


def test_a_wrong_password_a_dropped_column_and_a_broken_query_are_named(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "wrong-password-here")
    fab = made(tmp_path, toml(server))
    (one,) = fab.pull().tables
    assert "password authentication failed" in (one.error or "")
    assert "wrong-password-here" not in (one.error or "")
    monkeypatch.setenv(SECRET, "only-for-tests")
    with psycopg.connect(server, password="only-for-tests", autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS moves")
        connection.execute("CREATE TABLE moves (lot TEXT)")
    (one,) = fab.pull().tables
    assert "eqp" in (one.error or "") or "wafer" in (one.error or "")
    monkeypatch.delenv(SECRET)
    (one,) = fab.pull().tables
    assert f"{SECRET} is not set" in (one.error or "")


def test_nothing_can_be_changed_through_a_connection(tmp_path: Path, database: tuple[str, Run]) -> None:
    address, run = database
    run(INSERT, moves(0, 10))
    cunning = "WITH gone AS (DELETE FROM moves RETURNING lot, wafer, eqp AS tool, done AS end_at) SELECT * FROM gone"
    fab = made(tmp_path, toml(address, cunning, ""))
    (one,) = fab.pull().tables
    assert one.error
    assert one.read == 0
    (fab.path / "fab.toml").write_text(toml(address))
    assert Fab(fab.path).pull().tables[0].stored == 10


def test_a_query_that_takes_too_long_is_stopped(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "only-for-tests")
    slow = "SELECT 'L1' AS lot, 'E1' AS tool, now() AS end_at FROM pg_sleep(30)"
    text = toml(server, slow, "").replace(f'secret_env = "{SECRET}"', f'secret_env = "{SECRET}"\ntimeout_s = 0.5')
    (one,) = made(tmp_path, text).pull().tables
    assert "statement timeout" in (one.error or "")


def test_numbers_zones_and_odd_values_come_as_they_are_meant(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "only-for-tests")
    query = (
        "SELECT 'L' || n AS lot, 'E1' AS tool, TIMESTAMPTZ '2026-07-01 12:00:00+09' + n * interval '1 min' AS end_at, "
        "25::numeric AS wafers FROM generate_series(1, 50) AS n"
    )
    fab = made(tmp_path, toml(server, query, ""))
    (one,) = fab.pull().tables
    assert (one.stored, one.set_aside, one.error) == (50, 0, None)
    row = fab.sql("SELECT min(end_at) AS first, sum(wafers) AS wafers FROM moves").iloc[0]
    assert (str(row["first"]), row["wafers"]) == ("2026-07-01 03:01:00", 1250)
    assert fab.pull().tables[0].stored == 0


def test_too_many_rows_at_once_are_refused_and_what_came_is_kept(
    tmp_path: Path, database: tuple[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, run = database
    run(INSERT, moves(0, 300))
    monkeypatch.setattr(reading.parts, "__defaults__", (100,))
    fab = made(tmp_path, toml(address, more='watermark = "changed"\nignore = ["changed"]\nmost_rows = 250'))
    (one,) = fab.pull().tables
    assert "more than 250 rows" in (one.error or "")
    assert one.stored == 200
    (two,) = fab.pull().tables
    assert stored(fab) == 300
    assert two.error is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[databases.a]\nurl = "mysql://x/y"', "postgresql://"),
        ('[databases.a]\nurl = "postgresql://me:secret@host/db"', "password"),
        ('[databases.a]\nurl = "sqlite:///x"\n[databases.a.pull.moves]\nquery = "DELETE FROM moves"', "SELECT or WITH"),
        ('[databases.a]\nurl = "sqlite:///x"\n[databases.a.pull.movess]\nquery = "SELECT 1"', "moves"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(BadSettings) as refused:
        made(tmp_path, text)
    assert why in f"{refused.value.what} {refused.value.hint}"


def test_without_databases_or_by_a_wrong_name_the_way_out_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadQuestion, match="names no database"):
        made(tmp_path, "").pull()
    with pytest.raises(BadQuestion, match="mes"):
        made(tmp_path, toml("sqlite:///nowhere.db")).pull("mess")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_service_pulls_by_itself(own_server: Any, database: tuple[str, Run]) -> None:
    address, run = database
    run(INSERT, moves(0, 40))
    stated = toml(address).replace(f'secret_env = "{SECRET}"', "every_minutes = 0.05")
    with (own_server.fab / "fab.toml").open("a") as file:
        file.write("\n" + stated)
    with own_server.client("read") as client:
        for _ in range(200):
            found = client.get("/api/v1/loads").json()["loads"]
            if any("pulled" in load["path"] for load in found):
                break
            time.sleep(0.25)
        assert any("pulled" in load["path"] and load["status"] == "loaded" for load in found)


def test_a_row_with_a_lower_number_that_was_committed_late_is_within_the_overlap(
    tmp_path: Path, database: tuple[str, Run]
) -> None:
    address, run = database
    run("DROP TABLE moves")
    run("CREATE TABLE moves (lot TEXT, eqp TEXT, wafers INTEGER, done TIMESTAMP, id INTEGER)")
    query = "SELECT lot, eqp AS tool, wafers, done AS end_at, id FROM moves"
    fab = made(tmp_path, toml(address, query, 'watermark = "id"\nignore = ["id"]\noverlap = 5'))
    add = "INSERT INTO moves VALUES (?, 'T1', 25, '2026-05-01 10:00:00', ?)"
    run(add, [(f"L{n}", n) for n in range(1, 21) if n != 16])
    assert fab.pull().tables[0].stored == 19
    run(add, [("L16", 16)])
    (own,) = fab.pull().tables
    assert (own.read, own.stored, own.there_already) == (6, 1, 5)
