"""Memory has a ceiling, whatever the size of a file or of the question: measured in processes of their own."""

import subprocess
import sys

from tests.fabs import new_fab

ENGINE_MB, CEILING_MB = 250, 640
"""What fab.toml allows the engine, and what a whole process that loads or asks may take."""
LINES = 800_000
MEASURED = """
import sys
from fabwatch.fab import Fab
from fabwatch.store.skip_pandas import without_pandas
without_pandas()
with Fab(sys.argv[1]) as fab:
    if sys.argv[2] == "risk":
        value = sum(row.wafers for row in fab.risk(as_of="2026-06-01T00:00:00Z").tools)
    else:
        value = fab.ingest(sys.argv[2]).rows
# Not ru_maxrss: it goes over to a child from the process that began it, here the whole suite.
status = open("/proc/self/status").read()
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024, value)
"""


def measured(fab, what):
    run = subprocess.run(
        [sys.executable, "-c", MEASURED, str(fab), str(what)], capture_output=True, text=True, check=True, timeout=300
    )
    megabytes, value = map(int, run.stdout.split())
    return megabytes, value


def test_a_large_file_is_loaded_and_the_wafers_at_risk_are_counted_below_the_ceiling(tmp_path):
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text(f'[fab]\nmemory = "{ENGINE_MB}MB"\n')
    new_fab(tmp_path / "fab").close()
    path = tmp_path / "moves.csv"
    with path.open("w") as file:
        file.write("LOT_ID,WAFER_ID,TOOL_ID,CHAMBER,RECIPE,TRACK_IN,TRACK_OUT,PRODUCT,STEP_NO\n")
        for n in range(LINES):
            day, hour, minute, second = 1 + n // 86_400 % 28, n // 3600 % 24, n // 60 % 60, n % 60
            at = f"2026-05-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"
            file.write(
                f"L{n // 25:06d},L{n // 25:06d}.{n % 25:02d},TOOL-{n % 211:03d},A,R{n % 7},{at},{at},P{n % 5},{n % 900}\n"
            )
    assert path.stat().st_size > 60e6
    megabytes, rows = measured(tmp_path / "fab", path)
    assert rows == LINES
    assert megabytes < CEILING_MB
    megabytes, wafers = measured(tmp_path / "fab", "risk")
    # No qual bounds anything, so every wafer counts, on the one tool that it ran on.
    assert wafers == LINES
    assert megabytes < CEILING_MB
