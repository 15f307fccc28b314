"""Nothing lost, nothing doubled: the same file again, grown, late, cut off in the middle, loaded by two at once."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime

import pytest

from fabwatch.fab import Fab
from tests.fabs import new_fab
from tests.ingest.mixture import HEADERS, LINES, write


def test_the_same_content_renamed_packed_or_touched_is_there_already(fab, tmp_path):
    path = write(tmp_path, 1, "moves", LINES["moves"][:4])
    assert fab.ingest(path).rows == 4
    (tmp_path / "other.csv").write_bytes(path.read_bytes())
    os.utime(path, (1, 1))
    packed = write(tmp_path, 2, "moves", LINES["moves"][:4], "gz")
    zipped = write(tmp_path, 3, "moves", LINES["moves"][:4], "zip")
    again = fab.ingest([path, tmp_path / "other.csv", packed, zipped])
    assert (again.already, again.rows, again.clean) == (4, 0, True)
    assert all(file.message.startswith("already loaded on 2026-07-01T00:00:00Z as") for file in again.files)


def test_a_file_that_grew_adds_only_what_is_new(fab, tmp_path):
    path = write(tmp_path, 1, "moves", LINES["moves"][:2])
    fab.ingest(path)
    write(tmp_path, 1, "moves", LINES["moves"][:4])
    grown = fab.ingest(path)
    assert (grown.rows, grown.duplicates) == (2, 2)


def test_a_qual_of_an_unknown_tool_waits_and_is_stored_when_its_tool_is_known(fab, tmp_path):
    quals = fab.ingest(write(tmp_path, 1, "quals", LINES["quals"][:2]))
    assert (quals.rows, quals.set_aside, quals.duplicates, quals.files[0].rules) == (0, 2, 0, {"unknown_tool": 2})
    (first, _) = fab.problems()
    assert (first.rule, first.line, first.raw) == ("unknown_tool", 2, LINES["quals"][0])
    fab.ingest(write(tmp_path, 2, "moves", LINES["moves"][:1]))
    assert fab.problems() == []
    counts = [(load.rows, load.set_aside, load.duplicates) for load in fab.loads() if load.kind == "quals"]
    assert counts == [(2, 0, 0)]
    assert fab.risk(tool="ETCH-1").tools[0].failed_at == datetime(2026, 5, 1, 13)


def test_quals_that_waited_in_two_files_are_stored_once_and_the_ledger_adds_up(fab, tmp_path):
    first, second = (write(tmp_path, n, "quals", LINES["quals"][:n]) for n in (1, 2))
    assert fab.ingest([first, second]).set_aside == 3
    fab.ingest(write(tmp_path, 3, "moves", LINES["moves"][:1]))
    assert fab.problems() == []
    loads = [load for load in fab.loads() if load.kind == "quals"]
    assert sum(load.rows for load in loads) == 2
    assert [load.rows + load.duplicates for load in sorted(loads, key=lambda load: load.path)] == [1, 2]
    assert sum(load.set_aside for load in loads) == 0
    assert fab._lake.ask("SELECT count(*) FROM lake.quals").fetchall() == [(2,)]


KILLS = 500
"""Of whole processes at random moments, in the long form; the suite stops one at every statement instead."""


def _many_files(folder, count=30, rows=2000):
    folder.mkdir()
    rng = random.Random(5)
    for number in range(count):
        lines = [
            f"L{n:05d},,ETCH-{rng.randrange(20)},25,,"
            f"2026-05-{number % 28 + 1:02d} {n % 24:02d}:{n % 60:02d}:{number:02d},P,{n}"
            for n in range(rows)
        ]
        (folder / f"m{number:02d}.csv").write_text("\n".join([HEADERS["moves"], *lines]) + "\n")
    return count * rows


def _ingest(*arguments):
    return [sys.executable, "-m", "fabwatch", "ingest", *map(str, arguments)]


@pytest.mark.soak
def test_kills_at_random_points_of_an_ingest_lose_and_double_nothing(tmp_path):
    total = _many_files(tmp_path / "files")
    rng = random.Random(11)
    kills = 0
    while True:
        run = subprocess.Popen(
            _ingest(tmp_path / "files", "--fab", tmp_path / "fab", "--json"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        if kills < KILLS:
            try:
                run.communicate(timeout=rng.uniform(0.3, 1.6))
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
                kills += 1
        run.communicate()
        if (tmp_path / "fab" / "fabwatch.json").exists() and kills % 5 == 0:
            with Fab(tmp_path / "fab") as fab:
                rows = {load.path: load.rows for load in fab.loads()}
                assert all(count == 2000 for count in rows.values())
                assert fab._lake.ask("SELECT count(*) FROM lake.moves").fetchone()[0] == 2000 * len(rows)
        if run.returncode == 0 and kills >= KILLS:
            break
        if run.returncode == 0:
            # All files are in before all kills were made: take the fab away and go on killing.
            shutil.rmtree(tmp_path / "fab")
    with Fab(tmp_path / "fab") as fab:
        assert fab._lake.ask("SELECT count(*), count(DISTINCT COLUMNS(*)) FROM lake.moves").fetchone()[0] == total
        assert len(fab.loads()) == 30
        fab.sweep()
        assert all(finding.well for finding in fab.check())


def test_two_processes_load_the_same_files_while_a_third_asks(tmp_path):
    total = _many_files(tmp_path / "files", count=8, rows=500)
    new_fab(tmp_path / "fab").close()
    ingest = _ingest(tmp_path / "files", "--fab", tmp_path / "fab")
    loading = [subprocess.Popen(ingest, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    seen = []
    with Fab(tmp_path / "fab") as fab:
        deadline = time.monotonic() + 120
        while any(run.poll() is None for run in loading) and time.monotonic() < deadline:
            answer = fab.risk()
            moves = sum(row.moves for row in answer.tools)
            assert moves % 500 == 0, "a snapshot holds whole files only"
            seen.append(moves)
        for run in loading:
            _, talk = run.communicate()
            assert run.returncode == 0, talk.decode()
        assert sum(row.moves for row in fab.risk().tools) == total
        assert [load.status for load in fab.loads()] == ["loaded"] * 8
    assert seen == sorted(seen)
