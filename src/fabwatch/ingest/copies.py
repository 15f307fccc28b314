"""Copies: rows that several files hold. They are stored once, and stay for as long as one of those files is loaded."""

from collections.abc import Sequence

from fabwatch.store.lake import Lake
from fabwatch.store.receipts import note_receipts, row_key
from fabwatch.store.temporary import temp_table
from fabwatch.store.waiting import times_of
from fabwatch.terms.tables import Table


def note_copies(lake: Lake, table: Table, source: str, loads: Sequence[str]) -> int:
    """Note which rows of some loads of `source` are stored with another load; returns how many are not stored at all.

    None is, or something is wrong. Call it after the new ones are in, inside `lake.writing()`.
    """
    names, bound = ", ".join(table.names), times_of(table, source)
    of_these = "load IN (SELECT unnest($loads))"
    temp_table(
        lake,
        "shared",
        f"SELECT load, {names} FROM {source} WHERE {of_these} "
        f"EXCEPT SELECT load, {names} FROM lake.{table.name} WHERE {of_these} AND {bound}",
        {"loads": list(loads)},
    )
    lake.ask(f"INSERT INTO lake.copies SELECT load, '{table.name}', {row_key(table)} FROM shared")
    missing = f"SELECT {names} FROM shared EXCEPT SELECT {names} FROM lake.{table.name} WHERE {bound}"
    return int(lake.ask(f"SELECT count(*) FROM ({missing})").fetchall()[0][0])


def hand_over(lake: Lake, table: Table, load: str, *, stored: bool) -> None:
    """Delete the rows of a load; those that other loads hold too are theirs from now on."""
    if stored:
        if lake.rows(f"SELECT 1 FROM lake.copies WHERE kind = '{table.name}' AND load <> $load LIMIT 1", {"load": load}):
            _bequeath(lake, table, load)
        lake.ask(f"DELETE FROM lake.{table.name} WHERE load = $load", {"load": load})
        note_receipts(lake, table, [load])
    lake.ask("DELETE FROM lake.copies WHERE load = $load", {"load": load})


def _bequeath(lake: Lake, table: Table, load: str) -> None:
    temp_table(
        lake,
        "heirs",
        f"SELECT own.row, min(c.load) AS heir FROM (SELECT {row_key(table)} AS row FROM lake.{table.name} "
        "WHERE load = $load) AS own JOIN lake.copies AS c ON c.row = own.row "
        f"WHERE c.kind = '{table.name}' AND c.load <> $load GROUP BY own.row",
        {"load": load},
    )
    if not lake.rows("SELECT 1 FROM heirs LIMIT 1"):
        return
    lake.ask(
        f"UPDATE lake.{table.name} SET load = heirs.heir FROM heirs WHERE load = $load AND {row_key(table)} = heirs.row",
        {"load": load},
    )
    lake.ask(f"DELETE FROM lake.copies WHERE kind = '{table.name}' AND (row, load) IN (SELECT (row, heir) FROM heirs)")
    lake.ask(
        "UPDATE lake.loads SET rows = rows + h.n, duplicates = duplicates - h.n "
        "FROM (SELECT heir, count(*) AS n FROM heirs GROUP BY heir) AS h WHERE load = h.heir"
    )
    note_receipts(lake, table, [heir for (heir,) in lake.ask("SELECT DISTINCT heir FROM heirs ORDER BY heir").fetchall()])
