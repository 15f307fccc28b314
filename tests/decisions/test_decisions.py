"""Holds, limits and intervals: what they change, and the audit that nobody changes unseen."""

import json

import pytest

from fabwatch.fab import Fab
from fabwatch.terms.errors import BadQuestion, UnknownTool
from tests.commands import command
from tests.diary import NOW


@pytest.fixture
def told(log):
    """A tool that failed on day 20, ran on, and passed on day 24 without a restore; its sister never failed."""
    log.typed("T", "U").ran(*range(30)).ran(*range(30), tool="U")
    for day in (4, 8, 12, 16):
        log.qual(day, True).qual(day, True, tool="U")
    log.qual(20, False).qual(20, True, tool="U").qual(24, True).qual(28, True).qual(28, True, tool="U")
    return log


def held(fab, **more):
    return fab.hold("T", who="ana", reason="particles", as_of=NOW, **more)


def test_a_hold_list_holds_what_was_ticked_and_says_who_and_why(told):
    with told.fab() as fab:
        lots = [item.lot for item in fab.contain("T", as_of=NOW).items]
        made = held(fab, names=lots[:2])
        assert (made.hold, made.who, made.reason, made.wafers, made.held) == ("H-0001", "ana", "particles", 200, 200)
        assert {item.lot for item in made.items} == set(lots[:2])
        assert fab.holds()[0] == made


def test_what_is_on_hold_for_a_qual_is_not_held_twice(told):
    with told.fab() as fab:
        lots = [item.lot for item in fab.contain("T", as_of=NOW).to_hold]
        held(fab, names=lots[:1])
        rest = held(fab)
        assert {item.lot for item in rest.items} == set(lots[1:])
        with pytest.raises(BadQuestion, match="on hold already"):
            held(fab)


@pytest.mark.parametrize(("names", "reason"), [(["NOSUCH"], "particles"), (None, ""), (None, " x ")])
def test_a_hold_without_a_reason_or_of_what_is_not_contained_is_refused_and_nothing_is_written(told, names, reason):
    with told.fab() as fab:
        with pytest.raises(BadQuestion):
            fab.hold("T", who="ana", reason=reason, names=names, as_of=NOW)
        assert fab.holds() == []
        assert fab.audit() == []


def test_released_and_scrapped_wafers_leave_the_hold_one_by_one(told):
    with told.fab() as fab:
        made = held(fab)
        lots = [item.lot for item in made.items]
        fab.dispose(made.hold, "release", who="bea", reason="inspected", names=lots[:1])
        left = fab.dispose(made.hold, "scrap", who="bea", reason="scratched", names=lots[1:2])
        assert (left.released, left.scrapped, left.held) == (100, 100, made.wafers - 200)
        with pytest.raises(BadQuestion, match="not on hold"):
            fab.dispose(made.hold, "scrap", who="bea", reason="again", names=lots[:1])
        assert [entry.act for entry in fab.audit()] == ["scrap", "release", "hold"]


def test_wafers_of_a_fail_that_passed_again_are_suspect_until_their_hold_list_is_decided_to_the_last(told):
    with told.stated("[fab]\nsuspect_days = 60\n").fab() as fab:
        assert fab.risk(tool="T", as_of=NOW).tools[0].suspect_quals == 1
        made = held(fab)
        assert fab.risk(tool="T", as_of=NOW).tools[0].suspect_quals == 1
        fab.dispose(made.hold, "release", who="bea", reason="inspected")
        row = fab.risk(tool="T", as_of=NOW).tools[0]
        assert (row.suspect_quals, row.suspect_wafers) == (0, 0)


