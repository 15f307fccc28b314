"""The inbox: files that are not recognised wait here, whole, until fab.toml says what they are."""

import gzip
import shutil
from itertools import chain, repeat
from pathlib import Path

from fabwatch.sources.opening import Document

PRIVATE = 0o700
LONGEST_NAME = 200
"""Bytes of a file name that every file system takes."""


class Inbox:
    """The folder `inbox` of a fab; each file is in a folder named after its load."""

    def __init__(self, folder: Path):
        self._folder = folder / "inbox"

    def keep(self, load: str, document: Document) -> None:
        """Copy the content of a document, packed if it came packed; the copy is complete or not there at all."""
        place = self._folder / load
        self._folder.mkdir(mode=PRIVATE, exist_ok=True)
        place.mkdir(mode=PRIVATE, exist_ok=True)
        partial = place / ".partial"
        try:
            if document.packed:
                # What unpacks to a hundred times its size is not to fill the disk while it waits.
                with gzip.open(partial, "wb", compresslevel=6) as copy:
                    copy.writelines(document.pieces())
            else:
                with partial.open("wb") as plain:
                    plain.writelines(document.pieces())
            partial.replace(place / _kept_name(document))
        finally:
            partial.unlink(missing_ok=True)

    def begins(self, load: str, document: Document) -> bool:
        """True if the document begins with all that waits under this load, so that nothing of it is lost with it."""
        waiting = [path for path in self.files() if path.parent.name == load]
        return bool(waiting) and all(_begins(document, path) for path in waiting)

    def clear(self, load: str) -> None:
        """Remove a document that has been loaded, or that a person gave up."""
        shutil.rmtree(self._folder / load, ignore_errors=True)

    def load_of(self, path: Path) -> str | None:
        """The load under which a file of the inbox waits; None for a file elsewhere."""
        return path.parent.name if path.parent.parent == self._folder else None

    def files(self) -> list[Path]:
        """The files that wait, oldest name first."""
        return sorted(p for p in self._folder.glob("*/*") if p.is_file() and not p.name.startswith("."))


def _kept_name(document: Document) -> str:
    """A name under which the copy can be kept, whatever the member of a zip file is called."""
    packed = ".gz" if document.packed else ""
    name = document.file_name.removesuffix(".gz").replace("/", "_").replace("\0", "_").lstrip(".") or "file"
    stem, dot, ending = name.rpartition(".")
    if len(name.encode()) <= LONGEST_NAME:
        return name + packed
    short = (stem if dot else ending).encode()[: LONGEST_NAME - 20].decode(errors="ignore")
    return (f"{short}{dot}{ending[:10]}" if dot else short) + packed


def _begins(document: Document, path: Path) -> bool:
    pieces = chain(document.pieces(), repeat(b""))
    pending = b""
    with Document(path).open() as waiting:
        while part := waiting.read(1 << 18):
            while len(pending) < len(part):
                piece = next(pieces)
                if not piece:
                    return False
                pending += piece
            if not pending.startswith(part):
                return False
            pending = pending[len(part) :]
    return True
