"""What the API says of itself holds: schemathesis sends what fits the description and what does not."""

import subprocess
import sys
from pathlib import Path


def test_the_api_keeps_to_its_own_description(server, tmp_path):
    command = [
        str(Path(sys.executable).with_name("st")), "run", f"{server.address}/api/v1/openapi.json",
        "-H", f"Authorization: Bearer {server.key('admin')}", "--phases", "examples,coverage,fuzzing", "--max-examples", "8",
        "--seed", "1", "--exclude-path-regex", "uploads", "--suppress-health-check", "all", "--no-color",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-6000:]
    paths = server.get("/api/v1/openapi.json").json()["paths"]
    operations = sum(len(some.keys() & {"get", "post"}) for path, some in paths.items() if "uploads" not in path)
    assert operations > 25
    assert f"Tested: {operations}" in done.stdout, done.stdout[-2000:]
