"""Logs of `key=value` lines: each line names its values, in any order."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from fabwatch.sources.toollog.cells import typed
from fabwatch.sources.toollog.chunks import Chunk
from fabwatch.sources.toollog.columns import LogColumn, columns_of
from fabwatch.sources.toollog.headers import is_number
from fabwatch.sources.toollog.layout import Layout, decimal_sign, is_log, shown
from fabwatch.sources.toollog.marks import COMMENTS, context_of
from fabwatch.terms.numbers import plain
from fabwatch.terms.words import NOTHING

# A name begins where no name goes on: tried at each letter of it, a long word would take the square of its length.
_PAIR = re.compile(
    r'(?<![\w.\-/])([A-Za-z_][\w.\-/]*(?:\s?[\[(][^\])]{1,10}[\])])?)\s*=\s*("[^"]*"|[+-]?\d+,\d+(?![^\s;|])|[^\s,;|]+)'
)
_STAMP = re.compile(
    r"^\W{0,2}(\d[\d\-/.]*(?:[T ]\d\d?:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?|\d\d?:\d\d:\d\d(?:[.,]\d+)?)\W"
)
TIME = "time"


def find_layout(lines: Sequence[str], encoding: str, stated: dict[str, str], decimal: str | None = None) -> Layout | None:
    """The layout of a log of pairs; None if most lines are something else.

    Raises CannotRead where only a person can say whether its numbers have decimal or thousands commas.
    """
    full = [line for line in lines if line.strip() and not line.lstrip().startswith(COMMENTS)]
    rows = [row for row in map(_row, full) if row]
    if len(rows) < 2 or 2 * len(rows) < len(full):
        return None
    decimal = decimal or decimal_sign(value for row in rows for value in row.values() if is_number(value))
    names = list(Counter(name for row in rows for name in row))
    columns = columns_of(names, (), (), stated)
    columns = tuple(
        LogColumn(TIME, role="time") if name == TIME else column for name, column in zip(names, columns, strict=True)
    )
    columns = tuple(shown(c, [row.get(name, "") for row in rows]) for name, c in zip(names, columns, strict=True))
    first = next(number for number, line in enumerate(lines) if _row(line))
    context: dict[str, str] = {}
    for line in lines[:first]:
        context.update(context_of(line))
    layout = Layout(encoding, ";", columns, first, tuple(names), decimal, context)
    return layout if is_log(layout) else None


def _row(line: str) -> dict[str, str]:
    """The pairs of a line and its stamp; empty when it has fewer than two numbers or is mostly words."""
    if line.lstrip().startswith(COMMENTS):
        return {}
    pairs = {name.strip(): value.strip('"') for name, value in _PAIR.findall(line)}
    if sum(is_number(value) for value in pairs.values()) < 2:
        return {}
    stamp = _STAMP.match(line)
    rest = _PAIR.sub("", line[stamp.end() :] if stamp else line)
    if sum(char.isalpha() for char in rest) > 12:
        return {}
    return ({TIME: stamp[1]} if stamp and TIME not in pairs else {}) | pairs


def table_of(chunk: Chunk, layout: Layout, *, open_end: bool) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """The rows of a chunk as a table with one column per key (by position), the lines they are from, and a flag per line.

    A line with a key that the first lines do not have is not a row: it is shown as a message with its full text.
    """
    known = {name: position for position, name in enumerate(layout.header)}
    cells: list[list[str | None]] = [[] for _ in known]
    lines: list[int] = []
    rows = np.zeros(len(chunk), bool)
    for line in range(len(chunk) - open_end):
        row = _row(chunk.line(line))
        if not row or row.keys() - known.keys() or not _fits(row, layout, known):
            continue
        rows[line] = True
        lines.append(line)
        for name, position in known.items():
            value = row.get(name, "")
            empty = value.lower() in NOTHING or value in layout.missing
            number = layout.columns[position].number and not empty
            cells[position].append(None if empty else plain(value, layout.decimal) if number else value)
    return typed(cells, layout), np.array(lines, int), rows


def _fits(row: dict[str, str], layout: Layout, known: dict[str, int]) -> bool:
    return all(
        not layout.columns[known[name]].number or value.lower() in NOTHING or value in layout.missing or layout.reads(value)
        for name, value in row.items()
    )
