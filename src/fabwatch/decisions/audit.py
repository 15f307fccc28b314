"""The audit: append-only, each entry chained to the one before by its hash."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from fabwatch.store.lake import Lake
from fabwatch.terms.answers import plain
from fabwatch.terms.clock import iso
from fabwatch.terms.decisions import Audit, Entry
from fabwatch.terms.errors import BadQuestion

REASON_LONGEST = 2000
FIELDS = ", ".join(Entry.__dataclass_fields__)


DECIDED = ("holds", "decisions", "rules", "goldens", "advices")
"""Tables whose rows are decided, each by an entry of the audit."""


def append(lake: Lake, moment: datetime, who: str, act: str, about: dict[str, Any], reason: str) -> int:
    """Write one entry within the transaction that is open; returns its number. Raises BadQuestion without a reason."""
    last = lake.rows("SELECT seq, hash FROM lake.audit ORDER BY seq DESC LIMIT 1")
    seq, previous = (last[0]["seq"] + 1, last[0]["hash"]) if last else (1, "")
    written = json.dumps(plain(about), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    given = (seq, moment, who, act, written, reason, previous)
    lake.ask("INSERT INTO lake.audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*given, _hash(given)))
    return seq


def reasoned(reason: str) -> str:
    """A reason that says something. Raises BadQuestion."""
    said = " ".join(reason.split())
    if len(said) < 3 or len(said) > REASON_LONGEST:
        raise BadQuestion("A decision needs a reason.", f"say why, in 3 to {REASON_LONGEST:,} characters")
    return said


def entries(lake: Lake, limit: int | None = None) -> list[Entry]:
    """The entries of the audit, the latest first."""
    rows = lake.rows(f"SELECT {FIELDS} FROM lake.audit ORDER BY seq DESC LIMIT $limit", {"limit": limit})
    return [Entry(**row) for row in rows]


def verify(lake: Lake, expected: str | None = None) -> Audit:
    """Check every entry against its hash, the one before it, and the rows that it decided.

    `expected` is a hash noted earlier, which has to be in the chain still.
    """
    written = entries(lake)[::-1]
    faults = list(_chain(written))
    for table in DECIDED:
        faults += _against(lake, table, written)
    if expected is not None and expected not in {entry.hash for entry in written}:
        faults.append(f"no entry has the hash {expected}: what was noted is gone")
    return Audit(len(written), written[-1].hash if written else "", tuple(faults))


def _chain(written: Sequence[Entry]) -> Iterable[str]:
    previous = ""
    for number, entry in enumerate(written, 1):
        if entry.seq != number:
            yield f"entry {number} is missing or out of order (found {entry.seq})"
            return
        if entry.previous != previous:
            yield f"entry {number} does not follow the one before it"
        given = (entry.seq, entry.written_at, entry.who, entry.act, entry.about, entry.reason, entry.previous)
        if entry.hash != _hash(given):
            yield f"entry {number} was changed after it was written"
        previous = entry.hash


def _against(lake: Lake, table: str, written: Sequence[Entry]) -> Iterable[str]:
    """Rows that were put in, taken out or changed without the audit: each entry says how its rows add up."""
    said = {entry.seq: json.loads(entry.about) for entry in written}
    stored = _rows(lake, table)
    for seq in sorted(stored.keys() - said.keys()):
        yield f"{table} has rows of entry {seq}, which the audit lacks"
    for seq, about in said.items():
        if about.get("table") == table and fingerprint(stored.get(seq, [])) != about.get("rows"):
            yield f"the rows of entry {seq} in {table} are not those that were decided"


def _rows(lake: Lake, table: str) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in lake.rows(f"SELECT * FROM lake.{table}"):
        found.setdefault(row.pop("seq"), []).append(row)
    return found


def fingerprint(rows: Sequence[dict[str, Any]]) -> str:
    """SHA-256 of some rows, whatever their order."""
    lines = sorted(json.dumps(plain(row), sort_keys=True, ensure_ascii=False) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _hash(given: tuple[Any, ...]) -> str:
    seq, moment, *rest = given
    return hashlib.sha256(json.dumps([seq, iso(moment), *rest], ensure_ascii=False).encode()).hexdigest()
