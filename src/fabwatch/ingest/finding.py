"""The files to load: from files, folders and patterns, in the best order for reading."""

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
    """A document, and the table that its first bytes look like; None if they look like no table."""

    document: Document
    table: TableFile | None = None

    @property
    def rank(self) -> tuple[int, str]:
        """Its place in the order of reading: tools first, then other tables, and documents that are not tables last."""
        place = len(READ_FIRST) if self.table is None else READ_FIRST.index(self.table.mapping.kind.table.name)
        return place, self.document.name


@dataclass
class Candidates:
    """The documents to load, and files that cannot be opened: (path, problem)."""

    documents: list[Candidate] = field(default_factory=list)
    unreadable: list[tuple[Path, Problem]] = field(default_factory=list)


def find(paths: Iterable[Path], settings: Settings, kind: str | None) -> Candidates:
    """All documents under the paths, tools first. Raises NoSuchPath if a path matches nothing."""
    candidates = Candidates()
    for path in dict.fromkeys(file for stated in paths for file in _files(stated, candidates)):
        try:
            candidates.documents += [_candidate(document, settings, kind) for document in documents(path)]
        except CannotRead as stop:
            candidates.unreadable.append((path, stop.problem))
    candidates.documents.sort(key=lambda candidate: candidate.rank)
    return candidates


def _files(path: Path, candidates: Candidates) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        return _walk(path, candidates)
    hits = sorted((path.anchor and Path(path.anchor).glob(str(path.relative_to(path.anchor)))) or Path().glob(str(path)))
    if not hits:
        raise NoSuchPath(f"No file or folder matches {path}.")
    return [file for hit in hits for file in (_walk(hit, candidates) if hit.is_dir() else [hit])]


def _walk(folder: Path, candidates: Candidates) -> list[Path]:
    def blocked(fault: OSError) -> None:
        candidates.unreadable.append(
            (Path(str(fault.filename)), Problem(Unreadable, f"the folder cannot be read: {fault.strerror}"))
        )

    files = []
    for place, folders, names in os.walk(folder, onerror=blocked):
        # The files of a fab itself are not sources, even if its folder is among them.
        if MARK in names:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += [Path(place, name) for name in sorted(names) if not name.startswith(".") and name != FILE]
    return files


def _candidate(document: Document, settings: Settings, kind: str | None) -> Candidate:
    """A document with the table that its first bytes show. The header is recognised here, and not again when loading."""
    try:
        start = next(document.pieces(), b"")[:PIECE]
        peek = Inspected("", "", len(start), start[: 1 << 16], utf8=True, quotes=b'"' in start, torn=None)
        return Candidate(document, open_table(document, peek, settings.source_of(document.file_name)[1], kind))
    except CannotRead:
        return Candidate(document)
