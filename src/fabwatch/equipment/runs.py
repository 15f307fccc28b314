"""Runs: which parts of which files are one wafer on one tool, for every room that asks about logs."""

from functools import cache

from fabwatch.store.questions import filled, question, reading
from fabwatch.terms.traces import GAP


@cache
def runs_sql(parts: str = "parts") -> str:
    """The question that gives `runs`, one row a part; `parts` is the table that it reads."""
    return filled(question("equipment", "runs"), parts=parts, gap=str(GAP))


def over_runs(sql: str) -> str:
    """A question that reads `runs`."""
    return reading(sql, {"runs": runs_sql()}, materialized=True)
