"""The last good qual by itself: of a tool, of each chamber, and what stays open where one of them has none."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from fabwatch.equipment.tools import ToolCard
from fabwatch.risk.count_window import Gate
from fabwatch.risk.last_good import Looks, scope_of

NOW = datetime(2026, 5, 1, 12)
pytestmark = pytest.mark.unit


def hour(value):
    return None if value is None else datetime(2026, 5, 1, value)


def scope(chambers="", **looks):
    """Hours of the last good and the last failed qual by chamber; `whole` for the tool as a whole."""
    card = ToolCard("T", chambers=set(chambers))
    hours = {name.replace("whole", "*"): Looks(hour(good), hour(failed)) for name, (good, failed) in looks.items()}
    return scope_of(card, "particles", hours)


def test_a_type_that_looks_at_the_tool_as_a_whole_has_one_last_good_qual_whatever_chambers_there_are():
    whole = scope("AB", whole=(9, 7))
    assert (whole.chambered, whole.since, whole.failed) == (False, {"*": hour(9)}, {"*": hour(7)})


def test_a_qual_of_a_chamber_makes_every_chamber_of_the_tool_count_by_itself():
    by_chamber = scope("ABC", A=(9, None), B=(8, None))
    assert by_chamber.chambered
    assert by_chamber.since == {"A": hour(9), "B": hour(8), "C": None}
    assert [by_chamber.bounded(chamber) for chamber in ("A", "B", "C", "*")] == [True, True, False, False]


def test_a_chamber_that_only_a_qual_names_counts_too():
    assert scope("A", B=(8, None)).since == {"A": None, "B": hour(8)}


def test_a_good_qual_of_the_whole_tool_clears_each_chamber_whose_own_is_older():
    mixed = scope("AB", whole=(10, None), A=(9, None), B=(11, None))
    assert mixed.since == {"A": hour(10), "B": hour(11)}
    assert mixed.since_of("*") == hour(10)


def test_the_tool_is_as_old_as_the_chamber_that_waited_longest():
    assert scope("AB", A=(9, None), B=(6, None)).since_of("*") == hour(6)
    assert scope("AB", A=(9, None)).since_of("*") is None


@pytest.mark.parametrize(("good", "failed"), [*product((None, 8, 10), (None, 9))])
def test_a_failed_qual_is_open_until_a_good_one_follows(good, failed):
    still_open = hour(failed) if failed is not None and (good is None or good < failed) else None
    assert scope(whole=(good, failed)).failed_of("*") == still_open
    assert scope("A", A=(good, failed)).failed_of("A") == still_open
    assert scope("A", A=(good, failed)).failed_of("*") == still_open


def test_a_fail_and_a_pass_of_one_moment_leave_it_open():
    assert scope(whole=(9, 9)).failed_of("*") == hour(9)


def test_the_latest_open_fail_of_any_chamber_is_that_of_the_tool():
    several = scope("ABC", A=(None, 7), B=(11, 10), C=(None, 9))
    assert several.failed_of("*") == hour(9)
    assert [several.failed_of(chamber) for chamber in "ABC"] == [hour(7), None, hour(9)]


def test_a_failed_qual_of_the_whole_tool_is_one_of_each_chamber_until_its_own_good_one():
    both = scope("AB", whole=(None, 9), A=(10, None), B=(8, None))
    assert [both.failed_of(chamber) for chamber in ("A", "B", "*")] == [None, hour(9), hour(9)]


def gates(standing, chamber):
    return {(gate.chamber, gate.since) for gate in standing.gates(7, chamber, NOW)}


@pytest.mark.parametrize("chamber", ["*", "A"])
@pytest.mark.parametrize("looks", [{"whole": (9, None)}, {"A": (9, None)}])
def test_every_gate_has_the_number_the_tool_the_type_and_the_end(looks, chamber):
    for gate in scope("AB", **looks).gates(7, chamber, NOW):
        assert (gate.number, gate.tool, gate.qual_type, gate.until) == (7, "T", "particles", NOW)


def test_a_tool_that_was_never_checked_has_a_gate_without_a_type_and_without_a_begin():
    never = scope_of(ToolCard("T"), None, {})
    assert never.gates(1, "*", NOW) == [Gate(1, "T", "", None, None, NOW)]


def test_for_a_tool_as_a_whole_every_move_counts_from_the_last_good_qual():
    assert gates(scope("AB", whole=(9, None)), "*") == {(None, hour(9))}


def test_of_one_chamber_of_a_tool_that_is_checked_as_a_whole_its_moves_and_those_without_a_chamber_count():
    assert gates(scope("AB", whole=(9, None)), "A") == {("A", hour(9)), ("", hour(9))}


def test_a_move_without_a_chamber_stays_at_risk_until_every_chamber_is_cleared():
    assert gates(scope("AB", A=(9, None), B=(6, None)), "*") == {("A", hour(9)), ("B", hour(6)), ("", hour(6))}
    assert gates(scope("AB", A=(9, None)), "*") == {("A", hour(9)), ("B", None), ("", None)}


def test_of_one_chamber_a_move_without_one_counts_from_its_own_last_good_qual():
    assert gates(scope("AB", A=(9, None), B=(6, None)), "A") == {("A", hour(9)), ("", hour(9))}


def test_a_chamber_that_nothing_is_known_of_counts_from_the_first_move():
    assert gates(scope("AB", A=(9, None)), "Z") == {("Z", None), ("", None)}


def test_looks_at_a_whole_second_are_told_apart_by_the_microsecond():
    good = NOW - timedelta(microseconds=1)
    standing = scope_of(ToolCard("T"), "particles", {"*": Looks(good, NOW)})
    assert standing.failed_of("*") == NOW
    assert scope_of(ToolCard("T"), "particles", {"*": Looks(NOW, good)}).failed_of("*") is None
