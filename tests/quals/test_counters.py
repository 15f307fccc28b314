"""Counters that a tool logs itself are a clock like wafers and days, where wear goes by them."""

from datetime import datetime, timedelta

import pytest

from fabwatch.quals.history import streams
from fabwatch.terms.errors import UnknownTool
from tests.fabs import new_fab
from tests.worn import START, worn_tools


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """Twenty sisters that wear by hours of RF power, which differ from week to week while wafers are run evenly."""
    folder = tmp_path_factory.mktemp("counted")
    made = worn_tools(31, types=1, sisters=20, lives=5, pace_spread=0.6)
    lines = {"tools": ["tool,tool_type"], "moves": ["lot,tool,wafers,end_at"], "restores": ["tool,done_at,kind"]}
    lines |= {"quals": ["tool,qual_type,processed_at,passed"], "counters": ["EQP_ID,COUNTER_NAME,READ_TIME,COUNTER_VALUE"]}
    for one in made:
        lines["tools"].append(f"{one.tool},TYPE")
        stood = 0
        lines["counters"].append(f"{one.tool},rf_hours,{_z(START)},0")
        for day, hours in enumerate(one.per_day):
            lines["moves"].append(f"L{one.tool}-{day},{one.tool},75,{_z(START + timedelta(days=day + 0.5))}")
            # Every fifty days somebody sets the counter back to nothing.
            stood = hours if day % 50 == 49 else stood + hours
            lines["counters"].append(f"{one.tool},rf_hours,{_z(START + timedelta(days=day + 1))},{stood}")
        for cycle in one.stream.all_cycles:
            for qual in cycle.quals:
                lines["quals"].append(f"{one.tool},p,{_z(qual.at)},{'pass' if qual.passed else 'fail'}")
            if cycle.ended:
                lines["restores"].append(f"{one.tool},{_z(cycle.ended)},repair")
    for name, rows in lines.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
    with new_fab(folder / "fab", clock=lambda: datetime(2026, 7, 1)) as fab:
        assert fab.ingest([folder / f"{name}.csv" for name in lines]).clean
        yield fab, made


def _z(moment):
    return moment.isoformat() + "Z"


def test_the_age_on_a_counter_is_what_it_has_counted_since_the_restore_though_it_was_set_back(counted):
    fab, made = counted
    one = min(made, key=lambda tool: len(tool.per_day))
    until = one.stream.now
    fab._lake.pin()
    (stream,) = streams(fab._lake, until, {one.tool})
    assert stream.running.quals[-1].age.counted["rf_hours"] == pytest.approx(one.stream.running.quals[-1].age.wafers)
    assert stream.age.counted["rf_hours"] == pytest.approx(one.stream.age.wafers)


def test_a_counter_that_foretells_the_wear_better_is_the_clock(counted):
    fab, made = counted
    as_of = min(one.stream.now for one in made)
    answer = fab.forecast(as_of=as_of)
    assert {row.clock for row in answer.tools} == {"rf_hours"}
    row = answer.tools[0]
    assert row.window.to_days > row.window.from_days >= 0
    assert row.why.clock_evidence > 2
    assert "rf_hours" in " ".join(row.page())
    advice = fab.interval(tool=row.tool, as_of=as_of).tools[0]
    assert advice.advised_wafers == pytest.approx(advice.advised_days * 75, rel=0.05)
    held = fab.contain(next(o.tool for o in made if o.stream.failures), as_of=as_of)
    assert 0 <= held.items[-1].p_after_fault <= held.items[0].p_after_fault <= 1
    assert fab.forecast(tool=row.tool, clock="wafers", as_of=as_of).tools[0].clock == "wafers"


def test_a_clock_that_nobody_logs_is_refused_with_those_there_are(counted):
    with pytest.raises(UnknownTool, match="Did you mean rf_hours"):
        counted[0].forecast(clock="rf_hour")
