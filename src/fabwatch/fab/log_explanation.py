"""What is understood of one log file, without loading it."""

from itertools import islice
from pathlib import Path
from typing import Any

from fabwatch.sources.opening import CannotRead, documents, inspect
from fabwatch.sources.toollog.reader import open_log
from fabwatch.terms.answers import plain
from fabwatch.terms.clock import SKEW, moment_at, utc_now
from fabwatch.terms.errors import BadQuestion, NoSuchPath
from fabwatch.terms.problems import Problem
from fabwatch.terms.settings import read_settings

SAMPLE = 5


def explain(path: str | Path, fab: str | Path = "fab") -> dict[str, Any]:
    """Dialect, columns, runs, rows, messages and what would be set aside. Raises NoSuchPath and BadQuestion."""
    file = Path(path)
    if not file.is_file():
        raise NoSuchPath(f"There is no file {file}.")
    try:
        document = documents(file)[0]
        _, stated = read_settings(Path(fab)).source_of(document.file_name)
        log = open_log(document, inspect(document), stated)
        if log is None:
            raise BadQuestion(
                f"{file} does not read as a tool log.",
                "a log has rows of at least two readings with a time, under a header that names them; name its columns in "
                'fab.toml: [sources.NAME] kind = "log", columns = { time = "…" }',
            )
        rows, said = 0, 0
        problems: list[Problem] = []
        sample: list[dict[str, Any]] = []
        for batch in log.batches(utc_now() + SKEW):
            rows += batch.samples.num_rows
            problems += batch.problems
            said += len(batch.said)
            sample += batch.samples.slice(0, SAMPLE - len(sample)).to_pylist()
    except CannotRead as stop:
        raise BadQuestion(f"{file}: {stop.problem.why}.", stop.problem.way_out) from None
    return {
        "path": str(file),
        "dialect": log.dialect,
        "encoding": log.layout.encoding,
        "delimiter": log.layout.delimiter,
        "columns": [
            {"name": c.name, "unit": c.unit or None, "role": c.role, "setpoint_of": c.setpoint_of}
            for c in log.layout.columns
        ],
        "runs": len(log.parts),
        "rows": rows,
        "messages": said,
        "set_aside": len(problems),
        "sample": [_dated(row, log.dated) for row in sample],
        "keys": [plain(part.keys) for part in islice(log.parts, SAMPLE)],
        "problems": [
            {"rule": p.rule.code, "why": p.why, "line": p.line, "byte_offset": p.byte_offset, "raw": p.raw}
            for p in problems[:20]
        ],
        "notes": log.notes,
    }


def _dated(row: dict[str, Any], dated: bool) -> dict[str, Any]:
    found = plain(row)
    if dated and row["t"] is not None:
        found["t"] = plain(moment_at(row["t"]))
    return dict(found)
