"""A file as wafer maps, whatever its format, recognised by its content."""

import gzip
import io
import zlib

from fabwatch.sources.content import WINDOWS, wide
from fabwatch.sources.opening import CannotRead
from fabwatch.sources.wafermap.maps import CELLS_LIMIT, WaferMap
from fabwatch.sources.wafermap.rows import are_rows, read_rows
from fabwatch.sources.wafermap.table import header_of, read_table
from fabwatch.sources.wafermap.xml import HINT, read_xml
from fabwatch.terms.problems import Problem, Refused, Unreadable

SIZE_LIMIT = 256 << 20
"""Bytes of a file after unpacking."""
BINARY = 0.02
"""A larger share of control characters than this is no text."""
SEEN, HEADER_LINES = 8192, 12
"""Bytes and lines by which a file is known."""
ROOTS = (b"<map", b"<maps", b"<mapdata", b"<substratemap", b":mapdata", b":map ")


def read_maps(data: bytes, name: str) -> list[WaferMap]:
    """The wafer maps of a file's bytes, packed with gzip or not. Raises CannotRead with what is wrong and a hint."""
    data, torn = _unpacked(data)
    if len(data) > SIZE_LIMIT:
        raise CannotRead(Problem(Refused, f"larger than {SIZE_LIMIT >> 20} MB"))
    if not data.strip():
        raise CannotRead(Problem(Unreadable, "the file is empty", hint=HINT))
    if _is_xml(data):
        maps = read_xml(data, name)
    else:
        text = _text(data)
        cut = torn or not text.endswith(("\n", "\r"))
        maps = (read_table if header_of(text[:65536].splitlines()) else read_rows)(text, name, cut)
    maps = [one for one in maps if len(one)]
    if not maps:
        raise CannotRead(Problem(Unreadable, "no die stands whole in it", hint=HINT))
    for one in maps:
        if (int(one.x.max() - one.x.min()) + 1) * (int(one.y.max() - one.y.min()) + 1) > CELLS_LIMIT:
            raise CannotRead(Problem(Refused, f"a map of more than {CELLS_LIMIT:,} places"))
    return maps


def is_map(start: bytes) -> bool:
    """Whether a content begins as a wafer map: XML of maps, rows of characters below a header, or a table of x, y, bin."""
    if start[:2] == b"\x1f\x8b":
        start, _ = _unpacked(start)
    start = start[:SEEN]
    if _is_xml(start):
        head = start.replace(b"\0", b"").lower()
        return any(root in head for root in ROOTS)
    try:
        text = _text(start)
    except CannotRead:
        return False
    return header_of(text.splitlines()[:HEADER_LINES]) is not None or "ROWDATA:" in text.upper() or are_rows(text)


def _is_xml(data: bytes) -> bool:
    start = data[:400].lstrip(b"\xef\xbb\xbf \t\r\n\xff\xfe\xfe\xff").replace(b"\0", b"")
    return start.startswith(b"<")


def _unpacked(data: bytes) -> tuple[bytes, bool]:
    """The bytes unpacked as far as they stand whole, and whether the packing ends early."""
    if data[:2] != b"\x1f\x8b":
        return data, False
    pieces, size = [], 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            while piece := packed.read(1 << 20):
                pieces.append(piece)
                size += len(piece)
                if size > SIZE_LIMIT:
                    raise CannotRead(Problem(Refused, f"unpacks to more than {SIZE_LIMIT >> 20} MB"))
    except (OSError, EOFError, zlib.error):
        return b"".join(pieces), True
    return b"".join(pieces), False


def _text(data: bytes) -> str:
    encoding = wide(data)
    if encoding is None:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode(WINDOWS, errors="replace")
    else:
        text = data.decode(encoding, errors="replace").lstrip("\ufeff")
    odd = sum(sign < " " and sign not in "\t\r\n\f" for sign in text[:65536])
    if odd > BINARY * min(len(text), 65536):
        raise CannotRead(Problem(Unreadable, "not a text, and no wafer map that can be read", hint=HINT))
    return text
