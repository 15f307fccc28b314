"""Tidying: many small files become few large ones, sorted by tool and time, so that questions stay quick."""

from fabwatch.store.lake import Lake

MANY_FILES = 64
"""From so many files in one table on, an ingest tidies it at its end."""


def file_counts(lake: Lake) -> dict[str, int]:
    """How many data files each table has now."""
    rows = lake.rows("SELECT table_name, file_count FROM ducklake_table_info('lake')")
    return {row["table_name"]: int(row["file_count"]) for row in rows}


def compact_when_needed(lake: Lake) -> None:
    """Merge the tables that have grown MANY_FILES small files."""
    counts = file_counts(lake)
    crowded = [name for name, files in counts.items() if files >= MANY_FILES]
    if crowded:
        compact(lake, crowded)


def compact(lake: Lake, tables: list[str] | None = None) -> dict[str, tuple[int, int]]:
    """Merge small files that lie side by side; every past snapshot can still be read. Returns {table: (before, after)}."""
    before = file_counts(lake)
    chosen = tables or list(before)
    for name in chosen:
        with lake.writing():
            lake.ask(f"CALL ducklake_merge_adjacent_files('lake', '{name}')")
    after = file_counts(lake)
    return {name: (before.get(name, 0), after.get(name, 0)) for name in chosen}
