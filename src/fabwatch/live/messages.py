"""A message as it came, and by what it is known again when it comes once more."""

import hashlib
from dataclasses import dataclass, field

ID_BYTES = 16


@dataclass(frozen=True)
class Message:
    """What one sender said at once."""

    payload: bytes
    topic: str = ""
    """Where it came by: an MQTT topic, or the event of an equipment."""
    received_at: float = 0.0
    """Seconds since 1970 by the clock of this machine."""
    identity: str = ""
    """What its sender calls it; empty where the sender gives it no name."""
    again: bool = True
    """Whether it may be one that came before: false where only the time of arrival tells two of them apart."""
    size: int = field(default=0)
    """Bytes that it had, where less is kept of it."""

    @property
    def digest(self) -> bytes:
        """By what it is known again: its name, else all that it says."""
        said = self.identity.encode() if self.identity else self.payload
        return hashlib.sha256(b"\0".join([self.topic.encode(), b"i" if self.identity else b"p", said])).digest()[:ID_BYTES]
