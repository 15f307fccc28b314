"""What a text says, however it is written: without byte order mark, in UTF-8, each line ended by a line feed."""

import codecs
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
BOM = b"\xef\xbb\xbf"
WINDOWS = "cp1252"


class Content:
    """The hash of a text that is the same in every encoding, with every kind of line end.

    Whether a text is UTF-8 shows only at its end, so it is read both as that and as Windows-1252 from its first byte on
    that is not ASCII.
    """

    def __init__(self, encoding: str | None = None, raw: "Hash | None" = None):
        """`raw` is the hash of the bytes, to which a piece is added after it was fed here: most texts are just these."""
        self._stated, self._raw = encoding, raw
        self._utf8: Text | None = None
        self._windows: Text | None = None

    def feed(self, piece: bytes) -> None:
        """Add a piece of the file."""
        if self._utf8 is None:
            encoding = plain_encoding(self._stated, piece) if self._stated else wide(piece)
            self._utf8 = Text(encoding or "utf-8", self._raw)
            if encoding is None and not piece.startswith(b"PAR1"):
                self._windows = self._utf8
        if self._windows is not None and self._windows is self._utf8 and not piece.isascii():
            self._windows = self._utf8.twin(WINDOWS)
        self._utf8.feed(piece)
        if self._windows is not None and self._windows is not self._utf8:
            self._windows.feed(piece)

    def digest(self, *, utf8: bool) -> str:
        """SHA-256 of the text, in hexadecimal digits; `utf8` says whether the whole file is UTF-8."""
        text = self._text(utf8)
        return hashlib.sha256().hexdigest() if text is None else text.digest()

    def length(self, *, utf8: bool) -> int:
        """Bytes of the text."""
        text = self._text(utf8)
        return 0 if text is None else text.length

    def _text(self, utf8: bool) -> "Text | None":
        return self._utf8 if utf8 or self._windows is None else self._windows


class Text:
    """A text that is fed as bytes of one encoding."""

    def __init__(self, encoding: str, raw: "Hash | None" = None):
        self._hash = hashlib.sha256()
        self._raw = raw
        """The hash of the bytes for as long as the text is just these."""
        self._begun = False
        self._return = False
        self._decoder = _decoder(encoding)
        self.length = 0
        """Bytes of the text as UTF-8 so far."""

    def twin(self, encoding: str) -> "Text":
        """The same so far, to be fed on in another encoding."""
        twin = Text(encoding, self._raw)
        twin._hash, twin._begun, twin._return, twin.length = self._hash.copy(), self._begun, self._return, self.length
        return twin

    def feed(self, piece: bytes) -> None:
        """Add a piece of the file."""
        text = self.plain(piece)
        self.length += len(text)
        if self._raw is not None:
            if text is piece:
                return
            self._hash, self._raw = self._raw.copy(), None
        self._hash.update(text)

    def plain(self, piece: bytes) -> bytes:
        """A piece of the file as UTF-8 with plain line ends, without what may belong to the next piece."""
        text = piece if self._decoder is None else _encoded(self._decoder.decode(piece))
        if not self._begun and text:
            self._begun = True
            text = text.removeprefix(BOM)
        if self._return:
            text = b"\r" + text
        self._return = text.endswith(b"\r")
        if self._return:
            text = text[:-1]
        return text.replace(b"\r\n", b"\n") if b"\r" in text else text

    def digest(self) -> str:
        """SHA-256 of the whole."""
        whole = (self._raw or self._hash).copy()
        if self._return:
            whole.update(b"\r")
        return whole.hexdigest()


def wide(start: bytes) -> str | None:
    """UTF-16 by its byte order mark or its zero bytes; None for any other text."""
    if start[:2] in WIDE:
        return WIDE[start[:2]]
    head = start[:4096]
    if head[1::2].count(0) > len(head) // 3:
        return WIDE[b"\xff\xfe"]
    if head[0::2].count(0) > len(head) // 3:
        return WIDE[b"\xfe\xff"]
    return None


def plain_encoding(stated: str, start: bytes) -> str:
    """A stated encoding as the one whose every piece can be decoded by itself: UTF-16 has an order, UTF-8 no mark."""
    name = codecs.lookup(stated).name
    if name == "utf-16":
        return wide(start) or WIDE[b"\xff\xfe"]
    if name.startswith("utf-16"):
        return name
    return "utf-8" if name in ("utf-8", "utf-8-sig") else stated


def prefix(pieces: Iterable[bytes], encoding: str, length: int) -> str | None:
    """SHA-256 of the first `length` bytes of a text; None if it is shorter."""
    text, whole = Text(encoding), hashlib.sha256()
    left = length
    for piece in pieces:
        plain = text.plain(piece)[:left]
        whole.update(plain)
        left -= len(plain)
        if not left:
            return whole.hexdigest()
    return whole.hexdigest() if not left else None


def opening(start: bytes, encoding: str, lines: int) -> list[str]:
    """For the first line, the first two and so on up to `lines`: how many, and the SHA-256 of their text."""
    plain = Text(encoding).plain(start)
    digests, end = [], 0
    for number in range(1, lines + 1):
        end = plain.find(b"\n", end) + 1
        if not end:
            break
        digests.append(f"{number}:{hashlib.sha256(plain[:end]).hexdigest()}")
    return digests


def _decoder(encoding: str) -> codecs.IncrementalDecoder | None:
    """None for UTF-8, whose bytes need no decoding: those that are not UTF-8 stay as they are."""
    if codecs.lookup(encoding).name == "utf-8":
        return None
    return codecs.getincrementaldecoder(encoding)(errors="surrogateescape" if "16" not in encoding else "replace")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")
