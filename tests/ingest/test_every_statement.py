"""A process that is killed at any statement of its work loses and doubles nothing: done again, all is there."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from fabwatch.fab import Fab
from tests.conftest import NOW
from tests.fabs import new_fab
from tests.ingest import stopper
from tests.ingest.contents import contents
from tests.ingest.mixture import BAD, LINES, LOG, write

pytestmark = pytest.mark.apart
HERE = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def step(request):
    """Every statement in soak; in the suite every fifth, because the writing ones come in longer runs than that."""
    return 1 if request.config.getoption("soak") else 5


@pytest.fixture(scope="session")
def stopped():
    """Does a piece of work in a child that is killed before a statement; says how many were begun and whether it was."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.ingest.stopper"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def stopping(work, fab, paths=(), stop=None):
        request = {"work": work, "fab": str(fab), "paths": [str(path) for path in paths], "stop": stop}
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        return json.loads(server.stdout.readline())

    yield stopping
    server.stdin.close()
    assert server.wait(20) == 0
    server.stdout.close()


def on_disk(fab):
    """What the killed process has left, so that like remains are taken up once: the catalog's rows and the files' sizes."""
    files = sorted(
        (str(path.parent.relative_to(fab)), path.stat().st_size)
        for path in fab.rglob("*")
        if path.is_file() and path.suffix in (".parquet", ".json", ".csv", ".log", "")
    )
    catalog = fab / "catalog.sqlite"
    rows = {}
    if catalog.exists():
        # The rows of the last commit are in the write-ahead log; a copy is read, so that what is there stays untouched.
        copy = fab.with_name("looked-at")
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for path in fab.glob("catalog.sqlite*"):
            shutil.copy(path, copy)
        with closing(sqlite3.connect(copy / "catalog.sqlite")) as reading:
            names = [row[0] for row in reading.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            rows = {name: reading.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
    return hashlib.sha256(json.dumps([files, rows]).encode()).hexdigest()


def killed_everywhere(stopped, step, work, before, paths, again, tmp_path):
    """Kills the work before every `step`-th statement; `again` does it once more on each of the different remains."""
    remains = set()
    for stop in range(1, 1000, step):
        fab = tmp_path / f"stop{stop}"
        if before is not None:
            shutil.copytree(before, fab)
        end = stopped(work, fab, paths, stop)
        assert not end["failed"]
        if not end["killed"]:
            # There are no more statements: this time the work came to its end.
            assert stop - step <= end["begun"] < stop
            break
        assert end["begun"] == stop
        left = on_disk(fab) if fab.exists() else "nothing"
        if left not in remains:
            remains.add(left)
            again(fab, stop)
        shutil.rmtree(fab, ignore_errors=True)
    return end["begun"], len(remains)


FILES = {**LINES, "log": LOG[1:]}


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A fab that has one file of every kind, and quals and restores that wait for their tool."""
    folder = tmp_path_factory.mktemp("started")
    with new_fab(folder / "fab", clock=lambda: NOW) as fab:
        fab.ingest([write(folder, 0, kind, lines[: len(lines) // 2]) for kind, lines in FILES.items() if kind != "tools"])
    return folder / "fab"


@pytest.mark.parametrize(
    "kind",
    [
        # Every kind of table goes one way; of these three each goes one of its own.
        *("tools", "log that grows"),
        # Small tables are stored together.
        "several",
        *(pytest.param(kind, marks=pytest.mark.soak) for kind in FILES if kind != "tools"),
    ],
)
def test_killed_at_every_statement_of_a_load_and_loaded_again_the_fab_is_as_if_nothing_had_been(
    stopped, step, started, tmp_path, kind
):
    if kind == "log that grows":
        paths = [write(tmp_path, 0, "log", LOG[1:])]
    elif kind == "several":
        paths = [write(tmp_path, 1, name, FILES[name][len(FILES[name]) // 2 :]) for name in ("moves", "quals", "metrology")]
    else:
        paths = [write(tmp_path, 1, kind, FILES[kind][len(FILES[kind]) // 2 :] if kind != "tools" else FILES[kind])]
    shutil.copytree(started, tmp_path / "whole")
    with Fab(tmp_path / "whole", clock=lambda: NOW) as fab:
        before = contents(fab)
        fab.ingest(paths)
        whole = contents(fab)
    assert whole != before

    def again(folder, stop):
        with Fab(folder, clock=lambda: NOW) as fab:
            left = contents(fab)
            if kind.startswith("log"):
                # What is worked out from a log comes after it, each table as a whole.
                assert all(left[name] in (before[name], whole[name]) for name in whole), stop
            else:
                assert left in (before, whole), stop
            fab.ingest(paths)
            assert contents(fab) == whole, stop
            fab.sweep()
            assert [finding for finding in fab.check() if not finding.well] == [], stop

    statements, remains = killed_everywhere(stopped, step, "ingest", started, paths, again, tmp_path)
    assert statements > 10
    assert remains >= (2 if step == 1 else 1)


def test_killed_at_every_statement_while_a_fab_is_made_it_is_made_the_next_time(stopped, step, tmp_path):
    path = write(tmp_path, 0, "moves", LINES["moves"])

    def again(folder, stop):
        with Fab(folder, create=True, clock=lambda: NOW) as fab:
            assert fab.ingest(path).rows == len(LINES["moves"]) - BAD["moves"], stop

    statements, _ = killed_everywhere(stopped, step, "make", None, (), again, tmp_path)
    assert statements > 5


def test_killed_at_every_statement_of_a_hold_all_of_it_is_written_or_nothing(stopped, step, started, tmp_path):
    def again(folder, stop):
        with Fab(folder, clock=lambda: NOW) as fab:
            assert fab.verify_audit().whole, stop
            made, entries = fab.holds(), fab.audit()
            assert len(made) == len(entries) <= 1, stop
            if not made:
                fab.hold("ETCH-1", who="ana", reason="particles")
            assert [entry.act for entry in fab.audit()] == ["hold"], stop
            assert len(fab.holds()[0].items) > 0
            assert fab.verify_audit().whole, stop

    with_fail = tmp_path / "failed"
    shutil.copytree(started, with_fail)
    with Fab(with_fail, clock=lambda: NOW) as fab:
        fab.ingest(write(tmp_path, 2, "quals", LINES["quals"]))
    statements, remains = killed_everywhere(stopped, step, "hold", with_fail, (), again, tmp_path)
    assert statements > 10
    assert remains >= (2 if step == 1 else 1)


def test_killed_at_every_statement_of_tidying_nothing_is_lost(stopped, step, started, tmp_path):
    many = tmp_path / "many"
    shutil.copytree(started, many)
    with Fab(many, clock=lambda: NOW) as fab:
        for number in range(3):
            lines = [f"M{number}-{n},,ETCH-1,25,,2026-05-02 10:{n:02d}:00,P,10" for n in range(20)]
            fab.ingest(write(tmp_path, number, "moves", lines))
        whole = contents(fab)

    def again(folder, stop):
        with Fab(folder, clock=lambda: NOW) as fab:
            assert contents(fab) == whole, stop
            fab.compact()
            assert contents(fab) == whole, stop
            fab.sweep()
            assert [finding for finding in fab.check() if not finding.well] == [], stop

    statements, _ = killed_everywhere(stopped, step, "tidy", many, (), again, tmp_path)
    assert statements > 3


def test_the_work_that_is_killed_is_the_work_people_do():
    assert stopper.WORK.keys() == {"make", "ingest", "hold", "tidy"}


OLD = sorted((HERE / "tests" / "store" / "old").glob("*.tar.gz"))


@pytest.mark.parametrize(
    "packed", [OLD[0], *(pytest.param(one, marks=pytest.mark.soak) for one in OLD[1:-1]), OLD[-1]], ids=lambda one: one.stem
)
def test_killed_at_every_statement_of_an_upgrade_the_fab_opens_and_answers_as_before(stopped, tmp_path, packed):
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    before = tmp_path / "fab"

    def answers(fab):
        with Fab(fab, clock=lambda: NOW) as door:
            return door.contain("E1", qual_type="particles").wafers, [one.reading for one in door.readings("E1").readings]

    def again(fab, stop):
        assert answers(fab) == (75, [3, 4, 44])
        with Fab(fab, clock=lambda: NOW) as door:
            assert [finding for finding in door.check(deep=True) if not finding.well and finding.check != "inbox"] == []

    statements, _ = killed_everywhere(stopped, 1, "make", before, [], again, tmp_path)
    assert statements > 5
