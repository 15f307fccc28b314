"""What sensors did and which runs deviate, on made logs whose truth is known."""

import csv
import io
import json

import numpy as np
import pytest
from tests.diary import NOW
from tests.fabs import new_fab
from tests.made_logs import log_of

from fabwatch.stats.moments import Groups, grouped, sums
from fabwatch.terms.errors import UnknownTool
from fabwatch.trace.answers import Run
from fabwatch.trace.envelope import left_at, traces
from fabwatch.trace.run_groups import run_groups

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def shifted(tmp_path_factory):
    """40 wafers, of which the 31st had a high pressure from the 8th second of step 2 on."""
    folder = tmp_path_factory.mktemp("shifted")
    wafers = [f"L1.{n:02d}" for n in range(1, 41)]
    (folder / "a.log").write_text(log_of(wafers, {"L1.31": ("Pressure", 2, 8.0, 0.6)}, ("L1.05", 55)))
    with new_fab(folder / "fab", clock=lambda: NOW) as fab:
        fab.ingest(folder / "a.log")
        yield fab


def test_the_run_that_left_the_path_is_found_with_its_sensor_step_and_second(shifted):
    faulty = [run for run in shifted.faults().runs if run.faulty]
    assert {"L1.31", "L1.05"} <= {run.wafer for run in faulty}
    run = next(run for run in faulty if run.wafer == "L1.31")
    first = run.sensors[0]
    assert (first.sensor, first.step) == ("Pressure", "2")
    assert "Pressure in step 2" in first.sentence
    assert run.exposed == 1
    assert not run.still
    assert len(faulty) <= 4
    moments = [sensor.from_s for sensor in run.sensors if sensor.sensor == "Pressure"]
    assert moments[0] == pytest.approx(8.0, abs=0.6)


def test_a_spike_of_one_sample_is_kept_in_the_trace(shifted):
    name = next(run.run for run in shifted.runs().runs if run.wafer == "L1.05")
    shifted._lake.pin()
    others = [run.run for run in shifted.runs().runs if run.run != name]
    found = traces(shifted._lake, name, others, ["Power"])
    assert max(point.most for trace in found for point in trace.points) == 900.0
    assert all(trace.points[0].low <= trace.points[0].middle <= trace.points[0].high for trace in found)
    assert left_at(found[1]) is None


def test_seconds_off_the_setpoint_are_counted_by_the_tolerance(shifted):
    steps = {(row.wafer, row.step): row for row in shifted.step_summary().steps if row.sensor == "Pressure"}
    # Two percent of the largest setpoint, 20: the shift of 0.6 lies outside for the last 12 of 20 seconds.
    assert steps["L1.31", "2"].outside_s == pytest.approx(12.0, abs=0.2)
    assert steps["L1.31", "2"].setpoint == 20.0
    assert steps["L1.30", "2"].outside_s == 0.0
    assert steps["L1.31", "2"].settle_s == pytest.approx(19.9, abs=0.11)


def test_a_persistent_fault_touches_every_wafer_since(tmp_path):
    wafers = [f"L1.{n:02d}" for n in range(1, 41)]
    late = dict.fromkeys(wafers[35:], ("Flow", 1, 0.0, 3.0))
    (tmp_path / "a.log").write_text(log_of(wafers, late))
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        fab.ingest(tmp_path / "a.log")
        run = next(run for run in fab.faults().runs if run.wafer == "L1.36")
    assert (run.faulty, run.exposed, run.still) == (True, 5, True)
    assert "no good run since" in run.reasons[0]


def test_too_few_runs_are_said_and_not_judged(tmp_path):
    (tmp_path / "a.log").write_text(log_of([f"L1.{n:02d}" for n in range(1, 5)]))
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        fab.ingest(tmp_path / "a.log")
        answer = fab.faults()
    assert answer.runs == ()
    assert "only 4 comparable runs; at least 11 are needed" in answer.unjudged[0].sentence()
    assert answer.false_per_1000 is None


def test_an_unknown_tool_or_run_is_said_with_what_there_is(shifted):
    with pytest.raises(UnknownTool, match="E1"):
        shifted.runs(tool="E2")
    with pytest.raises(UnknownTool, match="Did you mean"):
        shifted.faults(run=shifted.runs().runs[0].run[:-1])


