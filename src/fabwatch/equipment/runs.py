"""Runs: which parts of which files are one wafer on one tool, for every room that asks about logs."""

from fabwatch.store.questions import question
from fabwatch.terms.traces import GAP


def runs_sql() -> str:
    """The question that gives `runs`, one row a part."""
    return question("equipment", "runs").replace("$gap", str(GAP))


def over_runs(sql: str) -> str:
    """A question that reads `runs`."""
    begins, with_, rest = sql.partition("\nWITH ")
    joined = f"{begins}\n, {rest}" if with_ else sql
    return f"WITH runs AS MATERIALIZED (\n{runs_sql()})\n{joined}"
