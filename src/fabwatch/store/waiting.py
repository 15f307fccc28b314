"""Rows that enter the lake once each, and those that wait until a tool list, a move or a log names their tool."""

from fabwatch.store.lake import SQL_TYPES, Lake
from fabwatch.store.temporary import temp_table
from fabwatch.terms.problems import UnknownTool
from fabwatch.terms.tables import BY_NAME, Table

REFERRING = ("quals", "restores", "counters")
"""Tables whose rows wait until their tool is known."""
KNOWN_TOOLS = "(SELECT tool FROM lake.tools UNION SELECT tool FROM lake.places)"


def insert_new(lake: Lake, table: Table, source: str, load: str) -> int:
    """Insert the rows of `source` that the lake does not hold yet, each once; returns how many.

    Two rows are the same when all columns of the table are, empty cells included.
    """
    names = ", ".join(table.names)
    bound = ""
    if table.at:
        bound = f"WHERE {table.at} BETWEEN (SELECT min({table.at}) FROM {source}) AND (SELECT max({table.at}) FROM {source})"
    extra = (f", {table.at}::DATE" if table.at else "") + (f", {load}" if table.loaded else "")
    order = f" ORDER BY tool, {table.at}" if table.at else ""
    inserted = lake.ask(
        f"INSERT INTO lake.{table.name} SELECT {names}{extra} FROM "
        f"(SELECT {names} FROM {source} EXCEPT SELECT {names} FROM lake.{table.name} {bound}){order}"
    )
    return int(inserted.fetchall()[0][0])


def admit_waiting(lake: Lake) -> None:
    """Store the rows that waited for a tool which is known now, and mend the ledger of the loads they came with."""
    waiting = lake.ask(f"SELECT DISTINCT kind FROM lake.problems WHERE rule = '{UnknownTool.code}'").fetchall()
    for name in REFERRING:
        if (name,) not in waiting:
            continue
        table = BY_NAME[name]
        fields = ", ".join(f"(waiting->>'$.{c.name}')::{SQL_TYPES[c.kind]} AS {c.name}" for c in table.columns)
        temp_table(
            lake,
            "admitted",
            f"SELECT * FROM (SELECT load, {fields} FROM lake.problems "
            f"WHERE rule = '{UnknownTool.code}' AND kind = '{name}') WHERE tool IN {KNOWN_TOOLS}",
        )
        loads = [row[0] for row in lake.ask("SELECT DISTINCT load FROM admitted ORDER BY load").fetchall()]
        for load in loads:
            temp_table(lake, "one_load", "SELECT * FROM admitted WHERE load = $load", {"load": load})
            waited = int(lake.ask("SELECT count(*) FROM one_load").fetchall()[0][0])
            stored = insert_new(lake, table, "one_load", f"'{load}'")
            lake.ask(
                "UPDATE lake.loads SET rows = rows + $stored, duplicates = duplicates + $again, "
                "set_aside = set_aside - $waited WHERE load = $load",
                {"stored": stored, "again": waited - stored, "waited": waited, "load": load},
            )
        if loads:
            lake.ask(
                f"DELETE FROM lake.problems WHERE rule = '{UnknownTool.code}' AND kind = '{name}' "
                f"AND (waiting->>'$.tool') IN {KNOWN_TOOLS}"
            )
