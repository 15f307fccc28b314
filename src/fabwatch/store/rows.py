"""Rows on their way into the lake: their types, and a few of them put into a table."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from fabwatch.store.lake import Lake
from fabwatch.store.temporary import append
from fabwatch.terms.arrow import ARROW
from fabwatch.terms.tables import Column, Table


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """The types of some columns as they are handed to the engine."""
    return pa.schema([pa.field(column.name, ARROW[column.kind]) for column in columns])


def insert(lake: Lake, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Put rows into a table of the lake, in the transaction that is open; a column that a row lacks stays empty."""
    if not rows:
        return
    append(lake, f"lake.{table.name}", pa.Table.from_pylist(list(rows), schema=schema_of(table.columns)))
