"""Files that are nearly right: none ends the process, takes long or much memory, or is left without a word; others load."""

import contextlib
import os
from pathlib import Path

import pytest

from tests.adversary.mutations import mutated
from tests.conftest import NOW
from tests.fabs import new_fab
from tests.ingest.mixture import HEADERS

QUICK, LONG = 60, 10_000
AT_ONCE = 250
"""Files in one fab."""
SECONDS, MEGABYTES = 10, 512
"""What one file may take."""
UNFORESEEN = {"reading_failed", "odd_value", "over_budget", "unbalanced"}
"""Rules for what nobody thought of: a mutated file that breaks one has found a fault."""
GOOD = {
    "tools.csv": f"{HEADERS['tools']}\nGOOD-1,OX,Good\n",
    "moves.csv": f"{HEADERS['moves']}\n" + "".join(f"G{n},,GOOD-1,25,,2026-05-03 1{n}:00:00,P,10\n" for n in range(9)),
    "quals.csv": f"{HEADERS['quals']}\nGOOD-1,particles,2026-05-03 13:30:00,FAIL,44,30\n",
    "good.log": "time,tool,wafer,step,Flow,Power\n"
    + "".join(f"2026-05-04T10:00:0{n}Z,GOOD-1,H1.01,1,{n}.5,300\n" for n in range(9)),
}
"""Their first letters stand in the middle of the alphabet, so that mutated ones come before and after them."""


def made_files(folder, first, count):
    """The mutated files of some numbers, with good ones among them; returns {name: number}."""
    names = {}
    for seed in range(first, first + count):
        ending, content = mutated(seed)
        name = f"{'az'[seed % 2]}{seed:06d}{ending}"
        (folder / name).write_bytes(content)
        names[name] = seed
    for name, text in GOOD.items():
        (folder / name).write_text(text)
    return names


def readers():
    """The processes that read files for this one."""
    if os.name != "posix" or not Path("/proc/self/task").is_dir():
        return
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            process = Path("/proc", child)
            with contextlib.suppress(OSError):
                if b"reader_process" in (process / "cmdline").read_bytes():
                    yield process


def reader_megabytes():
    """The most memory that a reader has taken so far."""
    return max((int((p / "status").read_text().partition("VmHWM:")[2].split()[0]) // 1024 for p in readers()), default=0)


def busy_seconds():
    """Processor time of this process and of all its readers so far: other work on the machine is not counted."""
    ended = os.times()
    running = 0
    for process in readers():
        times = (process / "stat").read_text().rpartition(")")[2].split()
        running += int(times[11]) + int(times[12])
    return sum(ended[:4]) + running / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize(
    "firsts", [range(0, QUICK, QUICK), pytest.param(range(0, LONG, AT_ONCE), marks=pytest.mark.soak)], ids=["quick", "long"]
)
def test_mutated_files_cost_nobody_else_anything(tmp_path, firsts):
    faults = []
    for first in firsts:
        folder = tmp_path / f"files{first}"
        folder.mkdir()
        names = made_files(folder, first, firsts.step)
        with new_fab(tmp_path / f"fab{first}", clock=lambda: NOW) as fab:
            faults += faults_of(fab, folder, names)
    assert not faults, f"{len(faults)} faults\n" + "\n".join(map(str, faults[:40]))


def faults_of(fab, folder, names):
    """What is not as it should be after the files of a folder were loaded together."""
    faults: list[tuple[object, ...]] = []
    last = [busy_seconds()]

    def watch(step):
        if step.result is None:
            return
        now = busy_seconds()
        taken, last[0] = now - last[0], now
        memory = reader_megabytes()
        if taken > SECONDS or memory > MEGABYTES:
            faults.append((step.result.path, f"{taken:.1f} s, {memory} MB"))

    summary = fab.ingest(folder, progress=watch)
    by_name = {}
    for result in summary.files:
        by_name.setdefault(Path(result.path.partition("!")[0]).name, []).append(result)
    # A zip file of folders only has nothing in it that could have a status.
    faults += [(name, "no status") for name in names if name not in by_name and not name.endswith(".zip")]
    for result in summary.files:
        if result.status not in ("loaded", "already") and "hint: " not in result.message:
            faults.append((result.path, result.status, result.message, "no hint"))
        if result.rules.keys() & UNFORESEEN:
            why = [problem.why for problem in fab.problems() if problem.path == result.path]
            faults.append((result.path, result.rules, why[:3]))
    good = [(result, GOOD[name].count("\n") - 1) for name in GOOD for result in by_name[name]]
    faults += [(result.path, result.status, result.rows, rows) for result, rows in good if result.rows != rows]
    risk = fab.risk(tool="GOOD-1").tools
    wafers = {row.wafers for row in risk if row.qual_type == "particles"}
    if wafers != {9 * 25}:
        faults.append(("the good files", f"{wafers} wafers instead of those of 9 moves"))
    faults += [(finding.check, finding.what) for finding in fab.check() if not finding.well and finding.check == "ledger"]
    return faults
