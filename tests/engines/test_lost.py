"""An engine that is lost while it works, or is not there as it has to be: it is said how on, and the next question works."""

import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fabwatch.fab import Fab
from fabwatch.terms.errors import EngineFailed, EngineLost
from tests.commands import command
from tests.fabs import made_once
from tests.served import exports
from tests.servers import PROGRAMS, PostgreSQL, free_port

SECRET = "FABWATCH_TEST_ENGINE"
needs_spark = pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or not shutil.which("java"),
    reason="pyspark or Java is not installed: pip install 'fabwatch[spark]', apt-get install openjdk-17-jre-headless",
)
needs_postgresql = pytest.mark.skipif(not PROGRAMS, reason="no PostgreSQL is installed: apt-get install postgresql")


def _made(place: Path) -> None:
    with Fab(place / "fab", create=True) as fab:
        assert fab.ingest([str(exports(place / "exports"))]).failed == 0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("lost") / "fab"
    shutil.copytree(made_once("lost", _made) / "fab", target)
    return target


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[PostgreSQL]:
    """A server with the tables of the fab, which is running at the end of each test."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'fabwatch[postgresql]'")
    running = PostgreSQL()
    running.start()
    os.environ[SECRET] = "only-for-tests"
    _state(place, f'[databases.mes]\nurl = "{running.address}"\nsecret_env = "{SECRET}"\ntimeout_s = 60\n')
    with Fab(place) as fab:
        fab.copy_to_engine("mes")
    try:
        yield running
    finally:
        running.stop()
        running.remove()
        _state(place, "")


def _state(place: Path, text: str) -> None:
    (place / "fab.toml").write_text(text)


def _plain(answer: Any) -> Any:
    return {key: value for key, value in answer.to_dict().items() if key != "how"}


def _run_on(server: PostgreSQL, *statements: str) -> Any:
    import psycopg

    with psycopg.connect(server.address, password=os.environ[SECRET], autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchone() if cursor.description else None


def _slow(server: PostgreSQL) -> None:
    """Let the server give each move after a while."""
    _run_on(
        server,
        "ALTER TABLE fabwatch.moves RENAME TO moves_kept",
        "CREATE VIEW fabwatch.moves AS SELECT * FROM fabwatch.moves_kept WHERE pg_sleep(0.05) IS NOT NULL",
    )


def _quick(server: PostgreSQL) -> None:
    _run_on(server, "DROP VIEW fabwatch.moves", "ALTER TABLE fabwatch.moves_kept RENAME TO moves")


def _is_asked(server: PostgreSQL) -> bool:
    """Whether it is giving moves right now."""
    return bool(_run_on(server, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")[0])


def _when(happens: Callable[[], bool], act: Callable[[], object]) -> threading.Thread:
    """Does something as soon as something else happens, within a minute."""

    def wait() -> None:
        for _ in range(6000):
            if happens():
                act()
                return
            time.sleep(0.01)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@needs_postgresql
def test_a_server_that_stops_while_it_answers_gives_no_answer_and_the_next_question_works(
    server: PostgreSQL, place: Path
) -> None:
    _slow(server)
    with Fab(place) as here, Fab(place, engine="postgres:mes") as fab:
        stopping = _when(lambda: _is_asked(server), server.stop)
        with pytest.raises(EngineLost, match="PostgreSQL mes was lost while it worked") as lost:
            fab.risk()
        stopping.join()
        assert "ask again: a new session is started" in lost.value.hint
        with pytest.raises(EngineFailed, match="PostgreSQL mes cannot be reached"):
            fab.risk()
        server.start()
        _quick(server)
        assert _plain(fab.risk()) == _plain(here.risk())


@needs_postgresql
def test_a_server_that_stopped_between_two_questions_is_not_noticed(server: PostgreSQL, place: Path) -> None:
    with Fab(place, engine="postgres:mes") as fab:
        before = _plain(fab.risk())
        server.stop()
        server.start()
        assert _plain(fab.risk()) == before


@needs_postgresql
def test_a_statement_that_takes_too_long_says_which_setting_lets_it(server: PostgreSQL, place: Path) -> None:
    _slow(server)
    stated = (place / "fab.toml").read_text()
    _state(place, stated.replace("timeout_s = 60", "timeout_s = 0.2"))
    with Fab(place, engine="postgres:mes") as fab, pytest.raises(EngineFailed) as failed:
        fab.risk()
    assert not isinstance(failed.value, EngineLost)
    assert "timeout_s of [databases.NAME]" in failed.value.hint
    _state(place, stated)
    _quick(server)


def _works(fab: Fab) -> bool:
    """Whether Spark works on something right now."""
    engine: Any = fab._engine._open
    return engine is not None and bool(engine._session.sparkContext.statusTracker().getActiveJobsIds())


def _kill(fab: Fab) -> None:
    engine: Any = fab._engine._open
    os.kill(engine._session.sparkContext._gateway.proc.pid, signal.SIGKILL)


@needs_spark
def test_spark_that_is_killed_while_it_answers_gives_no_answer_and_the_next_question_works(place: Path) -> None:
    with Fab(place) as here, Fab(place, engine="local[2]") as fab:
        killing = _when(lambda: _works(fab), lambda: _kill(fab))
        with pytest.raises(EngineLost, match="Spark was lost while it worked") as lost:
            fab.risk()
        killing.join()
        assert "ask again: a new session is started" in lost.value.hint
        assert _plain(fab.risk()) == _plain(here.risk())


@pytest.mark.soak
@needs_spark
def test_spark_that_was_killed_between_two_questions_is_not_noticed(place: Path) -> None:
    with Fab(place, engine="local[2]") as fab:
        before = _plain(fab.risk())
        _kill(fab)
        assert _plain(fab.risk()) == before


@needs_spark
@pytest.mark.parametrize(
    ("memory", "wanted"),
    [
        pytest.param("100MB", "Spark cannot start: it has too little memory.", marks=pytest.mark.soak),
        ("900000GB", "this machine has not so much memory."),
    ],
)
def test_a_memory_that_spark_cannot_start_with_is_said_with_the_setting(place: Path, memory: str, wanted: str) -> None:
    stated = (place / "fab.toml").read_text() if (place / "fab.toml").exists() else ""
    _state(place, f'[spark]\nmemory = "{memory}"\n')
    # A process of its own: Java keeps the memory with which it began.
    done = subprocess.run(
        [sys.executable, "-m", "fabwatch", "risk", "--engine", "local[1]", "--fab", str(place)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    _state(place, stated)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{wanted}\nhint: " in done.stderr
    assert "memory of [spark] in fab.toml" in done.stderr


def _java(folder: Path, says: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


@needs_spark
def test_a_java_that_spark_does_not_run_on_is_said_with_those_that_it_does(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for says, wanted in {
        'openjdk version "11.0.2" 2019-01-15': "is Java 11.",
        'java version "1.8.0_402"': "is Java 8.",
        "what is this": "is something else.",
    }.items():
        monkeypatch.setenv("JAVA_HOME", str(_java(tmp_path / wanted, says)))
        with Fab(place, engine="spark") as fab, pytest.raises(EngineFailed, match=wanted) as failed:
            fab.risk()
        assert "install Java 17 or 21" in failed.value.hint
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    finished = command("risk", "--engine", "spark", "--fab", place)
    assert finished.code == 1
    assert "JAVA_HOME is" in finished.err
    assert "no Java runs there" in finished.err


@needs_spark
def test_an_address_of_no_master_is_said_at_once(place: Path) -> None:
    for address in (f"127.0.0.1:{free_port()}", "no-such-host.invalid:7077", "127.0.0.1:http"):
        with Fab(place, engine=f"spark://{address}") as fab, pytest.raises(EngineFailed, match="cannot be reached at spark"):
            fab.risk()
