"""A batch of messages as one file: a table or a tool log that the loader takes, and the messages that nobody can read."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fabwatch.live import sparkplug
from fabwatch.live.messages import Message
from fabwatch.live.payloads import MOST_COLUMNS, Cells, NotUnderstood, rows_of
from fabwatch.live.topics import cells_of
from fabwatch.terms.clock import moment_at
from fabwatch.terms.settings.files import LOG
from fabwatch.terms.settings.outside import LiveSettings

RAW = 4_000
"""Signs that are kept of a message that cannot be read."""
ALARM, TEXT = "alarm", "text"
"""Fields of an alarm among the samples of a log: its code, or `<code> cleared`, and its text."""


@dataclass
class Memory:
    """What the batches before have said that the next one rests on."""

    columns: list[str] = field(default_factory=list)
    """Those of a log: a sensor that is silent for a while does not make another log of it."""
    births: dict[str, Any] = field(default_factory=dict)
    """What the births of Sparkplug have named."""


@dataclass(frozen=True)
class Unread:
    """A message that cannot be read: its place in the batch, why, and how it begins."""

    number: int
    why: str
    raw: str


@dataclass(frozen=True)
class Written:
    """The text of a batch as a file, empty where it has no row, and what is not in it."""

    text: bytes
    rows: int
    memory: Memory
    """For the next batch."""
    unread: tuple[Unread, ...]


def written(messages: Sequence[Message], stated: LiveSettings, before: Memory) -> Written:
    """The file of a batch, the same for the same messages and the same memory of those before."""
    is_log = stated.kind == LOG
    rows: list[Cells] = []
    unread: list[Unread] = []
    columns: dict[str, None] = dict.fromkeys(before.columns if is_log else ())
    births = {place: dict(names) for place, names in before.births.items()}
    for number, message in enumerate(messages, 1):
        try:
            own = _rows(message, stated, births)
            names = dict.fromkeys(
                name for row in own if not (is_log and _is_alarm(row)) for name in row if name not in columns
            )
            if len(columns) + len(names) > MOST_COLUMNS:
                raise NotUnderstood(f"with it there would be more than {MOST_COLUMNS:,} columns")
        except NotUnderstood as fault:
            where = f"{message.topic}: " if message.topic else ""
            unread.append(Unread(number, f"{where}{fault}"[:400], _beginning(message)))
            continue
        columns |= names
        rows += own
    known = Memory(list(columns) if is_log else [], births)
    text = _log(columns, rows, _clock(stated)) if is_log else _table(columns, rows)
    return Written(text.encode() if rows else b"", len(rows), known, tuple(unread))


def _is_alarm(row: Cells) -> bool:
    return ALARM in row and TEXT in row


def _rows(message: Message, stated: LiveSettings, births: sparkplug.Births) -> list[Cells]:
    if message.size > len(message.payload):
        limit = f"{stated.message_mb:g} MB"
        raise NotUnderstood(f"it has {message.size:,} bytes, and message_mb allows {limit}; only its beginning is kept")
    own = cells_of(message.topic, stated.topics)
    if stated.stamp is not None:
        own[stated.stamp] = f"{moment_at(message.received_at).isoformat(timespec='microseconds')}Z"
    if stated.payload == "sparkplug":
        rows = sparkplug.rows_of(message.topic, message.payload, births)
    else:
        rows = rows_of(message.payload)
    return [own | row for row in rows] if own else rows


def _beginning(message: Message) -> str:
    return message.payload[:RAW].decode("utf-8", errors="backslashreplace")


def _clock(stated: LiveSettings) -> str:
    """The field with the time of an alarm."""
    return (
        stated.stamp
        or stated.columns.get("time")
        or next((n for n, role in stated.columns.items() if role == "time"), "time")
    )


def _table(columns: dict[str, None], rows: Sequence[Cells]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return file.getvalue()


def _log(columns: dict[str, None], rows: Sequence[Cells], clock: str) -> str:
    """Samples as rows, alarms as lines between them; where there is no sample, an alarm is one, so that it has a place."""
    alone = all(map(_is_alarm, rows))
    if alone:
        for name in (clock, *(name for row in rows for name in row if name != TEXT)):
            columns.setdefault(name)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([" ".join(column.split()) for column in columns])
    for row in rows:
        if alone or not _is_alarm(row):
            cells = {**row, ALARM: row[ALARM].split()[0]} if alone else row
            writer.writerow([" ".join(cells.get(column, "").split()) for column in columns])
        if _is_alarm(row):
            file.write(" ".join(f"{row.get(clock, '')} ALARM {row[ALARM]} {row.get(TEXT, '')}".split()) + "\n")
    return file.getvalue()
