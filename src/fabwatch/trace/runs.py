"""Runs: which parts of which files are one wafer on one tool."""

from datetime import datetime
from typing import Any

from fabwatch.store.lake import Lake
from fabwatch.store.questions import question

GAP = 3600
"""Seconds without a sample after which the same wafer on the same tool is a new run."""


def over_runs(sql: str) -> str:
    """A question that reads `runs`."""
    runs = question("trace", "runs").replace("$gap", str(GAP))
    begins, with_, rest = sql.partition("\nWITH ")
    joined = f"{begins}\n, {rest}" if with_ else sql
    return f"WITH runs AS MATERIALIZED (\n{runs})\n{joined}"


def run_rows(
    lake: Lake, tool: str | None = None, run: str | None = None, as_of: datetime | None = None
) -> list[dict[str, Any]]:
    """One row a run, the latest first; see `runs_list.sql`."""
    return lake.rows(over_runs(question("trace", "runs_list")), {"tool": tool, "run": run, "as_of": as_of})
