"""Units are part of what is compared: 5 mTorr beside 0.005 Torr are two sensors of one name, never one with a fault."""

import pytest
from tests.made_logs import log_of

GOOD = [f"L1.{n:02d}" for n in range(12)]
LATER = [f"L2.{n:02d}" for n in range(12)]


def in_unit(text, unit, times):
    """The log with its pressure in a unit, times so much."""
    head, *rows = text.splitlines()
    names = head.split(",")
    at = [names.index(name) for name in ("Pressure", "Pressure_SP")]
    cells = [row.split(",") for row in rows]
    for row in cells:
        for place in at:
            row[place] = f"{float(row[place]) * times:.5f}"
    for place in at:
        names[place] += f" [{unit}]"
    return "\n".join(map(",".join, [names, *cells])) + "\n"


@pytest.fixture
def mixed(tmp_path, fab):
    (tmp_path / "a.log").write_text(in_unit(log_of(GOOD), "mTorr", 1))
    later = log_of(LATER, shift={"L2.07": ("Pressure", 2, 5, 3.0)}).replace("2026-03-", "2026-04-")
    (tmp_path / "b.log").write_text(in_unit(later, "Torr", 0.001))
    assert [file.status for file in fab.ingest([tmp_path / "a.log", tmp_path / "b.log"]).files] == ["loaded", "loaded"]
    return fab


def test_statistics_of_a_sensor_in_two_units_are_two(mixed):
    rows = [row for row in mixed.sensor_stats(by="tool").groups if row.sensor == "Pressure"]
    assert [(row.unit, row.runs) for row in rows] == [("Torr", 12), ("mTorr", 12)]
    torr, mtorr = rows
    assert mtorr.mean == pytest.approx(15, rel=0.01)
    assert torr.mean == pytest.approx(0.015, rel=0.02)
    assert torr.max < 1 < mtorr.min


def test_a_run_is_judged_by_runs_in_its_own_units(mixed):
    faults = [run for run in mixed.faults(tool="E1").runs if run.faulty]
    assert [fault.wafer for fault in faults] == ["L2.07"], "another unit is no fault, and no run is cut short by it"
    (pressure,) = (sensor for sensor in faults[0].sensors if sensor.sensor == "Pressure")
    assert (pressure.unit, pressure.step) == ("Torr", "2")
    assert pressure.usual < 1


def test_chambers_are_compared_in_one_unit_which_is_said(mixed):
    answer = mixed.chambers(sensor="Pressure", tool="E1", step="1")
    (chamber,) = answer.chambers
    assert chamber.runs == 12
    assert answer.unit in ("Torr", "mTorr")
    assert chamber.mean == pytest.approx({"Torr": 0.01, "mTorr": 10}[answer.unit], rel=0.02)


def test_readings_of_quals_in_two_units_have_no_moving_range_between_them(write, fab):
    rows = [("1", "5", "nm"), ("2", "6", "nm"), ("3", "0.007", "um"), ("4", "8", "nm"), ("5", "0.009", "um")]
    lines = [f"CMP-1,thk,2026-05-0{day} 10:00:00,{reading},{unit},PASS" for day, reading, unit in rows]
    fab.ingest(write("tools.csv", "tool,area\nCMP-1,CMP\n"))
    fab.ingest(write("q.csv", "\n".join(["tool,qual_type,processed_at,reading,unit,result", *lines]) + "\n"))
    ranges = {str(row.processed_at.day): row.moving_range for row in fab.readings(tool="CMP-1").readings}
    assert ranges == {"1": None, "2": 1, "3": None, "4": 2, "5": pytest.approx(0.002)}
