"""Seals: the SHA-256 of every data file, taken when it is committed, by which damage to it is found."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

import duckdb
import pyarrow as pa

from fabwatch.store.data_place import DataPlace
from fabwatch.store.engine import CATALOG

Ask = Callable[..., duckdb.DuckDBPyConnection]
"""How a statement is run: see `Lake.ask`."""
_TABLE = f"{CATALOG}.fabwatch_seals"
MAKE = (
    f"CREATE TABLE IF NOT EXISTS {_TABLE} "
    "(kind VARCHAR, file_id BIGINT, path VARCHAR, bytes BIGINT, sha256 VARCHAR, loads VARCHAR)"
)
_FILES = f"""
SELECT 'data' AS kind, f.data_file_id AS file_id, t.table_name AS "table", f.path, f.file_size_bytes AS bytes
FROM {CATALOG}.ducklake_data_file AS f JOIN {CATALOG}.ducklake_table AS t USING (table_id)
UNION ALL SELECT 'delete', f.delete_file_id, t.table_name, f.path, f.file_size_bytes
FROM {CATALOG}.ducklake_delete_file AS f JOIN {CATALOG}.ducklake_table AS t USING (table_id)"""
_UNSEALED = f"""
SELECT * FROM ({_FILES}) AS f WHERE f.file_id > (
    SELECT coalesce(max(s.file_id), -1) FROM {_TABLE} AS s)"""


@dataclass(frozen=True)
class DataFile:
    """One data file, or file of deleted rows, that a snapshot names, with its seal."""

    kind: str
    file_id: int
    table: str
    path: str
    bytes: int
    sha256: str | None
    loads: str | None
    """The loads that rows of it are of (JSON); None for rows that no load brought."""

    @property
    def name(self) -> str:
        """Its name in the place of the data."""
        return name_of(self.table, self.path)


def name_of(table: str, path: str) -> str:
    """The name of a table's file in the place of the data."""
    return f"main/{table}/{PurePosixPath(path).name}"


def seal(ask: Ask, data: DataPlace) -> None:
    """Take the hash of every file that was committed since the last time. Call it while the writer's lock is held."""
    for row in ask(_UNSEALED).fetchall():
        kind, number, table, path, size = row
        file = DataFile(kind, number, table, path, size, None, None)
        with contextlib.suppress(OSError):
            data.keep_private(file.name)
            values = [file.kind, file.file_id, file.path, file.bytes, data.sha256(file.name), _loads(data, file.name)]
            ask(f"INSERT INTO {_TABLE} VALUES (?, ?, ?, ?, ?, ?)", values)


def data_files(ask: Ask) -> list[DataFile]:
    """Every file that a snapshot names, with its seal."""
    sql = f"SELECT f.*, s.sha256, s.loads FROM ({_FILES}) AS f LEFT JOIN {_TABLE} AS s USING (kind, file_id) ORDER BY 2"
    return [DataFile(*row) for row in ask(sql).fetchall()]


def forget_seals(ask: Ask) -> None:
    """Drop the seals of files that no snapshot names any more; the newest stays, from which the next ones go on."""
    ask(
        f"DELETE FROM {_TABLE} WHERE (kind, file_id) NOT IN (SELECT (f.kind, f.file_id) FROM ({_FILES}) AS f) "
        f"AND file_id < (SELECT max(file_id) FROM {_TABLE})"
    )


def unknown_files(ask: Ask, data: DataPlace) -> list[str]:
    """Parquet files among the data that neither the catalog nor its list of files to be deleted names."""
    sources = ("ducklake_data_file", "ducklake_delete_file", "ducklake_files_scheduled_for_deletion")
    sql = " UNION ALL ".join(f"SELECT path FROM {CATALOG}.{source}" for source in sources)
    known = {PurePosixPath(row[0]).name for row in ask(sql).fetchall()}
    return [name for name in data.names() if PurePosixPath(name).name not in known]


def _loads(data: DataPlace, name: str) -> str | None:
    """The loads in a data file, as JSON."""
    try:
        file = data.parquet(name)
        if "load" not in file.schema_arrow.names:
            return None
        loads: set[str] = set()
        for group in range(file.metadata.num_row_groups):
            column = pa.chunked_array(file.read_row_group(group, columns=["load"]).column("load"))
            loads.update(value for value in column.unique().to_pylist() if value is not None)
    except (OSError, ValueError, pa.ArrowException):
        return None
    return json.dumps(sorted(loads))
