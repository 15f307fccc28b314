"""Tidying: many small files become few large ones, and what no snapshot needs any more is given back to the disk."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from fabwatch.store.lake import CATALOG, Lake
from fabwatch.store.seals import forget_seals, unknown_files

MANY_FILES = 64
"""From so many files in one table on, an ingest tidies it at its end."""
STALE = 86_400.0
"""Seconds after which a temporary file is one that a killed process has left."""


def file_counts(lake: Lake) -> dict[str, int]:
    """How many data files each table has now."""
    rows = lake.rows("SELECT table_name, file_count FROM ducklake_table_info('lake')")
    return {row["table_name"]: int(row["file_count"]) for row in rows}


def compact_when_needed(lake: Lake, now: datetime) -> None:
    """Merge the tables that have grown MANY_FILES small files, and clear away what is needed no more."""
    # The catalog itself: what the engine says of all tables takes six times as long, at the end of every load.
    crowded = lake.ask(
        f"SELECT t.table_name FROM {CATALOG}.ducklake_data_file AS f JOIN {CATALOG}.ducklake_table AS t USING (table_id) "
        "WHERE f.end_snapshot IS NULL AND t.end_snapshot IS NULL GROUP BY ALL HAVING count(*) >= $many",
        {"many": MANY_FILES},
    ).fetchall()
    if crowded:
        compact(lake, now, [name for (name,) in crowded])


def compact(lake: Lake, now: datetime, tables: list[str] | None = None) -> dict[str, tuple[int, int]]:
    """Merge small files that lie side by side; every snapshot that is kept can still be read.

    Snapshots older than `keep_days` are given up, and files that no snapshot needs are deleted. Returns
    {table: (files before, files after)}.
    """
    before = file_counts(lake)
    chosen = tables or list(before)
    for name in chosen:
        with lake.writing():
            lake.ask(f"CALL ducklake_merge_adjacent_files('lake', '{name}')")
    clear(lake, now)
    after = file_counts(lake)
    return {name: (before.get(name, 0), after.get(name, 0)) for name in chosen}


def clear(lake: Lake, now: datetime) -> None:
    """Give up old snapshots and delete the files that nothing needs, unless somebody is reading."""
    oldest = now - timedelta(days=lake.settings.fab.keep_days)
    with lake.writing():
        lake.ask(f"CALL ducklake_expire_snapshots('lake', older_than => TIMESTAMP '{oldest.isoformat(sep=' ')}')")
    with lake.alone() as nobody_reads:
        if not nobody_reads:
            return
        lake.ask("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
        orphans = unknown_files(lake.ask, lake.data)
        stale = [path for path in (lake.folder / "tmp").glob("*") if path.is_file() and _age(path) > STALE]
        _delete(lake, orphans)
        for path in stale:
            path.unlink(missing_ok=True)
        forget_seals(lake.ask)


def sweep(lake: Lake) -> int:
    """Delete data files that no snapshot names: what a killed ingest leaves behind. Returns how many."""
    # While the lock is held nobody writes a file that is not named yet.
    with lake.writing():
        orphans = unknown_files(lake.ask, lake.data)
        _delete(lake, orphans)
    return len(orphans)


def _delete(lake: Lake, names: Iterable[str]) -> None:
    for name in names:
        lake.data.delete(name)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
