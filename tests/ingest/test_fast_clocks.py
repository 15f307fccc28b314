"""Rows of a tool whose clock is fast wait, and come in when their time has come; whose clock it is shows."""

from datetime import timedelta

import pytest

from tests.diary import NOW
from tests.fabs import new_fab
from tests.ingest.contents import contents


def stamp(minutes):
    return f"{NOW + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


MOVES = "lot,wafer,tool,end_at\n" + "".join(f"L1,W{n},T1,{stamp(n)}\n" for n in (-9, -1, 5, 7))
QUALS = f"tool,qual_type,qual_time,result\nT1,rate,{stamp(-30)},PASS\nT1,rate,{stamp(6)},PASS\n"
LOG = "time,tool,lot,wafer,step,Pressure (mTorr),RF (W)\n" + "".join(
    f"{stamp(n)},LT,L1,W{1 + (n > 3)},1,{10 + n},{n}\n" for n in range(-5, 8)
)


@pytest.fixture
def files(tmp_path):
    for name, text in (("moves.csv", MOVES), ("quals.csv", QUALS), ("trace.csv", LOG)):
        (tmp_path / name).write_text(text)
    return [tmp_path / name for name in ("moves.csv", "quals.csv", "trace.csv")]


def test_rows_of_the_future_wait_and_come_in_when_their_time_has_come(tmp_path, files):
    now = [NOW]
    with new_fab(tmp_path / "fab", clock=lambda: now[0]) as fab:
        summary = fab.ingest(files)
        assert {file.kind: (file.rows, file.set_aside) for file in summary.files} == {
            "moves": (2, 2),
            "quals": (1, 1),
            "log": (7, 6),
        }
        assert {problem.rule for problem in fab.problems()} == {"future_time"}
        assert [run.rows for run in fab.runs().runs] == [7]
        now[0] = NOW + timedelta(minutes=6)
        fab.ingest(files)
        # What lies up to a minute ahead of this clock counts as having happened.
        assert len(fab.problems()) == 0
        loads = {load.kind: (load.rows, load.set_aside) for load in fab.loads()}
        assert loads == {"moves": (4, 0), "quals": (2, 0), "log": (13, 0)}
        assert sorted(run.rows for run in fab.runs().runs) == [4, 9]
        grown = contents(fab)
        assert all(finding.well for finding in fab.check(deep=True) if finding.check != "clock")
    with new_fab(tmp_path / "later", clock=lambda: NOW + timedelta(minutes=6)) as fab:
        fab.ingest(files)
        assert contents(fab) == grown


def test_a_clock_that_is_fast_is_named_with_by_how_much(tmp_path, files):
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        fab.ingest(files)
        clocks = [finding.what for finding in fab.check() if finding.check == "clock"]
    assert clocks == [
        "the clock of T1 is at least 7 min fast (2 loads)",
        "the clock of LT is at least 7 min fast (1 loads)",
    ]


def test_a_row_of_a_log_that_is_days_ahead_is_no_fast_clock(fab, write):
    late = LOG + f"{stamp(60 * 24 * 400)},LT,L1,W2,1,1,1\n"
    (file,) = fab.ingest(write("trace.csv", late)).files
    assert (file.rows, file.set_aside) == (7, 7)
    assert [problem.waiting is None for problem in fab.problems()].count(True) == 1
