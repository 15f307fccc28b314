"""Many processes at once: some load, some ask, some tidy, all are killed at random; in the end each row is there once.

The suite does so for seconds with four of them. `make soak` does it with eight for SOAK_MINUTES (30).
"""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from fabwatch.fab import Fab
from tests.conftest import NOW
from tests.fabs import new_fab
from tests.ingest.contents import contents
from tests.ingest.mixture import LINES, LOGS, write

ROWS = 40
ASKING = (
    "import sys, time\nfrom fabwatch.fab import Fab\n"
    "with Fab(sys.argv[1]) as fab:\n"
    "    while True:\n"
    "        moves = sum(row.moves for row in fab.risk(tool='BULK', as_of='2026-05-03').tools if row.chamber == '*')\n"
    f"        assert moves % {ROWS} == 0, f'part of a file: {{moves}} moves'\n"
    "        time.sleep(0.02)\n"
)


def written(folder):
    """Files of every kind, and forty of moves, in four folders that overlap."""
    folders = [folder / str(n) for n in range(4)]
    for place in folders:
        place.mkdir(parents=True)
    for number, (kind, lines) in enumerate([*LINES.items(), *((kind, lines[1:]) for kind, lines in LOGS.items())]):
        for place in folders:
            write(place, number, kind, lines)
    for number in range(40):
        stamps = (f"2026-05-01 {number % 24:02d}:{n:02d}:{number // 24:02d}" for n in range(ROWS))
        lines = [f"B{number},B{number}.{n:02d},BULK,1,,{stamp},P,1" for n, stamp in enumerate(stamps)]
        for place in folders[number % 4], folders[(number + 1) % 4]:
            write(place, 100 + number, "moves", lines)
    return folders


def commands(folders, fab):
    program = [sys.executable, "-m", "fabwatch"]
    loading = [[*program, "ingest", str(folder), "--fab", str(fab)] for folder in folders]
    return [*loading, [sys.executable, "-c", ASKING, str(fab)], [*program, "compact", "--fab", str(fab)], *loading]


@pytest.mark.parametrize(
    ("processes", "seconds"),
    [
        pytest.param(4, 8.0, id="four for seconds"),
        pytest.param(8, 60 * float(os.environ.get("SOAK_MINUTES", "30")), id="eight for long", marks=pytest.mark.soak),
    ],
)
def test_killed_loaders_readers_and_tidiers_lose_and_double_nothing(tmp_path, processes, seconds):
    folders = written(tmp_path / "files")
    with new_fab(tmp_path / "plain", clock=lambda: NOW) as fab:
        fab.ingest(folders)
        expected = contents(fab)
    rng = random.Random(3)
    end = time.monotonic() + seconds
    turns = 0
    while time.monotonic() < end:
        turns += 1
        fab = tmp_path / f"fab{turns}"
        new_fab(fab).close()
        crowded(commands(folders, fab), processes, min(end, time.monotonic() + 120), rng)
        with Fab(fab, clock=lambda: NOW) as mended:
            mended.ingest(folders)
            mended.sweep()
            assert contents(mended) == expected, turns
            assert [finding for finding in mended.check(deep=True) if not finding.well] == [], turns
            assert sum(load.rows for load in mended.loads() if load.kind == "moves") == len(expected["moves"]) - 2


def crowded(choices, processes, end, rng):
    """Processes that come and go until then; most are killed, and none of those that end by themselves has failed."""
    running = {}
    while time.monotonic() < end:
        while len(running) < processes:
            command = rng.choice(choices)
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            running[process] = time.monotonic() + rng.uniform(0.5, 6)
        for process, until in [*running.items()]:
            if process.poll() is not None:
                # 2: something was set aside, as it is in every load of these files.
                assert process.returncode in (0, 2), process.stderr.read()
            elif time.monotonic() > until:
                process.send_signal(signal.SIGKILL)
            else:
                continue
            process.communicate()
            del running[process]
        time.sleep(0.02)
    for process in running:
        process.send_signal(signal.SIGKILL)
        process.communicate()
