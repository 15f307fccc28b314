"""Control charts of a fab: which readings are charted, how they are judged, and what several charts say together."""

import itertools
import json
import statistics
from datetime import datetime, timedelta

import numpy as np
import pytest

from fabwatch.fab import Fab
from fabwatch.fab.actions import FreezeLimits
from fabwatch.terms.errors import BadQuestion, DecidedAlready, NothingRecorded, UnknownTool
from tests.served import AS_OF, exports, rows_of

DAY = datetime(2026, 5, 1)
MOVES = "lot,tool,wafers,end_at\nL1,A,25,2026-05-01T00:00:00Z\nL2,B,25,2026-05-01T00:00:00Z\n"


def at(hours):
    return (DAY + timedelta(hours=hours)).isoformat() + "Z"


def quals(values, tool="A", name="rate", start=0, limits=",", shift=1):
    """Lines of a qual every hour."""
    for n, value in enumerate(values):
        yield f"{tool},{name},{at(start + n * shift)},pass,{value},{limits}"


@pytest.fixture
def loaded(fab, write):
    """Loads quals given as lines."""

    def load(lines):
        header = "tool,qual_type,processed_at,passed,reading,lower,upper"
        result = fab.ingest([write("moves.csv", MOVES), write("quals.csv", "\n".join([header, *lines]) + "\n")])
        assert result.clean
        return fab

    return load


STEADY = [10.2, 9.7, 10.4, 9.9, 10.1, 9.6, 10.3, 9.8, 10.0, 10.3, 9.5, 10.2, 9.8, 10.1, 9.9, 10.4, 9.7, 10.0, 10.2, 9.8]
LATER = {"as_of": "2026-07-01"}


def test_quals_one_at_a_time_are_individuals_by_the_plain_formulas(folder, tmp_path):
    rows = [row for row in rows_of(exports(tmp_path) / "quals.csv") if row["processed_at"] <= AS_OF]
    with Fab(folder) as fab:
        answer = fab.control_charts(as_of=AS_OF)
    charts = {chart.tool: chart for chart in answer.charts}
    assert charts.keys() == {row["tool"] for row in rows}
    for tool, chart in charts.items():
        values = [float(row["reading"]) for row in rows if row["tool"] == tool]
        ranges = [abs(b - a) for a, b in itertools.pairwise(values)]
        sigma = statistics.fmean(ranges) / 1.128379167
        assert (chart.kind, chart.chosen, [point.value for point in chart.points]) == ("imr", "one reading a time", values)
        assert (chart.center, chart.sigma) == pytest.approx((statistics.fmean(values), sigma))
        assert (chart.lower, chart.upper) == pytest.approx((chart.center - 3 * sigma, chart.center + 3 * sigma))
        assert chart.stable == (not any(point.broken for point in chart.points))
        # Out of specification and out of control are two things.
        assert chart.outside == sum(value > 30 for value in values)
        if chart.capability.method == "normal":
            assert chart.capability.cpk == pytest.approx((30 - chart.center) / (3 * sigma))


def test_a_planted_shift_breaks_rules_and_refuses_the_capability(loaded):
    fab = loaded(quals([*STEADY, *(value + 1.5 for value in STEADY)], limits="8,13"))
    (chart,) = fab.control_charts(tool="A", **LATER).charts
    assert not chart.stable
    assert {"nelson1", "nelson2"} & {rule for point in chart.points for rule in point.broken}
    assert "not stable" in chart.capability.refused
    assert chart.capability.cpk is None
    (before,) = fab.control_charts(tool="A", until=at(19), **LATER).charts
    assert before.stable
    assert before.capability.refused is None
    assert before.capability.low < before.capability.cpk < before.capability.high


def test_readings_of_one_time_are_a_subgroup(loaded):
    rng = np.random.default_rng(1)
    lines = [line for n in range(25) for line in quals(rng.normal(10, 1, 5).round(3), start=n, shift=0)]
    (chart,) = loaded(lines).control_charts(tool="A", **LATER).charts
    assert (chart.kind, chart.chosen, len(chart.points), chart.n) == ("xbar-r", "subgroups of 10 or fewer", 25, 125)
    assert {row.name for row in chart.components} == {"between", "within"}
    assert {kind: fab_kind(loaded, kind) for kind in ("xbar-s", "between", "ewma", "cusum")} == {
        kind: kind for kind in ("xbar-s", "between", "ewma", "cusum")
    }


