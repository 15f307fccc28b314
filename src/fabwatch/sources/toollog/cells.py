"""Rows of a log become columns: numbers as numbers, names as names. A cell that is not a number costs only its own row."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from fabwatch.sources.toollog.chunks import Chunk
from fabwatch.sources.toollog.headers import split
from fabwatch.sources.toollog.layout import Layout
from fabwatch.terms.numbers import LARGEST, plain
from fabwatch.terms.problems import BadNumber, Problem
from fabwatch.terms.words import NOTHING

NULLS = sorted(
    {form for word in NOTHING for form in (word, word.upper(), word.capitalize(), word.title())} | {"NaN", "#N/A"}
)
_BLANKS = re.compile(rb"[ \t]+")


def table_of(chunk: Chunk, rows: np.ndarray, layout: Layout) -> tuple[pa.Table, np.ndarray, list[Problem]]:
    """The rows of a chunk as a table with one column per log column (by position, named "0", "1" …), the lines they are
    from, and a problem for each row that had to be left out.
    """
    lines = np.flatnonzero(rows)
    content = _content(chunk, rows)
    if layout.delimiter == " ":
        content = b"\n".join(_BLANKS.sub(b" ", line.strip()) for line in content.splitlines()) + b"\n"
    if layout.may_lack_last:
        content = _filled_up(content, layout.delimiter.encode(), len(layout.columns) - 1)
    try:
        if b'"' in content and re.search(re.escape(layout.delimiter.encode()) + rb' +"', content):
            # The engine takes a quote after a blank for a letter.
            return _slowly(chunk, lines, layout)
        table = _read(content, layout)
        if table.num_rows == len(lines) and _measured(table, layout):
            return table, lines, []
    except pa.ArrowInvalid:
        pass
    return _slowly(chunk, lines, layout)


def _content(chunk: Chunk, rows: np.ndarray) -> bytes:
    """The bytes of the rows alone."""
    if rows.all() and chunk.starts[0] == 0:
        return chunk.text
    edges = np.flatnonzero(np.diff(np.concatenate(([0], rows.view(np.int8), [0]))))
    after = np.append(chunk.starts[1:], len(chunk.text))
    view = memoryview(chunk.text)
    spans = zip(edges[::2], edges[1::2], strict=True)
    return b"".join(view[chunk.starts[begin] : after[end - 1]] for begin, end in spans)


def _filled_up(content: bytes, delimiter: bytes, count: int) -> bytes:
    """The rows with the separator before their last cell where that is left out."""
    lines = content.splitlines()
    return b"".join(line + (b"\n" if line.count(delimiter) == count else delimiter + b"\n") for line in lines)


def _read(content: bytes, layout: Layout) -> pa.Table:
    names = [str(n) for n in range(len(layout.columns))]
    kinds = {str(n): pa.float64() if column.number else pa.string() for n, column in enumerate(layout.columns)}
    return arrow_csv.read_csv(
        pa.BufferReader(content),
        # One thread: reading the next lines and writing the last ones use the others.
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=1 << 20, use_threads=False),
        parse_options=arrow_csv.ParseOptions(
            delimiter=layout.delimiter, quote_char='"' if b'"' in content else False, ignore_empty_lines=True
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=kinds,
            null_values=[*NULLS, *layout.missing],
            strings_can_be_null=True,
            decimal_point=layout.decimal or ".",
        ),
    )


def _measured(table: pa.Table, layout: Layout) -> bool:
    """True if no number is NaN, infinite or larger than any measured value: Arrow takes `inf` for a number."""
    sums = [pc.sum(pc.abs(table.column(n))).as_py() for n, column in enumerate(layout.columns) if column.number]
    return all(total is None or total <= LARGEST for total in sums)


def _slowly(chunk: Chunk, lines: np.ndarray, layout: Layout) -> tuple[pa.Table, np.ndarray, list[Problem]]:
    """The same, line by line, to find each line with a fault."""
    good_rows: list[list[str | None]] = []
    places: list[int] = []
    problems: list[Problem] = []
    for line in lines:
        text = chunk.line(int(line))
        cells = split(text, layout.delimiter)
        cells += [""] * (len(layout.columns) - len(cells))
        row, fault = _row(cells, layout)
        if fault is None:
            good_rows.append(row)
            places.append(int(line))
        else:
            number, offset = chunk.number + int(line), int(chunk.offsets[line])
            problems.append(Problem(BadNumber, fault, number, offset, text))
    columns = [[row[position] for row in good_rows] for position in range(len(layout.columns))]
    return typed(columns, layout), np.array(places, int), problems


def typed(columns: Sequence[Sequence[str | None]], layout: Layout) -> pa.Table:
    """Cells by column as a table: numbers where the layout says so."""
    arrays = [
        pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
        if column.number
        else pa.array(cells, pa.string())
        for cells, column in zip(columns, layout.columns, strict=True)
    ]
    return pa.table(arrays, names=[str(n) for n in range(len(arrays))])


def _row(cells: list[str], layout: Layout) -> tuple[list[str | None], str | None]:
    values: list[str | None] = []
    for cell, column in zip(cells, layout.columns, strict=True):
        text = cell.strip()
        if text.lower() in NOTHING or text in layout.missing:
            values.append(None)
        elif not column.number:
            values.append(text)
        elif layout.reads(text):
            values.append(plain(text, layout.decimal))
        else:
            return [], f"{column.name}: {text[:40]!r} is not a number"
    return values, None


def names_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Names as people write them: a whole number that was written 3.0 is 3."""
    coded = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not pa.types.is_dictionary(coded.type):
        coded = pc.dictionary_encode(coded)
    plain = pc.replace_substring_regex(pc.utf8_trim_whitespace(coded.dictionary), r"^([+-]?\d+)\.0*$", r"\1")
    again = pc.dictionary_encode(plain)
    codes = pc.take(again.indices, coded.indices)
    return pa.DictionaryArray.from_arrays(codes, again.dictionary)
