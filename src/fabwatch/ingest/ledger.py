"""The ledger: which files were loaded, which wait or failed; how a file is known again, and how a load is taken back."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fabwatch.ingest.copies import hand_over
from fabwatch.ingest.logs import forget as forget_log
from fabwatch.ingest.result_store import forget as forget_results
from fabwatch.ingest.streams import identity
from fabwatch.ingest.understanding import Understanding
from fabwatch.sources.opening import Document, Inspected
from fabwatch.store.lake import Lake, Record
from fabwatch.store.rows import insert
from fabwatch.terms.clock import Clock
from fabwatch.terms.settings.files import LOG
from fabwatch.terms.tables import BY_NAME, LOADS, RESULT_FORMATS
from fabwatch.terms.version import VERSION

ID_LENGTH = 16
FEW, MANY = 8, 200_000
"""Files that are looked for one by one; lines of the ledger that are held at once for more of them."""
_LINE = "load, content, path, kind, status, loaded_at"
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
    """The ledger of one lake, as it is in one state of it: `refresh` says that a newer one may be looked at."""

    def __init__(self, lake: Lake, clock: Clock):
        self._lake, self._clock = lake, clock
        self._state = -1
        """The snapshot that the rest is of."""
        self._asked = 0
        self._lines: tuple[Identified, Sequence[Record]] | None = None
        """The file that was looked for last, and its lines."""
        self._index: dict[str, list[Record]] | None = None
        """All lines by load and by content, where many files are looked for."""
        self._headers: dict[str, list[str]] = {}
        self._entered: list[Record] | None = None
        """The lines that the open transaction adds; None where it takes others away."""

    def refresh(self) -> None:
        """Forget what is known of the ledger where anything was committed since."""
        newest, self._entered = self._lake.newest(), []
        if newest != self._state:
            self._state, self._asked = newest, 0
            self._lines, self._index, self._headers = None, None, {}

    def committed(self) -> None:
        """Say that the transaction is committed: what is known of the ledger goes on from it if nobody else was there."""
        newest, entered = self._lake.newest(), self._entered
        if entered is not None and self._index is not None and newest == self._state + 1:
            _index(self._index, entered)
            self._state = newest
        self._lines, self._entered = None, []

    def look_again(self) -> None:
        """Forget what is known of the ledger: what was expected has not come."""
        self._state = -1
        self.refresh()

    def headers(self, kind: str) -> list[str]:
        """The headers of the files of a kind that are loaded, the newest first."""
        if kind not in self._headers:
            rows = self._lake.ask(
                "SELECT header FROM lake.loads WHERE status = 'loaded' AND kind = $kind AND header IS NOT NULL "
                "GROUP BY header ORDER BY max(loaded_at) DESC",
                {"kind": kind},
            )
            self._headers[kind] = [header for (header,) in rows.fetchall()]
        return self._headers[kind]

    def expect(self, kind: str, header: Sequence[str]) -> None:
        """Say that a file with this header is about to be loaded."""
        text = "\t".join(header)
        self._headers[kind] = [text, *(known for known in self.headers(kind) if known != text)]

    def already(self, file: Identified) -> Record | None:
        """What the ledger says of a file that is loaded; None for one that is not."""
        return loaded_of(self.lines_of(file))

    def forget(self, lines: Sequence[Record]) -> list[str]:
        """Delete all that earlier readings of a file have stored; returns the loads among them that wait in the inbox."""
        for line in lines:
            self.forget_load(line["load"])
        return [line["load"] for line in lines if line["status"] == "inbox"]

    def forget_load(self, load: str) -> None:
        """Delete what a load stored: its rows, its problems and its line in the ledger."""
        self._entered = None
        earlier = self._lake.ask("SELECT kind, rows FROM lake.loads WHERE load = $load", {"load": load}).fetchall()
        for kind, rows in earlier:
            if kind == LOG:
                forget_log(self._lake, load)
            elif kind in RESULT_FORMATS:
                forget_results(self._lake, load)
            elif kind in BY_NAME:
                hand_over(self._lake, BY_NAME[kind], load, stored=bool(rows))
        if earlier:
            for table in ("loads", "problems", "clocks"):
                self._lake.ask(f"DELETE FROM lake.{table} WHERE load = $load", {"load": load})

    def enter(self, entries: Sequence[tuple[Identified, Entry]]) -> None:
        """Write the lines of files."""
        now = self._clock()
        lines = [_line(file, entry, now) for file, entry in entries]
        insert(self._lake, LOADS, lines)
        if self._entered is not None:
            self._entered += lines

    def lines_of(self, file: Identified) -> Sequence[Record]:
        """The lines of the ledger that are of this file: its load, or its content under its name."""
        if self._lines is None or self._lines[0] is not file:
            self._lines = file, self._looked_up(file)
        return self._lines[1]

    def _looked_up(self, file: Identified) -> Sequence[Record]:
        inspected = file.inspected
        # An older fabwatch knew files by their bytes, which for most are their text.
        contents = [file.content, inspected.unpacked, file.by_name] if inspected else [file.content]
        self._asked += 1
        if self._asked > FEW and self._index is None:
            self._index = self._all()
        rows = self._queried(file, contents) if self._index is None else _found(self._index, file, contents)
        name = file.document.file_name
        return [row for row in rows if row["load"] == file.load or _last_name(row["path"]) == name]

    def _queried(self, file: Identified, contents: list[str]) -> list[Record]:
        return self._lake.rows(
            f"SELECT {_LINE} FROM lake.loads "
            "WHERE load IN ($load, $failed) OR list_contains($contents, content) ORDER BY load <> $load, loaded_at",
            {"load": file.load, "failed": file.by_name[:ID_LENGTH], "contents": contents},
        )

    def _all(self) -> dict[str, list[Record]] | None:
        """All lines by load and by content; None where they are too many to be held."""
        (count,) = self._lake.ask("SELECT count(*) FROM lake.loads").fetchall()[0]
        if count > MANY:
            return None
        index: dict[str, list[Record]] = {}
        _index(index, self._lake.rows(f"SELECT {_LINE} FROM lake.loads"))
        return index


def _index(index: dict[str, list[Record]], lines: Sequence[Record]) -> None:
    for line in lines:
        for key in {line["load"], line["content"]}:
            index.setdefault(key, []).append(line)


def _found(index: Mapping[str, Sequence[Record]], file: Identified, contents: Sequence[str]) -> list[Record]:
    """The lines of a file that a query would give, in the same order."""
    keys = (file.load, file.by_name[:ID_LENGTH], *contents)
    lines = {line["load"]: line for key in keys for line in index.get(key, ())}
    return sorted(lines.values(), key=lambda line: (line["load"] != file.load, line["loaded_at"]))


def _line(file: Identified, entry: Entry, now: datetime) -> Record:
    inspected = file.inspected
    return {
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
        "loaded_at": now,
        "version": VERSION,
    }


def loaded_of(lines: Sequence[Record]) -> Record | None:
    """The line among those of a file that says that it is loaded."""
    return next((line for line in lines if line["status"] == "loaded"), None)


def _last_name(path: str) -> str:
    hit = _LAST_NAME.search(path)
    return hit[0] if hit else path
