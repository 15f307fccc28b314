"""What sensors did as columns gives the run groups and statistics that one dictionary a row would give."""

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from fabwatch.trace.answers import Run
from fabwatch.trace.monitors import _matrix
from fabwatch.trace.run_groups import run_groups
from fabwatch.trace.steps import steps_from

ROLES = ["sensor"] * 8 + ["usage", "setpoint"]


@pytest.fixture(params=range(4))
def record(request):
    """Forty runs of two tools, out of order, some without a step, some figures empty; counters and setpoints among them."""
    rng = random.Random(request.param)
    runs, rows = [], []
    for n in range(40):
        name, tool = f"R{n}", f"T{n % 2}"
        about: dict[str, Any] = {
            "chamber": "A",
            "recipe": None,
            "stage": None,
            "wafer": f"L{n // 10}{n:02d}",
            "lot": None,
            "labels": None,
        }
        runs.append(Run(run=name, tool=tool, start=None, end=None, rows=0, alarms=0, **about))
        for step in ("1", "2", "10", None):
            for number, role in enumerate(ROLES):
                if rng.random() < 0.01:
                    continue
                figures = {name: rng.choice([None, rng.random()]) for name in ("std", "slope", "t_first", "t_last")}
                mean = None if rng.random() < 0.003 else rng.random()
                low = {"mean": mean, "min": rng.random(), "max": 1 + rng.random(), "role": role, "unit": f"u{number}"}
                rows.append({"run": name, "chamber": "A", "step": step, "sensor": f"S{number}", **figures, **low})
    rng.shuffle(rows)
    return runs, rows


def counted(rows):
    return [row for row in rows if row["role"] == "sensor" and row["mean"] is not None]


def test_a_run_group_holds_mean_and_std_of_the_places_that_most_runs_have(record):
    runs, rows = record
    cells = {(row["run"], (row["chamber"], row["step"], row["sensor"])): row for row in counted(rows)}
    for group in run_groups(runs, rows):
        mine = [run for run in runs if run.tool == group.runs[0].tool]
        often = Counter(place for run, place in cells if run in {run.run for run in mine})
        usual = sorted((place for place, n in often.items() if n > len(mine) / 2), key=lambda place: tuple(map(str, place)))
        assert group.places == tuple((*place, kind) for place in usual for kind in ("mean", "std"))
        whole = [run for run in mine if all((run.run, place) in cells for place in usual)]
        assert list(group.runs) == whole
        assert list(group.cut) == [run for run in mine if run not in whole]
        for run, features in zip(whole, group.features, strict=True):
            own = [cells[run.run, place] for place in usual]
            assert features.tolist() == [value for row in own for value in (row["mean"], row["std"] or 0.0)]


@pytest.mark.parametrize("figure", ["mean", "range", "slope", "std"])
def test_a_figure_by_place_is_that_of_its_row_and_places_stand_in_the_order_of_the_runs(record, figure):
    runs, rows = record
    group = run_groups(runs, rows)[0]
    matrix = _matrix(group, steps_from(rows), figure)
    expected = {}
    for n, run in enumerate(group.runs):
        for row in counted(rows):
            value = row["max"] - row["min"] if figure == "range" else row[figure]
            if row["run"] == run.run and value is not None:
                lasted = (row["t_last"] or 0.0) - (row["t_first"] or 0.0)
                expected[n, (row["chamber"], row["step"], row["sensor"])] = value, lasted
    assert matrix.places == list(dict.fromkeys(place for _, place in expected))
    for n in range(len(group.runs)):
        for m, place in enumerate(matrix.places):
            value, lasted = expected.get((n, place), (np.nan, 0.0))
            assert matrix.values[n, m] == pytest.approx(value, nan_ok=True)
            assert matrix.seconds[n, m] == pytest.approx(lasted)
    assert matrix.units == [f"u{sensor[1:]}" for _, _, sensor in matrix.places]


def test_runs_without_any_sensor_are_no_run_group():
    assert run_groups([], []) == []
    assert steps_from([{"run": "R", "sensor": "S", "role": "usage", "mean": 1.0}]).rows == {}
