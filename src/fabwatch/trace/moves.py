"""What a fab without an MES gets from its logs: moves, readings of usage counters, and a restore where one fell."""

from fabwatch.equipment.runs import runs_sql
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.temporary import temp_table
from fabwatch.store.waiting import admit_waiting
from fabwatch.terms.tables import COUNTERS, MOVES, PLACES, RESTORES, Table

DERIVED = (("moves", MOVES), ("counters", COUNTERS), ("restores", RESTORES))


def refresh_derived(lake: Lake) -> None:
    """Make moves, counters and restores of all runs anew; to be called inside `lake.writing()`.

    A tool of which other files bring moves keeps those: its runs would be the same passes once more.
    """
    temp_table(lake, "logs", "SELECT load FROM lake.loads WHERE kind = 'log'")
    temp_table(lake, "runs", runs_sql("lake.parts"))
    for name, table in DERIVED:
        temp_table(lake, "derived", question("trace", "derived_" + name))
        _replace(lake, table)
    lake.ask(
        "INSERT INTO lake.places SELECT DISTINCT m.tool, m.chamber, NULL, NULL, NULL, NULL, m.step, true "
        "FROM lake.moves AS m "
        f"WHERE m.load IN (SELECT load FROM logs) EXCEPT SELECT {', '.join(PLACES.names)} FROM lake.places"
    )
    admit_waiting(lake)


def _replace(lake: Lake, table: Table) -> None:
    """Put the derived rows in the place of those that were derived before; rows that stay are not touched."""
    names = ", ".join(f"{name}" for name in (*table.names, "load"))
    lake.ask(
        f"DELETE FROM lake.{table.name} WHERE load IN (SELECT load FROM logs) "
        f"AND ({names}) NOT IN (SELECT ({names}) FROM derived)"
    )
    lake.ask(
        f"INSERT INTO lake.{table.name} SELECT {', '.join(table.names)}, {table.at}::DATE, load FROM "
        f"(SELECT {names} FROM derived EXCEPT ALL "
        f"SELECT {names} FROM lake.{table.name} WHERE load IN (SELECT load FROM logs)) "
        f"ORDER BY tool, {table.at}"
    )
