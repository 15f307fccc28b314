"""Every example answers its question over a small fab, through the public door alone, in a few lines."""

import ast
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import fabwatch
from fabwatch.fab import Fab
from tests.served import AS_OF

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
ANSWERS = {
    "areas_at_risk": "Etch, particles: ",
    "hold_list": "tools with an open failed qual",
    "next_failures": "80% chance to fail between day",
    "qual_intervals": "ETCH-1 particles: now every",
    "plan_the_week": "checks in 7 days",
    "capability": "CMP-1 particles: Cpk",
    "faulty_runs": "ETCH-1 LOG1.19",
    "chamber_matching": "Pressure, step 2, ETCH-1 A: mean",
    "polish_seconds": "CMP-1 H1: ",
    "set_aside": "0 problems in all",
}
SERVED = {
    "house_prices": r"missing: built, garden, colour\n   From [\d,]+ to [\d,]+: district centre: \+[\d,]+;",
    "comorbidities": r"yes \(\d+%\): From .*(heart_failure yes|kidney_disease yes|age 78)",
    "two_kinds": r"a particle is called particle \(\d+%\), .*\n   a scratch is called scratch",
    "used_cars": r"Elm, Elm M: [\d,]+; unseen: make, model",
}
"""Each makes a table of its own, learns from it, and asks over HTTP; what the last lines say."""
LINES = 20
OLDER = {"worst_tools"}
"""It loads files, and is run with them in test_pages."""
SHARED = {"service"}
"""What examples share."""


def test_every_example_has_its_test():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == ANSWERS.keys() | SERVED.keys() | OLDER | SHARED


@pytest.mark.parametrize("name", SERVED)
def test_an_example_learns_from_any_table_beats_its_floor_and_is_answered_over_http(name, tmp_path):
    if name == "two_kinds":
        pytest.importorskip("torch", reason="training on pictures needs torch: pip install 'fabwatch[train]'")
    command = [sys.executable, str(EXAMPLES / f"{name}.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    figures = re.search(r"([\d.,]+), 95 % ([\d.,]+) to ([\d.,]+), .*\n.*floor: ([\d.,]+)", done.stdout)
    value, low, high, floor = (float(one.replace(",", "")) for one in figures.groups())
    assert low < value <= high
    assert floor > high or floor < low
    _, answers = done.stdout.split("asked over HTTP")
    assert re.search(SERVED[name], answers)
    assert len(done.stdout.splitlines()) <= LINES
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ANSWERS)
def test_an_example_answers_its_question(folder, name, capsys, monkeypatch):
    path = EXAMPLES / f"{name}.py"
    monkeypatch.setattr(sys, "argv", [str(path), str(folder), *([] if name == "set_aside" else [AS_OF])])
    runpy.run_path(str(path), run_name="__main__")
    shown = capsys.readouterr().out
    assert ANSWERS[name] in shown
    assert 1 <= len(shown.splitlines()) <= LINES


@pytest.mark.parametrize("name", ANSWERS)
def test_an_example_uses_the_public_door_alone(name):
    tree = ast.parse((EXAMPLES / f"{name}.py").read_text())
    imported = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    }
    assert imported <= {"sys", "fabwatch", "Counter"}
    asked = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "fab"
    }
    assert asked
    assert all(hasattr(Fab, method) and not method.startswith("_") for method in asked)
    question, _, usage = (ast.get_docstring(tree) or "").partition("? ")
    assert question
    assert usage.startswith(f"python {name}.py FAB")


def test_the_door_of_the_examples_is_the_one_that_the_package_names():
    assert callable(fabwatch.open)
