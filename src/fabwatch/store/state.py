"""What the answers of a fab rest on, as one word."""

import hashlib

from fabwatch.store.lake import Lake
from fabwatch.terms.settings import FILE

PARTS = (
    "SELECT count(*), max(loaded_at) FROM lake.loads",
    "SELECT count(*), max(hash) FROM lake.audit",
)


def state(lake: Lake) -> str:
    """It changes with each load, decision and change of fab.toml, and with nothing else: not when files are merged."""
    parts = [str(lake.ask(sql).fetchall()) for sql in PARTS]
    stated = lake.folder / FILE
    parts.append(stated.read_text(encoding="utf-8", errors="replace") if stated.exists() else "")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
