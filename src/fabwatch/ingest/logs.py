"""Loading tool logs: samples stream into Parquet, one transaction per file; a log that grew is continued."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from fabwatch.sources.opening import Document, Inspected
from fabwatch.sources.prefetch import Ahead
from fabwatch.sources.toollog.parts import Part
from fabwatch.sources.toollog.reader import LogBatch, LogFile, TimedMessage, stored_name
from fabwatch.store.files import add
from fabwatch.store.lake import Lake, columns_sql, identifier, samples_name
from fabwatch.store.rows import insert
from fabwatch.store.streams import EDGE, digest
from fabwatch.terms.problems import Problem
from fabwatch.terms.tables import ALARMS, PARTS, SAMPLE_COLUMNS, SENSORS


@dataclass(frozen=True)
class Stream:
    """A known log: how far it was read, and which step, wafer … hold for the next row."""

    name: str
    load: str
    read_to: int
    lines: int = 0
    now: dict[str, str | None] = field(default_factory=dict)


@dataclass
class StoredLog:
    """What was stored of a log."""

    rows: int = 0
    problems: list[Problem] = field(default_factory=list)
    messages: list[TimedMessage] = field(default_factory=list)

    @property
    def rules(self) -> Counter[str]:
        """How many problems there are per rule."""
        return Counter(problem.rule.code for problem in self.problems)


def known_stream(lake: Lake, document: Document, inspected: Inspected) -> Stream | None:
    """The stream that a file continues: the same content up to where that stream was read."""
    lengths = lake.rows("SELECT DISTINCT least(read_to, $edge) AS n FROM lake.streams", {"edge": EDGE})
    heads = [digest(inspected.start[: row["n"]]) for row in lengths if row["n"] <= inspected.size]
    rows = lake.rows(
        "SELECT * FROM lake.streams WHERE list_contains($heads, head) AND read_to <= $size ORDER BY read_to DESC",
        {"heads": heads, "size": inspected.size},
    )
    for row in rows:
        if digest(_span(document, max(row["read_to"] - EDGE, 0), row["read_to"])) == row["tail"]:
            state = json.loads(row["state"])
            return Stream(row["stream"], row["load"], row["read_to"], state["lines"], state["now"])
    return None


def store(lake: Lake, load: str, file: LogFile, latest: datetime, stream: Stream | None) -> StoredLog:
    """Write all data of a log. Call it inside `lake.writing()`. Raises CannotRead."""
    stored = StoredLog()
    begin = stream.read_to if stream else 0
    if stream:
        file.go_on(stream.lines, stream.now)
    shape = file.shape
    if file.sampled:
        _make_table(lake, file, shape)
        schema = pa.schema([pa.field("load", pa.string()), *file.schema])
        add(lake, samples_name(shape), schema, Ahead(_flow(file, load, latest, begin, stored)))
    else:
        for batch in file.batches(latest, begin):
            _note(batch, stored)
    insert(
        lake,
        PARTS,
        [_part_row(load, stream.name if stream else load, shape, n, p, file.dated) for n, p in enumerate(file.parts)],
    )
    insert(lake, ALARMS, [_alarm_row(load, message, file.dated) for message in stored.messages])
    _remember(lake, load, file, stream)
    return stored


def forget(lake: Lake, load: str) -> None:
    """Delete what an earlier load of this content stored."""
    for row in lake.rows("SELECT DISTINCT shape FROM lake.parts WHERE load = $load AND shape IS NOT NULL", {"load": load}):
        lake.ask(f"DELETE FROM lake.{samples_name(row['shape'])} WHERE load = $load", {"load": load})
    for name in ("parts", "alarms", "step_summary", "streams", "moves", "counters", "restores"):
        lake.ask(f"DELETE FROM lake.{name} WHERE load = $load", {"load": load})


def _flow(file: LogFile, load: str, latest: datetime, begin: int, stored: StoredLog) -> Iterator[pa.Table]:
    for batch in file.batches(latest, begin):
        _note(batch, stored)
        name = pa.repeat(pa.scalar(load, pa.string()), batch.samples.num_rows)
        yield batch.samples.add_column(0, "load", name)


def _note(batch: LogBatch, stored: StoredLog) -> None:
    stored.rows += batch.samples.num_rows
    stored.problems += batch.problems
    stored.messages += batch.messages


def _make_table(lake: Lake, file: LogFile, shape: str) -> None:
    name = samples_name(shape)
    if lake.rows("SELECT 1 FROM lake.sensors WHERE shape = $shape LIMIT 1", {"shape": shape}):
        return
    columns = ", ".join(f"{identifier(stored_name(c))} {'DOUBLE' if c.number else 'VARCHAR'}" for _, c in file.sampled)
    lake.ask(f"CREATE TABLE lake.{name} ({columns_sql(SAMPLE_COLUMNS)}, {columns})")
    rows = [
        {
            "shape": shape,
            "position": len(SAMPLE_COLUMNS) + n,
            "column_name": stored_name(c),
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


def _remember(lake: Lake, load: str, file: LogFile, stream: Stream | None) -> None:
    """Remember how far the log was read, in case it grows."""
    name = stream.name if stream else load
    if stream:
        lake.ask("DELETE FROM lake.streams WHERE stream = $stream", {"stream": name})
    row = {
        "stream": name,
        "load": load,
        "path": file.document.name,
        "read_to": file.end,
        "head": digest(file.inspected.start[: min(file.end, EDGE)]),
        "tail": digest(_span(file.document, max(file.end - EDGE, 0), file.end)),
        "state": json.dumps({"lines": file.lines, "now": file.now}),
    }
    lake.ask(f"INSERT INTO lake.streams ({', '.join(row)}) VALUES ({', '.join('$' + name for name in row)})", row)


def _span(document: Document, begin: int, end: int) -> bytes:
    """Some bytes of a file, unpacked."""
    with document.open(begin) as stream:
        return stream.read(end - begin)
