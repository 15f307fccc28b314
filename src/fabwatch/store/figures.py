"""What the ledger and the catalog say of a fab at a glance: loads, rows, data files; no table of records is read."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.store.lake import CATALOG, Lake

_LOADS = """
SELECT status, count(*) AS loads, sum(rows)::BIGINT AS stored, sum(duplicates)::BIGINT AS duplicates,
    sum(set_aside)::BIGINT AS set_aside, max(loaded_at) AS last_at
FROM lake.loads GROUP BY status ORDER BY status"""
_FILES = f"""
SELECT coalesce(sum(file_size_bytes) FILTER (end_snapshot IS NULL), 0)::BIGINT,
    coalesce(sum(file_size_bytes), 0)::BIGINT, count(*) FILTER (end_snapshot IS NULL),
    (SELECT count(*) FROM {CATALOG}.ducklake_snapshot)
FROM {CATALOG}.ducklake_data_file"""
STATUSES = ("loaded", "inbox", "failed")


@dataclass(frozen=True)
class Ledger:
    """The ledger and the catalog in figures."""

    loads: dict[str, int]
    rows: int
    duplicates: int
    set_aside: int
    last_load_at: datetime | None
    data_bytes: int
    kept_bytes: int
    """With the files that only older states of the fab need."""
    data_files: int
    snapshots: int


def ledger_of(lake: Lake) -> Ledger:
    """The figures of now."""
    rows = lake.rows(_LOADS)
    sums = {name: sum(int(row[name] or 0) for row in rows) for name in ("stored", "duplicates", "set_aside")}
    last = max((row["last_at"] for row in rows if row["last_at"] is not None), default=None)
    now, kept, files, snapshots = lake.ask(_FILES).fetchall()[0]
    counts = dict.fromkeys(STATUSES, 0) | {str(row["status"]): int(row["loads"]) for row in rows}
    return Ledger(counts, sums["stored"], sums["duplicates"], sums["set_aside"], last, now, kept, files, snapshots)
