"""Data files written beside the engine, which costs half of what it takes the engine, and handed over to it whole."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from fabwatch.store.engine import quoted
from fabwatch.store.lake import Lake, check_texts

ROW_GROUP = 250_000
"""Rows that are left out together when a question does not need them."""


def add(lake: Lake, table: str, schema: pa.Schema, pieces: Iterable[pa.Table]) -> int:
    """Write rows into a data file of a table of the lake, in the transaction that is open; returns how many there were.

    Until the transaction ends the file belongs to nobody: a process that is killed leaves one that `doctor --sweep` deletes.
    """
    rows = 0
    with _file(lake.data / "main" / table) as path:
        with pq.ParquetWriter(path, schema) as writer:
            for some in _gathered(pieces):
                check_texts(some)
                writer.write_table(some, row_group_size=ROW_GROUP)
                rows += some.num_rows
        if rows:
            lake.ask(f"CALL ducklake_add_data_files('lake', '{table}', '{quoted(path)}')")
        else:
            path.unlink()
    return rows


@contextmanager
def _file(folder: Path) -> Iterator[Path]:
    """A new data file, which is taken away again when it is not finished."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"ducklake-{uuid4()}.parquet"
    try:
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _gathered(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in pieces of a row group."""
    held: list[pa.Table] = []
    rows = 0
    for piece in pieces:
        held.append(piece)
        rows += piece.num_rows
        if rows >= ROW_GROUP:
            yield pa.concat_tables(held)
            held, rows = [], 0
    if rows:
        yield pa.concat_tables(held)
