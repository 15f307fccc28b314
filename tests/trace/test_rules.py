"""Rules are tried before they are switched on; golden runs are chosen by people; truth known by construction."""

import csv
import io
import json

import numpy as np
import pytest
from tests.diary import NOW
from tests.fabs import new_fab
from tests.made_logs import log_of

from fabwatch.cli.app import _run
from fabwatch.fab import Fab
from fabwatch.terms.errors import BadQuestion, BadSettings, DecidedAlready, UnknownTool

WAFERS = [f"L1.{n:02d}" for n in range(1, 41)]
HIGH = {f"L1.{n:02d}": ("Pressure", 2, 0.0, 0.6) for n in (16, 27, 28, 29)}
"""A high pressure on one wafer before a good qual, and on three before a failed one."""
QUALS = """tool,qual_type,processed_at,passed
E1,particles,2026-03-01T00:00:00Z,pass
E1,particles,2026-03-01T20:30:00Z,pass
E1,particles,2026-03-02T06:30:00Z,fail
E1,particles,2026-03-02T16:30:00Z,pass
"""
RULE = '[rules.high_pressure]\nsensor = "Pressure"\nstep = "2"\nabove = 20.3\n'


@pytest.fixture
def made(tmp_path):
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text(RULE)
    (tmp_path / "a.log").write_text(log_of(WAFERS, HIGH))
    (tmp_path / "quals.csv").write_text(QUALS)
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        # The quals wait until the log has shown the tool.
        fab.ingest([tmp_path / "a.log", tmp_path / "quals.csv"])
        assert fab.problems() == []
        yield fab


def test_a_rule_is_tried_on_the_record_and_counted_by_the_quals_that_followed(made):
    # By hand: 40 runs, one an hour. Runs 1 to 21 lie before the good qual of the 1st at 20:30, 22 to 31 before the failed
    # one, 32 to 40 before the last good one. Alarms: wafer 16 (good by its qual, so false) and 27 to 29 (before the fail).
    tried = made.backtest("high_pressure")
    assert (tried.basis, tried.runs, tried.alarms, tried.good, tried.false) == ("quals", 40, 4, 30, 1)
    assert (tried.bad, tried.caught, tried.not_judged) == (1, 1, 0)
    assert tried.alarms_per_1000 == 100.0
    assert tried.false_per_1000 == pytest.approx(1000 / 30)
    assert tried.false_low < tried.false_per_1000 < tried.false_high
    assert [alarm.wafer for alarm in tried.latest] == ["L1.29", "L1.28", "L1.27", "L1.16"]
    assert [alarm.truth for alarm in tried.latest] == ["unknown", "unknown", "unknown", "good"]
    assert "mean 20.6 is above 20.3" in tried.latest[0].sentence
    assert "1 of 1 failed quals" in tried.sentence()
    assert "1 de 1 controles fallidos" in tried.sentence("es")


def test_a_rule_counts_only_once_it_was_switched_on_and_then_with_its_figure(made):
    before = {run.wafer: run for run in made.faults().runs}
    assert not any(run.rules for run in before.values())
    stands = made.switch_rule("high_pressure", True, who="ana", reason="fewer than we look at today")
    (rule,) = [rule for rule in stands.rules if rule.on]
    assert (rule.rule, rule.who, rule.runs, rule.false_per_1000) == ("high_pressure", "ana", 40, pytest.approx(1000 / 30))
    after = {run.wafer: run for run in made.faults().runs}
    raised = {wafer for wafer, run in after.items() if run.rules}
    assert raised == set(HIGH)
    assert "33.3 false alarms per 1,000 wafers on 40 runs" in after["L1.27"].rules[0]
    assert after["L1.27"].faulty
    assert after["L1.27"].sensors[0].rule == "high_pressure"
    made.switch_rule("high_pressure", False, who="ana", reason="not worth it")
    assert not any(run.rules for run in made.faults().runs)
    with pytest.raises(DecidedAlready):
        made.switch_rule("high_pressure", False, who="ana", reason="not worth it")
    assert made.verify_audit().whole
    assert [entry.act for entry in made.audit()] == ["rule", "rule"]


def test_a_rule_that_was_rewritten_counts_no_more_until_it_is_tried_anew(made):
    made.switch_rule("high_pressure", True, who="ana", reason="tried")
    made.close()
    (made.path / "fab.toml").write_text(RULE.replace("20.3", "20.9"))
    with Fab(made.path, clock=lambda: NOW) as fab:
        (rule,) = [rule for rule in fab.rules().rules if rule.rule == "high_pressure"]
        assert (rule.on, rule.changed) == (False, True)
        assert not any(run.rules for run in fab.faults().runs)


@pytest.mark.parametrize(("rule", "word"), [("setpoint", "off its setpoint"), ("golden", "left the envelope")])
def test_the_rules_that_are_built_in_find_the_wafers_that_ran_high_and_hardly_any_other(made, rule, word):
    tried = made.backtest(rule)
    raised = {alarm.wafer for alarm in tried.latest}
    # The first ten runs have too few good ones before them.
    assert tried.not_judged >= 10
    assert {"L1.16", "L1.27", "L1.28", "L1.29"} <= raised
    assert len(raised) <= 6
    assert all(word in alarm.sentence for alarm in tried.latest if alarm.wafer in HIGH)


