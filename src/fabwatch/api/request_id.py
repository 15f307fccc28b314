"""The name of a request: sent along by who asks, or made here; in the answer, in an error and in every line of the log."""

import re
import secrets
from contextvars import ContextVar

HEADER = "X-Request-Id"
_VALID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def begin(stated: str | None) -> str:
    """Name the request that is worked on from here on: as stated, if that is letters, digits and ._- up to 64, else anew."""
    name = stated if stated is not None and _VALID.fullmatch(stated) else secrets.token_hex(8)
    _current.set(name)
    return name


def current() -> str:
    """The name of the request that is worked on; empty outside of one."""
    return _current.get()
