"""Samples that arrive live are those of a tool log: runs, steps, alarms and statistics as if they had come in a file."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from fabwatch.fab import Fab
from tests.live.sources import load_all, made, source

LOG = '[live.etch]\nkind = "log"\n'
BEGIN = dt.datetime(2026, 7, 1)


def stamp(number: int) -> str:
    return (BEGIN + dt.timedelta(milliseconds=10 * number)).isoformat(timespec="milliseconds") + "Z"


def samples(first: int, last: int, **more: Any) -> str:
    """A message of samples: 100 a second, 5 seconds a step, 10 seconds a wafer."""
    rows = [
        {
            "time": stamp(n),
            "wafer": f"L1.{n // 1_000:02d}",
            "step": 1 + n // 500 % 2,
            "Pressure [mTorr]": 10 + n % 7,
            "Power": n % 5,
        }
        for n in range(first, last)
    ]
    return json.dumps({"tool": "ETCH-1", "lot": "L1", "samples": rows, **more})


def summary(fab: Fab) -> list[tuple[Any, ...]]:
    rows = fab.step_summary().rows()
    return sorted(tuple(str(row[name]) for name in ("run", "step", "sensor", "mean", "min", "max")) for row in rows)


def test_samples_that_come_in_pieces_are_the_runs_of_one_file(tmp_path: Path) -> None:
    live, filed = made(tmp_path / "live", LOG), made(tmp_path / "filed", LOG)
    for first in range(0, 2_000, 50):
        live.receive("etch", samples(first, first + 50))
        if first % 600 == 0:
            load_all(live, "etch")
    load_all(live, "etch")
    filed.receive("etch", samples(0, 2_000))
    load_all(filed, "etch")
    assert [run.rows for run in live.runs().runs] == [run.rows for run in filed.runs().runs] == [1_000, 1_000]
    assert summary(live) == summary(filed)
    assert len(summary(live)) == 2 * 2 * 2


def test_rows_columns_side_by_side_and_lines_say_the_same(tmp_path: Path) -> None:
    rows = json.loads(samples(0, 100))["samples"]
    whole = {"tool": "ETCH-1", "lot": "L1"}
    sides = {name: [row[name] for row in rows] for name in rows[0]}
    forms = {
        "rows": [json.dumps({**whole, "samples": rows})],
        "sides": [json.dumps({**whole, **sides})],
        "list": [json.dumps([{**whole, **row} for row in rows])],
        "lines": ["\n".join(json.dumps({**whole, **row}) for row in rows)],
        "single": [json.dumps({**whole, **row}) for row in rows],
    }
    seen = []
    for name, messages in forms.items():
        fab = made(tmp_path / name, LOG)
        for message in messages:
            fab.receive("etch", message)
        load_all(fab, "etch")
        seen.append(summary(fab))
    assert seen[0]
    assert all(one == seen[0] for one in seen)


def test_a_single_sample_is_a_log_and_a_sensor_that_is_silent_stays_the_same_log(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab", LOG)
    for number in range(5):
        row = {"time": stamp(number), "tool": "ETCH-1", "wafer": "W1", "Pressure": 10.5, "Power": 3}
        if number in (2, 3):
            del row["Power"]
        fab.receive("etch", json.dumps(row))
        load_all(fab, "etch")
    assert fab.sql("SELECT count(DISTINCT shape) AS n FROM parts")["n"][0] == 1
    (run,) = fab.runs().runs
    assert run.rows == 5
    assert source(fab, "etch").set_aside == 0


def test_alarms_among_the_samples_are_alarms_of_the_run_with_and_without_samples_beside(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab", LOG)
    alarm = {"tool": "ETCH-1", "lot": "L1", "wafer": "L1.00", "alarm": 1042, "text": "pressure, high"}
    fab.receive("etch", samples(0, 100))
    fab.receive("etch", json.dumps({**alarm, "time": stamp(50)}))
    fab.receive("etch", samples(100, 200))
    load_all(fab, "etch")
    fab.receive("etch", json.dumps({**alarm, "time": stamp(201), "alarm": "1043"}))
    load_all(fab, "etch")
    rows = fab.sql("SELECT kind, code, text FROM alarms ORDER BY code")
    assert list(rows["code"]) == ["1042", "1043"]
    assert set(rows["kind"]) == {"alarm"}
    assert "pressure, high" in rows["text"][0]
    (run,) = fab.runs().runs
    assert run.alarms == 2


def test_samples_that_come_again_are_there_once(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab", LOG)
    for _ in range(2):
        for first in (0, 100, 200):
            fab.receive("etch", samples(first, first + 100))
        load_all(fab, "etch")
    assert [run.rows for run in fab.runs().runs] == [300]
    assert source(fab, "etch").duplicates == 3
