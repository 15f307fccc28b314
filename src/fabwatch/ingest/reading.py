"""What a reader is handed: one thing to find out about one file. It runs in a process of its own (see `reader`)."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from fabwatch.ingest.understanding import Candidate, Understanding, candidate, preview, understand
from fabwatch.sources.opening import CannotRead, documents, inspect
from fabwatch.sources.toollog.parts import Part
from fabwatch.terms.problems import Problem, ReadingFailed
from fabwatch.terms.settings import Settings


@dataclass
class Desk:
    """What a reader has before it: the file that was understood last, and how far it has been read."""

    seen: Understanding | None = None
    line: int = 0


def seen_by(desk: Desk) -> Understanding:
    """The file that was understood last. Raises CannotRead where that was done by a process that is no more.

    Nothing in its place would be a file without rows, which is loaded as that.
    """
    if desk.seen is None:
        why = "the process that reads files was ended from outside between two steps"
        raise CannotRead(Problem(ReadingFailed, why, hint="load the file again: nothing of it was stored"))
    return desk.seen


class Task(ABC):
    """Something for a reader to do."""

    share: ClassVar[tuple[float, float]] = (0.0, 0.0)
    """From where to where the way through a file goes on with it: it is looked through, then read, then stored. Samples of a
    log are stored as they are read, rows of a table afterwards, which takes about as long."""

    @abstractmethod
    def run(self, desk: Desk) -> Iterator[object]:
        """What comes out, piece by piece. Raises CannotRead."""


@dataclass(frozen=True)
class Find(Task):
    """The documents in a file, each with the table that its first bytes look like."""

    path: Path
    settings: Settings
    kind: str | None

    def run(self, desk: Desk) -> Iterator[Candidate]:
        """One candidate for each document."""
        for document in documents(self.path):
            yield candidate(document, self.settings, self.kind)


@dataclass(frozen=True)
class Understand(Task):
    """What kind of file a document is; the tasks below are about it."""

    share = (0.0, 0.15)

    candidate: Candidate
    settings: Settings
    kind: str | None

    def run(self, desk: Desk) -> Iterator[Understanding]:
        """The understanding."""
        document = self.candidate.document
        desk.line, desk.seen = 0, Understanding(document, None)
        _, stated = self.settings.source_of(document.file_name)
        inspected = inspect(document, stated.encoding)
        desk.seen = understand(self.candidate, self.settings, inspected, self.kind)
        yield desk.seen


@dataclass(frozen=True)
class ReadRows(Task):
    """The rows of a table: batches of `Rows`, then the notes about the file."""

    share = (0.15, 0.5)

    latest: datetime

    def run(self, desk: Desk) -> Iterator[object]:
        """The batches, then the notes."""
        table = seen_by(desk).table
        if table is None:
            return
        for rows in table.rows(self.latest):
            yield rows
            desk.line = rows.last_line
        yield table.notes


@dataclass(frozen=True)
class LogEnd:
    """What is known of a log once it has been read."""

    parts: list[Part]
    dated: bool
    end: int
    lines: int
    now: dict[str, str | None]
    notes: list[str]


@dataclass(frozen=True)
class ReadSamples(Task):
    """The samples of a log from a byte on: batches of `LogBatch`, then its `LogEnd`."""

    share = (0.15, 0.95)

    latest: datetime
    begin: int = 0
    lines: int = 0
    now: dict[str, str | None] = field(default_factory=dict)

    def run(self, desk: Desk) -> Iterator[object]:
        """The batches, then the end."""
        seen = seen_by(desk)
        if seen.log is None:
            return
        log = seen.log.unread()
        if self.begin:
            log.go_on(self.lines, self.now)
        for batch in log.batches(self.latest, self.begin):
            yield batch
            desk.line = log.lines
        yield LogEnd(log.parts, log.dated, log.end, log.lines, log.now, log.notes)


class ReadResults(Task):
    """The rows of a file of results: batches of `ResultRows`, then the notes about the file."""

    share = (0.15, 0.95)

    def run(self, desk: Desk) -> Iterator[object]:
        """The batches, then the notes."""
        results = seen_by(desk).results
        if results is None:
            return
        yield from results.batches()
        yield results.notes


@dataclass(frozen=True)
class Preview(Task):
    """What a dry run shows of the file."""

    latest: datetime
    most: int | None = None
    """How many batches of a log are read; all of them without it."""

    def run(self, desk: Desk) -> Iterator[object]:
        """The understanding, which the rows may have changed, and what is shown."""
        yield preview(seen_by(desk), self.latest, self.most)


class Count(Task):
    """How many records the table has, readable or not."""

    def run(self, desk: Desk) -> Iterator[object]:
        """The number."""
        table = seen_by(desk).table
        yield 0 if table is None else table.count()
