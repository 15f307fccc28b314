"""The doctor: scans every table, compares catalog and files, and says what is wrong and how to mend it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fabwatch.store.compact import MANY_FILES, file_counts
from fabwatch.store.lake import Lake
from fabwatch.terms.errors import FabwatchError
from fabwatch.terms.tables import TABLES

_KEPT = """
SELECT l.load, l.path, l.kind, l.rows
FROM lake.loads AS l LEFT JOIN (
    SELECT load, count(*) AS stored FROM lake.moves GROUP BY load
    UNION ALL SELECT load, count(*) FROM lake.quals GROUP BY load
    UNION ALL SELECT load, count(*) FROM lake.restores GROUP BY load
    UNION ALL SELECT load, count(*) FROM lake.counters GROUP BY load
    UNION ALL SELECT load, count(*) FROM lake.tools GROUP BY load
    UNION ALL SELECT load, count(*) FROM lake.metrology GROUP BY load
) AS s ON s.load = l.load
LEFT JOIN (SELECT load, sum(rows) AS samples FROM lake.parts GROUP BY load) AS p ON p.load = l.load
WHERE l.rows <> coalesce(CASE WHEN l.kind = 'log' THEN p.samples ELSE s.stored END, 0)
"""


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, what was found, and the way out when it is not."""

    check: str
    well: bool
    what: str
    hint: str = ""


def examine(lake: Lake) -> list[Finding]:
    """Look at everything; nothing is changed."""
    return [*_catalog(lake.catalog), *_tables(lake), *_ledger(lake), *_orphans(lake), *_waiting(lake), *_many_files(lake)]


def sweep(lake: Lake) -> int:
    """Delete data files that no snapshot names: what a killed ingest leaves behind. Returns how many.

    To be called while nothing is being written, which the writer's lock makes sure of.
    """
    with lake.writing():
        orphans = _listed(lake)
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)


def _catalog(path: Path) -> Iterator[Finding]:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as catalog:
            verdict = catalog.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as fault:
        verdict = str(fault)
    yield Finding(
        "catalog", verdict == "ok", f"{path.name}: {verdict}", "" if verdict == "ok" else "restore it from a backup"
    )


def _tables(lake: Lake) -> Iterator[Finding]:
    for table in TABLES:
        row = ", ".join(f"{column.name}::VARCHAR" for column in table.stored)
        try:
            sql = f"SELECT count(*), sum(hash({row})::HUGEINT) FROM lake.{table.name}"
            rows = lake.ask(sql).fetchall()[0][0]
            yield Finding(f"table {table.name}", True, f"{rows:,} rows read")
        except FabwatchError as fault:
            hint = "bring the file back from a backup, or load the files of that time into a new fab"
            yield Finding(f"table {table.name}", False, fault.what, hint)


def _ledger(lake: Lake) -> Iterator[Finding]:
    try:
        wrong = lake.rows(_KEPT)
    except FabwatchError as fault:
        yield Finding("ledger", False, f"cannot be compared: {fault.what}", "repair the tables first")
        return
    verdict = "every load has the rows it says" if not wrong else f"{len(wrong)} loads differ, first {wrong[0]['path']}"
    yield Finding("ledger", not wrong, verdict, "" if not wrong else "this is a fault of fabwatch: please report it")


def _listed(lake: Lake) -> list[Path]:
    """Parquet files in the data folder that neither the catalog nor its list of files to be deleted names."""
    with closing(sqlite3.connect(f"file:{lake.catalog}?mode=ro", uri=True)) as catalog:
        names = set()
        for source in ("ducklake_data_file", "ducklake_delete_file", "ducklake_files_scheduled_for_deletion"):
            names |= {Path(row[0]).name for row in catalog.execute(f"SELECT path FROM {source}")}
    return [path for path in lake.data.rglob("*.parquet") if path.name not in names]


def _orphans(lake: Lake) -> Iterator[Finding]:
    orphans = _listed(lake)
    verdict = (
        f"{len(orphans)} data files belong to no load (an ingest was stopped)" if orphans else "every data file is known"
    )
    yield Finding("files", not orphans, verdict, "fabwatch check --sweep deletes them" if orphans else "")


def _waiting(lake: Lake) -> Iterator[Finding]:
    rows = lake.rows("SELECT count(*) AS n FROM lake.loads WHERE status = 'inbox'")
    aside = lake.rows("SELECT count(*) AS n FROM lake.problems")
    count = rows[0]["n"]
    yield Finding(
        "inbox", not count, f"{count} files wait", "fabwatch inbox shows what to write into fab.toml" if count else ""
    )
    yield Finding("problems", True, f"{aside[0]['n']:,} set aside (fabwatch problems lists them)")


def _many_files(lake: Lake) -> Iterator[Finding]:
    most = max(file_counts(lake).values(), default=0)
    well = most < MANY_FILES
    yield Finding("size", well, f"at most {most} data files a table", "" if well else "fabwatch compact merges them")
