"""Files as they are: plain, gz, bz2 or zip, unpacked piece by piece under limits and identified by their content."""

import bz2
import codecs
import hashlib
import io
import lzma
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from fabwatch.sources import workbook
from fabwatch.sources.content import Content
from fabwatch.sources.effort import progress
from fabwatch.sources.foreign import WORKBOOK
from fabwatch.terms.paths import is_file
from fabwatch.terms.problems import Problem, Refused, TornFile, Unreadable

PIECE = 1 << 18
GZIP = b"\x1f\x8b"
BZIP = (b"BZh", b"1AY&SY")
"""The first bytes of a bz2 file, and those after the digit of its block size."""
RECORDS = (b"\x02\x00\x00\x0a", b"\x00\x02\x00\x0a")
"""The first bytes of a file of records (STDF), in both byte orders: no text, whatever bytes are in it."""
LINE_LIMIT = 1 << 20
BOMB_RATIO = 200
BOMB_FROM = 64 << 20
"""A packed file is refused once it has grown past this many bytes and past BOMB_RATIO times its packed size."""


class CannotRead(Exception):
    """A file that cannot be read at all; carries the problem that says why."""

    def __init__(self, problem: Problem):
        super().__init__(problem.why)
        self.problem = problem


@dataclass(frozen=True)
class Document:
    """One file, or one member of a zip file, that can be read from its beginning as often as needed."""

    path: Path
    member: str = ""
    place: int = 0
    """Where the member stands in the list of a zip file: two members may have one name."""
    again: int = 0
    """How many members before it have its name."""
    sheet: str = ""
    """The sheet of a workbook."""
    alone: bool = True
    """True for the only sheet of its workbook: it goes by the name of that."""
    origin: str = ""
    """The name with which it came, where this is a copy of it."""

    @property
    def name(self) -> str:
        """The name people see: the path, with the member of a zip file after `!`."""
        if self.origin:
            return self.origin
        if self.sheet:
            return visible(f"{self.path}!{self.sheet}")
        twin = f" ({self.again + 1})" if self.again else ""
        return visible(f"{self.path}!{self.member}{twin}" if self.member else str(self.path))

    @property
    def file_name(self) -> str:
        """The last part of the name, which patterns in fab.toml match."""
        if self.sheet and not self.alone:
            return visible(f"{self.path.name}!{self.sheet}")
        return visible(PurePosixPath(self.member.replace("\\", "/")).name if self.member else self.path.name)

    @property
    def packed(self) -> bool:
        """True for a member of a zip file, and for a gz or bz2 file."""
        if self.member:
            return True
        if self.sheet:
            return False
        try:
            with self.path.open("rb") as file:
                return _packing(file.read(10)) is not None
        except OSError:
            return False

    def pieces(self, tear: list[Problem] | None = None) -> Iterator[bytes]:
        """The unpacked content, piece by piece.

        A torn or damaged packing ends the pieces early and appends a TornFile to `tear`. Raises CannotRead.
        """
        try:
            if self.sheet:
                yield from workbook.pieces(self.path, self.sheet)
                return
            with self.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                for piece in _unpacked(file, self, [] if tear is None else tear):
                    progress(None if self.member else file.tell() / max(size, 1))
                    yield piece
        except (OSError, zipfile.BadZipFile) as fault:
            raise CannotRead(Problem(Unreadable, f"cannot be read: {visible(str(fault))}")) from fault
        except workbook.NoWorkbook as fault:
            raise CannotRead(_no_workbook(fault)) from fault

    def stream(self, *, returns: bool = False) -> io.BufferedReader:
        """The unpacked content as a binary file; with `returns` a lone return ends a line, as on an old Mac."""
        pieces = (piece.replace(b"\r", b"\n") for piece in self.pieces()) if returns else self.pieces()
        return io.BufferedReader(_Pieces(pieces), PIECE)

    def open(self, begin: int = 0, *, returns: bool = False) -> io.BufferedReader:
        """The content from byte `begin` on, straight from disk if not packed. The caller closes it. Raises CannotRead."""
        if not (self.member or self.sheet or returns):
            try:
                file = self.path.open("rb")
            except OSError as fault:
                raise CannotRead(Problem(Unreadable, f"cannot be read: {fault}")) from fault
            if _packing(file.peek(10)[:10]) is None:
                file.seek(begin)
                return file
            file.close()
        stream = self.stream(returns=returns)
        while begin > 0 and (piece := stream.read(min(begin, PIECE))):
            begin -= len(piece)
        return stream


