"""The files to load: from files, folders and patterns, in the best order for reading."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fabwatch.ingest.reader import Reader
from fabwatch.ingest.understanding import Candidate
from fabwatch.sources.opening import CannotRead, visible
from fabwatch.store.lake import MARK
from fabwatch.terms.errors import NoSuchPath
from fabwatch.terms.problems import LinkOutside, Problem, Unreadable
from fabwatch.terms.settings import FILE, Settings


@dataclass
class Candidates:
    """The documents to load, and files that cannot be opened: (path, problem)."""

    documents: list[Candidate] = field(default_factory=list)
    unreadable: list[tuple[Path, Problem]] = field(default_factory=list)


def find(
    reader: Reader, paths: Iterable[Path], settings: Settings, kind: str | None, within: Path | None = None
) -> Candidates:
    """All documents under the paths, tools first. Raises NoSuchPath if a path matches nothing.

    A link that leads out of the folder in which it was come across, or out of `within`, is not followed: whoever may only
    write into that folder would else read with the rights of whoever loads.
    """
    candidates = Candidates()
    for path in dict.fromkeys(file for stated in paths for file in _files(stated, candidates)):
        try:
            if within is not None and leads_out(path, within):
                raise CannotRead(Problem(LinkOutside, f"it leads to a file outside {visible(str(within))}"))
            candidates.documents += reader.find(path, settings, kind)
        except CannotRead as stop:
            candidates.unreadable.append((path, stop.problem))
    candidates.documents.sort(key=lambda candidate: candidate.rank)
    return candidates


def leads_out(path: Path, folder: Path) -> bool:
    """True for a link to something that is not in the folder."""
    try:
        return path.is_symlink() and not path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        # It leads to itself, by way of others or not.
        return True


def _files(path: Path, candidates: Candidates) -> list[Path]:
    if path.is_dir():
        return _walk(path, candidates)
    if path.exists() or path.is_symlink():
        return [path]
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
        for name in sorted(names):
            path = Path(place, name)
            if leads_out(path, folder):
                problem = Problem(LinkOutside, f"it leads to a file outside {visible(str(folder))}")
                candidates.unreadable.append((path, problem))
            elif not name.startswith(".") and name != FILE:
                files.append(path)
    return files
