"""How the last exchange with a database or place went: noted beside the fab, so that pages and alerts can say it."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote

from fabwatch.terms.clock import iso

FOLDER = "connections"
SIGN_IN, ACCOUNTS = "sign-in", "accounts"
"""What is noted of the provider that people sign in at, and under which name."""


@dataclass(frozen=True)
class Exchange:
    """How it went, last and before."""

    tried_at: datetime
    done_at: datetime | None
    """When it last went well."""
    rows: int
    """Rows of the last one that went well."""
    failures: int
    """How many have failed since."""
    error: str | None
    """Why the last one failed."""


def note(folder: Path, what: str, name: str, moment: datetime, rows: int, error: str | None) -> None:
    """Note how an exchange went. What cannot be noted is no reason to fail: the exchange itself is done or was told."""
    before = noted(folder, what, name)
    done = moment if error is None else before.done_at if before else None
    failures = 0 if error is None else (before.failures if before else 0) + 1
    kept = rows if error is None else before.rows if before else 0
    made = Exchange(moment, done, kept, failures, error)
    path = _path(folder, what, name)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        beside = path.with_suffix(".part")
        words = {key: iso(value) if isinstance(value, datetime) else value for key, value in asdict(made).items()}
        beside.write_text(json.dumps(words) + "\n", "utf-8")
        beside.replace(path)


def noted(folder: Path, what: str, name: str) -> Exchange | None:
    """What was noted; None where nothing was, or where it cannot be read."""
    try:
        words = json.loads(_path(folder, what, name).read_text("utf-8"))
        times = {key: datetime.fromisoformat(words[key]).replace(tzinfo=None) if words[key] else None for key in _TIMES}
        return Exchange(**{**words, **times})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def all_noted(folder: Path, what: str) -> Iterator[tuple[str, Exchange]]:
    """Every exchange of a kind, by name."""
    for path in sorted((folder / FOLDER).glob(f"{what}.*.json")):
        name = unquote(path.name.removeprefix(f"{what}.").removesuffix(".json"))
        found = noted(folder, what, name)
        if found is not None:
            yield name, found


def _path(folder: Path, what: str, name: str) -> Path:
    return folder / FOLDER / f"{what}.{quote(name, safe='')}.json"


_TIMES = ("tried_at", "done_at")