def only_returns(start: bytes) -> bool:
    """True for a text whose lines end in a return alone, by its first bytes."""
    return b"\r" in start and b"\n" not in start


def visible(name: str) -> str:
    """A name that can be stored and shown; bytes of it that are not UTF-8 become visible escapes."""
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")


def documents(path: Path) -> list[Document]:
    """The documents in one file: itself, or the members of a zip file. Raises CannotRead."""
    if not is_file(path):
        # A pipe or a device is read without an end, and whoever opens one may wait for ever.
        raise CannotRead(Problem(Unreadable, "this is not a regular file", hint="copy what it gives into a file first"))
    try:
        with path.open("rb") as file:
            start = file.read(8)
        if workbook.is_workbook(path, start):
            names = workbook.sheets(path)
            return [Document(path, sheet=name, alone=len(names) == 1) for name in names] or [Document(path)]
        if not start.startswith(b"PK\x03\x04"):
            return [Document(path)]
        with zipfile.ZipFile(path) as packed:
            members = [(place, info.filename) for place, info in enumerate(packed.infolist()) if not info.is_dir()]
        if any(name == "[Content_Types].xml" for _, name in members):
            message = "this is an Office document (.docx, .pptx), neither text nor a table that can be read"
            raise CannotRead(Problem(Unreadable, message, hint=WORKBOOK))
    except workbook.NoWorkbook as fault:
        raise CannotRead(_no_workbook(fault)) from fault
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as fault:
        raise CannotRead(Problem(Unreadable, f"cannot be read: {visible(str(fault))}")) from fault
    before: Counter[str] = Counter()
    inside = []
    for place, name in members:
        if not name.startswith("__MACOSX/"):
            inside.append(Document(path, name, place, before[name]))
            before[name] += 1
    return inside


def _no_workbook(fault: Exception) -> Problem:
    return Problem(Unreadable, f"the workbook cannot be read: {visible(str(fault))[:200]}", hint=WORKBOOK)


@dataclass(frozen=True)
class Inspected:
    """What one pass over a file finds out about it."""

    sha256: str
    content: str
    """SHA-256 of the text, however it is encoded and whatever ends its lines; of the bytes where it is none."""
    unpacked: str
    """SHA-256 of the unpacked bytes."""
    size: int
    start: bytes
    """The first bytes of the content."""
    utf8: bool
    quotes: bool
    torn: Problem | None
    length: int = 0
    """Bytes of the text that `content` is the hash of."""


def inspect(document: Document, encoding: str | None = None) -> Inspected:
    """Read the whole content once: its hash, its size, whether it is UTF-8, and whether it stays under the limits.

    `encoding` is the one that fab.toml states. Raises CannotRead for what cannot be read, for lines over LINE_LIMIT and
    for bombs.
    """
    digest, size, start, quotes = hashlib.sha256(), 0, b"", False
    content = Content(encoding, digest)
    text = _Utf8()
    lines = _LongLines()
    tear: list[Problem] = []
    for piece in document.pieces(tear):
        start = start or piece[: 1 << 16]
        size += len(piece)
        if start.startswith(RECORDS):
            digest.update(piece)
            continue
        content.feed(piece)
        digest.update(piece)
        text.feed(piece)
        quotes = quotes or b'"' in piece
        if not start.startswith(b"PAR1"):
            lines.feed(piece)
    if start.startswith(RECORDS):
        bare = digest.hexdigest()
        packed = _packed_sha256(document, bare)
        return Inspected(packed, bare, bare, size, start, False, False, tear[0] if tear else None, size)
    utf8 = text.ends_well()
    return Inspected(
        sha256=_packed_sha256(document, digest.hexdigest()),
        content=content.digest(utf8=utf8),
        unpacked=digest.hexdigest(),
        size=size,
        start=start,
        utf8=utf8,
        quotes=quotes,
        torn=tear[0] if tear else None,
        length=content.length(utf8=utf8),
    )


