"""What the answers of a fab rest on, as one word."""

import hashlib

from fabwatch.store.lake import CATALOG, Lake
from fabwatch.terms.settings import FILE
from fabwatch.terms.tables import TABLES

CHANGES = ("inserted_into_table", "deleted_from_table", "inlined_insert", "inlined_delete", "altered_table")
"""What changes rows; merging files and writing out what was inlined do not."""
_NEWEST = f"""
SELECT max(snapshot_id) FROM (
    SELECT snapshot_id, unnest(string_split(changes_made, ',')) AS change
    FROM {CATALOG}.ducklake_snapshot_changes WHERE snapshot_id > $after)
WHERE list_contains($changes, split_part(change, ':', 1))
  AND TRY_CAST(split_part(change, ':', 2) AS BIGINT) NOT IN (
    SELECT table_id FROM {CATALOG}.ducklake_table WHERE list_contains($kept, table_name))"""
_FIRST = f"SELECT min(snapshot_id) FROM {CATALOG}.ducklake_snapshot"


def state(lake: Lake) -> str:
    """It changes with each load, decision, derivation and change of fab.toml, and with nothing else.

    It is the lake's own newest snapshot that changed rows on which answers rest: not one that merged files, and not one
    that kept forecasts.
    """
    stated = lake.folder / FILE
    text = stated.read_text(encoding="utf-8", errors="replace") if stated.exists() else ""
    return hashlib.sha256(f"{lake.remember_change(_newest)}\n{text}".encode()).hexdigest()[:16]


def _newest(lake: Lake, after: int) -> int:
    """The newest snapshot that changed rows on which answers rest, where `after` was the last one known."""
    kept = [table.name for table in TABLES if table.kept]
    # Snapshots that were given up are none any more: what is left begins with the state that they led to.
    first = int(lake.ask(_FIRST).fetchall()[0][0] or 0)
    newest = lake.ask(_NEWEST, {"after": after, "changes": list(CHANGES), "kept": kept}).fetchall()[0][0]
    return max(first, after) if newest is None else int(newest)