def test_a_constant_sensor_and_an_empty_one_do_no_harm(tmp_path):
    lines = ["time,wafer,step,P,Dead,Empty"]
    for n in range(14):
        lines += [f"2026-03-01T{n:02d}:00:{k:02d}Z,W{n},1,{k + n / 50},7," for k in range(20)]
    (tmp_path / "a.log").write_text("\n".join(lines) + "\n")
    with new_fab(tmp_path / "fab", clock=lambda: NOW) as fab:
        assert fab.ingest(tmp_path / "a.log").clean
        steps = {row.sensor: row for row in fab.step_summary().steps}
        answer = fab.faults()
    assert (steps["Dead"].std, steps["Dead"].mean) == (0.0, 7.0)
    assert steps["Empty"].n == 0 if "Empty" in steps else True
    assert all(np.isfinite(run.score) for run in answer.runs)


def test_sums_are_those_of_numpy_whatever_the_order_of_the_rows():
    codes = RNG.integers(0, 5, 1000)
    t, x = RNG.permutation(1000).astype(float), RNG.normal(1e6, 1e-3, 1000)
    order, starts = grouped(codes, t)
    found = sums(Groups(starts, t[order]), x[order])
    for n, code in enumerate(np.unique(codes)):
        mine = x[codes == code]
        mine_t = t[codes == code]
        assert found["mean"][n] == pytest.approx(mine.mean(), rel=1e-14)
        assert found["m2"][n] == pytest.approx(((mine - mine.mean()) ** 2).sum(), rel=1e-6)
        assert found["first"][n] == mine[mine_t.argmin()]
        assert found["last"][n] == mine[mine_t.argmax()]
        assert found["tx"][n] == pytest.approx(((mine - mine.mean()) * (mine_t - mine_t.mean())).sum(), rel=1e-5, abs=1e-6)


def test_regimes_are_lots_or_what_the_names_of_wafers_have_in_common():
    def runs(names, lots=None):
        return [
            Run(name, "T", chamber=None, recipe=None, wafer=name, lot=lot, start=None, end=None, rows=0, alarms=0)
            for name, lot in zip(names, lots or [None] * len(names), strict=True)
        ]

    def summary(names):
        return [
            {"run": name, "chamber": None, "step": "1", "sensor": "P", "mean": 1.0, "std": 0.1, "role": "sensor"}
            for name in names
        ]

    names = [f"l29{n:02d}" for n in range(8)] + [f"l31{n:02d}" for n in range(8)]
    assert run_groups(runs(names), summary(names))[0].regime_names == ("l29", "l31")
    lots = ["A"] * 8 + ["B"] * 8
    assert run_groups(runs(names, lots), summary(names))[0].regime_names == ("A", "B")
    numbers = [str(n) for n in range(16)]
    assert run_groups(runs(numbers), summary(numbers))[0].regime_names == ("",)


def test_the_command_line_prints_what_the_contract_says(shifted, capsys):
    from fabwatch.cli.app import main

    def told(*words):
        with pytest.raises(SystemExit) as stop:
            main([*words, "--fab", str(shifted.path)])
        assert not stop.value.code
        return capsys.readouterr().out

    runs = json.loads(told("trace", "runs", "--json"))["runs"]
    assert {"run", "tool", "chamber", "recipe", "wafer", "lot", "start", "end", "rows", "alarms"} <= runs[0].keys()
    table = list(csv.DictReader(io.StringIO(told("trace", "summary", "--csv", "--run", runs[0]["run"]))))
    columns = "run,wafer,tool,chamber,recipe,step,sensor,unit,n,mean,std,min,max,first,last,slope,setpoint,outside_s"
    wanted = columns.split(",")
    assert list(table[0])[: len(wanted)] == wanted
    faults = json.loads(told("trace", "faults", "--json", "--tool", "E1"))["runs"]
    assert {"run", "wafer", "score", "limit", "faulty", "sensors"} <= faults[0].keys()
    assert {"sensor", "step", "z", "sentence"} <= faults[0]["sensors"][0].keys()
    assert "deviate from the" in told("trace", "faults")
    explained = json.loads(told("log", "explain", str(shifted.path.parent / "a.log"), "--json"))
    assert {"dialect", "columns", "runs", "rows", "messages", "set_aside", "sample"} <= explained.keys()
    assert explained["rows"] == 16_000
