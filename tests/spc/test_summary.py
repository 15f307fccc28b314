"""Readings in figures, against Python's own statistics."""

import statistics
from datetime import datetime

import pytest

from fabwatch.fab import Fab
from fabwatch.terms.errors import BadQuestion, UnknownTool
from tests.served import AS_OF, TOOLS, exports, rows_of


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    rows = rows_of(exports(tmp_path_factory.mktemp("plain")) / "quals.csv")
    return [row for row in rows if row["processed_at"] <= AS_OF]


@pytest.mark.parametrize("by", ["tool", "area", "tool_type", "qual_type", "day", "month", "week"])
def test_figures_are_those_of_the_plain_formulas(folder, plain, by):
    groups = {}
    for row in plain:
        area, kind = TOOLS[row["tool"]]
        stamp = datetime.fromisoformat(row["processed_at"])
        keys = {"tool": row["tool"], "area": area, "tool_type": kind, "qual_type": row["qual_type"]}
        keys |= {"day": f"{stamp:%Y-%m-%d}", "month": f"{stamp:%Y-%m}", "week": f"{stamp:%G-W%V}"}
        groups.setdefault(keys[by], []).append(row)
    with Fab(folder) as fab:
        found = {one.group: one for one in fab.stats(by=by, as_of=AS_OF).groups}
    assert found.keys() == groups.keys()
    for name, rows in groups.items():
        values, one = [float(row["reading"]) for row in rows], found[name]
        assert (one.n, one.min, one.max, one.range) == (len(values), min(values), max(values), max(values) - min(values))
        assert one.mean == pytest.approx(statistics.fmean(values))
        assert one.failed == sum(row["passed"] == "fail" for row in rows)
        assert one.outside == sum(value > 30 for value in values)
        if len(values) < 2:
            assert one.std is one.cpk is None
        else:
            assert one.std == pytest.approx(statistics.stdev(values))
            assert one.cpk == pytest.approx((30 - statistics.fmean(values)) / (3 * statistics.stdev(values)))


MOVES = "lot,tool,wafers,end_at\nL1,A,25,2026-05-01T00:00:00Z\nL2,B,25,2026-05-01T00:00:00Z\nL3,C,25,2026-05-01T00:00:00Z\n"
LIMITS = """tool,qual_type,processed_at,passed,reading,lower,upper
A,rate,2026-05-01T00:00:00Z,pass,5,1,9
A,rate,2026-05-02T00:00:00Z,pass,5,1,9
B,rate,2026-05-01T00:00:00Z,pass,1,1,10
B,rate,2026-05-02T00:00:00Z,pass,2,1,11
C,rate,2026-05-01T00:00:00Z,pass,4,2,9
C,rate,2026-05-02T00:00:00Z,pass,6,2,9
A,other,2026-05-01T00:00:00Z,pass,,,
"""
LATE = """tool,qual_type,processed_at,resulted_at,passed,reading
A,p,2026-05-01T00:00:00Z,,pass,1
A,p,2026-05-02T00:00:00Z,2026-05-09T00:00:00Z,pass,2
A,p,2026-05-03T00:00:00Z,,fail,3
"""


def test_a_constant_reading_and_limits_that_differ_have_no_cpk(fab, write):
    assert fab.ingest([write("moves.csv", MOVES), write("quals.csv", LIMITS)]).clean
    found = {one.group: one for one in fab.stats().groups}
    assert (found["A"].std, found["A"].cpk) == (0.0, None)
    assert found["B"].cpk is None
    assert found["C"].cpk == pytest.approx(3 / (3 * statistics.stdev([4, 6])))


def test_a_period_and_a_late_result_bound_what_counts(fab, write):
    assert fab.ingest([write("moves.csv", MOVES), write("quals.csv", LATE)]).clean
    early, late = {"as_of": "2026-05-04"}, {"as_of": "2026-05-10"}
    asked = (early, late, late | {"since": "2026-05-02"}, late | {"until": "2026-05-02"})
    assert [fab.stats(**one).groups[0].n for one in asked] == [2, 3, 2, 2]
    assert [one.moving_range for one in fab.readings("A", **late).readings] == [None, 1.0, 1.0]


def test_names_that_are_not_there_are_told_with_the_nearest(folder):
    with Fab(folder) as fab:
        with pytest.raises(UnknownTool, match="ETCH-1"):
            fab.stats(tool="ETCH-11")
        with pytest.raises(BadQuestion) as told:
            fab.stats(by="tools")  # type: ignore[arg-type]
        assert "tool" in told.value.hint
        with pytest.raises(UnknownTool, match="particles"):
            fab.readings("ETCH-1", qual_type="particle")
