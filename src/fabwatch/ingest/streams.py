"""Streams: a log that has grown, or an older snapshot of one, is known again by its text and by whose it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from fabwatch.sources.content import Text, opening, prefix
from fabwatch.sources.opening import CannotRead, Document, Inspected
from fabwatch.sources.toollog.chunks import chunks
from fabwatch.sources.toollog.columns import KEYS
from fabwatch.sources.toollog.reader import LogFile
from fabwatch.store.lake import Lake, Record
from fabwatch.store.streams import EDGE, digest
from fabwatch.terms.paths import is_file

LINES = 4
"""So many lines at the begin of a log are looked for among the known ones before any more is compared."""
Identity = Mapping[str, str]
"""Whose log it is, by its name, its header and fab.toml: {tool, lot, wafer …: name}."""


@dataclass(frozen=True)
class Stream:
    """A known log: how far it was read, and which step, wafer … hold for the next row."""

    name: str
    load: str
    path: str
    read_to: int
    length: int = 0
    """Bytes of its text, however the file is encoded; 0 for one that an older fabwatch has read."""
    text: str = ""
    """SHA-256 of that text."""
    lines: int = 0
    now: dict[str, str | None] = field(default_factory=dict)
    identity: Identity = field(default_factory=dict)
    file: tuple[int, int] | None = None
    """The device and inode that it was read from."""
    named: bool = False
    """True if every row has a date and a tool: two such logs that begin alike are one."""
    edges: tuple[str, str] = ("", "")
    """What an older fabwatch noted instead of the text: the hashes of its first and its last bytes."""


def known_streams(lake: Lake, document: Document, inspected: Inspected, encoding: str) -> list[Stream]:
    """The streams that begin like this file, the longest first."""
    rows = lake.rows(
        "SELECT * FROM lake.streams WHERE list_contains($openings, opening) OR path = $path "
        "OR (opening IS NULL AND ends_with(path, $name)) ORDER BY read_to DESC",
        {"openings": opening(inspected.start, encoding, LINES), "path": document.name, "name": document.file_name},
    )
    return [_stream(row) for row in rows]


def continued(log: LogFile, streams: list[Stream]) -> Stream | None:
    """The stream that a log goes on with: all that was read of it stands at the begin of the file. Raises CannotRead."""
    for stream in streams:
        if _is_of(stream, log) and _begins_with(log, stream):
            return stream
    return None


def longer(log: LogFile, streams: list[Stream]) -> list[Stream]:
    """The streams that the file may be an older snapshot of."""
    return [s for s in streams if _is_of(s, log) and s.length > log.inspected.length]


def is_begin_of(log: LogFile, stream: Stream) -> bool:
    """True if what was read as the stream still lies where it was read from, and begins with all of this file."""
    path, encoding = Path(stream.path), log.layout.encoding
    if stream.path == log.document.name or not is_file(path):
        return False
    other = Document(path)
    try:
        # The name may be that of another log by now.
        if prefix(other.pieces(), encoding, stream.length) != stream.text:
            return False
        return prefix(other.pieces(), encoding, log.inspected.length) == log.inspected.content
    except CannotRead:
        return False


def begin_of(log: LogFile, stream: Stream) -> int:
    """The byte of the file at which what the stream lacks begins."""
    if log.inspected.content == log.inspected.unpacked or not stream.length:
        return stream.length or stream.read_to
    with log.document.open() as file:
        for chunk in chunks(file, log.layout.encoding):
            row = stream.lines + 1 - chunk.number
            if row < len(chunk):
                return int(chunk.offsets[row])
    return log.inspected.size


def remember(lake: Lake, load: str, log: LogFile, stream: Stream | None) -> None:
    """Remember how far the log was read, in case it grows."""
    name = stream.name if stream else load
    if stream:
        lake.ask("DELETE FROM lake.streams WHERE stream = $stream", {"stream": name})
    length, text = _read(log)
    openings = opening(log.inspected.start[: log.end], log.layout.encoding, LINES)
    state = {
        "lines": log.lines,
        "now": log.now,
        "length": length,
        "text": text,
        "identity": dict(identity(log)) if stream is None else dict(stream.identity) or dict(identity(log)),
        "file": _file(log.document),
        "named": log.dated and all(part.keys.get("tool") for part in log.parts) and (stream is None or stream.named),
    }
    row = {
        "stream": name,
        "load": load,
        "path": log.document.name,
        "read_to": log.end,
        "head": digest(log.inspected.start[: min(log.end, EDGE)]),
        "opening": openings[-1] if openings else None,
        "state": json.dumps(state),
    }
    lake.ask(f"INSERT INTO lake.streams ({', '.join(row)}) VALUES ({', '.join('$' + name for name in row)})", row)


def identity(log: LogFile) -> Identity:
    """Whose log it is before its first row is read."""
    return {role: name for role, name in log.opened.items() if role in KEYS and name is not None}


def _stream(row: Record) -> Stream:
    state = json.loads(row["state"])
    return Stream(
        name=row["stream"],
        load=row["load"],
        path=row["path"],
        read_to=row["read_to"],
        length=state.get("length", 0),
        text=state.get("text", ""),
        lines=state["lines"],
        now=state["now"],
        identity=state.get("identity", {}),
        file=tuple(state["file"]) if state.get("file") else None,
        named=state.get("named", False),
        edges=(row["head"] or "", row["tail"] or ""),
    )


def _is_of(stream: Stream, log: LogFile) -> bool:
    """Whether the file and the stream are of one log, if they begin alike.

    Logs of two tools or wafers may begin alike: with their header and the rows of an idle tool. Where the file is not the
    one that the stream was read from, its rows have to say which tool they are of, and when.
    """
    if stream.path == log.document.name:
        return True
    if not stream.length:
        # Of one that an older fabwatch has read, the name and the first and last bytes are all that is known.
        return PurePath(stream.path).name == log.document.file_name
    same_file = stream.file is not None and stream.file == _file(log.document)
    return dict(stream.identity) == dict(identity(log)) and (same_file or stream.named)


def _begins_with(log: LogFile, stream: Stream) -> bool:
    if not stream.length:
        return stream.read_to <= log.inspected.size and _edges(log, stream.read_to) == stream.edges
    if stream.length > log.inspected.length:
        return False
    return prefix(log.document.pieces(), log.layout.encoding, stream.length) == stream.text


def _edges(log: LogFile, end: int) -> tuple[str, str]:
    """The hashes of the first bytes of a file and of the last ones before `end`."""
    begin = max(end - EDGE, 0)
    with log.document.open(begin) as file:
        last = file.read(end - begin)
    return digest(log.inspected.start[: min(end, EDGE)]), digest(last)


def _read(log: LogFile) -> tuple[int, str]:
    """How long the text is that has been read, and its hash."""
    if log.end == log.inspected.size:
        return log.inspected.length, log.inspected.content
    text, left = Text(log.layout.encoding), log.end
    for piece in log.document.pieces():
        text.feed(piece[:left])
        left -= len(piece[:left])
        if not left:
            break
    return text.length, text.digest()


def _file(document: Document) -> tuple[int, int] | None:
    try:
        state = document.path.stat()
    except OSError:
        return None
    return None if document.member or document.sheet else (state.st_dev, state.st_ino)
