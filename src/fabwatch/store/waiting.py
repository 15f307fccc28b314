"""Rows that enter the lake once each, and those that wait: until their tool is known, or until their time has come."""

from collections.abc import Sequence
from datetime import datetime

from fabwatch.store.lake import SQL_TYPES, Lake
from fabwatch.store.receipts import note_receipts
from fabwatch.store.temporary import temp_table
from fabwatch.terms.tables import BY_NAME, LOADED, PLACES, REFERRING, Table

KNOWN_TOOLS = "(SELECT tool FROM lake.tools UNION SELECT tool FROM lake.places)"


def insert_new(lake: Lake, table: Table, source: str, parts: Sequence[str] = ()) -> int:
    """Insert the rows of `source` that the lake does not hold yet, each once; returns how many.

    `source` has the columns of the table and `load`; a row that several loads of it have is stored with one of them. Where
    it has `parts`, they are compared, sorted and inserted one after the other, with the memory for one.

    Two rows are the same when all columns of the table are, empty cells included.
    """
    return sum(_insert_part(lake, table, part) for part in parts or [source])


def times_of(table: Table, source: str) -> str:
    """A condition that the rows of `source` meet in the table: that of their times, by which whole files are left out."""
    if not table.at:
        return "true"
    return f"{table.at} BETWEEN (SELECT min({table.at}) FROM {source}) AND (SELECT max({table.at}) FROM {source})"


def _insert_part(lake: Lake, table: Table, source: str) -> int:
    names = ", ".join(table.names)
    day = f", {table.at}::DATE" if table.at else ""
    order = f" ORDER BY tool, {table.at}" if table.at else ""
    # No load has an empty name: a row that has one is there already.
    inserted = lake.ask(
        f"INSERT INTO lake.{table.name} SELECT {names}{day}, load FROM (SELECT {names}, min(load) AS load FROM "
        f"(SELECT {names}, load FROM {source} UNION ALL "
        f"SELECT {names}, '' FROM lake.{table.name} WHERE {times_of(table, source)}) "
        f"GROUP BY {names} HAVING min(load) > ''){order}"
    )
    return int(inserted.fetchall()[0][0])


def admit_waiting(lake: Lake, latest: datetime) -> None:
    """Store the rows that waited for a tool which is known now, or for their time, which has come by `latest`.

    The ledger of the loads that they came with is mended. Call it inside `lake.writing()`.
    """
    kinds = lake.ask("SELECT DISTINCT kind FROM lake.problems WHERE waiting IS NOT NULL").fetchall()
    # Moves make tools known that rows of other tables wait for.
    names = [table.name for table in LOADED if (table.name,) in kinds]
    for name in sorted(names, key=lambda name: name in REFERRING):
        _admit(lake, BY_NAME[name], latest)


def _admit(lake: Lake, table: Table, latest: datetime) -> None:
    fields = ", ".join(f"(waiting->>'$.{c.name}')::{SQL_TYPES[c.kind]} AS {c.name}" for c in table.columns)
    times = [c.name for c in table.columns if c.kind == "time"]
    ready = [f"coalesce((waiting->>'$.{name}')::TIMESTAMP <= $latest, true)" for name in times]
    if table.name in REFERRING:
        ready.append(f"(waiting->>'$.tool') IN {KNOWN_TOOLS}")
    where = " AND ".join([f"kind = '{table.name}'", "waiting IS NOT NULL", *ready])
    bounds = {"latest": latest} if times else {}
    temp_table(lake, "admitted", f"SELECT load, {fields} FROM lake.problems WHERE {where}", bounds)
    loads = [row[0] for row in lake.ask("SELECT DISTINCT load FROM admitted ORDER BY load").fetchall()]
    for load in loads:
        temp_table(lake, "one_load", "SELECT * FROM admitted WHERE load = $load", {"load": load})
        waited = int(lake.ask("SELECT count(*) FROM one_load").fetchall()[0][0])
        if table.name == "moves":
            note_places(lake, "one_load")
        stored = insert_new(lake, table, "one_load")
        lake.ask(
            "UPDATE lake.loads SET rows = rows + $stored, duplicates = duplicates + $again, "
            "set_aside = set_aside - $waited WHERE load = $load",
            {"stored": stored, "again": waited - stored, "waited": waited, "load": load},
        )
        note_receipts(lake, table, [load])
    if loads:
        lake.ask(f"DELETE FROM lake.problems WHERE {where}", bounds)


def note_places(lake: Lake, source: str) -> int:
    """Note the tools, chambers and steps of some moves; returns how many are new."""
    extra = "tool_type, area" if source == "staged_places" else "NULL, NULL"
    noted = lake.ask(
        f"INSERT INTO lake.places SELECT DISTINCT tool, chamber, {extra}, coalesce(route, product), step_no, step, "
        f"wafer IS NOT NULL FROM {source} EXCEPT SELECT {', '.join(PLACES.names)} FROM lake.places"
    )
    return int(noted.fetchall()[0][0])
