"""Seals: the SHA-256 of every data file, taken when it is committed, by which damage to it is found."""

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

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
PRIVATE = 0o600


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

    def place(self, data: Path) -> Path:
        """Where it lies."""
        return data / "main" / self.table / Path(self.path).name


def seal(ask: Ask, data: Path) -> None:
    """Take the hash of every file that was committed since the last time. Call it while the writer's lock is held."""
    for row in ask(_UNSEALED).fetchall():
        kind, number, table, path, size = row
        file = DataFile(kind, number, table, path, size, None, None)
        place = file.place(data)
        with contextlib.suppress(OSError):
            place.chmod(PRIVATE)
            values = [file.kind, file.file_id, file.path, file.bytes, sha256(place), _loads(place)]
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


def unknown_files(ask: Ask, data: Path) -> list[Path]:
    """Parquet files in the data folder that neither the catalog nor its list of files to be deleted names."""
    sources = ("ducklake_data_file", "ducklake_delete_file", "ducklake_files_scheduled_for_deletion")
    sql = " UNION ALL ".join(f"SELECT path FROM {CATALOG}.{source}" for source in sources)
    names = {Path(row[0]).name for row in ask(sql).fetchall()}
    return [path for path in data.rglob("*.parquet") if path.name not in names]


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _loads(path: Path) -> str | None:
    """The loads in a data file, as JSON."""
    try:
        file = pq.ParquetFile(path)
        if "load" not in file.schema_arrow.names:
            return None
        loads: set[str] = set()
        for group in range(file.metadata.num_row_groups):
            column = pa.chunked_array(file.read_row_group(group, columns=["load"]).column("load"))
            loads.update(value for value in column.unique().to_pylist() if value is not None)
    except (OSError, ValueError, pa.ArrowException):
        return None
    return json.dumps(sorted(loads))
