"""The word by which a server knows whether its answers still stand: it changes with what they rest on, and only then."""

from datetime import timedelta

from fabwatch.fab import Fab
from fabwatch.fab import files as door
from tests.conftest import NOW
from tests.fabs import new_fab

MOVES = "lot,wafer,tool,end_at\n" + "".join(f"L1,W{n},T1,2026-05-01 00:{n:02d}:00\n" for n in range(20))
LOG = "time,tool,lot,wafer,step,P (mTorr),RF (W)\n" + "".join(
    f"2026-05-01T00:00:{n:02d}Z,E1,L,W1,1,{n},{n}\n" for n in range(9)
)
QUALS = "tool,qual_type,qual_time,result\n" + "".join(
    f"T1,rate,2026-04-{day:02d}T00:00:00Z,{'FAIL' if day % 7 == 0 else 'PASS'}\n" for day in range(1, 30)
)


def test_it_changes_when_a_file_is_read_again_by_a_clock_that_lies_behind(tmp_path, write):
    now = [NOW]
    with new_fab(tmp_path / "fab", clock=lambda: now[0]) as fab:
        fab.ingest(write("moves.csv", MOVES))
        now[0] += timedelta(minutes=5)
        fab.ingest(write("quals.csv", QUALS))
        before = fab.state()
        now[0] -= timedelta(minutes=3)
        fab.ingest(write("moves.csv", MOVES), again=True)
        assert fab.state() != before


def test_it_changes_with_what_is_derived_after_a_load(fab, write, monkeypatch):
    states = []

    def derived(lake, *more):
        states.append(fab.state())
        real(lake, *more)

    real = door.refresh_derived
    monkeypatch.setattr(door, "refresh_derived", derived)
    fab.ingest(write("trace.csv", LOG))
    assert states[0] != fab.state()


def test_it_is_one_word_for_all_processes_and_stays_while_files_are_merged_and_forecasts_kept(tmp_path, write):
    with new_fab(tmp_path / "fab") as fab:
        for number in range(3):
            fab.ingest(write(f"m{number}.csv", MOVES.replace("L1", f"L{number}")))
        fab.ingest(write("quals.csv", QUALS))
        before = fab.state()
        fab.compact()
        with fab._lake.writing():
            fab._lake.ask("INSERT INTO lake.forecasts (as_of, tool) VALUES (now()::TIMESTAMP, 'T1')")
        assert fab.state() == before
        with Fab(tmp_path / "fab") as other:
            assert other.state() == before
            other.decide("T1", "rate", "warning", 5, who="somebody", reason="a limit")
            assert other.state() == fab.state() != before
