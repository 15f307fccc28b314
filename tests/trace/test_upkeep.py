"""What is derived of logs: each log by itself where one of them cannot be summarised."""

import random
from datetime import datetime, timedelta

import pytest
from tests.conftest import NOW
from tests.fabs import new_fab

from fabwatch.terms.tables import COUNTERS, MOVES, RESTORES
from fabwatch.trace import summary

HEADER = "time,wafer,step,Flow,Flow Setpoint,Power,Pressure,Temp\n"


def log(wafer, setpoint, flow="10.5"):
    return HEADER + "".join(f"2026-05-01T10:00:0{n}Z,{wafer},1,{flow},{setpoint},300,1.{n},20\n" for n in range(5))


def summaries(fab):
    return {(row.wafer, row.sensor): row for row in fab.step_summary().steps}


@pytest.mark.parametrize("setpoint", ["auto", "", "10"])
def test_a_setpoint_that_is_no_number_sets_no_limit_and_stops_nobody(tmp_path, fab, setpoint):
    (tmp_path / "OX1.log").write_text("# tool: OX-1\n" + log("W1", setpoint))
    (tmp_path / "OX2.log").write_text("# tool: OX-2\n" + log("W2", "10").replace("Pressure", "Vacuum"))
    fab.ingest(tmp_path)
    rows = summaries(fab)
    assert (rows["W1", "Flow"].n, rows["W1", "Flow"].mean) == (5, 10.5)
    assert rows["W1", "Flow"].setpoint == (10 if setpoint == "10" else None)
    assert rows["W2", "Flow"].setpoint == 10


def test_a_sensor_with_two_setpoints_is_summarised_once(tmp_path, fab):
    text = log("W1", "10").replace("Pressure", "Flow_SP")
    (tmp_path / "OX1.log").write_text("# tool: OX-1\n" + text)
    fab.ingest(tmp_path)
    assert summaries(fab)["W1", "Flow"].n == 5


def test_a_log_that_cannot_be_summarised_costs_itself_alone_and_is_tried_again(tmp_path, fab, monkeypatch):
    for number in range(3):
        (tmp_path / f"OX{number}.log").write_text(f"# tool: OX-{number}\n" + log(f"W{number}", "10", flow=f"{number + 1}.5"))
    usual = summary._summed

    def odd(table, *rest):
        if 2.5 in table.column(6).to_pylist():
            raise ZeroDivisionError("a step of no length")
        return usual(table, *rest)

    monkeypatch.setattr(summary, "_summed", odd)
    fab.ingest(tmp_path)
    assert {wafer for wafer, _ in summaries(fab)} == {"W0", "W2"}
    (problem,) = fab.problems()
    assert problem.rule == "not_summarised"
    assert problem.path.endswith("OX1.log")
    assert "a step of no length" in problem.why
    # Its run is there, and counts as wafers that ran.
    assert {row.tool for row in fab.risk(as_of="2026-05-02").tools} == {"OX-0", "OX-1", "OX-2"}
    monkeypatch.undo()
    fab.ingest(tmp_path / "OX0.log")
    fab.ingest(tmp_path)
    assert {wafer for wafer, _ in summaries(fab)} == {"W0", "W1", "W2"}
    assert fab.problems() == []


def stretch(tool, wafer, begin, usage, step="1"):
    """Ten seconds of a log: of one wafer, or of a tool that names none."""
    begun = datetime(2026, 5, 1) + timedelta(minutes=begin, microseconds=1000 * int(usage * 7 + begin) % 999_999)
    return "".join(
        f"{(begun + timedelta(seconds=n)).isoformat()}Z,{tool},{wafer},{step},{300 + n},{usage + n / 100}\n"
        for n in range(10)
    )


def pieces(seed):
    """Logs of three tools: wafers that go on in another file, others in between, a tool without names, counters set back."""
    rng = random.Random(seed)
    texts, usage = [], {"OX-1": 40.0, "OX-2": 70.0, "OX-3": 5.0}
    for number in range(14):
        rows = []
        for tool in rng.sample(sorted(usage), 2):
            usage[tool] = rng.choice([0.0, usage[tool] + 1, usage[tool] + 2])
            wafer = "" if tool == "OX-3" else f"W{rng.randrange(5)}"
            rows.append(stretch(tool, wafer, 20 * number + rng.randrange(0, 200, 40), usage[tool], rng.choice("12")))
        texts.append("time,tool,wafer,step,Power,Usage of pad\n" + "".join(rows))
    return texts


def derived(fab):
    """Moves, readings of counters and restores, with the load that each stands under."""
    fab._lake.pin()
    tables = {"moves": MOVES, "counters": COUNTERS, "restores": RESTORES}
    return {
        name: sorted(map(repr, fab._lake.ask(f"SELECT {', '.join(table.names)}, load FROM {name}").fetchall()))
        for name, table in tables.items()
    }


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 9))])
def test_logs_that_come_one_by_one_in_any_order_give_what_they_give_together(tmp_path, seed):
    paths = []
    for number, text in enumerate(pieces(seed)):
        paths.append(tmp_path / f"l{number}.log")
        paths[-1].write_text(text)
    with new_fab(tmp_path / "together", clock=lambda: NOW) as fab:
        fab.ingest(paths)
        expected = derived(fab)
    assert all(expected.values())
    assert len({row.rpartition(",")[2] for row in expected["moves"]}) < len(expected["moves"])
    with new_fab(tmp_path / "apart", clock=lambda: NOW) as fab:
        # Rows of the same kinds that come from files are nobody's to replace.
        (tmp_path / "maintenance.csv").write_text("TOOL_ID,DONE_AT,KIND\nOX-1,2026-05-01 00:30:00,pm\n")
        (tmp_path / "readings.csv").write_text("TOOL_ID,COUNTER,READ_AT,VALUE\nOX-1,Usage of pad,2026-05-01 00:30:00,1\n")
        for path in random.Random(seed).sample(paths, len(paths)):
            fab.ingest(path)
            fab.ingest([tmp_path / "maintenance.csv", tmp_path / "readings.csv"])
        of_files = {load.load for load in fab.loads() if load.kind != "log"}
        found = {
            name: [row for row in rows if not any(load in row for load in of_files)] for name, rows in derived(fab).items()
        }
        assert found == expected
        assert {name: len(rows) - len(found[name]) for name, rows in derived(fab).items()} == {
            "moves": 0, "counters": 1, "restores": 1,
        }  # fmt: skip
