"""What is derived of logs: each log by itself where one of them cannot be summarised."""

import pytest

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
