"""Runs: the parts of log files that belong to one wafer on one tool."""

from collections.abc import Sequence
from datetime import datetime

from fabwatch.equipment.runs import over_runs
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.terms.errors import unknown
from fabwatch.trace.answers import Run

RUNS_LISTED = "fabwatch trace runs lists tools and runs"
SENSORS_LISTED = "fabwatch trace summary lists sensors, steps and recipes"


def check_names(runs: Sequence[Run], tool: str | None, run: str | None) -> None:
    """Check that the tool and the run exist. Raises UnknownTool."""
    if tool is not None and tool not in {row.tool for row in runs}:
        raise unknown("tool with a log", tool, {row.tool for row in runs}, RUNS_LISTED)
    mine = [row.run for row in runs if tool is None or row.tool == tool]
    if run is not None and run not in mine:
        raise unknown("run", run, mine, RUNS_LISTED)


def logged_runs(lake: Lake, tool: str | None = None, run: str | None = None, as_of: datetime | None = None) -> list[Run]:
    """The runs, the latest first; see `runs_list.sql`."""
    return lake.records(Run, over_runs(question("trace", "runs_list")), {"tool": tool, "run": run, "as_of": as_of})
