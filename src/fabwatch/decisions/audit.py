"""The audit: append-only, each entry chained to the previous one by its hash."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from fabwatch.decisions.answers import Audit, Entry
from fabwatch.store.anchor import Head, missing
from fabwatch.store.lake import Lake
from fabwatch.terms.answers import plain
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import BadQuestion

CHAIN = "audit"
REASON_LONGEST = 2000
FIELDS = ", ".join(Entry.__dataclass_fields__)


DECIDED = ("holds", "decisions", "chart_limits", "rules", "goldens", "advices")
"""Tables of decisions: each row belongs to an entry of the audit."""


def append(lake: Lake, moment: datetime, who: str, act: str, about: Mapping[str, object], reason: str) -> int:
    """Write one entry in the open transaction; return its number. Raises BadQuestion without a reason."""
    last = lake.head("audit")
    seq = last.seq + 1
    details = json.dumps(plain(about), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    entry = (seq, moment, who, act, details, reason, last.hash)
    own = _hash(entry)
    lake.ask("INSERT INTO lake.audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*entry, own))
    lake.note_head(CHAIN, Head(seq, own))
    return seq


def reasoned(reason: str) -> str:
    """The reason with single spaces. Raises BadQuestion for one that is too short or too long."""
    text = " ".join(reason.split())
    if len(text) < 3 or len(text) > REASON_LONGEST:
        raise BadQuestion(
            f"A decision needs a reason of 3 to {REASON_LONGEST:,} characters (got {len(text):,}).",
            "say why, for those who read the audit",
        )
    return text


def entries(lake: Lake, limit: int | None = None) -> list[Entry]:
    """The entries of the audit, latest first."""
    rows = lake.rows(f"SELECT {FIELDS} FROM lake.audit ORDER BY seq DESC LIMIT $limit", {"limit": limit})
    return [Entry(**row) for row in rows]


def verify(lake: Lake, expected: str | None = None) -> Audit:
    """Check every entry against its hash, the previous entry, its rows, and what the anchor notes.

    `expected` is a hash noted earlier, which must still be in the chain.
    """
    chain = entries(lake)[::-1]
    faults = [*_chain_faults(chain), *missing(lake.anchored(CHAIN), {entry.seq: entry.hash for entry in chain})]
    for table in DECIDED:
        faults += _row_faults(lake, table, chain)
    if expected is not None and expected not in {entry.hash for entry in chain}:
        faults.append(f"no entry has the hash {expected}: the entry noted earlier is gone")
    return Audit(len(chain), chain[-1].hash if chain else "", tuple(faults))


def _chain_faults(chain: Sequence[Entry]) -> Iterable[str]:
    previous = ""
    for number, entry in enumerate(chain, 1):
        if entry.seq != number:
            yield f"entry {number} is missing or out of order (got {entry.seq})"
            return
        if entry.previous != previous:
            yield f"entry {number} does not follow the previous one"
        content = (entry.seq, entry.written_at, entry.who, entry.act, entry.about, entry.reason, entry.previous)
        if entry.hash != _hash(content):
            yield f"entry {number} was changed after it was written"
        previous = entry.hash


def _row_faults(lake: Lake, table: str, chain: Sequence[Entry]) -> Iterable[str]:
    """Rows inserted, deleted or changed without the audit: each entry holds the fingerprint of its rows."""
    details = {entry.seq: json.loads(entry.about) for entry in chain}
    stored = _rows(lake, table)
    for seq in sorted(stored.keys() - details.keys()):
        yield f"{table} has rows of entry {seq}, which the audit does not have"
    for seq, about in details.items():
        if about.get("table") == table and fingerprint(stored.get(seq, [])) != about.get("rows"):
            yield f"the rows of entry {seq} in {table} differ from the decided ones"


def _rows(lake: Lake, table: str) -> dict[int, list[dict[str, Any]]]:
    by_entry: dict[int, list[dict[str, Any]]] = {}
    for row in lake.rows(f"SELECT * FROM lake.{table}"):
        by_entry.setdefault(row.pop("seq"), []).append(row)
    return by_entry


def fingerprint(rows: Sequence[Mapping[str, object]]) -> str:
    """SHA-256 of rows, independent of their order."""
    lines = sorted(json.dumps(plain(row), sort_keys=True, ensure_ascii=False) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _hash(content: tuple[Any, ...]) -> str:
    seq, moment, *rest = content
    return hashlib.sha256(json.dumps([seq, iso(moment), *rest], ensure_ascii=False).encode()).hexdigest()
