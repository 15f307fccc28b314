"""Consoles and pipes of any encoding: a sign that they do not have is printed as a plain one, and never ends a command."""

import codecs
import io
import sys
import unicodedata

PLAIN = {"●": "*", "▲": "^", "■": "#", "○": "o", "…": "...", "±": "+/-", "−": "-", "–": "-", "—": "-", "→": "->", "×": "x"}
_NAME = "fabwatch_plain"


def plain(text: str) -> str:
    """Signs as ASCII: those of a status by their like, letters without their accents, anything else as `?`."""
    signs = []
    for sign in text:
        near = PLAIN.get(sign) or unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
        signs.append(near or "?")
    return "".join(signs)


def _handler(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeEncodeError):
        raise fault
    return plain(fault.object[fault.start : fault.end]), fault.end


def accept_any_encoding() -> None:
    """Let stdout and stderr print what their encoding lacks as plain signs."""
    codecs.register_error(_NAME, _handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "backslashreplace", "surrogateescape"):
            stream.reconfigure(errors=_NAME)
