"""The demo fab as files like the exports of an MES, with a fab.toml that says DEMO."""

import csv
import gzip
import io
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

from fabwatch.sources.synthetic.plan import Plan
from fabwatch.sources.synthetic.polishing import polished
from fabwatch.sources.synthetic.simulation import History
from fabwatch.sources.synthetic.testing import tested

MOVE_HEADERS = {
    "lot": "LOT_ID", "wafer": "WAFER_ID", "product": "PRODUCT", "route": "ROUTE", "step_no": "STEP_NO",
    "step": "STEP_ID", "tool": "EQP_ID", "chamber": "CHAMBER", "recipe": "RECIPE", "kind": "LOT_TYPE",
    "status": "STATUS", "start_at": "TRACK_IN", "end_at": "TRACK_OUT",
}  # fmt: skip
QUAL_HEADERS = {
    "tool": "EQP_ID", "chamber": "CHAMBER", "qual_type": "QUAL_TYPE", "processed_at": "QUAL_TIME",
    "resulted_at": "RESULT_TIME", "passed": "RESULT", "reading": "VALUE", "unit": "UNIT", "upper": "USL",
}  # fmt: skip
RESTORE_HEADERS = {"tool": "EQP_ID", "chamber": "CHAMBER", "done_at": "DONE_AT", "kind": "KIND"}
METROLOGY_HEADERS = {
    "lot": "LOT_ID", "wafer": "WAFER_ID", "tool": "EQP_ID", "product": "PRODUCT", "polished_at": "POLISH_END",
    "measured_at": "MEASURED_AT", "incoming": "PRE_THICKNESS", "after": "POST_THICKNESS", "seconds": "POLISH_TIME",
    "target": "TARGET", "lower": "LSL", "upper": "USL", "unit": "UNIT",
}  # fmt: skip
TOOL_HEADERS = {"tool": "EQP_ID", "tool_type": "EQP_TYPE", "area": "AREA", "chambers": "CHAMBERS"}

FAB_TOML = """\
# The demo fab. In a fab.toml of your own, state the same about your fab.
[fab]
name = "Demo fab"
demo = true

[quals.particles]
warning = 400
inhibit = 900

[quals.rate]
warning = 1000
inhibit = 2000

[quals.thickness]
recipes = ["PECVD-R1"]
warning = 500
inhibit = 1000

[cmp]
below = 250
above = 250
"""


def write_exports(history: History, plan: Plan, folder: Path) -> None:
    """Write the history as an MES and a tester would: moves a day a file, quals, maintenance, thickness, tools, and test
    results a lot a file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    days: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for move in sorted(history.moves, key=lambda m: (m["end_at"], m["tool"], m["wafer"])):
        days[f"{move['end_at']:%Y-%m-%d}"].append(move)
    late = max(int(len(days) * plan.late_rate), 1)
    for number, (day, moves) in enumerate(days.items()):
        name = f"late_moves_{day}" if number and number % (len(days) // late + 1) == 0 else f"moves_{day}"
        _write(folder / f"{name}.csv.gz", MOVE_HEADERS, moves)
    _write(folder / "quals.csv", QUAL_HEADERS, history.quals)
    _write(folder / "maintenance.csv", RESTORE_HEADERS, history.restores)
    _write(folder / "thickness.csv", METROLOGY_HEADERS, list(polished(history, plan)))
    _write(folder / "tools.csv", TOOL_HEADERS, history.tools)
    for name, content in tested(history, plan):
        (folder / name).write_bytes(gzip.compress(content, compresslevel=4, mtime=0))


def _write(path: Path, headers: dict[str, str], rows: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headers.values())
    writer.writerows([_cell(row.get(name)) for name in headers] for row in rows)
    content = text.getvalue().encode()
    # A fixed time inside the packing keeps the same fab the same file.
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(" ") + "Z"
    if isinstance(value, bool):
        return "PASS" if value else "FAIL"
    return value
