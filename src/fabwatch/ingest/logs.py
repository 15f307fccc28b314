"""Loading tool logs: samples stream into Parquet, one transaction per file; a log that grew is continued."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from fabwatch.ingest.reading import LogEnd
from fabwatch.ingest.streams import Stream, remember
from fabwatch.sources.toollog.columns import stored_name
from fabwatch.sources.toollog.parts import Part
from fabwatch.sources.toollog.reader import LogBatch, LogFile, TimedMessage
from fabwatch.store.files import add
from fabwatch.store.lake import Lake, columns_sql, identifier, samples_name
from fabwatch.store.rows import insert
from fabwatch.terms.problems import Problem, TornFile, TornLine
from fabwatch.terms.tables import ALARMS, PARTS, SAMPLE_COLUMNS, SENSORS


@dataclass
class StoredLog:
    """What was stored of a log."""

    rows: int = 0
    records: int = 0
    """How many lines of the file are rows."""
    problems: list[Problem] = field(default_factory=list)
    messages: list[TimedMessage] = field(default_factory=list)

    @property
    def rows_aside(self) -> int:
        """How many rows were set aside; a cut line is no row yet, and a torn file is none at all."""
        return sum(problem.rule not in (TornLine, TornFile) for problem in self.problems)

    @property
    def rules(self) -> Counter[str]:
        """How many problems there are per rule."""
        return Counter(problem.rule.code for problem in self.problems)


def store(lake: Lake, load: str, file: LogFile, pieces: Iterator[object], stream: Stream | None) -> StoredLog:
    """Write all data of a log, as a reader hands it over. Call it inside `lake.writing()`. Raises CannotRead."""
    stored = StoredLog()
    shape = file.shape
    if file.sampled:
        _make_table(lake, file, shape)
        schema = pa.schema([pa.field("load", pa.string()), *file.schema])
        add(lake, samples_name(shape), schema, _flow(file, load, pieces, stored))
    else:
        for _ in read(file, pieces, stored):
            pass
    name = stream.name if stream else load
    # A part whose rows all wait for their time is there once the first of them has come.
    rows = [_part_row(load, name, shape, n, part, file.dated) for n, part in enumerate(file.parts) if part.rows]
    insert(lake, PARTS, rows)
    insert(lake, ALARMS, [_alarm_row(load, message, file.dated) for message in stored.messages])
    remember(lake, load, file, stream)
    return stored


def forget(lake: Lake, load: str) -> None:
    """Delete what an earlier load of this content stored."""
    for table in _tables_of(lake, load):
        lake.ask(f"DELETE FROM lake.{table} WHERE load = $load", {"load": load})
    for name in ("parts", "alarms", "step_summary", "streams", "moves", "counters", "restores"):
        lake.ask(f"DELETE FROM lake.{name} WHERE load = $load", {"load": load})


def _tables_of(lake: Lake, load: str) -> list[str]:
    """The tables with samples of a load: the one that its parts name, or all where its parts are lost."""
    named = lake.rows("SELECT DISTINCT shape FROM lake.parts WHERE load = $load AND shape IS NOT NULL", {"load": load})
    if named:
        return [samples_name(row["shape"]) for row in named]
    there = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' AND starts_with(table_name, 'samples_')"
    return [row["table_name"] for row in lake.rows(there)]


def kept_rows(lake: Lake, load: str, file: LogFile) -> int:
    """How many samples the lake holds of a load."""
    if not file.sampled:
        return 0
    return int(
        lake.ask(f"SELECT count(*) FROM lake.{samples_name(file.shape)} WHERE load = $load", {"load": load}).fetchall()[0][0]
    )


def read(file: LogFile, pieces: Iterator[object], stored: StoredLog) -> Iterator[LogBatch]:
    """The batches that a reader hands over; what they hold besides samples goes into `stored`, their end into `file`."""
    for piece in pieces:
        if isinstance(piece, LogEnd):
            file.was_read(piece.parts, dated=piece.dated, end=piece.end, lines=piece.lines, now=piece.now, notes=piece.notes)
        elif isinstance(piece, LogBatch):
            stored.rows += piece.samples.num_rows
            stored.records += piece.records
            stored.problems += piece.problems
            stored.messages += piece.messages
            yield piece


def _flow(file: LogFile, load: str, pieces: Iterator[object], stored: StoredLog) -> Iterator[pa.Table]:
    for batch in read(file, pieces, stored):
        name = pa.repeat(pa.scalar(load, pa.string()), batch.samples.num_rows)
        yield batch.samples.add_column(0, "load", name)


def _make_table(lake: Lake, file: LogFile, shape: str) -> None:
    name = samples_name(shape)
    if lake.rows("SELECT 1 FROM lake.sensors WHERE shape = $shape LIMIT 1", {"shape": shape}):
        return
    columns = ", ".join(f"{identifier(stored_name(c.name))} {'DOUBLE' if c.number else 'VARCHAR'}" for _, c in file.sampled)
    lake.ask(f"CREATE TABLE IF NOT EXISTS lake.{name} ({columns_sql(SAMPLE_COLUMNS)}, {columns})")
    rows = [
        {
            "shape": shape,
            "position": len(SAMPLE_COLUMNS) + n,
            "column_name": stored_name(c.name),
            "sensor": c.name,
            "unit": c.unit or None,
            "role": c.role,
            "setpoint_of": c.setpoint_of,
            "number": c.number,
        }
        for n, (_, c) in enumerate(file.sampled)
    ]
    insert(lake, SENSORS, rows)


def _part_row(load: str, stream: str, shape: str, number: int, part: Part, dated: bool) -> dict[str, object]:
    labels = {name: text for name, text in part.labels.items() if text}
    timed = part.begin <= part.end
    return {
        **part.keys,
        "load": load,
        "part": number,
        "stream": stream,
        "shape": shape,
        "chambers": ";".join(sorted(part.chambers)) or part.keys.get("chamber"),
        "labels": json.dumps(labels, ensure_ascii=False) if labels else None,
        "dated": dated,
        "begin_s": part.begin if timed else None,
        "end_s": part.end if timed else None,
        "rows": part.rows,
        "first_offset": part.first_offset,
    }


def _alarm_row(load: str, timed: TimedMessage, dated: bool) -> dict[str, object]:
    message = timed.message
    return {
        "load": load,
        "byte_offset": message.byte_offset,
        "line": message.line,
        "part": timed.part,
        "t": None if timed.seconds != timed.seconds else timed.seconds,
        "dated": dated,
        "kind": message.kind,
        "code": message.code or None,
        "text": message.text[:4000],
    }
