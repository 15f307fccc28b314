"""Loading files of results: test results, wafer maps, defects; each once, whatever it is called."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fabwatch.ingest.balance import balanced
from fabwatch.ingest.commit import Aside
from fabwatch.ingest.job import Loading, was_there
from fabwatch.ingest.ledger import Entry, Identified
from fabwatch.ingest.reading import ReadResults
from fabwatch.ingest.result_store import NUMBERS, ResultStore, Stored
from fabwatch.ingest.summary import FileResult
from fabwatch.ingest.understanding import Candidate
from fabwatch.sources.result_file import ResultFile, ResultRows
from fabwatch.terms.clock import iso

MOST_FILES, MOST_ROWS = 200, 500_000
LONGEST = 5.0
"""Seconds that the first file of a group waits."""


@dataclass
class ReadFile:
    """A file of results that has been read, or is being read while it is stored."""

    candidate: Candidate
    file: Identified
    results: ResultFile
    pieces: Sequence[object] | Iterator[object]


@dataclass
class ResultGroup:
    """Small files of results that are stored together."""

    loading: Loading
    entries: list[ReadFile | FileResult] = field(default_factory=list)
    """The files in order: those that are read and wait, and what became of others between them."""
    rows: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def is_full(self) -> bool:
        """True if it is time to store what has come together."""
        return len(self.entries) >= MOST_FILES or self.rows >= MOST_ROWS or time.monotonic() - self.began > LONGEST

    def has(self, file: Identified) -> bool:
        """True for a file whose content is among the others."""
        return any(isinstance(entry, ReadFile) and entry.file.load == file.load for entry in self.entries)

    def add(self, candidate: Candidate, file: Identified, results: ResultFile) -> bool:
        """Read a file; false for one that is cut, whose place another of them may take. Raises CannotRead.

        Then nothing of it is among the others.
        """
        pieces = list(self.loading.reader.run(ReadResults()))
        if any(any(rows.column("cut").to_pylist()) for _, rows in _heads_of(pieces)):
            return False
        self.rows += sum(piece.rows.num_rows for piece in pieces if isinstance(piece, ResultRows))
        self.entries.append(ReadFile(candidate, file, results, pieces))
        return True

    def commit(self) -> list[FileResult]:
        """Store them all. Raises CannotRead, StoreBusy and DiskFull; then nothing of any is stored."""
        waiting = [entry for entry in self.entries if isinstance(entry, ReadFile)]
        done = iter(load_results(self.loading, waiting) if waiting else [])
        return [entry if isinstance(entry, FileResult) else next(done) for entry in self.entries]


def load_one(loading: Loading, candidate: Candidate, file: Identified, results: ResultFile) -> FileResult:
    """Load one file while it is read. Raises CannotRead, StoreBusy and DiskFull; then nothing of it is stored."""
    (result,) = load_results(loading, [ReadFile(candidate, file, results, loading.reader.run(ReadResults()))])
    return result


def load_results(loading: Loading, files: Sequence[ReadFile]) -> list[FileResult]:
    """Load files in one transaction. Raises CannotRead, StoreBusy and DiskFull; then nothing of any is stored."""
    results: list[FileResult] = []
    cleared: list[tuple[Identified, list[str]]] = []
    with loading.lake.writing():
        loading.ledger.refresh()
        store = ResultStore(loading.lake)
        store.look_up(_heads(files))
        taken: list[tuple[ReadFile, Stored]] = []
        before = {}
        for read in files:
            lines = loading.ledger.lines_of(read.file)
            there = loading.overtaken(lines)
            if there is not None:
                before[id(read)] = was_there(read.file, there)
                continue
            cleared.append((read.file, loading.ledger.forget(lines)))
            pieces = _with_head(read, store)
            taken.append((read, store.store(read.file.load, read.file.document.name, pieces)))
        store.flush()
        entries = _entries(loading, store, taken)
        loading.ledger.enter([(read.file, entry) for (read, _), entry in zip(taken, entries, strict=True)])
        made = {id(read): _result(read, stored, entry) for (read, stored), entry in zip(taken, entries, strict=True)}
        results = [before.get(id(read)) or made[id(read)] for read in files]
    loading.ledger.committed()
    for file, waiting in cleared:
        loading.cleared(file, waiting)
    return results


def _heads(files: Sequence[ReadFile]) -> Iterator[tuple[str, Any]]:
    for read in files:
        if isinstance(read.pieces, list):
            yield from _heads_of(read.pieces)


def _heads_of(pieces: Sequence[object]) -> Iterator[tuple[str, Any]]:
    """What a file that has been read is about: tables and their rows."""
    for piece in pieces:
        if isinstance(piece, ResultRows) and piece.table in NUMBERS:
            yield piece.table, piece.rows


def _with_head(read: ReadFile, store: ResultStore) -> Iterator[object]:
    """The pieces of a file; of one that is read only now what it is about is looked up first."""
    if isinstance(read.pieces, list):
        yield from read.pieces
        return
    for piece in read.pieces:
        if isinstance(piece, ResultRows) and piece.table in NUMBERS:
            store.look_up([(piece.table, piece.rows)])
        yield piece


def _entries(loading: Loading, store: ResultStore, taken: Sequence[tuple[ReadFile, Stored]]) -> list[Entry]:
    """The lines of the ledger; loads whose place files take are forgotten."""
    aside = Aside(loading.lake)
    for read, stored in taken:
        for cut in stored.replaced:
            loading.ledger.forget_load(cut["load"])
        torn = read.results.inspected.torn
        problems = [*stored.problems, *([torn] if torn else [])] if stored.whole is None else []
        if problems:
            aside.add(read.file.load, read.file.document.name, read.results.format, problems)
    aside.commit()
    kept = store.kept_rows([read.file.load for read, _ in taken])
    return [_entry(read, stored, kept.get(read.file.load, 0)) for read, stored in taken]


def _entry(read: ReadFile, stored: Stored, kept: int) -> Entry:
    kind = read.results.format
    if stored.whole is not None:
        at = stored.whole["loaded_at"]
        when = f", which was loaded whole on {iso(at)}" if at else ""
        return Entry("loaded", kind, message=f"a cut copy of {stored.whole['path']}{when}")
    balanced(stored.records, stored=stored.rows, kept=kept, aside=stored.aside, duplicates=stored.duplicates)
    replaced = [f"in place of the cut copy {cut['path']}" for cut in stored.replaced]
    aside = [f"set aside: {stored.aside:,} results"] if stored.aside else []
    message = "; ".join([*stored.notes, *replaced, *aside])
    return Entry("loaded", kind, (), stored.rows, stored.duplicates, stored.aside, message)


def _result(read: ReadFile, stored: Stored, entry: Entry) -> FileResult:
    return FileResult(
        read.file.document.name,
        read.results.format,
        read.results.inspected.sha256,
        entry.rows,
        entry.set_aside,
        "loaded" if stored.whole is None else "already",
        entry.message,
        entry.duplicates,
        {problem.rule.code: 1 for problem in stored.problems},
    )
