"""The live files of a table: what a snapshot of the lake consists of, for engines that read Parquet by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import duckdb
import pyarrow as pa

from fabwatch.store.engine import CATALOG
from fabwatch.store.lake import Lake

SNAPSHOT = "_ducklake_internal_snapshot_id"
"""The column of a merged file that says in which snapshot each row came."""


@dataclass(frozen=True)
class LiveFile:
    """A data file, the file of its deleted rows, and whether some of its rows came after the snapshot."""

    path: str
    deletes: str | None
    bytes: int
    partial: bool
    gone: tuple[int, ...] = ()
    """Rows whose deletion lies in the catalog until such are many, by their place in the file."""


@dataclass(frozen=True)
class Live:
    """A table as it is in one snapshot."""

    name: str
    snapshot: int
    types: tuple[tuple[str, str], ...]
    """Columns with the engine's own types."""
    files: tuple[LiveFile, ...]
    inlined: pa.Table
    """Rows of small loads, which lie in the catalog until they are many."""

    @property
    def mark(self) -> str:
        """A word that is another one as soon as the table holds other rows."""
        parts = [f"{file.path} {file.deletes} {file.partial and self.snapshot} {file.gone}" for file in self.files]
        parts.append(str(self.inlined.to_pylist()))
        return sha256("\n".join(sorted(parts)).encode()).hexdigest()[:32]


def live(lake: Lake, name: str, snapshot: int) -> Live:
    """A table of the lake in a snapshot. Raises StoreBroken and its kin."""
    run = lake.connection.execute
    types = tuple((row[0], row[1]) for row in run(f"DESCRIBE {name}").fetchall())
    later = {
        base(path)
        for (path,) in run(
            f"SELECT path FROM {CATALOG}.ducklake_data_file WHERE partial_max > $snapshot", {"snapshot": snapshot}
        ).fetchall()
    }
    listed = run(
        "SELECT data_file, delete_file, data_file_size_bytes FROM ducklake_list_files('lake', $name, snapshot_version => "
        "$snapshot)",
        {"name": name, "snapshot": snapshot},
    ).fetchall()
    gone = _gone(lake, name, snapshot)
    files = tuple(
        LiveFile(path, deletes, size, base(path) in later, gone.get(base(path), ())) for path, deletes, size in listed
    )
    return Live(name, snapshot, types, files, _inlined(lake, name, snapshot, types))


def _gone(lake: Lake, name: str, snapshot: int) -> dict[str, tuple[int, ...]]:
    """The places of deleted rows that are noted in the catalog, by file."""
    numbers = lake.connection.execute(
        f"SELECT table_id FROM {CATALOG}.ducklake_table WHERE table_name = $name AND begin_snapshot <= $snapshot "
        "AND (end_snapshot IS NULL OR end_snapshot > $snapshot)",
        {"name": name, "snapshot": snapshot},
    ).fetchall()
    places: dict[str, list[int]] = {}
    for (number,) in numbers:
        try:
            rows = lake.connection.execute(
                f"SELECT f.path, d.row_id FROM {CATALOG}.ducklake_inlined_delete_{number} AS d "
                f"JOIN {CATALOG}.ducklake_data_file AS f ON f.data_file_id = d.file_id WHERE d.begin_snapshot <= $snapshot",
                {"snapshot": snapshot},
            ).fetchall()
        except duckdb.CatalogException:
            # It is made with the first deletion.
            continue
        for path, place in rows:
            places.setdefault(base(path), []).append(place)
    return {path: tuple(sorted(found)) for path, found in places.items()}


def base(path: str) -> str:
    """The name of a file, which no other one has: the catalog knows it beside its table, a listing by its place."""
    return path.rsplit("/", 1)[-1]


def _inlined(lake: Lake, name: str, snapshot: int, types: Sequence[tuple[str, str]]) -> pa.Table:
    """The rows that lie in the catalog; a column that came after them is empty."""
    run, found = lake.connection.execute, []
    tables = run(
        f"SELECT i.table_name FROM {CATALOG}.ducklake_inlined_data_tables AS i JOIN {CATALOG}.ducklake_table AS t "
        "USING (table_id) WHERE t.table_name = $name AND t.begin_snapshot <= $snapshot "
        "AND (t.end_snapshot IS NULL OR t.end_snapshot > $snapshot)",
        {"name": name, "snapshot": snapshot},
    ).fetchall()
    for (table,) in tables:
        there = {row[0] for row in run(f"DESCRIBE {CATALOG}.{table}").fetchall()}
        columns = ", ".join(f'{_cell(column, there)}::{kind} AS "{column}"' for column, kind in types)
        rows = run(
            f"SELECT {columns} FROM {CATALOG}.{table} WHERE begin_snapshot <= $snapshot "
            "AND (end_snapshot IS NULL OR end_snapshot > $snapshot)",
            {"snapshot": snapshot},
        )
        found.append(rows.to_arrow_table())
    if found:
        return pa.concat_tables(found)
    empty: Any = run(f"SELECT * FROM {name} LIMIT 0").to_arrow_table()
    return empty


def _cell(column: str, there: set[str]) -> str:
    return f'"{column}"' if column in there else "NULL"
