"""A log in pieces of whole lines: where each line starts in the file, and which lines are rows of data."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from fabwatch.sources.toollog.headers import split
from fabwatch.sources.toollog.layout import Layout
from fabwatch.sources.toollog.marks import COMMENTS

SIZE = 8 << 20
UNIT = {"utf-16-le": "<u2", "utf-16-be": ">u2"}
"""What UTF-16 is made of, as an array reads it."""


@dataclass(frozen=True)
class Chunk:
    """Some whole lines of a log as UTF-8, with the position of each in the file."""

    text: bytes
    starts: np.ndarray
    """Where each line starts in `text`."""
    ends: np.ndarray
    """Where its text ends in `text`, before the line end."""
    offsets: np.ndarray
    """Where each line starts in the file, in bytes."""
    number: int
    """Number of the first line, from 1."""
    end: int
    """Where the next line starts in the file."""
    closed: bool = True
    """False when the last line has no line end."""

    def line(self, row: int) -> str:
        """The text of a line; bytes that are not UTF-8 become visible escapes."""
        return self.text[self.starts[row] : self.ends[row]].decode("utf-8", errors="backslashreplace")

    def __len__(self) -> int:
        return len(self.starts)

    def unwritten(self, *, last: bool) -> np.ndarray:
        """The lines with zero bytes: from blocks of a disk that were never written. `last`: the last one counts."""
        if b"\0" not in self.text:
            return np.zeros(0, int)
        zeros = np.flatnonzero(np.frombuffer(self.text, np.uint8) == 0)
        lines = np.unique(np.searchsorted(self.starts, zeros, side="right") - 1)
        return lines[(lines >= 0) & (last | (lines < len(self) - 1))]

    def without(self, lines: np.ndarray) -> "Chunk":
        """The same with some lines empty, at their places."""
        text, ends = bytearray(self.text), self.ends.copy()
        for line in lines:
            begin, end = int(self.starts[line]), int(self.ends[line])
            text[begin:end] = b" " * (end - begin)
            ends[line] = begin
        return replace(self, text=bytes(text), ends=ends)


def chunks(stream: io.BufferedIOBase, encoding: str, begin: int = 0, number: int = 1, size: int = SIZE) -> Iterator[Chunk]:
    """The lines of a file from byte `begin` on, where line `number` starts; bytes not in `encoding` stay visible."""
    offset = begin
    wide = encoding.startswith("utf-16")
    rest = b""
    while True:
        raw = rest + stream.read(size) if rest else stream.read(size)
        if not wide and raw:
            raw += stream.readline()
        if not raw:
            return
        cut = _last_line_end(raw, "\n".encode(encoding)) if wide and len(raw) >= size else len(raw)
        whole, rest = (raw, b"") if cut == len(raw) else (raw[:cut], raw[cut:])
        chunk = _chunk(whole, encoding, offset, number)
        yield chunk
        offset, number = offset + len(whole), number + len(chunk)


def _last_line_end(raw: bytes, newline: bytes) -> int:
    place = raw.rfind(newline)
    while place >= 0 and place % len(newline):
        # In UTF-16 the two bytes of a line end start at an even position.
        place = raw.rfind(newline, 0, place + len(newline) - 1)
    return place + len(newline) if place >= 0 else 0


def _chunk(raw: bytes, encoding: str, offset: int, number: int) -> Chunk:
    text = raw if encoding == "utf-8" else raw.decode(encoding, errors="replace").encode("utf-8")
    skip = 3 if offset == 0 and text.startswith(b"\xef\xbb\xbf") else 0
    view = np.frombuffer(text, np.uint8)
    breaks = np.flatnonzero(view == 10)
    closed = len(text) > 0 and view[-1] == 10
    ends = breaks if closed else np.append(breaks, len(text))
    starts = np.concatenate(([0], breaks + 1))[: len(ends)]
    offsets = offset + (starts if encoding == "utf-8" else _places(raw, encoding)[: len(starts)])
    if skip and len(starts):
        starts = starts.copy()
        starts[0] = skip
    ends = np.where((ends > starts) & (view[np.maximum(ends - 1, 0)] == 13), ends - 1, ends)
    return Chunk(text, starts, ends, offsets, number, offset + len(raw), closed)


def _places(raw: bytes, encoding: str) -> np.ndarray:
    """Where each line starts among the bytes of the file, whether or not they all are text in that encoding."""
    width = 2 if encoding.startswith("utf-16") else 1
    units = np.frombuffer(raw[: len(raw) // width * width], np.uint8 if width == 1 else UNIT[encoding])
    return np.concatenate(([0], (np.flatnonzero(units == 10) + 1) * width))


def rows_of(chunk: Chunk, layout: Layout) -> np.ndarray:
    """Which lines are rows: those with as many separators as a row, except comments and repeated headers."""
    if layout.delimiter == " ":
        return np.array([_is_row(chunk.line(n), layout) for n in range(len(chunk))], bool)
    view = np.frombuffer(chunk.text, np.uint8)
    if not len(chunk):
        return np.zeros(0, bool)
    counts = np.add.reduceat(view == ord(layout.delimiter), chunk.starts, dtype=np.uint16)
    is_row = (counts == len(layout.columns) - 1) | (layout.may_lack_last & (counts == len(layout.columns) - 2))
    full = chunk.ends > chunk.starts
    first = view[np.minimum(chunk.starts, len(view) - 1)]
    comments = [ord(mark[0]) for mark in COMMENTS if mark[0] not in "-"]
    is_row &= full & ~np.isin(first, comments)
    suspects = np.zeros(len(chunk), bool)
    if b'"' in chunk.text:
        quotes = np.flatnonzero(view == ord('"'))
        suspects[np.unique(np.searchsorted(chunk.starts, quotes, side="right") - 1)] = True
    suspects[_like_header(chunk, layout)] = True
    for row in np.flatnonzero(suspects):
        is_row[row] = _is_row(chunk.line(int(row)), layout)
    return np.asarray(is_row)


def _like_header(chunk: Chunk, layout: Layout) -> list[int]:
    """The lines that hold the longest name of the header, which hardly any row does."""
    name = max(layout.header, key=len, default="").encode()
    lines: list[int] = []
    place = chunk.text.find(name) if name else -1
    while place >= 0:
        line = max(int(np.searchsorted(chunk.starts, place, side="right")) - 1, 0)
        lines.append(line)
        place = chunk.text.find(name, int(chunk.ends[line]))
    return lines


def _is_row(line: str, layout: Layout) -> bool:
    if not line.strip() or line.lstrip().startswith(COMMENTS[:2]):
        return False
    cells = split(line, layout.delimiter)
    fits = len(cells) == len(layout.columns) or (layout.may_lack_last and len(cells) == len(layout.columns) - 1)
    return fits and tuple(cell.strip() for cell in cells) != layout.header
