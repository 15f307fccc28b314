"""The ledger: which files were loaded, which wait or failed; how a file is known again, and how a load is taken back."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fabwatch.ingest.copies import hand_over
from fabwatch.ingest.logs import forget as forget_log
from fabwatch.ingest.streams import identity
from fabwatch.ingest.understanding import Understanding
from fabwatch.sources.opening import Document, Inspected
from fabwatch.store.lake import Lake, Record
from fabwatch.terms.clock import Clock
from fabwatch.terms.settings import LOG
from fabwatch.terms.tables import BY_NAME
from fabwatch.terms.version import VERSION

ID_LENGTH = 16
_LAST_NAME = re.compile(r"[^/\\\\!]*$")


@dataclass(frozen=True)
class Entry:
    """What the ledger says of a file."""

    status: str
    kind: str | None = None
    header: tuple[str, ...] = ()
    rows: int = 0
    duplicates: int = 0
    set_aside: int = 0
    message: str = ""


@dataclass(frozen=True)
class Identified:
    """A file as the ledger knows it: its load, its content and its name."""

    load: str
    document: Document
    inspected: Inspected | None

    @property
    def content(self) -> str:
        """The hash of its text; of its name where it cannot be read."""
        return self.inspected.content if self.inspected else self.by_name

    @property
    def by_name(self) -> str:
        """The hash of its name, under which it stands in the ledger while it cannot be read."""
        return hashlib.sha256(self.document.name.encode()).hexdigest()


def identified(seen: Understanding) -> Identified:
    """A file with the name of its load: that of its content and, where its name or fab.toml say it, of whose it is.

    Two files of equal content are two loads where one is of one tool or wafer and one of another.
    """
    document, inspected = seen.document, seen.inspected
    content = Identified("", document, inspected).content
    whose = identity(seen.log) if seen.log is not None else seen.table.mapping.constants if seen.table is not None else {}
    if not whose:
        return Identified(content[:ID_LENGTH], document, inspected)
    words = "\0".join([content, *(f"{name}={whose[name]}" for name in sorted(whose))])
    return Identified(hashlib.sha256(words.encode()).hexdigest()[:ID_LENGTH], document, inspected)


class Ledger:
    """The ledger of one lake."""

    def __init__(self, lake: Lake, clock: Clock):
        self._lake, self._clock = lake, clock
        self._seen: tuple[int, Identified] | None = None
        """The newest snapshot and the file that were looked for last; then its lines."""
        self._lines: Sequence[Record] = ()

    def already(self, file: Identified) -> Record | None:
        """What the ledger says of a file that is loaded; None for one that is not."""
        return loaded_of(self.lines_of(file))

    def forget(self, lines: Sequence[Record]) -> list[str]:
        """Delete all that earlier readings of a file have stored; returns the loads among them that wait in the inbox."""
        self._seen = None
        for line in lines:
            self.forget_load(line["load"])
        return [line["load"] for line in lines if line["status"] == "inbox"]

    def forget_load(self, load: str) -> None:
        """Delete what a load stored: its rows, its problems and its line in the ledger."""
        earlier = self._lake.ask("SELECT kind, rows FROM lake.loads WHERE load = $load", {"load": load}).fetchall()
        for kind, rows in earlier:
            if kind == LOG:
                forget_log(self._lake, load)
            elif kind in BY_NAME:
                hand_over(self._lake, BY_NAME[kind], load, stored=bool(rows))
        if earlier:
            for table in ("loads", "problems", "clocks"):
                self._lake.ask(f"DELETE FROM lake.{table} WHERE load = $load", {"load": load})

    def enter(self, file: Identified, entry: Entry) -> None:
        """Write the line of a file."""
        inspected = file.inspected
        row: dict[str, str | int | datetime | None] = {
            "load": file.load,
            "path": file.document.name,
            "sha256": inspected.sha256 if inspected else None,
            "content": inspected.content if inspected else "",
            "kind": entry.kind,
            "status": entry.status,
            "bytes": inspected.size if inspected else None,
            "rows": entry.rows,
            "duplicates": entry.duplicates,
            "set_aside": entry.set_aside,
            "header": "\t".join(entry.header) or None,
            "message": entry.message,
            "loaded_at": self._clock(),
            "version": VERSION,
        }
        names = ", ".join(row)
        values = ", ".join(f"${name}" for name in row)
        self._lake.ask(f"INSERT INTO lake.loads ({names}) VALUES ({values})", row)

    def lines_of(self, file: Identified) -> Sequence[Record]:
        """The lines of the ledger that are of this file: its load, or its content under its name.

        They are looked for again only where something was committed in the meantime.
        """
        newest = self._lake.newest()
        if self._seen != (newest, file):
            self._lines = self._looked_up(file)
            self._seen = newest, file
        return self._lines

    def _looked_up(self, file: Identified) -> Sequence[Record]:
        inspected = file.inspected
        # An older fabwatch knew files by their bytes, which for most are their text.
        contents = [file.content, inspected.unpacked, file.by_name] if inspected else [file.content]
        rows = self._lake.rows(
            "SELECT load, path, kind, status, loaded_at FROM lake.loads "
            "WHERE load IN ($load, $failed) OR list_contains($contents, content) ORDER BY load <> $load, loaded_at",
            {"load": file.load, "failed": file.by_name[:ID_LENGTH], "contents": contents},
        )
        name = file.document.file_name
        return [row for row in rows if row["load"] == file.load or _last_name(row["path"]) == name]


def loaded_of(lines: Sequence[Record]) -> Record | None:
    """The line among those of a file that says that it is loaded."""
    return next((line for line in lines if line["status"] == "loaded"), None)


def _last_name(path: str) -> str:
    hit = _LAST_NAME.search(path)
    return hit[0] if hit else path