def fab_kind(loaded, kind):
    return loaded([]).control_charts(tool="A", chart=kind, **LATER).charts[0].kind


def test_subgroups_that_differ_more_than_their_spread_explains_are_doubted(loaded):
    rng = np.random.default_rng(2)
    lines = [line for n in range(20) for line in quals(rng.normal(10 + rng.normal(0, 3), 0.5, 4).round(3), start=n, shift=0)]
    fab = loaded(lines)
    (narrow,) = fab.control_charts(tool="A", **LATER).charts
    assert "BetweenSubgroups" in {doubt.code for doubt in narrow.doubts}
    (three,) = fab.control_charts(tool="A", chart="between", **LATER).charts
    assert (three.spread.kind, three.within.kind) == ("mr", "r")
    assert three.broken < narrow.broken


def test_censored_readings_are_counted_and_in_no_figure(loaded):
    fab = loaded([*quals(STEADY, limits=",12"), *quals(["<0.5", ">500"], start=30, limits=",12")])
    (chart,) = fab.control_charts(tool="A", **LATER).charts
    assert (chart.n, chart.beyond, len(chart.points)) == (20, 2, 20)
    assert chart.center == pytest.approx(statistics.fmean(STEADY))
    assert "BeyondMeasurement" in {doubt.code for doubt in chart.doubts}
    assert "beyond" in chart.capability.refused


def test_frozen_limits_judge_from_then_on_and_their_version_is_said(loaded):
    fab = loaded(quals([*STEADY, *(value + 1.5 for value in STEADY)]))
    first = fab.freeze_limits("A", who="ana", reason="a good month", until=at(19))
    (one,) = first.limits
    assert (one.version, one.kind, one.points) == (1, "imr", 20)
    assert one.center == pytest.approx(statistics.fmean(STEADY))
    (chart,) = fab.control_charts(tool="A", as_of="now").charts
    assert (chart.frozen.version, chart.frozen.who, chart.frozen.reason) == (1, "ana", "a good month")
    assert (chart.center, chart.sigma) == (one.center, one.sigma)
    assert not any(point.broken for point in chart.points[:20])
    assert all(point.broken for point in chart.points[25:])
    assert "version 1" in chart.sentence()
    (second,) = fab.freeze_limits("A", who="ben", reason="the new level", since=at(20)).limits
    assert second.version == 2
    assert fab.control_charts(tool="A", as_of="now").charts[0].frozen.version == 2
    # What was known before it was decided stays as it was.
    assert fab.control_charts(tool="A", as_of=at(60)).charts[0].frozen is None
    (gone,) = fab.freeze_limits("A", who="ben", reason="no more", drop=True).limits
    assert (gone.version, gone.center) == (3, None)
    assert fab.control_charts(tool="A", as_of="now").charts[0].frozen is None
    assert [limits.version for limits in fab.chart_limits(tool="A")] == [3, 2, 1]
    assert [(entry.act, entry.who) for entry in fab.audit()] == [("chart", "ben"), ("chart", "ben"), ("chart", "ana")]
    assert fab.verify_audit().whole
    with pytest.raises(DecidedAlready):
        fab.freeze_limits("A", who="ben", reason="no more", drop=True)


def test_limits_that_were_changed_behind_the_audit_are_found(loaded):
    fab = loaded(quals(STEADY))
    FreezeLimits(tool="A", reason="a good month").act(fab, "ana")
    with fab._lake.writing():
        fab._lake.ask("UPDATE lake.chart_limits SET center = center + 1")
    assert any("chart_limits" in fault for fault in fab.verify_audit().faults)


def test_too_few_readings_or_no_reason_freeze_nothing(loaded):
    fab = loaded(quals(STEADY))
    with pytest.raises(BadQuestion, match="at least 8 points"):
        fab.freeze_limits("A", who="ana", reason="a good month", until=at(5))
    with pytest.raises(BadQuestion):
        fab.freeze_limits("A", who="ana", reason=" ")
    with pytest.raises(BadQuestion, match="T²"):
        fab.freeze_limits("A", who="ana", reason="a good month", chart="t2")
    assert not fab.chart_limits()


