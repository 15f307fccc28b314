"""Which files a call means: files, folders and patterns, in the order in which they are best read."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fabwatch.sources.header import READ_FIRST
from fabwatch.sources.opening import PIECE, CannotRead, Document, Inspected, documents
from fabwatch.sources.reading import open_table
from fabwatch.store.lake import MARK
from fabwatch.terms.errors import NoSuchPath
from fabwatch.terms.problems import Problem, Unreadable
from fabwatch.terms.settings import FILE, Settings


@dataclass
class Found:
    """The documents found, and what could not be looked into: (path, problem)."""

    documents: list[Document] = field(default_factory=list)
    unreadable: list[tuple[Path, Problem]] = field(default_factory=list)


def find(paths: Iterable[Path], settings: Settings, kind: str | None) -> Found:
    """All documents under the paths, tools first and quals last. Raises NoSuchPath when a path leads nowhere."""
    found = Found()
    for path in dict.fromkeys(file for given in paths for file in _files(given, found)):
        try:
            found.documents += documents(path)
        except CannotRead as stop:
            found.unreadable.append((path, stop.problem))
    found.documents.sort(key=lambda document: _rank(document, settings, kind))
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


def _rank(document: Document, settings: Settings, kind: str | None) -> tuple[int, str]:
    """Where a document stands in the reading order, told from its first bytes alone."""
    try:
        start = next(document.pieces(), b"")[:PIECE]
        peek = Inspected("", "", len(start), start[: 1 << 16], utf8=True, quotes=b'"' in start, torn=None)
        table = open_table(document, peek, settings.source_of(document.file_name)[1], kind).mapping.kind.table.name
        return READ_FIRST.index(table), document.name
    except CannotRead:
        return len(READ_FIRST), document.name
