"""What the API says of itself holds: schemathesis sends what fits the description and what does not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SHAPES = r"^/api/v1/(risk|contain/\{tool\}|forecast/score|holds|cmp/polish-time|trace/run|key)$"
"""One path of each shape: a list, one with a name in it, a long question, a decision, a body, a run, without a question."""


@pytest.mark.parametrize(
    ("phases", "examples", "chosen"),
    [
        ("examples,fuzzing", "2", None),
        ("coverage", "1", SHAPES),
        pytest.param("examples,coverage,fuzzing", "50", None, marks=pytest.mark.soak),
    ],
    ids=["every route", "one of each shape at every edge", "every route at every edge"],
)
def test_the_api_keeps_to_its_own_description(own_server, tmp_path, phases, examples, chosen):
    command = [
        str(Path(sys.executable).with_name("st")), "run", f"{own_server.address}/api/v1/openapi.json",
        "-H", f"Authorization: Bearer {own_server.key('admin')}", "--phases", phases,
        "--max-examples", examples, "--seed", "1", "--exclude-path-regex", "uploads",
        *(["--include-path-regex", chosen] if chosen else []),
        "--suppress-health-check", "all", "--no-color", "--request-timeout", "60",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stdout[-6000:]
    selected, total = map(int, re.search(r"Selected: (\d+)/(\d+)", done.stdout).groups())
    # Only an upload, which ends, and its stream are left out of all, and every chosen one is really tried.
    assert selected == total - 2 > 28 if chosen is None else 7 <= selected < total
    assert f"Tested: {selected}" in done.stdout, done.stdout[-2000:]
