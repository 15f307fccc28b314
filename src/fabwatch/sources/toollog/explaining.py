"""How a log is read: dialect, columns with units and roles, runs, rows, and what would be set aside."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from fabwatch.sources.toollog.columns import LogColumn, stored_name
from fabwatch.sources.toollog.reader import LogFile
from fabwatch.terms.answers import Json, plain
from fabwatch.terms.clock import moment_at
from fabwatch.terms.problems import Problem

SAMPLE = 5
PROBLEMS_SHOWN = 20


def explained(log: LogFile, latest: datetime, most: int | None = None) -> Json:
    """Reads a log and stores nothing; a row with a time after `latest` is set aside.

    From start to end, or of a long one the first `most` batches. Raises CannotRead.
    """
    rows, messages = 0, 0
    problems: list[Problem] = []
    sample: list[Json] = []
    for batch in islice(log.batches(latest), most):
        rows += batch.samples.num_rows
        problems += batch.problems
        messages += len(batch.messages)
        sample += batch.samples.slice(0, SAMPLE - len(sample)).to_pylist()
    return {
        "path": log.document.name,
        "dialect": log.dialect,
        "encoding": log.layout.encoding,
        "delimiter": log.layout.delimiter,
        "columns": [
            {
                "name": c.name,
                "unit": c.unit or None,
                "role": c.role,
                "setpoint_of": c.setpoint_of,
                "values": _values(sample, c),
            }
            for c in log.layout.columns
        ],
        "runs": len(log.parts),
        "rows": rows,
        "messages": messages,
        "set_aside": len(problems),
        "sample": [_dated(row, log.dated) for row in sample],
        "keys": [plain(part.keys) for part in islice(log.parts, SAMPLE)],
        "problems": [
            {"rule": p.rule.code, "why": p.why, "line": p.line, "byte_offset": p.byte_offset, "raw": p.raw}
            for p in problems[:PROBLEMS_SHOWN]
        ],
        "notes": log.notes,
    }


def _values(sample: Sequence[Json], column: LogColumn) -> list[str]:
    """The first different values of a column that is stored."""
    cells = (row.get(stored_name(column.name)) for row in sample)
    return list(dict.fromkeys(str(cell) for cell in cells if cell is not None))[:3]


def _dated(row: Json, dated: bool) -> Json:
    shown = plain(row)
    if dated and row["t"] is not None:
        shown["t"] = plain(moment_at(row["t"]))
    return dict(shown)
