"""Which files a call means: files, folders and patterns, in the order in which they are best read."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fabwatch.sources.header import READ_FIRST
from fabwatch.sources.opening import PIECE, CannotRead, Document, Inspected, documents
from fabwatch.sources.reading import TableFile, open_table
from fabwatch.store.lake import MARK
from fabwatch.terms.errors import NoSuchPath
from fabwatch.terms.problems import Problem, Unreadable
from fabwatch.terms.settings import FILE, Settings


@dataclass(frozen=True)
class Candidate:
    """A document, and the table that it looks like by its first bytes; None for what looks like none."""

    document: Document
    table: TableFile | None = None

    @property
    def rank(self) -> tuple[int, str]:
        """Where it stands in the order of reading: tools first, quals last, and what is no table behind them."""
        place = len(READ_FIRST) if self.table is None else READ_FIRST.index(self.table.mapping.kind.table.name)
        return place, self.document.name


@dataclass
class Found:
    """The documents found, and what could not be looked into: (path, problem)."""

    documents: list[Candidate] = field(default_factory=list)
    unreadable: list[tuple[Path, Problem]] = field(default_factory=list)


def find(paths: Iterable[Path], settings: Settings, kind: str | None) -> Found:
    """All documents under the paths, tools first and quals last. Raises NoSuchPath when a path leads nowhere."""
    found = Found()
    for path in dict.fromkeys(file for given in paths for file in _files(given, found)):
        try:
            found.documents += [_candidate(document, settings, kind) for document in documents(path)]
        except CannotRead as stop:
            found.unreadable.append((path, stop.problem))
    found.documents.sort(key=lambda candidate: candidate.rank)
    return found


def _files(given: Path, found: Found) -> list[Path]:
    if given.is_file():
        return [given]
    if given.is_dir():
        return _walk(given, found)
    hits = sorted(
        (given.anchor and Path(given.anchor).glob(str(given.relative_to(given.anchor)))) or Path().glob(str(given))
    )
    if not hits:
        raise NoSuchPath(f"There is no file, folder or match for {given}.")
    return [file for hit in hits for file in (_walk(hit, found) if hit.is_dir() else [hit])]


def _walk(folder: Path, found: Found) -> list[Path]:
    def blocked(fault: OSError) -> None:
        found.unreadable.append((Path(str(fault.filename)), Problem(Unreadable, f"cannot be read: {fault.strerror}")))

    files = []
    for place, folders, names in os.walk(folder, onerror=blocked):
        # A fab's own files are not sources, though its folder may lie among them.
        if MARK in names:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += [Path(place, name) for name in sorted(names) if not name.startswith(".") and name != FILE]
    return files


def _candidate(document: Document, settings: Settings, kind: str | None) -> Candidate:
    """A document with what its first bytes show; its header is recognised here, and not again when it is loaded."""
    try:
        start = next(document.pieces(), b"")[:PIECE]
        peek = Inspected("", "", len(start), start[: 1 << 16], utf8=True, quotes=b'"' in start, torn=None)
        return Candidate(document, open_table(document, peek, settings.source_of(document.file_name)[1], kind))
    except CannotRead:
        return Candidate(document)