def test_the_neighbours_are_judged_by_the_runs_before_them_alone(made):
    whole = {alarm.run: alarm.sentence for alarm in made.backtest("neighbours").latest}
    then = made.backtest("neighbours", as_of="2026-03-01T16:00:00Z")
    # What came later changes nothing of what was said of an earlier run.
    assert then.runs == 7
    early = {run: said for run, said in whole.items() if run < "E1/L1/L1.17"}
    assert {alarm.run for alarm in then.latest} == set(early)


def test_a_rule_on_robust_deviations_judges_no_run_with_too_few_before_it(made):
    made.close()
    (made.path / "fab.toml").write_text('[rules.drift]\nsensor = "Press*"\nz = 12\n')
    with Fab(made.path, clock=lambda: NOW) as fab:
        tried = fab.backtest("drift")
        assert {alarm.wafer for alarm in tried.latest} == set(HIGH)
        assert tried.not_judged == 10
        assert tried.runs == 30


def test_what_a_rule_cannot_mean_is_said(made, capsys):
    with pytest.raises(BadQuestion, match="No rule high_presure"):
        made.backtest("high_presure")
    with pytest.raises(BadQuestion, match="reason"):
        made.switch_rule("high_pressure", True, who="ana", reason=" ")
    with pytest.raises(UnknownTool):
        made.backtest("golden", tool="E9")
    for text, said in (
        ('[rules.a]\nsensor = "P"\n', "needs above, below or z"),
        ('[rules.a]\nfigure = "meen"\nabove = 1\n', "'meen' is not a figure; use one of mean"),
        ("[rules.golden]\nabove = 1\n", "built-in"),
        ("[rules.a]\nabove = 1\nbelow = 2\n", "every run would be an alarm"),
    ):
        (made.path / "fab.toml").write_text(text)
        with pytest.raises(BadSettings, match=said):
            Fab(made.path)
    (made.path / "fab.toml").write_text('[rules.a]\nsensor = "Nothing"\nabove = 1\n')
    with Fab(made.path) as fab, pytest.raises(BadQuestion, match="matches no sensor"):
        fab.backtest("a")
    assert _run(["trace", "switch", "a", "perhaps", "--reason", "why", "--fab", str(made.path)]) == 1
    assert "on or off (got perhaps)" in capsys.readouterr().err


def test_golden_runs_are_chosen_by_version_and_stand_in_the_trace_and_the_audit(made):
    names = {run.wafer: run.run for run in made.runs().runs}
    some = [names[f"L1.{n:02d}"] for n in range(1, 13)]
    first = made.choose_golden(some, who="ana", reason="the twelve of the acceptance")
    assert (first.version, first.tool, first.chamber, len(first.runs)) == (1, "E1", "A", 12)
    trace = made.trace(names["L1.27"], sensors=["Pressure"])
    assert trace.golden == "12 runs, version 1, chosen by ana"
    answer = made.faults()
    assert answer.reference == 12
    assert {run.wafer for run in answer.runs if run.faulty} >= set(HIGH)
    second = made.choose_golden([names["L1.01"]], who="ben", reason="all that are good today", automatic=True)
    assert second.version == 2
    assert len(second.runs) > 30
    assert not {names[wafer] for wafer in HIGH} & set(second.runs)
    made.drop_golden(names["L1.01"], who="ben", reason="the pump was changed")
    assert [golden.version for golden in made.goldens()] == [3, 2, 1]
    assert "by their scores" in made.trace(names["L1.27"], sensors=["Pressure"]).golden
    assert made.verify_audit().whole
    with made._lake.writing():
        made._lake.ask("DELETE FROM lake.goldens WHERE version = 2")
    assert "goldens" in made.verify_audit().faults[0]
    with pytest.raises(UnknownTool, match="Did you mean"):
        made.choose_golden([some[0][:-1]], who="ana", reason="why not")


def test_the_same_sums_by_step_as_plain_numpy_over_every_sample(made, tmp_path):
    with (tmp_path / "a.log").open() as file:
        rows = list(csv.DictReader(file))
    groups = {(one.group, one.sensor): one for one in made.sensor_stats(by="step").groups}
    for step in ("1", "2"):
        for sensor in ("Pressure", "Flow"):
            cells = np.array([float(row[sensor]) for row in rows if row["step"] == step])
            found = groups[step, sensor]
            assert (found.n, found.runs) == (len(cells), 40)
            assert found.mean == pytest.approx(cells.mean(), rel=1e-12)
            assert found.std == pytest.approx(cells.std(ddof=1), rel=1e-9)
            assert found.range == pytest.approx(np.ptp(cells), rel=1e-12)
    days = made.sensor_stats(by="day", sensor="Flow").groups
    assert [(day.group, day.runs) for day in days] == [("2026-03-01", 24), ("2026-03-02", 16)]
    late = made.sensor_stats(by="tool", sensor="Flow", since="2026-03-02T00:00:00Z").groups
    assert [(one.group, one.runs) for one in late] == [("E1", 16)]
    with pytest.raises(BadQuestion, match="by must be one of tool, chamber"):
        made.sensor_stats(by="wavelength")
    with pytest.raises(UnknownTool, match="Did you mean Flow"):
        made.sensor_stats(sensor="Flo")


