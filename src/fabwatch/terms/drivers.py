"""What drivers of databases share: the words of an address of PostgreSQL, and what a driver says in one line."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SAID = 200
POSTGRESQL_WORDS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding", "target_session_attrs")
"""What an address of PostgreSQL may say behind a question mark, as its own library names it."""


def postgresql_words(url: str, ca: str | None) -> dict[str, Any]:
    """Host, port, database, user and how to encrypt of a postgresql:// address, as its driver takes them."""
    parts = urlsplit(url)
    checked = {} if ca is None else {"sslmode": "verify-full", "sslrootcert": ca}
    return {
        **checked,
        **dict(parse_qsl(parts.query)),
        "host": parts.hostname or "localhost",
        "port": parts.port or 5432,
        "dbname": parts.path.lstrip("/") or None,
        "user": unquote(parts.username) if parts.username else None,
    }


def first_line(fault: BaseException, most: int = SAID) -> str:
    """The first line of what a driver says; the others repeat the statement, or an address."""
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    return (lines or [type(fault).__name__])[0][:most]
