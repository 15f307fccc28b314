"""What the API says of itself holds: schemathesis sends what fits the description and what does not."""

import re
import subprocess
import sys
from pathlib import Path


def test_the_api_keeps_to_its_own_description(own_server, tmp_path, pytestconfig):
    examples = "50" if pytestconfig.getoption("soak") else "2"
    command = [
        str(Path(sys.executable).with_name("st")), "run", f"{own_server.address}/api/v1/openapi.json",
        "-H", f"Authorization: Bearer {own_server.key('admin')}", "--phases", "examples,coverage,fuzzing",
        "--max-examples", examples, "--seed", "1", "--exclude-path-regex", "uploads",
        "--suppress-health-check", "all", "--no-color", "--request-timeout", "60",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-6000:]
    selected, total = map(int, re.search(r"Selected: (\d+)/(\d+)", done.stdout).groups())
    # Only the one route that streams is left out, and every other is really tried.
    assert selected == total - 1 > 28
    assert f"Tested: {selected}" in done.stdout, done.stdout[-2000:]
