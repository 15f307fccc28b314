"""Pruning: which files of a table a statement needs, by the least and largest values that the catalog notes of each.

A file is left out only where the catalog says that no row of it can meet what the statement asks. Without a note of a
column (an older file, values that are all empty) it is read. Engines compare; Python never orders values of the catalog.
"""

from dataclasses import dataclass, replace
from typing import Any

from fabwatch.store.engine import CATALOG
from fabwatch.store.engines.bounds import Bound, Places
from fabwatch.store.engines.live_files import Live, base
from fabwatch.store.lake import Lake

_COLUMNS = f"""
SELECT c.column_name, c.table_id, c.column_id
FROM {CATALOG}.ducklake_column AS c
JOIN {CATALOG}.ducklake_table AS t ON t.table_id = c.table_id
WHERE t.table_name = $name AND c.parent_column IS NULL
  AND t.begin_snapshot <= $snapshot AND (t.end_snapshot IS NULL OR t.end_snapshot > $snapshot)
  AND c.begin_snapshot <= $snapshot AND (c.end_snapshot IS NULL OR c.end_snapshot > $snapshot)
"""
_NOTED = f"""
WITH noted AS MATERIALIZED (
    SELECT f.path, s.column_id, s.min_value, s.max_value
    FROM {CATALOG}.ducklake_file_column_stats AS s
    JOIN {CATALOG}.ducklake_data_file AS f ON f.data_file_id = s.data_file_id
    WHERE s.table_id = $table AND list_contains($columns, s.column_id)
)
"""
_OUTSIDE = """
SELECT {number} AS bound, path
FROM (
    SELECT path, TRY_CAST(min_value AS {kind}) AS least, TRY_CAST(max_value AS {kind}) AS most
    FROM noted WHERE column_id = {column}
) AS typed
WHERE least IS NOT NULL AND most IS NOT NULL AND ({outside})
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
    outside = _outside(lake, table, list(dict.fromkeys(bound for bounds in places for bound in bounds)))
    # A file goes where every place can do without it, and a place can where one of its bounds is not met.
    gone = frozenset.intersection(*(frozenset().union(*(outside[bound] for bound in bounds)) for bounds in places))
    return Part(replace(table, files=tuple(file for file in table.files if base(file.path) not in gone)), places)


def _outside(lake: Lake, table: Live, bounds: list[Bound]) -> dict[Bound, frozenset[str]]:
    """The files, by name, whose rows all lie outside of each bound; what the catalog notes is read once for all."""
    run = lake.connection.execute
    rows = run(_COLUMNS, {"name": table.name, "snapshot": table.snapshot}).fetchall()
    ids = {name: (table_id, column_id) for name, table_id, column_id in rows}
    known = [bound for bound in bounds if bound.column in ids]
    if not known:
        return dict.fromkeys(bounds, frozenset())
    values: dict[str, Any] = {"table": rows[0][1], "columns": sorted({ids[bound.column][1] for bound in known})}
    parts = []
    for number, bound in enumerate(known):
        kind = dict(table.types)[bound.column]
        outside, stated = _condition(bound, kind, number)
        parts.append(_OUTSIDE.format(number=number, kind=kind, column=ids[bound.column][1], outside=outside))
        values |= stated
    found = run(_NOTED + "UNION ALL".join(parts), values).fetchall()
    return dict.fromkeys(bounds, frozenset()) | {
        bound: frozenset(base(path) for which, path in found if which == number) for number, bound in enumerate(known)
    }


def _condition(bound: Bound, kind: str, number: int) -> tuple[str, dict[str, Any]]:
    """When a file with rows from `least` to `most` has none within a bound, and the values that it is stated with."""
    # The largest value of a text may be noted cut short: what goes on where it ends may be in the file.
    above = "{0} > most AND NOT starts_with({0}, most)" if kind == "VARCHAR" else "{0} > most"
    if bound.among:
        values = f"values_{number}"
        within = f"v >= least AND NOT ({above.format('v')})"
        return f"len(list_filter(${values}, lambda v: {within})) = 0", {values: list(bound.among)}
    low, high = f"low_{number}", f"high_{number}"
    ends = {low: (bound.low, above.format(f"${low}")), high: (bound.high, f"${high} < least")}
    stated = {name: end for name, end in ends.items() if end[0] is not None}
    outside = " OR ".join(f"({condition})" for _, condition in stated.values())
    return outside or "false", {name: value for name, (value, _) in stated.items()}