def test_a_decided_limit_counts_before_that_of_fab_toml_until_it_is_taken_back(told):
    with told.stated("[quals.p]\nwarning = 1000\ninhibit = 2000\n").fab() as fab:
        assert fab.risk(tool="T", as_of=NOW).tools[0].status == "ok"
        fab.decide("T", "p", "inhibit", 50, who="ana", reason="tighter")
        row = fab.risk(tool="T", as_of=NOW).tools[0]
        assert (row.limit, row.status) == (50, "act")
        assert fab.risk(tool="U", as_of=NOW).tools[0].limit == 2000
        fab.decide("T", "p", "inhibit", None, who="ana", reason="back to normal")
        assert fab.risk(tool="T", as_of=NOW).tools[0].limit == 2000
        assert [one.value for one in fab.decisions(tool="T")] == [None, 50]


def test_a_decided_interval_moves_the_next_check(log):
    for day in range(4, 60, 4):
        log.qual(day, day % 12 != 0)
        if day % 12 == 0:
            log.restored(day + 0.5)
    with log.ran(*range(61)).fab() as fab:
        fab.decide("T", "p", "interval_days", 40, who="ana", reason="it is reliable")
        (due,) = fab.plan(60, as_of=NOW).items
        assert (due.reason, due.due_day) == ("decided", 56 + 40 - 61)


def test_a_decision_that_cannot_be_meant_is_refused(told):
    with told.fab() as fab:
        for wrong in (("T", "p", "inhibit", -1), ("T", "p", "speed", 5), ("T", "p", "inhibit", 1e9)):
            with pytest.raises(BadQuestion):
                fab.decide(*wrong, who="ana", reason="a try")
        for wrong in (("X", "p", "inhibit", 5), ("T", "nosuch", "inhibit", 5)):
            with pytest.raises(UnknownTool):
                fab.decide(*wrong, who="ana", reason="a try")
        assert fab.decisions() == []


def verified(fab):
    finished = command("audit", "verify", "--json", "--fab", fab.path)
    return finished.code, json.loads(finished.out)


CHANGES = {
    "an entry changed": "UPDATE lake.audit SET reason = 'better sounding' WHERE seq = 2",
    "its hash changed too": "UPDATE lake.audit SET reason = 'x', hash = 'y' WHERE seq = 2",
    "an entry taken out": "DELETE FROM lake.audit WHERE seq = 2",
    "the last entry taken out": "DELETE FROM lake.audit WHERE seq = 3",
    "a wafer taken off the hold list": "DELETE FROM lake.holds WHERE lot = 'LT17'",
    "a wafer put on it": "INSERT INTO lake.holds SELECT * REPLACE ('LX' AS lot) FROM lake.holds LIMIT 1",
    "a limit changed": "UPDATE lake.decisions SET value = 5000",
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_audit_notices(told, change):
    with told.fab() as fab:
        made = held(fab)
        fab.dispose(made.hold, "release", who="bea", reason="inspected", names=["LT17"])
        fab.decide("T", "p", "inhibit", 50, who="ana", reason="tighter")
        code, found = verified(fab)
        assert (code, found["whole"], found["entries"], found["faults"]) == (0, True, 3, [])
        with fab._lake.writing():
            fab._lake.ask(CHANGES[change])
        code, found = verified(fab)
        assert (code, found["whole"]) == (2, False)
        assert found["faults"]


def test_a_hash_noted_earlier_proves_that_nothing_before_it_was_written_anew(told):
    with told.fab() as fab:
        held(fab)
        noted = fab.verify_audit().head
        fab.decide("T", "p", "inhibit", 50, who="ana", reason="tighter")
        assert fab.verify_audit(noted).whole
        assert not fab.verify_audit("0" * 64).whole


def test_a_fab_of_an_earlier_format_gets_the_tables_of_decisions(told):
    with told.fab() as fab:
        path = fab.path
        for table in ("holds", "decisions", "audit"):
            fab._lake.ask(f"DROP TABLE lake.{table}")
    (path / "fabwatch.json").write_text('{"format": 3}\n')
    with Fab(path) as fab:
        assert fab.risk(as_of=NOW).tools
        assert held(fab).hold == "H-0001"
