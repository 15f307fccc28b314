"""Pruning: which files of a table a statement needs, by the least and largest values that the catalog notes of each.

A file is left out only where the catalog says that no row of it can meet what the statement asks. Without a note of a
column (an older file, values that are all empty) it is read. Engines compare; Python never orders values of the catalog.
"""

from dataclasses import dataclass, replace

from fabwatch.store.engine import CATALOG
from fabwatch.store.engines.bounds import Bound, Places
from fabwatch.store.engines.live_files import Live, base
from fabwatch.store.lake import Lake

_OUTSIDE = f"""
SELECT f.path
FROM (
    SELECT s.data_file_id, TRY_CAST(s.min_value AS {{kind}}) AS least, TRY_CAST(s.max_value AS {{kind}}) AS most
    FROM {CATALOG}.ducklake_file_column_stats AS s
    WHERE s.table_id = $table AND s.column_id = $column
) AS noted
JOIN {CATALOG}.ducklake_data_file AS f USING (data_file_id)
WHERE f.table_id = $table AND ({{outside}})
"""
_COLUMN = f"""
SELECT c.table_id, c.column_id
FROM {CATALOG}.ducklake_column AS c
JOIN {CATALOG}.ducklake_table AS t ON t.table_id = c.table_id
WHERE t.table_name = $name AND c.column_name = $column AND c.parent_column IS NULL
  AND t.begin_snapshot <= $snapshot AND (t.end_snapshot IS NULL OR t.end_snapshot > $snapshot)
  AND c.begin_snapshot <= $snapshot AND (c.end_snapshot IS NULL OR c.end_snapshot > $snapshot)
"""


@dataclass(frozen=True)
class Part:
    """What a statement needs of a table: some of its files, and bounds that rows outside of are not needed by."""

    table: Live
    places: Places


def part(lake: Lake, table: Live, places: Places) -> Part:
    """A table with the files that a statement needs, which reads it at these places. Raises StoreBroken and its kin."""
    if not places or not all(places):
        return Part(table, ())
    # A file goes where every place can do without it, and a place can where one of its bounds is not met.
    gone = frozenset.intersection(
        *(frozenset().union(*(_outside(lake, table, bound) for bound in bounds)) for bounds in places)
    )
    return Part(replace(table, files=tuple(file for file in table.files if base(file.path) not in gone)), places)


def _outside(lake: Lake, table: Live, bound: Bound) -> frozenset[str]:
    """The files, by name, whose rows all lie outside of a bound."""
    run = lake.connection.execute
    found = run(_COLUMN, {"name": table.name, "column": bound.column, "snapshot": table.snapshot}).fetchall()
    if len(found) != 1:
        return frozenset()
    kind = dict(table.types)[bound.column]
    # The largest value of a text may be noted cut short: what goes on where it ends may be in the file.
    above = "{0} > most AND NOT starts_with({0}, most)" if kind == "VARCHAR" else "{0} > most"
    if bound.among:
        values = {"values": list(bound.among)}
        outside = f"len(list_filter($values, lambda v: v >= least AND NOT ({above.format('v')}))) = 0"
    else:
        values = {end: value for end, value in (("low", bound.low), ("high", bound.high)) if value is not None}
        ends = {"low": above.format("$low"), "high": "$high < least"}
        outside = " OR ".join(f"({ends[end]})" for end in values) or "false"
    outside = f"least IS NOT NULL AND most IS NOT NULL AND ({outside})"
    rows = run(_OUTSIDE.format(kind=kind, outside=outside), {"table": found[0][0], "column": found[0][1], **values})
    return frozenset(base(path) for (path,) in rows.fetchall())
