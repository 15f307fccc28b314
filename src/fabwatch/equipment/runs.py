"""Runs: which parts of which files belong to one wafer on one tool, for everything that reads logs."""

from functools import cache

from fabwatch.store.questions import filled, question, reading
from fabwatch.terms.clock import GAP


@cache
def runs_sql(parts: str = "parts") -> str:
    """SQL of `runs`, one row per part; `parts` is the table it reads."""
    return filled(question("equipment", "runs"), parts=parts, gap=str(GAP))


def over_runs(sql: str) -> str:
    """SQL that can read `runs`."""
    return reading(sql, {"runs": runs_sql()}, materialized=True)
