"""Receipts: what each load has stored, chained by hashes, so that rows that were changed behind the ledger are found."""

import hashlib
from collections.abc import Mapping, Sequence

from fabwatch.store.anchor import Head, missing
from fabwatch.store.lake import Lake, Record
from fabwatch.store.rows import insert
from fabwatch.terms.clock import iso, utc_now
from fabwatch.terms.tables import LOADED, RECEIPTS, Table

CHAIN = "ledger"
_FIELDS = "seq, load, kind, rows, digest, written_at, previous, hash"


def row_key(table: Table) -> str:
    """A row as one number, in a statement: half of the lower 64 bits of the MD5 of its cells."""
    # What is empty is left out by the engine: of a column that came later there is nothing then, as in the rows before it.
    cells = ", ".join(
        f"{column.name}::VARCHAR" if column.later else f"coalesce({column.name}::VARCHAR, chr(30))"
        for column in table.columns
    )
    return f"(md5_number_lower(concat_ws(chr(31), {cells})) // 2)::BIGINT"


def note_receipts(lake: Lake, table: Table, loads: Sequence[str], bound: str = "true") -> dict[str, int]:
    """Note what loads have in a table from now on; returns their rows. Call it inside `lake.writing()`.

    `bound` is a condition that all of their rows meet: with it the engine leaves out files that hold none of them.
    """
    sums = lake.ask(
        f"SELECT load, count(*), sum({row_key(table)})::VARCHAR FROM lake.{table.name} "
        f"WHERE load IN (SELECT unnest($loads)) AND {bound} GROUP BY load",
        {"loads": list(loads)},
    )
    held = {load: (rows, digest) for load, rows, digest in sums.fetchall()}
    last, now = lake.head("receipts"), utc_now()
    entries: list[Record] = []
    for load in loads:
        rows, digest = held.get(load, (0, "0"))
        entry = {"seq": last.seq + 1, "load": load, "kind": table.name, "rows": rows, "digest": digest}
        entry |= {"written_at": now, "previous": last.hash}
        entries.append(entry | {"hash": _hash(entry)})
        last = Head(last.seq + 1, entries[-1]["hash"])
    insert(lake, RECEIPTS, entries)
    lake.note_head(CHAIN, last)
    return {load: held.get(load, (0, "0"))[0] for load in loads}


def faults(lake: Lake) -> list[tuple[str, str]]:
    """What is wrong with the ledger: (load, what); the load is empty where it is about the chain itself."""
    chain = lake.rows(f"SELECT {_FIELDS} FROM lake.receipts ORDER BY seq")
    wrong = [("", what) for what in _chain_faults(chain)]
    wrong += [("", what) for what in missing(lake.anchored(CHAIN), {row["seq"]: row["hash"] for row in chain})]
    latest = {(row["kind"], row["load"]): row for row in chain}
    for table in LOADED:
        wrong += _row_faults(lake, table, {load: row for (kind, load), row in latest.items() if kind == table.name})
    return wrong


def _row_faults(lake: Lake, table: Table, latest: Mapping[str, Record]) -> list[tuple[str, str]]:
    """Loads whose rows are not those that they stored. What is derived of logs is no load's own, and not compared."""
    sums = lake.rows(
        f"SELECT load, count(*) AS rows, sum({row_key(table)})::VARCHAR AS digest FROM lake.{table.name} "
        "WHERE load NOT IN (SELECT load FROM lake.loads WHERE kind = 'log') GROUP BY load"
    )
    held = {row["load"]: (row["rows"], row["digest"]) for row in sums}
    known = {row["load"] for row in lake.rows("SELECT load FROM lake.loads")}
    stray = {load: rows for load, (rows, _) in held.items() if load not in known}
    wrong = [(load, f"{rows:,} rows of {table.name} of a load that is not in the ledger") for load, rows in stray.items()]
    for load, receipt in latest.items():
        rows, digest = held.get(load, (0, "0"))
        if rows != receipt["rows"]:
            wrong.append((load, f"{rows:,} rows of {table.name} instead of {receipt['rows']:,}"))
        elif digest != receipt["digest"]:
            wrong.append((load, f"rows of {table.name} were changed after they were loaded"))
    return wrong


def _chain_faults(chain: Sequence[Record]) -> list[str]:
    previous = ""
    for number, row in enumerate(chain, 1):
        if row["seq"] != number:
            return [f"entry {number} is missing or out of order (got {row['seq']})"]
        if row["previous"] != previous or row["hash"] != _hash(row):
            return [f"entry {number} was changed after it was written"]
        previous = row["hash"]
    return []


def _hash(entry: Record) -> str:
    names = ("seq", "load", "kind", "rows", "digest", "previous")
    words = [*(str(entry[name]) for name in names), str(iso(entry["written_at"]))]
    return hashlib.sha256("\0".join(words).encode()).hexdigest()
