"""The spool: rows of a file before they are stored, in memory while they are few, else in files beside the lake."""

import os
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fabwatch.store.engine import quoted
from fabwatch.store.lake import Lake
from fabwatch.store.temporary import temp_table

FEW = 100_000
"""So many rows are held in memory."""
PART = 150_000
"""Rows of a file of the spool: they are compared, sorted and stored together."""


class Spool:
    """Typed rows that come block by block; `close` deletes what is on disk."""

    def __init__(self, lake: Lake, schema: pa.Schema):
        self._lake, self._schema = lake, schema
        self._tables: list[pa.Table] = []
        self._held = self._written = 0
        self._files: list[Path] = []
        self._writer: pq.ParquetWriter | None = None

    def add(self, rows: pa.Table) -> None:
        """Add rows. Raises OSError where the disk is full."""
        self._tables.append(rows)
        self._held += rows.num_rows
        if self._files or self._held > FEW:
            for table in self._tables:
                self._write(table)
            self._tables, self._held = [], 0

    def source(self, *, changing: bool) -> tuple[str, list[str]]:
        """The rows as the engine reads them: the name of a table or view, and its parts if it has several.

        `changing` says that rows of it are to be deleted or replaced.
        """
        self._finish()
        if not self._files:
            tables = [_plain(table, self._schema) for table in self._tables] or [self._schema.empty_table()]
            temp_table(self._lake, "staged", pa.concat_tables(tables))
            return "staged", []
        rows = f"read_parquet([{', '.join(map(_literal, self._files))}])"
        if changing:
            temp_table(self._lake, "staged", f"SELECT * FROM {rows}")
            return "staged", []
        self._lake.ask(f"CREATE OR REPLACE TEMP VIEW spooled AS SELECT * FROM {rows}")
        return "spooled", [f"read_parquet({_literal(file)})" for file in self._files]

    def close(self) -> None:
        """Delete the files."""
        self._finish()
        for file in self._files:
            file.unlink(missing_ok=True)
        self._files = []

    def _finish(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _write(self, rows: pa.Table) -> None:
        if self._writer is None or self._written >= PART:
            self._finish()
            folder = self._lake.folder / "tmp"
            folder.mkdir(exist_ok=True, mode=0o700)
            self._files.append(folder / f"spool-{os.getpid()}-{uuid.uuid4().hex}.parquet")
            self._writer = pq.ParquetWriter(self._files[-1], self._schema, compression="none", write_statistics=False)
            self._written = 0
        self._writer.write_table(_plain(rows, self._schema))
        self._written += rows.num_rows


def _plain(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    return rows.select(schema.names).cast(schema)


def _literal(path: Path) -> str:
    return f"'{quoted(path.resolve())}'"
