"""What drivers of databases share: the words of an address of PostgreSQL, and what a driver says in one line."""

from typing import Any
from urllib.parse import unquote, urlsplit

SAID = 200


def postgresql_words(url: str) -> dict[str, Any]:
    """Host, port, database and user of a postgresql:// address, as its driver takes them."""
    parts = urlsplit(url)
    return {
        "host": parts.hostname or "localhost",
        "port": parts.port or 5432,
        "dbname": parts.path.lstrip("/") or None,
        "user": unquote(parts.username) if parts.username else None,
    }


def first_line(fault: BaseException, most: int = SAID) -> str:
    """The first line of what a driver says; the others repeat the statement, or an address."""
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    return (lines or [type(fault).__name__])[0][:most]
