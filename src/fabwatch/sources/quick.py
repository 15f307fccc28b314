"""The quick way through a table: whole columns of a block at once, with the same result as cell by cell, or not at all.

A block in which anything is out of the ordinary (a quote, a blank line, a cell that does not fit, a row that breaks a rule)
is left to the exact way, so that this one never has to say what is wrong.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from fabwatch.sources.kinds import SEVERAL, Kind
from fabwatch.sources.values import Convert, NameOf, NumberOf, TimeOf, Unfit
from fabwatch.terms.numbers import LARGEST
from fabwatch.terms.tables import Column
from fabwatch.terms.words import NOTHING

BLOCK = 2 << 20
"""Bytes that are read together."""
FEW = 4
"""Where at most one cell in so many is new, each different cell is converted once."""
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)$"
_DIGITS = 300
STAMPS = {19: "", 20: "Z", 23: "", 24: "Z", 26: "", 27: "Z"}
"""Lengths of ISO stamps down to seconds, milliseconds and microseconds, and how they end."""
_EARLY, _LATE = datetime(1700, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001 - naive UTC, as everywhere inside
_NOTHING = pa.array(sorted(NOTHING))


def is_plain(block: bytes) -> bool:
    """Whether the lines of a block end as usual, and hold no sign that is read in a way of its own.

    Blank lines and comments have another number of cells than the rows, which `cells_of` sees.
    """
    if b'"' in block or b"\0" in block or not block.endswith(b"\n"):
        return False
    return b"\r" not in block or block.count(b"\r") == block.count(b"\r\n")


def is_repeated(header: str, cells: pa.Array) -> bool:
    """Whether a header stands among the cells of its column."""
    return bool(pc.any(pc.equal(pc.utf8_trim_whitespace(cells), header)).as_py())


def cells_of(block: bytes, delimiter: str, width: int, positions: Sequence[int]) -> dict[int, pa.Array] | None:
    """The cells of some columns as texts; None if a row has another number of cells."""
    if block[: block.index(b"\n")].count(delimiter.encode()) != width - 1:
        return None
    names = {f"f{position}": position for position in positions}
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(block),
            read_options=arrow_csv.ReadOptions(autogenerate_column_names=True, block_size=len(block) + 1, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), include_columns=list(names), strings_can_be_null=False
            ),
        )
    except pa.ArrowException:
        return None
    return {names[name]: table.column(name).combine_chunks() for name in names}


def values_of(column: Column, cells: pa.Array, convert: Convert, kind: pa.DataType, *, ascii_only: bool) -> pa.Array:
    """The cells as values of a column. Raises Unfit and other errors where one of them is none."""
    if isinstance(convert, TimeOf):
        times = _times(cells, convert)
        if times is not None:
            return times
    coded = cells.dictionary_encode()
    if len(coded.dictionary) * FEW > len(cells) > FEW:
        if isinstance(convert, NameOf) and convert.is_plain and ascii_only:
            trimmed = pc.utf8_trim_whitespace(cells)
            return pc.if_else(pc.is_in(pc.ascii_lower(trimmed), _NOTHING), pa.scalar(None, pa.string()), trimmed)
        if isinstance(convert, NumberOf) and convert.sign in ("", ".") and not convert.whole:
            numbers = _numbers(cells)
            if numbers is not None:
                return numbers
    # The same text is always the same value.
    values = pa.array([convert(cell) for cell in coded.dictionary.to_pylist()], kind)
    if pa.types.is_string(kind) and not values.null_count:
        again = values.dictionary_encode()
        return pa.DictionaryArray.from_arrays(again.indices.take(coded.indices), again.dictionary)
    return values.take(coded.indices)


def _times(cells: pa.Array, convert: TimeOf) -> pa.Array | None:
    """ISO stamps of one length; None for others, which are read one by one."""
    if not len(cells) or not convert.is_iso:
        return None
    lengths = pc.min_max(pc.binary_length(cells)).as_py()
    end = STAMPS.get(lengths["min"]) if lengths["min"] == lengths["max"] else None
    if end is None:
        return None
    if end:
        if not pc.all(pc.ends_with(cells, end)).as_py():
            return None
        cells = pc.utf8_slice_codeunits(cells, 0, lengths["min"] - 1)
    try:
        times = pc.cast(cells, pa.timestamp("us"))
        if convert.zone and not end:
            local = pc.assume_timezone(times, convert.zone, ambiguous="raise", nonexistent="raise")
            times = pc.cast(pc.cast(local, pa.timestamp("us", "UTC")), pa.timestamp("us"))
    except (pa.ArrowException, ValueError):
        return None
    span = pc.min_max(times).as_py()
    return times if span["min"] > _EARLY and span["max"] < _LATE else None


def _numbers(cells: pa.Array) -> pa.Array | None:
    if pc.max(pc.binary_length(cells)).as_py() > _DIGITS or not pc.all(pc.match_substring_regex(cells, _PLAIN)).as_py():
        return None
    values = pc.cast(cells, pa.float64())
    return values if pc.max(pc.abs(values)).as_py() <= LARGEST else None


def table_of(
    kind: Kind,
    cells: Mapping[str, pa.Array],
    converters: Mapping[str, Convert],
    constants: Mapping[str, Any],
    types: Mapping[str, pa.DataType],
    latest: datetime,
    *,
    ascii_only: bool,
) -> pa.Table | None:
    """The rows of a block; None if one of them needs the exact way. `cells` are those of the columns that the file has."""
    count = len(next(iter(cells.values())))
    if kind.quick is None or ("chamber" in cells and _several(cells["chamber"])):
        return None
    columns: dict[str, pa.Array] = {}
    for column in kind.columns:
        convert, name = converters[column.name], column.name
        try:
            if name in cells:
                values = values_of(column, cells[name], convert, types[column.kind], ascii_only=ascii_only)
            else:
                constant = constants.get(name)
                values = pa.repeat(pa.scalar(None if constant is None else convert(constant), types[column.kind]), count)
        except (Unfit, UnicodeError, ValueError, TypeError, OverflowError, pa.ArrowException):
            return None
        default = kind.defaults.get(name)
        if default is not None and values.null_count:
            values = pc.fill_null(values, default)
        columns[name] = values
    adjusted = kind.quick(columns)
    if adjusted is None or not _within(kind, adjusted, latest):
        return None
    fields = [pa.field(column.name, adjusted[column.name].type) for column in kind.columns]
    return pa.Table.from_arrays([adjusted[column.name] for column in kind.columns], schema=pa.schema(fields))


def _several(chambers: pa.Array) -> bool:
    return any(pc.any(pc.match_substring(pc.unique(chambers), sign)).as_py() for sign in SEVERAL)


def _within(kind: Kind, columns: Mapping[str, pa.Array], latest: datetime) -> bool:
    """Whether no needed cell is empty and no time is later than `latest`."""
    for column in kind.table.columns:
        values = columns[column.name]
        if column.needed and values.null_count:
            return False
        if column.kind == "time" and len(values) > values.null_count and pc.max(values).as_py() > latest:
            return False
    return True


def places_of(block: bytes, number: int, offset: int) -> tuple[pa.Array, pa.Array, pa.Array]:
    """The line number, byte and raw bytes of each line of a block, which begins with line `number` at byte `offset`."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10) + 1
    starts = np.concatenate(([0], ends[:-1]))
    edges = pa.py_buffer(np.concatenate((starts, ends[-1:])).astype(np.int32).tobytes())
    raw = pa.Array.from_buffers(pa.binary(), len(starts), [None, edges, pa.py_buffer(block)])
    return pa.array(np.arange(number, number + len(starts))), pa.array(starts + offset), raw
