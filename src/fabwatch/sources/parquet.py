"""Parquet files: their header from the footer, and of their columns only those that are needed."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fabwatch.sources.effort import progress
from fabwatch.sources.opening import BOMB_RATIO, CannotRead, Document
from fabwatch.sources.text import BATCH, Batch, Record, check_width
from fabwatch.terms.problems import Problem, Refused, UnknownColumns, Unreadable

BOMB_FROM = 16 << 20
"""A file is refused when its cells take over this many bytes and over BOMB_RATIO times those of the file."""
CELL = 8
"""Bytes that a cell takes at least once it is unpacked."""


class Garbled:
    """A text that is not UTF-8; who needs it is told so."""

    def __init__(self, raw: bytes):
        self._raw = raw

    def __str__(self) -> str:
        raise UnicodeError(f"{self._raw[:40]!r} is not UTF-8")

    def __repr__(self) -> str:
        return repr(self._raw)


def header(document: Document) -> tuple[str, ...]:
    """The names of the columns. Raises CannotRead."""
    with _damage():
        return tuple(name.replace("\0", "") for name in _opened(document).schema_arrow.names)


def batches(document: Document, needed: Collection[int]) -> Iterator[Batch]:
    """The rows; only the columns at the `needed` positions are read, the others are None. Raises CannotRead."""
    positions = sorted(set(needed))
    with _damage():
        file = _opened(document, positions)
        names = file.schema_arrow.names
        _check(file, positions)
        row = 0
        records: list[Record] = []
        for part in file.iter_batches(BATCH, columns=[names[position] for position in positions]):
            progress(row / max(file.metadata.num_rows, 1))
            columns: list[Any] = [[None] * part.num_rows] * len(names)
            for position, column in zip(positions, part.columns, strict=True):
                columns[position] = _cells(column)
            for cells in zip(*columns, strict=True):
                row += 1
                raw = repr([cells[position] for position in positions])
                records.append(Record(list(cells), row, row - 1, raw.encode("utf-8", errors="backslashreplace")))
            # A part ends with its row group, of which there may be thousands with a row each.
            if len(records) >= BATCH:
                yield Batch(records)
                records = []
        if records or not row:
            yield Batch(records)


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as fault:
        raise CannotRead(Problem(Unreadable, f"damaged Parquet: {fault}")) from fault


def _opened(document: Document, positions: Collection[int] = ()) -> pq.ParquetFile:
    # Parquet needs to seek, which a member of a zip file does not support: it is held in memory while it is read.
    source = pa.BufferReader(document.stream().read()) if document.member else document.path
    file = pq.ParquetFile(source)
    texts = [file.schema_arrow.field(position) for position in positions]
    # A text that stands in every row is stored once, and is to be read once.
    shared = [field.name for field in texts if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    return pq.ParquetFile(source, read_dictionary=shared, metadata=file.metadata) if shared else file


def _check(file: pq.ParquetFile, positions: Collection[int]) -> None:
    """Raises CannotRead for what is too much, and for columns whose cells hold more than one value."""
    packed = sum(file.metadata.row_group(n).total_byte_size for n in range(file.metadata.num_row_groups))
    size = min(packed, _size(file))
    cells = file.metadata.num_rows * len(positions) * CELL
    check_width(file.metadata.num_columns)
    if cells > BOMB_FROM and cells > BOMB_RATIO * size:
        why = f"unpacks to {file.metadata.num_rows:,} rows, over {BOMB_RATIO} times its {size:,} bytes: a bomb"
        raise CannotRead(Problem(Refused, why))
    nested = [
        file.schema_arrow.field(position).name
        for position in positions
        if pa.types.is_nested(file.schema_arrow.field(position).type)
    ]
    if nested:
        why = f"{', '.join(nested)}: its cells are lists or structures, not single values"
        hint = "write one value a row, or ignore = […] the column in fab.toml"
        raise CannotRead(Problem(UnknownColumns, why, hint=hint))


def _size(file: pq.ParquetFile) -> int:
    return int(file.metadata.serialized_size) + sum(
        int(file.metadata.row_group(n).column(m).total_compressed_size)
        for n in range(file.metadata.num_row_groups)
        for m in range(file.metadata.num_columns)
    )


def _cells(column: pa.Array) -> list[Any]:
    if pa.types.is_dictionary(column.type):
        # The dictionary is that of a whole row group: only what these rows use of it is unpacked.
        used = pc.unique(column.indices.drop_null())
        values = dict(zip(used.to_pylist(), _cells(column.dictionary.take(used)), strict=True))
        return [values.get(code) for code in column.indices.to_pylist()]
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        # Python's times end at the microsecond; what is finer is cut off, as in text.
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    if pa.types.is_duration(column.type) and column.type.unit == "ns":
        column = column.cast(pa.duration("us"), safe=False)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = column.cast(pa.large_binary())
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return [None if raw is None else _text(raw) for raw in column.to_pylist()]
    cells: list[Any] = column.to_pylist()
    return cells


def _text(raw: bytes) -> str | Garbled:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return Garbled(raw)
