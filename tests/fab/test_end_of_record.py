"""A record that ended over a day ago is answered as of its end, and says so."""

from datetime import timedelta

from fabwatch.fab import Fab
from fabwatch.store.record import END_OF_RECORD
from fabwatch.terms.clock import stated_time
from tests.diary import NOW

HEAD = "lot,wafer,tool,end_at"
LATEST = "2026-05-01T11:00:00Z"


def loaded(folder, write, clock):
    fab = Fab(folder, create=True, clock=lambda: clock)
    fab.ingest(write("moves.csv", f"{HEAD}\nL1,L1.01,ETCH-1,2026-04-30T11:00Z\nL1,L1.02,ETCH-1,{LATEST}\n"))
    return fab


def test_a_question_about_now_is_answered_as_of_the_end_of_a_record_that_has_ended(tmp_path, write):
    end = stated_time(LATEST)
    with loaded(tmp_path / "fab", write, end + timedelta(days=3)) as fab:
        answer = fab.risk()
        assert (answer.as_of, answer.as_of_reason) == (end, END_OF_RECORD)
        assert answer.to_dict()["as_of_reason"] == END_OF_RECORD
        now = fab.risk(as_of="now")
        assert (now.as_of, now.as_of_reason) == (end + timedelta(days=3), None)
        assert fab.tools().as_of == fab.overview().as_of == end


def test_a_record_of_today_is_answered_as_of_now(tmp_path, write):
    now = stated_time(LATEST) + timedelta(hours=23)
    with loaded(tmp_path / "fab", write, now) as fab:
        assert (fab.risk().as_of, fab.risk().as_of_reason) == (now, None)


def test_a_stated_time_is_kept_and_needs_no_reason(tmp_path, write):
    with loaded(tmp_path / "fab", write, NOW + timedelta(days=400)) as fab:
        assert fab.risk(as_of="2026-05-01T00:00Z").as_of_reason is None
        known = fab.risk(known_at=fab.loads()[0].loaded_at + timedelta(seconds=1))
        assert known.as_of_reason is None


def test_an_empty_fab_is_answered_as_of_now(fab):
    assert (fab.risk().as_of, fab.risk().as_of_reason) == (NOW, None)
