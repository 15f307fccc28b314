"""Moves, readings of usage counters, and restores (where a counter was reset), from the logs of a fab without an MES."""

from collections.abc import Collection
from datetime import datetime

import pyarrow as pa

from fabwatch.equipment.runs import runs_sql
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.temporary import temp_table
from fabwatch.store.waiting import admit_waiting
from fabwatch.terms.tables import COUNTERS, MOVES, PLACES, RESTORES, Table

COUNTED = (("counters", COUNTERS), ("restores", RESTORES))
TOUCHED_PARTS = "(SELECT p.* FROM lake.parts AS p SEMI JOIN touched AS t ON t.tool IS NOT DISTINCT FROM p.tool)"
OF_TOUCHED = (
    "load IN (SELECT load FROM logs) AND EXISTS (SELECT 1 FROM touched WHERE touched.tool IS NOT DISTINCT FROM {table}.tool)"
)


def refresh_derived(lake: Lake, latest: datetime, loads: Collection[str] | None = None) -> None:
    """Derive moves, counters and restores from runs again, for the tools of these loads or, with None, for all tools.

    A run is on one tool, and so is every row derived from it, so a load does not affect other tools. A tool whose moves
    come from other files keeps those: its runs are the same passes. Call it inside `lake.writing()`.
    """
    temp_table(lake, "logs", "SELECT load FROM lake.loads WHERE kind = 'log'")
    if loads is None:
        temp_table(lake, "touched", "SELECT DISTINCT tool FROM lake.parts")
    else:
        temp_table(lake, "fresh", pa.table({"load": pa.array(sorted(loads), pa.string())}))
        temp_table(lake, "touched", "SELECT DISTINCT tool FROM lake.parts WHERE load IN (SELECT load FROM fresh)")
    temp_table(lake, "runs", runs_sql(TOUCHED_PARTS))
    introduced = _derive_moves(lake)
    if lake.rows("SELECT 1 FROM lake.sensors WHERE role = 'usage' LIMIT 1"):
        for name, table in COUNTED:
            temp_table(lake, "derived", question("trace", "derived_" + name))
            _replace(lake, table)
    if introduced:
        admit_waiting(lake, latest)


def _derive_moves(lake: Lake) -> int:
    """Derive the moves; returns how many places are new. They are noted whether or not the moves count.

    Else what is known of a tool would rest on whether its logs or its moves of the MES came first.
    """
    temp_table(lake, "derived", question("trace", "derived_moves"))
    noted = lake.ask(
        "INSERT INTO lake.places SELECT DISTINCT tool, chamber, NULL, NULL, NULL, NULL, step, true FROM derived "
        f"EXCEPT SELECT {', '.join(PLACES.names)} FROM lake.places"
    )
    introduced = int(noted.fetchall()[0][0])
    lake.ask(
        "DELETE FROM derived WHERE tool IN (SELECT m.tool FROM lake.moves AS m "
        "WHERE m.tool IN (SELECT tool FROM touched) AND m.load NOT IN (SELECT load FROM logs))"
    )
    _replace(lake, MOVES)
    return introduced


def _replace(lake: Lake, table: Table) -> None:
    """Replace the derived rows of the touched tools; unchanged rows are left as they are."""
    names = ", ".join((*table.names, "load"))
    there = OF_TOUCHED.format(table=table.name)
    lake.ask(f"DELETE FROM lake.{table.name} WHERE {there} AND ({names}) NOT IN (SELECT ({names}) FROM derived)")
    lake.ask(
        f"INSERT INTO lake.{table.name} SELECT {', '.join(table.names)}, {table.at}::DATE, load FROM "
        f"(SELECT {names} FROM derived EXCEPT ALL SELECT {names} FROM lake.{table.name} WHERE {there}) "
        f"ORDER BY tool, {table.at}"
    )
