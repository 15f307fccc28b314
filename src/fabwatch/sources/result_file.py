"""Files of results: test results, wafer maps, defects. Each fills several tables, in batches of rows and problems."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa

from fabwatch.sources.opening import Document, Inspected
from fabwatch.terms.answers import Json, plain
from fabwatch.terms.arrow import ARROW
from fabwatch.terms.columns import Table
from fabwatch.terms.problems import Problem
from fabwatch.terms.tables import BY_NAME

SHOWN = 5
"""Rows of each table that a dry run shows."""


@dataclass(frozen=True)
class ResultRows:
    """Rows of one table, and what was set aside beside them."""

    table: str
    rows: pa.Table
    """Its columns but `load`."""
    problems: tuple[Problem, ...] = ()
    aside: int = 0
    """Records that were set aside; one problem may be about many."""
    counted: bool = True
    """False for rows that describe others and are no records of the file."""

    @property
    def records(self) -> int:
        """Records of the file that became rows or were set aside."""
        return (self.rows.num_rows if self.counted else 0) + self.aside


@dataclass
class ResultFile(ABC):
    """A file of results, and how to read it."""

    document: Document
    inspected: Inspected
    notes: list[str] = field(default_factory=list)

    format: ClassVar[str] = ""
    """The kind that the ledger knows it by."""

    @abstractmethod
    def batches(self) -> Iterator[ResultRows]:
        """The rows of the file, those of `wafer_tests` or `inspections` first. Raises CannotRead."""

    def note(self, text: str) -> None:
        """Add a note about how the file is read, once."""
        if text not in self.notes:
            self.notes.append(text)


def schema_of(table: Table) -> pa.Schema:
    """The types of the columns of a table of results, but `load`."""
    return pa.schema([pa.field(column.name, ARROW[column.kind]) for column in table.columns if column.name != "load"])


def rows_of(table: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of a table of results from records; a column that a record lacks is empty."""
    return pa.Table.from_pylist(list(rows), schema=schema_of(BY_NAME[table]))


def columns_of(table: str, count: int, columns: Mapping[str, Any]) -> pa.Table:
    """`count` rows of a table of results from whole columns; a column that is not given is empty."""
    arrays = [
        _array(columns[field.name], field.type) if field.name in columns else pa.nulls(count, field.type)
        for field in schema_of(BY_NAME[table])
    ]
    return pa.Table.from_arrays(arrays, schema=schema_of(BY_NAME[table]))


def shown(file: ResultFile) -> Json:
    """What a dry run shows: how many rows each table would get, and the first of them. Raises CannotRead."""
    counts: dict[str, int] = {}
    first: dict[str, list[Any]] = {}
    aside = 0
    for piece in file.batches():
        counts[piece.table] = counts.get(piece.table, 0) + piece.rows.num_rows
        aside += piece.aside
        rows = first.setdefault(piece.table, [])
        if len(rows) < SHOWN:
            rows += plain(piece.rows.slice(0, SHOWN - len(rows)).to_pylist())
    return {"sure": 1.0, "format": file.format, "tables": counts, "set_aside": aside, "first": first}


def _array(values: Any, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind, from_pandas=True)