def _packed_sha256(document: Document, content: str) -> str:
    if document.member or document.sheet or document.path.suffix not in (".gz", ".bz2"):
        return content
    with document.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpacked(file: IO[bytes], document: Document, tear: list[Problem]) -> Iterator[bytes]:
    if document.member:
        with zipfile.ZipFile(file) as packed:
            member = packed.infolist()[document.place]
            try:
                with packed.open(member) as content:
                    for piece in _no_bomb(iter(lambda: content.read(PIECE), b""), member.compress_size):
                        progress(content.tell() / max(member.file_size, 1))
                        yield piece
            except (zlib.error, EOFError, RuntimeError, NotImplementedError, lzma.LZMAError, zipfile.BadZipFile) as fault:
                tear.append(Problem(TornFile, f"{visible(document.member)} is damaged or locked: {visible(str(fault))}"))
            except MemoryError:
                why = f"{visible(document.member)} asks for more memory to be unpacked than is given"
                raise CannotRead(Problem(Refused, why)) from None
        return
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    packing = _packing(file.read(10))
    file.seek(0)
    if packing is not None:
        yield from _no_bomb(packing(file, tear), size)
    else:
        yield from iter(lambda: file.read(PIECE), b"")


def _no_bomb(pieces: Iterator[bytes], packed: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > BOMB_FROM and size > BOMB_RATIO * packed:
            raise CannotRead(Problem(Refused, f"unpacks to over {BOMB_RATIO} times its {packed:,} bytes: a zip bomb"))
        yield piece


def _gunzipped(file: IO[bytes], tear: list[Problem]) -> Iterator[bytes]:
    """The unpacked gzip members one after the other, as far as the file is intact."""
    unpack, pending, fresh = zlib.decompressobj(wbits=31), b"", True
    while pending := pending or file.read(PIECE):
        try:
            piece = unpack.decompress(pending, PIECE)
        except zlib.error as fault:
            tear.append(Problem(TornFile, f"damaged packing near byte {file.tell()}: {fault}"))
            return
        if piece:
            yield piece
        pending, fresh = unpack.unconsumed_tail, False
        if unpack.eof:
            # Zero bytes after a member are padding from tapes and block devices.
            pending = unpack.unused_data.lstrip(b"\0")
            unpack, fresh = zlib.decompressobj(wbits=31), True
    if not fresh:
        yield unpack.flush()
        if not unpack.eof:
            tear.append(Problem(TornFile, f"the packing ends early, after {file.tell()} bytes"))


def _unbzipped(file: IO[bytes], tear: list[Problem]) -> Iterator[bytes]:
    """The unpacked bz2 streams one after the other, as far as the file is intact."""
    unpack, pending, fresh = bz2.BZ2Decompressor(), b"", True
    while pending := pending or file.read(PIECE):
        try:
            while True:
                piece = unpack.decompress(pending, PIECE)
                pending = b""
                fresh = False
                if piece:
                    yield piece
                if unpack.eof or unpack.needs_input:
                    break
        except OSError as fault:
            tear.append(Problem(TornFile, f"damaged packing near byte {file.tell()}: {fault}"))
            return
        if unpack.eof:
            pending = unpack.unused_data.lstrip(b"\0")
            unpack, fresh = bz2.BZ2Decompressor(), True
    if not fresh:
        tear.append(Problem(TornFile, f"the packing ends early, after {file.tell()} bytes"))


def _packing(start: bytes) -> Callable[[IO[bytes], list[Problem]], Iterator[bytes]] | None:
    """How a file that begins like that is unpacked; None for one that is not packed."""
    if start.startswith(GZIP):
        return _gunzipped
    return _unbzipped if start.startswith(BZIP[0]) and start[4:10] == BZIP[1] else None


class _Utf8:
    """Whether the content is UTF-8: a few broken lines do not matter, but Latin-1 text breaks everywhere."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._good = self._broken = 0

    def feed(self, piece: bytes) -> None:
        self._count(self._decoder.decode(piece), piece.isascii())

    def ends_well(self) -> bool:
        self._count(self._decoder.decode(b"", final=True), ascii_only=False)
        return self._good >= self._broken

    def _count(self, text: str, ascii_only: bool) -> None:
        if not ascii_only:
            broken = text.count("\ufffd")
            self._broken += broken
            self._good += sum(char > "\x7f" for char in text) - broken


class _LongLines:
    """Raises CannotRead as soon as a line is longer than LINE_LIMIT, so that no reader ever holds such a line."""

    def __init__(self) -> None:
        self._open = 0

    def feed(self, piece: bytes) -> None:
        if b"\n" not in piece and b"\r" in piece:
            piece = piece.replace(b"\r", b"\n")
        first = piece.find(b"\n")
        if first < 0:
            self._open += len(piece)
        else:
            self._open += first
        if self._open > LINE_LIMIT:
            raise CannotRead(Problem(Refused, f"a line is longer than {LINE_LIMIT:,} bytes"))
        if first >= 0:
            self._open = len(piece) - piece.rfind(b"\n") - 1


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a raw binary stream."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
