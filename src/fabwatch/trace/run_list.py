"""Runs and their step summaries as answers."""

from fabwatch.equipment.runs import over_runs
from fabwatch.store.questions import question
from fabwatch.store.view import View
from fabwatch.trace.answers import Runs, StepRow, StepSummary
from fabwatch.trace.runs import check_names, logged_runs
from fabwatch.trace.summary import summary_rows

RUNS = "A run is a wafer (or lot, or slot) on a tool, without a gap of more than an hour between samples; it may span files."
SUMMARY = (
    "Sums are stored for each part of a run when its log is loaded, and combined per run (parallel variance: Chan, Golub "
    "and LeVeque 1983). slope: least squares over time. outside_s: number of samples out of the setpoint's tolerance, "
    "times the mean sampling interval."
)


def runs(view: View, tool: str | None, run: str | None) -> Runs:
    """The runs, the latest first. Raises UnknownTool."""
    lake, as_of = view.lake, view.as_of
    rows = logged_runs(lake, tool, run, as_of)
    if not rows:
        check_names(logged_runs(lake), tool, run)
    header = view.header(RUNS, over_runs(question("trace", "runs_list")))
    return Runs(*header, tuple(rows))


def step_summary(view: View, tool: str | None, run: str | None) -> StepSummary:
    """What each sensor did in each step. Raises UnknownTool."""
    lake = view.lake
    rows = summary_rows(lake, tool, run)
    if not rows:
        check_names(logged_runs(lake), tool, run)
    steps = [StepRow(**{name: row[name] for name in StepRow.__dataclass_fields__}) for row in rows]
    header = view.header(SUMMARY, over_runs(question("trace", "summary")))
    return StepSummary(*header, tuple(steps))
