"""The records of an STDF file as they lie in it: whether it is one, which byte order it has, and how far it is whole."""

import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fabwatch.sources.effort import progress
from fabwatch.sources.opening import PIECE, RECORDS, Document

HEADER = 4
ORDERS = dict(zip(RECORDS, "<>", strict=True))
"""The header of the first record, FAR, which is 2 bytes long: its length shows the byte order."""
CPU_TYPES = {"<": 2, ">": 1}
KNOWN = {
    0: (10, 20, 30),
    1: (10, 20, 30, 40, 50, 60, 62, 63, 70, 80, 90, 91, 92, 93, 94),
    2: (10, 20, 30),
    5: (10, 20),
    10: (30,),
    15: (10, 15, 20, 30),
    20: (10, 20),
    50: (10, 30),
}
"""Records by type and subtype; those of 180 and 181 are the tester's own."""
MAKERS = (180, 181)
PROGRESS_EVERY = 100_000


def is_stdf(start: bytes) -> bool:
    """Whether a content begins as STDF does."""
    return start[:HEADER] in ORDERS


def version(start: bytes) -> int:
    """The version that the first record states; 0 where it is cut off."""
    return start[5] if len(start) > 5 else 0


@contextmanager
def unpacked(document: Document, start: bytes) -> Iterator[Path]:
    """The content as a plain file whose first record states the byte order that the file has."""
    order = ORDERS[start[:HEADER]]
    right = len(start) > HEADER and start[HEADER] == CPU_TYPES[order]
    if right and not document.packed and document.path.suffix not in (".gz", ".bz2", ".zip"):
        yield document.path
        return
    with tempfile.TemporaryDirectory(prefix="fabwatch-") as folder:
        path = Path(folder) / "unpacked.stdf"
        with path.open("wb") as file:
            for piece in document.pieces([]):
                file.write(piece)
        with path.open("r+b") as file:
            file.seek(HEADER)
            file.write(bytes([CPU_TYPES[order]]))
        yield path


@contextmanager
def shortened(path: Path, end: int) -> Iterator[Path]:
    """The first bytes of a file as a file."""
    with tempfile.TemporaryDirectory(prefix="fabwatch-") as folder:
        short = Path(folder) / "whole.stdf"
        with path.open("rb") as source, short.open("wb") as target:
            left = end
            while left > 0 and (piece := source.read(min(PIECE, left))):
                target.write(piece)
                left -= len(piece)
        yield short


def whole_until(path: Path, order: str) -> tuple[int, str]:
    """How many bytes of a file are whole records, and why no more; the reason is empty where all are."""
    unpack = struct.Struct(f"{order}HBB").unpack_from
    size = path.stat().st_size
    at = number = 0
    with path.open("rb") as file:
        window, begin = b"", 0
        while at < size:
            if at + HEADER > begin + len(window):
                file.seek(at)
                window, begin = file.read(PIECE), at
                if len(window) < HEADER:
                    return at, f"the file ends within a record at byte {at:,}"
            length, kind, sub = unpack(window, at - begin)
            if sub not in KNOWN.get(kind, ()) and kind not in MAKERS:
                return at, f"byte {at:,} is no record: type {kind}, subtype {sub}"
            if at + HEADER + length > size:
                return at, f"the file ends within a record at byte {at:,}"
            at += HEADER + length
            number += 1
            if not number % PROGRESS_EVERY:
                progress(at / size)
    return at, ""
