"""Streams: how a log that has grown, or that still lies where it was loaded from, is known again."""

import hashlib

EDGE = 4096
"""Bytes at the begin and at the end of what was read, by which a log that grew is known again."""


def digest(content: bytes) -> str:
    """SHA-256 of some bytes of a log, by which it is known again."""
    return hashlib.sha256(content).hexdigest()
