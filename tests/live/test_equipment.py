"""From an equipment over HSMS: its events are rows, its traces samples, its alarms alarms, each answered once on disk."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from fabwatch.fab import Fab
from tests.live.equipment import AT, DONE, LOT, OVER, POWER, PRESSURE, WAFER, Running
from tests.live.sources import made, moves, source, until
from tests.servers import free_port

TOML = """
[live.etch1]
url = "hsms://127.0.0.1:{port}"
kind = "log"
constants = {{ tool = "ETCH-1" }}
trace = {{ "Pressure [mTorr]" = {pressure}, Power = {power} }}
trace_s = 0.01
alarms = true
every_s = 0.2

[live.etch1_moves]
of = "etch1"
kind = "moves"
constants = {{ tool = "ETCH-1", step = "ETCH" }}
every_s = 0.2
columns = {{ end_at = "time" }}
[live.etch1_moves.events.{done}]
lot = {lot}
wafer = {wafer}
time = {at}
"""


@contextmanager
def receiving(fab: Fab) -> Iterator[None]:
    """Receive in a process of its own: the library leaves threads and sockets behind."""
    command = [sys.executable, "-m", "fabwatch", "live", "run", "--fab", str(fab.path)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        running.terminate()
        running.wait(20)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def equipment(port: int) -> Iterator[Running]:
    running = Running(port)
    yield running
    running.stop()


def toml(port: int) -> str:
    return TOML.format(port=port, pressure=PRESSURE, power=POWER, done=DONE, lot=LOT, wafer=WAFER, at=AT)


def all_there(fab: Fab, count: int) -> bool:
    return moves(fab) == (count, count)


def test_events_traces_and_alarms_arrive_and_go_on_after_a_new_connection(
    tmp_path: Path, port: int, equipment: Running
) -> None:
    fab = made(tmp_path / "fab", toml(port))
    for turn in range(2):
        with receiving(fab):
            assert until(lambda: source(fab, "etch1").state == "connected"), source(fab, "etch1")
            assert source(fab, "etch1_moves").state == "connected"
            for number in range(turn * 10, turn * 10 + 10):
                equipment.do("ended", number)
                equipment.do("sample", number)
            if turn == 0:
                equipment.do("alarm", OVER)
            # Told again, as by an equipment that has heard no answer.
            equipment.do("ended", turn * 10 + 9)
            equipment.do("sample", turn * 10 + 9)
            assert until(partial(all_there, fab, 10 * turn + 10))
    (run,) = fab.runs().runs
    assert (run.tool, run.rows, run.alarms) == ("ETCH-1", 20, 1)
    assert fab.sql("SELECT min(end_at) AS first FROM moves")["first"][0].isoformat() == "2026-07-01T00:00:00"
    assert {row["sensor"] for row in fab.step_summary().rows()} == {"Pressure", "Power"}
    assert list(fab.sql("SELECT code FROM alarms")["code"]) == [str(OVER)]
    assert source(fab, "etch1").duplicates == 2
    assert fab.problems() == []


def test_an_equipment_that_is_not_there_or_refuses_is_said(tmp_path: Path, port: int, equipment: Running) -> None:
    fab = made(tmp_path / "fab", toml(port).replace(f"lot = {LOT}", "lot = 9999"))
    with receiving(fab):
        assert until(lambda: "S2F33" in (source(fab, "etch1").error or "")), source(fab, "etch1")
        assert source(fab, "etch1").state == "failing"
