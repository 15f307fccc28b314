"""Nothing lost, nothing doubled: any order, split, repetition, packing or crash of the same rows gives the same fab."""

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabwatch.fab import Fab
from tests.conftest import NOW
from tests.fabs import new_fab
from tests.ingest.contents import contents

HEADERS = {
    "tools": "TOOL_ID,TOOL_TYPE,AREA",
    "moves": "LOT_ID,WAFER_ID,TOOL_ID,WAFER_QTY,TRACK_IN,TRACK_OUT,PRODUCT,STEP_NO",
    "quals": "TOOL_ID,QUAL_TYPE,QUAL_TIME,RESULT,PARTICLES,LIMIT",
    "maintenance": "TOOL_ID,DONE_AT,KIND",
}
LINES = {
    "tools": ["ETCH-1,OX,Etch", "CVD-9,DEP,Films"],
    "moves": [
        "L1,,ETCH-1,25,2026-05-01 10:00:00,2026-05-01 10:30:00,P,10",
        "L1,,ETCH-2,25,2026-05-01 11:00:00,2026-05-01 11:30:00,P,20",
        "L2,L2.07,ETCH-1,1,2026-05-01 12:00:00,2026-05-01 12:30:00,P,10",
        "L2,L2.08,ETCH-1,1,2026-05-01 12:00:00,2026-05-01 12:31:00,P,10",
        "L3,,ETCH-1,-4,2026-05-01 12:00:00,2026-05-01 12:31:00,P,10",
        "L4,,ETCH-1,25,2026-05-01 14:00:00,2026-05-01 12:31:00,P,10",
        "L5,,ETCH-1,25,yesterday,2026-05-01 12:31:00,P,10",
    ],
    "quals": [
        "ETCH-1,particles,2026-05-01 09:00:00,PASS,3,30",
        "ETCH-1,particles,2026-05-01 13:00:00,FAIL,44,30",
        "ETCH-2,particles,2026-05-01 13:00:00,PASS,4,30",
        "CVD-9,particles,2026-05-01 13:00:00,PASS,4,30",
        "GHOST,particles,2026-05-01 13:00:00,PASS,4,30",
    ],
    "maintenance": ["ETCH-1,2026-05-01 13:30:00,repair", "GHOST,2026-05-01 13:30:00,repair"],
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template") / "fab"
    new_fab(folder).close()
    return folder


def _write(folder, number, kind, lines, packed):
    text = "\n".join([HEADERS[kind], *lines]) + "\n"
    if packed == "gz":
        path = folder / f"{number}_{kind}.csv.gz"
        path.write_bytes(gzip.compress(text.encode()))
    elif packed == "zip":
        path = folder / f"{number}_{kind}.zip"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(f"{kind}.csv", text)
    else:
        path = folder / f"{number}_{kind}.csv"
        path.write_text(text)
    return path


@pytest.fixture(scope="module")
def expected(empty, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    shutil.copytree(empty, folder / "fab")
    with Fab(folder / "fab", clock=lambda: NOW) as fab:
        summary = fab.ingest([_write(folder, 0, kind, lines, "") for kind, lines in LINES.items()])
        assert summary.rows + summary.set_aside + summary.duplicates == sum(map(len, LINES.values()))
        yield contents(fab)


def test_the_plain_load_holds_what_was_written(expected):
    assert {name: len(rows) for name, rows in expected.items()} == {
        "tools": 2, "moves": 4, "quals": 4, "restores": 1, "places": 3, "problems": 5,
    }  # fmt: skip


@st.composite
def schedules(draw):
    """Files in any order, each kind cut in one or two, some repeated, some packed, some calls apart."""
    files = []
    for kind, lines in LINES.items():
        order = draw(st.permutations(lines))
        cut = draw(st.integers(0, len(order)))
        # Rows that are set aside are kept once a file, so only good ones may be in two files at once.
        files += [(kind, part) for part in (order[:cut], order[cut:]) if part]
    files = draw(st.permutations(files))
    repeats = draw(st.lists(st.sampled_from(files), max_size=2))
    packs = draw(st.lists(st.sampled_from(["", "gz", "zip"]), min_size=len(files) + 2, max_size=len(files) + 2))
    together = draw(st.booleans())
    return [(kind, part, pack) for (kind, part), pack in zip([*files, *repeats], packs, strict=False)], together


@given(schedules())
@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_order_split_repetition_and_packing_gives_the_same_fab(empty, expected, tmp_path_factory, schedule):
    files, together = schedule
    folder = tmp_path_factory.mktemp("any", numbered=True)
    shutil.copytree(empty, folder / "fab")
    paths = [_write(folder, n, kind, part, pack) for n, (kind, part, pack) in enumerate(files)]
    with Fab(folder / "fab", clock=lambda: NOW) as fab:
        for call in [paths] if together else [[path] for path in paths]:
            fab.ingest(call)
        assert contents(fab) == expected
        stored = sum(load["rows"] for load in fab.loads())
        assert stored == sum(len(expected[name]) for name in ("tools", "moves", "quals", "restores"))
    shutil.rmtree(folder)


def test_the_same_content_renamed_packed_or_touched_is_there_already(fab, tmp_path):
    path = _write(tmp_path, 1, "moves", LINES["moves"][:4], "")
    assert fab.ingest(path).rows == 4
    (tmp_path / "other.csv").write_bytes(path.read_bytes())
    os.utime(path, (1, 1))
    packed = _write(tmp_path, 2, "moves", LINES["moves"][:4], "gz")
    zipped = _write(tmp_path, 3, "moves", LINES["moves"][:4], "zip")
    again = fab.ingest([path, tmp_path / "other.csv", packed, zipped])
    assert (again.already, again.rows, again.clean) == (4, 0, True)
    assert all(file.message.startswith("already loaded on 2026-07-01T00:00:00Z as") for file in again.files)


def test_a_file_that_grew_adds_only_what_is_new(fab, tmp_path):
    path = _write(tmp_path, 1, "moves", LINES["moves"][:2], "")
    fab.ingest(path)
    _write(tmp_path, 1, "moves", LINES["moves"][:4], "")
    grown = fab.ingest(path)
    assert (grown.rows, grown.duplicates) == (2, 2)


def test_a_qual_of_an_unknown_tool_waits_and_is_stored_when_its_tool_is_known(fab, tmp_path):
    quals = fab.ingest(_write(tmp_path, 1, "quals", LINES["quals"][:2], ""))
    assert (quals.rows, quals.set_aside, quals.files[0].rules) == (0, 2, {"unknown_tool": 2})
    (first, _) = fab.problems()
    assert (first["rule"], first["line"], first["raw"]) == ("unknown_tool", 2, LINES["quals"][0])
    fab.ingest(_write(tmp_path, 2, "moves", LINES["moves"][:1], ""))
    assert fab.problems() == []
    assert [(load["rows"], load["set_aside"]) for load in fab.loads() if load["kind"] == "quals"] == [(2, 0)]
    assert fab.risk(tool="ETCH-1").tools[0].failed_at == datetime(2026, 5, 1, 13)


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


def _command(*arguments):
    return [sys.executable, "-m", "fabwatch", *map(str, arguments)]


def test_twenty_kills_at_random_points_of_an_ingest_lose_and_double_nothing(tmp_path):
    total = _many_files(tmp_path / "files")
    rng = random.Random(11)
    kills = 0
    while True:
        run = subprocess.Popen(
            _command("ingest", tmp_path / "files", "--fab", tmp_path / "fab", "--json"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        if kills < 20:
            try:
                run.communicate(timeout=rng.uniform(0.3, 1.6))
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
                kills += 1
        run.communicate()
        if (tmp_path / "fab" / "fabwatch.json").exists() and kills % 5 == 0:
            with Fab(tmp_path / "fab") as fab:
                rows = {load["path"]: load["rows"] for load in fab.loads()}
                assert all(count == 2000 for count in rows.values())
                assert fab._lake.ask("SELECT count(*) FROM lake.moves").fetchone()[0] == 2000 * len(rows)
        if run.returncode == 0 and kills >= 20:
            break
        if run.returncode == 0:
            # All files are in before all kills were made: take the fab away and go on killing.
            shutil.rmtree(tmp_path / "fab")
    with Fab(tmp_path / "fab") as fab:
        assert fab._lake.ask("SELECT count(*), count(DISTINCT COLUMNS(*)) FROM lake.moves").fetchone()[0] == total
        assert len(fab.loads()) == 30
        fab.sweep()
        assert all(finding.well for finding in fab.doctor())


def test_two_processes_load_the_same_files_while_a_third_asks(tmp_path):
    total = _many_files(tmp_path / "files", count=8, rows=500)
    new_fab(tmp_path / "fab").close()
    ingest = _command("ingest", tmp_path / "files", "--fab", tmp_path / "fab")
    loading = [subprocess.Popen(ingest, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    seen = []
    with Fab(tmp_path / "fab") as fab:
        deadline = time.monotonic() + 120
        while any(run.poll() is None for run in loading) and time.monotonic() < deadline:
            answer = fab.risk()
            passes = sum(row.passes for row in answer.tools)
            assert passes % 500 == 0, "a snapshot holds whole files only"
            seen.append(passes)
        for run in loading:
            _, talk = run.communicate()
            assert run.returncode == 0, talk.decode()
        assert sum(row.passes for row in fab.risk().tools) == total
        assert [load["status"] for load in fab.loads()] == ["loaded"] * 8
    assert seen == sorted(seen)
