"""Data files written beside the engine, which costs half of what it takes the engine, and handed over to it whole."""

import contextlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from fabwatch.store.data_place import DataPlace
from fabwatch.store.lake import Lake, check_texts

ROW_GROUP = 250_000
"""Rows that are left out together when a question does not need them."""


def add(lake: Lake, table: str, schema: pa.Schema, pieces: Iterable[pa.Table]) -> int:
    """Write rows into a data file of a table of the lake, in the transaction that is open; returns how many there were.

    Until the transaction ends the file belongs to nobody: a process that is killed leaves one that `doctor --sweep` deletes.
    """
    rows = 0
    with _file(lake.data, table) as name:
        with pq.ParquetWriter(lake.data.path(name), schema, filesystem=lake.data.system) as writer:
            for some in _gathered(pieces):
                check_texts(some)
                writer.write_table(some, row_group_size=ROW_GROUP)
                rows += some.num_rows
        if rows:
            lake.ask(f"CALL ducklake_add_data_files('lake', '{table}', '{lake.data.url}{name}')")
        else:
            lake.data.delete(name)
    return rows


@contextmanager
def _file(data: DataPlace, table: str) -> Iterator[str]:
    """A new data file, which is taken away again when it is not finished."""
    data.make(f"main/{table}")
    name = f"main/{table}/ducklake-{uuid4()}.parquet"
    try:
        yield name
    except BaseException:
        with contextlib.suppress(OSError):
            data.delete(name)
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
