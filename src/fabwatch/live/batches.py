"""A batch of messages as one file: a table or a tool log that the loader takes, and the messages that nobody can read."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from fabwatch.live.messages import Message
from fabwatch.live.payloads import MOST_COLUMNS, Cells, NotUnderstood, rows_of
from fabwatch.live.topics import cells_of
from fabwatch.terms.clock import moment_at
from fabwatch.terms.settings import LiveSettings

RAW = 4_000
"""Signs that are kept of a message that cannot be read."""


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
    unread: tuple[Unread, ...]


def written(messages: Sequence[Message], stated: LiveSettings) -> Written:
    """The file of a batch, the same for the same messages."""
    rows: list[Cells] = []
    unread: list[Unread] = []
    columns: dict[str, None] = {}
    for number, message in enumerate(messages, 1):
        try:
            own = _rows(message, stated)
            names = dict.fromkeys(name for row in own for name in row if name not in columns)
            if len(columns) + len(names) > MOST_COLUMNS:
                raise NotUnderstood(f"with it there would be more than {MOST_COLUMNS:,} columns")
        except NotUnderstood as fault:
            where = f"{message.topic}: " if message.topic else ""
            unread.append(Unread(number, f"{where}{fault}"[:400], _beginning(message)))
            continue
        columns |= names
        rows += own
    return Written(_text(list(columns), rows) if columns else b"", len(rows), tuple(unread))


def _rows(message: Message, stated: LiveSettings) -> list[Cells]:
    if message.size > len(message.payload):
        limit = f"{stated.message_mb:g} MB"
        raise NotUnderstood(f"it has {message.size:,} bytes, and message_mb allows {limit}; only its beginning is kept")
    own = cells_of(message.topic, stated.topics)
    if stated.stamp is not None:
        own[stated.stamp] = f"{moment_at(message.received_at).isoformat(timespec='microseconds')}Z"
    return [own | row for row in rows_of(message.payload)] if own else rows_of(message.payload)


def _beginning(message: Message) -> str:
    return message.payload[:RAW].decode("utf-8", errors="backslashreplace")


def _text(columns: list[str], rows: list[Cells]) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return file.getvalue().encode("utf-8")
