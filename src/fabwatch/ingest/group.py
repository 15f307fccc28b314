"""A group of tables: their rows are stored in one transaction, each file whole or not at all."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from fabwatch.ingest.commit import Aside, Counts, Staging
from fabwatch.ingest.job import Loading
from fabwatch.ingest.ledger import Entry, Identified
from fabwatch.ingest.reading import ReadRows
from fabwatch.ingest.summary import FileResult, counted
from fabwatch.ingest.understanding import Candidate
from fabwatch.sources.header import READ_FIRST
from fabwatch.sources.reading import Rows, TableFile
from fabwatch.store.lake import Record
from fabwatch.store.waiting import admit_waiting
from fabwatch.terms.clock import SKEW
from fabwatch.terms.problems import FutureTime, Problem, TornLine, UnknownTool, UnreadableCell

SMALL = 1 << 20
"""Bytes up to which a table waits for others."""
MOST_FILES, MOST_ROWS = 500, 50_000
LONGEST = 2.0
"""Seconds that the first of a group waits."""


class Overtaken(Exception):
    """Another process has loaded one of the files in the meantime; `before` is its line in the ledger."""

    def __init__(self, before: Record):
        super().__init__(before["load"])
        self.before = before


@dataclass
class Member:
    """A table on its way into the lake."""

    candidate: Candidate
    file: Identified
    table: TableFile
    counts: Counts
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def torn(self) -> Problem | None:
        """Where the file ends too early."""
        return self.file.inspected.torn if self.file.inspected else None

    def was_read(self) -> None:
        """Say how many of its rows were set aside, once all of them are read."""
        self.counts.waiting = self.rules[FutureTime.code]
        cells = self.rules[UnreadableCell.code]
        # A tear is no row: a cut line is set aside as one besides.
        self.counts.aside = self.rules.total() - cells - self.counts.waiting - (1 if self.torn is not None else 0)

    @property
    def set_aside(self) -> int:
        """Rows set aside, waiting ones among them; a tear between two lines counts as a row of its own."""
        doubled = self.torn is not None and self.rules[TornLine.code]
        return self.rules.total() - self.rules[UnreadableCell.code] - (1 if doubled else 0)


class Group:
    """Tables of any kind that are stored together."""

    def __init__(self, loading: Loading):
        self._loading = loading
        self._aside = Aside(loading.lake)
        self._stagings: dict[str, Staging] = {}
        self._began = time.monotonic()
        self.entries: list[Member | FileResult] = []
        """The files in order: those that are read and wait, and what became of others between them."""

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, *_: object) -> None:
        for staging in self._stagings.values():
            staging.close()

    @property
    def is_full(self) -> bool:
        """True if it is time to store what has come together."""
        rows = sum(member.counts.staged for member in self._members)
        return len(self.entries) >= MOST_FILES or rows >= MOST_ROWS or time.monotonic() - self._began > LONGEST

    def has(self, file: Identified) -> bool:
        """True for a file whose content is among the others, under its name or as the same load."""
        return any(
            member.file.load == file.load
            or (member.file.content == file.content and member.file.document.file_name == file.document.file_name)
            for member in self._members
        )

    def add(self, candidate: Candidate, file: Identified, table: TableFile) -> None:
        """Read a table. Raises CannotRead; then nothing of a small one is among the others."""
        pieces = self._loading.reader.run(ReadRows(self._loading.clock() + SKEW))
        if file.inspected is not None and file.inspected.size <= SMALL:
            pieces = iter(list(pieces))
        kind = table.mapping.kind
        staging = self._stagings.setdefault(kind.table.name, Staging(self._loading.lake, kind, self._aside))
        member = Member(candidate, file, table, staging.begin(file.load, file.document.name))
        for piece in pieces:
            if isinstance(piece, Rows):
                staging.add(file.load, piece.table, piece.records)
                self._set_aside(member, piece.problems)
            elif isinstance(piece, list):
                # Those of the comparison with earlier files were made here, and are not among them.
                table.notes[:] = [*(note for note in table.notes if note not in piece), *piece]
        if member.torn is not None:
            self._set_aside(member, [member.torn])
        member.was_read()
        self.entries.append(member)

    def commit(self) -> list[FileResult]:
        """Store them all. Raises Overtaken, CannotRead, StoreBusy and DiskFull; then nothing of any is stored."""
        waiting: dict[str, list[str]] = {}
        if self._members:
            with self._loading.lake.writing():
                self._loading.ledger.refresh()
                for member in self._members:
                    waiting[member.file.load] = self._forgotten(member)
                self._store()
                self._loading.ledger.enter([(member.file, _entry(member)) for member in self._members])
            self._loading.ledger.committed()
            for member in self._members:
                self._loading.cleared(member.file, waiting[member.file.load])
        return [entry if isinstance(entry, FileResult) else _result(entry) for entry in self.entries]

    @property
    def _members(self) -> list[Member]:
        return [entry for entry in self.entries if isinstance(entry, Member)]

    def _set_aside(self, member: Member, problems: Sequence[Problem]) -> None:
        self._aside.add(member.file.load, member.file.document.name, member.table.mapping.kind.table.name, problems)
        member.rules.update(problem.rule.code for problem in problems)

    def _forgotten(self, member: Member) -> list[str]:
        """Forget earlier readings of a file; returns the loads among them that waited in the inbox."""
        lines = self._loading.ledger.lines_of(member.file)
        before = self._loading.overtaken(lines)
        if before is not None:
            raise Overtaken(before)
        return self._loading.ledger.forget(lines)

    def _store(self) -> None:
        now = self._loading.clock()
        # What names tools comes before what refers to them.
        introduced = [self._stagings[kind].commit(now) for kind in sorted(self._stagings, key=READ_FIRST.index)]
        if any(introduced):
            admit_waiting(self._loading.lake, now + SKEW)
        self._aside.commit()
        for member in self._members:
            member.rules += Counter({UnknownTool.code: member.counts.parked})


def _entry(member: Member) -> Entry:
    """The line of a file that was stored, for the ledger."""
    counts, name = member.counts, member.table.mapping.kind.table.name
    message = "; ".join([*member.table.notes, *counted(member.rules)])
    return Entry("loaded", name, member.table.header, counts.rows, counts.duplicates, member.set_aside, message)


def _result(member: Member) -> FileResult:
    entry = _entry(member)
    return FileResult(
        member.file.document.name,
        entry.kind,
        member.file.inspected.sha256 if member.file.inspected else None,
        entry.rows,
        entry.set_aside,
        "loaded",
        entry.message,
        entry.duplicates,
        dict(member.rules),
    )