def test_charts_that_break_their_rules_together_are_one_story(loaded):
    rng = np.random.default_rng(3)
    lines = []
    for n in range(5):
        values = rng.normal(10, 1, 60)
        values[40:] += 3 + 2 * n
        lines += quals(values.round(3), name=f"q{n}")
    lines += quals(rng.normal(10, 1, 60).round(3), name="quiet")
    lines += quals(rng.normal(10, 1, 60).round(3), tool="B", name="q0")
    answer = loaded(lines).control_charts(**LATER)
    story = answer.stories[0]
    assert (story.tool, set(story.names)) == ("A", {f"q{n}" for n in range(5)})
    assert story.strengths == tuple(sorted(story.strengths, reverse=True))
    # The largest shift is named first, and the stretch begins where it was planted.
    assert story.names[0] == "q4"
    assert abs(story.since - (DAY + timedelta(hours=40))) <= timedelta(hours=3)
    assert all(story.tool == "A" for story in answer.stories)
    assert story.until >= DAY + timedelta(hours=59)
    broken = {(chart.tool, chart.name, point.at) for chart in answer.charts for point in chart.points if point.broken}
    assert {(event.tool, event.name, event.at) for event in answer.events} == broken
    assert "5 charts" in story.sentence()
    assert story.sentence("es") != story.sentence()


def test_sensors_metrology_and_several_at_once_have_charts(folder):
    with Fab(folder) as fab:
        sensors = fab.control_charts(sensor="Power", as_of=AS_OF).charts
        assert {(chart.name, chart.of, len(chart.points)) for chart in sensors} == {
            ("Power · 1", "sensor", 20),
            ("Power · 2", "sensor", 20),
        }
        faulty = fab.control_charts(sensor="Pressure", as_of=AS_OF).charts
        hit = next(chart for chart in faulty if chart.name == "Pressure · 2")
        assert "nelson1" in hit.points[18].broken
        rate = next(chart for chart in fab.control_charts(metrology="rate", tool="CMP-1", as_of=AS_OF).charts)
        assert (rate.of, len(rate.points), rate.stable) == ("metrology", 30, False)
        assert rate.points[0].value == pytest.approx(40.0, abs=0.1)
        names = {chart.of for chart in fab.control_charts(tool="CMP-1", as_of=AS_OF).charts}
        assert names == {"qual", "metrology"}
        (ewma,) = fab.control_charts(tool="CMP-1", metrology="rate", as_of=AS_OF, chart="ewma").charts
        assert {rule for point in ewma.points for rule in point.broken} == {"limit"}


def test_t_squared_finds_what_no_single_reading_shows(loaded):
    rng = np.random.default_rng(4)
    x = rng.multivariate_normal([10, 20], [[1, 0.95], [0.95, 1]], 60).round(4)
    x[50] = [11.8, 18.2]
    fab = loaded([*quals(x[:, 0], name="a"), *quals(x[:, 1], name="b")])
    (chart,) = fab.control_charts(tool="A", chart="t2", **LATER).charts
    assert (chart.name, chart.lower, chart.sigma) == ("a + b", None, None)
    assert [n for n, point in enumerate(chart.points) if point.broken] == [50]
    singles = fab.control_charts(tool="A", **LATER).charts
    assert not any("nelson1" in chart.points[50].broken for chart in singles)


def test_names_and_kinds_that_cannot_be_are_refused_with_the_way_out(loaded):
    fab = loaded(quals(STEADY))
    with pytest.raises(UnknownTool, match="rate"):
        fab.control_charts(qual_type="rat", **LATER)
    with pytest.raises(UnknownTool):
        fab.control_charts(tool="AA", **LATER)
    with pytest.raises(UnknownTool):
        fab.control_charts(tool="A", chamber="Z", **LATER)
    with pytest.raises(UnknownTool):
        fab.control_charts(sensor="Pressure", **LATER)
    with pytest.raises(BadQuestion, match="subgroups"):
        fab.control_charts(tool="A", chart="xbar-s", **LATER)
    with pytest.raises(NothingRecorded):
        fab.control_charts(tool="B", **LATER)
    assert json.loads(json.dumps(fab.control_charts(**LATER).to_dict()))["charts"][0]["points"][0]["broken"] == []