def test_the_chamber_that_stands_apart_comes_first(tmp_path):
    chambers = {wafer: "ABC"[n % 3] for n, wafer in enumerate(WAFERS)}
    apart = {wafer: ("Flow", 1, 0.0, 0.8) for wafer, chamber in chambers.items() if chamber == "B"}
    (tmp_path / "a.log").write_text(log_of(WAFERS, apart, chambers=chambers, seconds=20))
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        fab.ingest(tmp_path / "a.log")
        answer = fab.chambers("Flow", step="1")
        assert answer.chambers[0].chamber == "B"
        assert answer.chambers[0].z > 5 > abs(answer.chambers[1].z)
        assert answer.chambers[0].mean == pytest.approx(50.8, abs=0.02)
        assert "E1 B: Flow in step 1" in answer.sentence()
        assert all(one.points and one.points[0].low <= one.points[0].middle for one in answer.chambers)
        with pytest.raises(BadQuestion, match="No good run has data of Flow there"):
            fab.chambers("Flow", step="9")
        with pytest.raises(UnknownTool, match="Did you mean Flow"):
            fab.chambers("Flw")


def test_a_stretch_of_a_run_is_read_finer_and_keeps_the_envelope(made):
    name = next(run.run for run in made.runs().runs if run.wafer == "L1.27")
    (whole,) = made.trace(name, sensors=["Pressure"], step="2").steps
    parts = made.trace(name, sensors=["Pressure"], since=25.0, until=27.0).steps
    assert [part.step for part in parts] == ["2"]
    moments = [parts[0].begin_s + point.t for point in parts[0].points]
    assert (min(moments), max(moments)) == (pytest.approx(25.0, abs=0.11), pytest.approx(27.0, abs=0.11))
    assert len(moments) == 21
    assert all(point.mean > point.high for point in parts[0].points)
    assert parts[0].points[0].middle == pytest.approx(20.0, abs=0.05)
    assert whole.points[0].middle == pytest.approx(20.0, abs=0.05)
    alone = made.trace(name, sensors=["Pressure"], since=25.0, until=27.0, beside=False).steps
    assert [point.mean for point in alone[0].points] == [point.mean for point in parts[0].points]
    assert alone[0].points[0].low is None
    with pytest.raises(BadQuestion, match="must be after the start"):
        made.trace(name, since=9.0, until=3.0)


def test_the_rows_around_a_moment_are_shown_as_they_stand_in_the_file(made, tmp_path):
    name = next(run.run for run in made.runs().runs if run.wafer == "L1.27")
    rows = made.samples(name, 25.0)
    lines = (tmp_path / "a.log").read_text().splitlines()
    assert len(rows) == 7
    assert rows[3]["seconds"] == pytest.approx(25.0)
    assert all(row["line"] in lines and row["file"] == "a.log" for row in rows)
    assert rows[3]["line"].split(",")[0] == "2026-03-02T02:00:25.000Z"
    # Another file in its place is never shown as what was loaded.
    (tmp_path / "a.log").write_text("secret\n" * 100_000)
    assert all("line" not in row for row in made.samples(name, 25.0))


def test_the_command_line_tries_switches_and_chooses(made, capsys):
    fab = ["--fab", str(made.path)]
    assert _run(["trace", "backtest", "high_pressure", "--json", *fab]) == 0
    tried = json.loads(capsys.readouterr().out)
    assert {"rule", "basis", "runs", "alarms", "alarms_per_1000", "false_per_1000", "caught", "tools"} <= tried.keys()
    assert _run(["trace", "switch", "high_pressure", "on", "--reason", "tried", "--by", "ana", *fab]) == 0
    assert "1 are on" in capsys.readouterr().out
    assert _run(["trace", "faults", *fab]) == 0
    assert "rule: high_pressure" in capsys.readouterr().out
    run = made.runs().runs[0].run
    assert _run(["trace", "golden", run, "--automatic", "--reason", "good today", "--by", "ana", *fab]) == 0
    assert _run(["trace", "goldens", "--json", *fab]) == 0
    said = capsys.readouterr().out
    assert json.loads(said[said.index("{") :])["goldens"][0]["who"] == "ana"
    assert _run(["trace", "stats", "--by", "step", "--csv", *fab]) == 0
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {"group", "sensor", "unit", "runs", "n", "mean", "std", "min", "max", "range"} <= table[0].keys()
    assert _run(["trace", "chambers", "Flow", "--json", *fab]) == 0
    assert json.loads(capsys.readouterr().out)["chambers"][0]["chamber"] == "A"
