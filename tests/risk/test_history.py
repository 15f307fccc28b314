"""Wafers at risk over time are those that the same question gives for each moment."""

import pytest

from fabwatch.fab import Fab
from fabwatch.terms.errors import BadQuestion, UnknownTool
from tests.served import AS_OF


@pytest.fixture
def fab(folder):
    with Fab(folder) as door:
        yield door


@pytest.mark.parametrize("tool", ["ETCH-1", "CMP-2", "CMP-9"])
def test_every_point_is_what_risk_says_for_that_moment(fab, tool):
    points = fab.history(tool, days=20, as_of=AS_OF).points
    for point in points[::9] + points[-1:]:
        (row,) = [row for row in fab.risk(tool=tool, as_of=point.at).tools if row.chamber == "*"]
        assert point.wafers == row.wafers, point


def test_it_falls_at_passed_quals_and_nowhere_else(fab):
    found = fab.history("ETCH-1", days=35, as_of=AS_OF)
    passed = {mark.at for mark in found.marks if mark.kind == "passed"}
    falls = {b.at for a, b in zip(found.points, found.points[1:], strict=False) if b.wafers < a.wafers}
    assert falls
    assert falls <= passed
    assert {mark.kind for mark in found.marks} == {"passed", "failed", "repair"}


def test_a_chamber_that_is_looked_at_by_itself_has_its_own_history(log):
    log.ran(*range(10)).qual(2, True, chamber="A").qual(3, True, chamber="B").qual(6, True, chamber="A")
    with log.fab() as fab:
        for chamber in ("*", "A", "B"):
            for point in fab.history("T", chamber=chamber if chamber != "*" else None, days=70).points[::25]:
                rows = {row.chamber: row for row in fab.risk(tool="T", as_of=point.at).tools}
                # Before the first look at a chamber nothing yet says that the type looks at chambers.
                if {"A", "B"} <= rows.keys():
                    assert point.wafers == rows[chamber].wafers, (chamber, point)


def test_what_is_not_there_is_told(fab):
    for wrong in ({"tool": "NOPE"}, {"tool": "ETCH-1", "qual_type": "x"}, {"tool": "ETCH-1", "chamber": "Z"}):
        with pytest.raises(UnknownTool):
            fab.history(**wrong)
    for days in (0, -1, 1e9):
        with pytest.raises(BadQuestion):
            fab.history("ETCH-1", days=days)
