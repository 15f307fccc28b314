"""A wide table as it grows: long rows are scattered into columns, whole columns at a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fabwatch.models.features.answers import FeatureColumn

_SIGNS = re.compile(r"[^\w]+")
Whole = npt.NDArray[np.int64]


def slug(*names: object) -> str:
    """Names as a part of the name of a column: lower case, what is no letter or digit as `_`; empty ones are left out."""
    parts = [_SIGNS.sub("_", str(name)).strip("_").lower() for name in names if name is not None]
    return ".".join(part for part in parts if part)


@dataclass(frozen=True)
class Origin:
    """Where a column comes from."""

    table: str
    what: str
    known_by: str
    unit: str | None = None


@dataclass
class Wide:
    """The columns of a table of so many rows."""

    rows: int
    arrays: dict[str, pa.Array] = field(default_factory=dict)
    columns: list[FeatureColumn] = field(default_factory=list)

    def add(self, name: str, values: pa.Array, origin: Origin) -> None:
        """One more column; its name is made unique, and a column without any value is left out."""
        there = self.rows - values.null_count
        if not there:
            return
        own, number = name, 2
        while own in self.arrays:
            own, number = f"{name}_{number}", number + 1
        self.arrays[own] = values
        share = there / self.rows
        self.columns.append(FeatureColumn(own, origin.table, origin.what, origin.unit, origin.known_by, share))

    def number(self, rows: Whole, values: pa.ChunkedArray) -> pa.Array:
        """A column of numbers, each in its row; the others are empty."""
        column = np.full(self.rows, np.nan)
        column[rows] = values.cast(pa.float64()).to_numpy()
        return pa.array(column, from_pandas=True)

    def text(self, rows: Whole, values: "Texts", part: slice) -> pa.Array:
        """A column of texts, each in its row."""
        codes = np.full(self.rows, -1, np.int32)
        codes[rows] = values.codes[part]
        column: pa.Array = values.words.take(pa.array(codes, mask=codes < 0))
        return column

    def table(self) -> pa.Table:
        """All of them as one table."""
        return pa.table(self.arrays)


class Texts:
    """A long column of texts as words and their numbers."""

    def __init__(self, column: pa.ChunkedArray):
        encoded = column.combine_chunks().dictionary_encode()
        self.words = encoded.dictionary
        self.codes: npt.NDArray[np.int32] = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)


def stretches(numbers: pa.ChunkedArray) -> Iterator[tuple[int, slice]]:
    """Each number of a sorted column, and the rows that it is in."""
    column = numbers.to_numpy()
    edges = [0, *(np.flatnonzero(column[1:] != column[:-1]) + 1), len(column)] if len(column) else []
    for start, end in pairwise(edges):
        yield int(column[start]), slice(int(start), int(end))


def chosen(rows: list[dict[str, Any]], fewest: float, most: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Of what could be columns, the most complete first: those that are taken and those that are left out."""
    taken = [row for row in rows if row["rows"] >= fewest][:most]
    return taken, [row for row in rows if not any(row is one for one in taken)]
