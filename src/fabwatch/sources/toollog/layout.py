"""Layout of a delimited log: separator, decimal sign, header rows and the lines above them, recognised by content."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from fabwatch.sources.opening import CannotRead
from fabwatch.sources.text import DELIMITERS, HEADER_WITHIN, cells_of
from fabwatch.sources.toollog.columns import _ACTUAL, _SET, KEYS, TIMES, LogColumn, columns_of
from fabwatch.sources.toollog.marks import COMMENTS, context_of, uncommented
from fabwatch.terms.numbers import LARGEST, decimal_of, plain, undecided
from fabwatch.terms.numbers import is_number as _number
from fabwatch.terms.problems import Problem, Undecided
from fabwatch.terms.units import is_unit
from fabwatch.terms.words import NOTHING

SAMPLE_LINES = 400
WIDE = 8
"""A table without a clock is a log with one row per run if it has at least this many readings and names wafer or lot."""
MOSTLY = 0.6
STAMP = re.compile(r"^\W?(\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.](\d\d?|[A-Za-z]{3})[-/.]\d{2,4}|\d\d?:\d\d(:\d\d)?)")
SHORT = 100
"""Digits of a number that is below LARGEST unless it has an exponent."""
EPOCH_FROM = 1e8
"""Numbers from here on are seconds since 1970 (dates after 1973); smaller ones are elapsed time."""


@dataclass(frozen=True)
class Layout:
    """How the rows of a log are split, and what their cells are."""

    encoding: str
    delimiter: str
    columns: tuple[LogColumn, ...]
    first_line: int
    """How many lines come before the first row of data."""
    header: tuple[str, ...] = ()
    decimal: str = "."
    """Empty where the first numbers need none: then each is read by itself."""
    context: dict[str, str] = field(default_factory=dict)
    """What the lines above the header say about the run: {role: value}."""
    notes: tuple[str, ...] = ()
    dense: bool = True
    missing: tuple[str, ...] = ()
    """What stands for "not measured" in it, as fab.toml says."""
    """True if each wafer has many rows in a row, as in a log; False if it has one, as in a list of moves."""

    def reads(self, number: str) -> bool:
        """Whether a cell is a number; while no decimal sign is known, none that may be one of two."""
        return is_number(number, self.decimal) and bool(self.decimal or not undecided([number]))

    def having(self, *roles: str) -> list[int]:
        """The positions of the columns that have one of these roles."""
        return [position for position, column in enumerate(self.columns) if column.role in roles]


def find_layout(
    lines: Sequence[str], encoding: str, stated: dict[str, str], delimiter: str | None, decimal: str | None = None
) -> Layout | None:
    """The layout of a log from its first lines; None if they are not a log.

    `stated` is {header, case folded: role}. Raises CannotRead where only a person can say the decimal sign.
    """
    best: tuple[int, int, str, list[list[str]], int] | None = None
    for separator in [delimiter] if delimiter else [*DELIMITERS, " "]:
        if separator == " " and best is not None:
            # Blanks stand within stamps and names too: they separate only where nothing else does.
            break
        rows = [split(line, separator) for line in lines]
        width, data = _commonest_width(rows)
        if data > (best[0] if best else 1) or (best and data == best[0] and width > best[1]):
            first = next(number for number, row in enumerate(rows) if len(row) == width and _is_data(row))
            # What cuts the rows and not the header is a decimal comma.
            if _header_rows(lines, first, width, separator)[0]:
                best = (data, width, separator, rows, first)
    if best is None:
        return None
    _, width, separator, rows, first = best
    names, second, units, header_from = _header_rows(lines, first, width, separator)
    columns = columns_of(names, second, units, stated)
    sample = [row for row in rows[first:] if len(row) == width and _is_data(row)]
    columns = tuple(shown(column, [row[n] for row in sample]) for n, column in enumerate(columns))
    context: dict[str, str] = {}
    for line in lines[:header_from]:
        context.update(context_of(line, separator))
    dense = _is_dense(sample, [n for n, column in enumerate(columns) if column.role in KEYS])
    layout = Layout(encoding, separator, columns, first, tuple(names), decimal or ".", context, (), dense)
    if not is_log(layout):
        return None
    if decimal:
        return layout
    numbers = [n for n, column in enumerate(columns) if column.number or column.role == "elapsed"]
    return replace(layout, decimal=decimal_sign(row[n] for row in sample for n in numbers))


def split(line: str, separator: str) -> list[str]:
    """The cells of a line; if blanks separate, several in a row count as one."""
    return line.split() if separator == " " else cells_of(line, separator)


def is_log(layout: Layout) -> bool:
    """True if there is a clock with readings, or very many readings of a wafer."""
    readings = [c for c in layout.columns if c.role in ("sensor", "usage") and c.number]
    clock = layout.having("time", "elapsed") or layout.having("date")
    if clock:
        return len(readings) >= (2 if layout.delimiter != " " else 1) or bool(readings and layout.having("step", "wafer"))
    return len(readings) >= WIDE and bool(layout.having("wafer", "lot"))


def _is_dense(sample: list[list[str]], keys: list[int]) -> bool:
    named = [[row[n] for n in keys] for row in sample]
    same = sum(row == following for row, following in itertools.pairwise(named))
    return not keys or same >= 0.5 * max(len(named) - 1, 1)


def _commonest_width(rows: list[list[str]]) -> tuple[int, int]:
    widths = Counter(len(row) for row in rows if len(row) > 1 and _is_data(row))
    return max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))


def is_number(cell: str, sign: str = "") -> bool:
    """True for a cell that is a number up to LARGEST, with this decimal sign; without one, with either."""
    cell = cell.strip()
    if not _number(cell, sign):
        return False
    if len(cell) < SHORT and "e" not in cell and "E" not in cell:
        return True
    return any(abs(float(plain(cell, way))) <= LARGEST for way in ([sign] if sign else ".,") if _number(cell, way))


def _is_data(row: Sequence[str]) -> bool:
    full = [cell for cell in row if cell.strip().lower() not in NOTHING]
    numbers = sum(is_number(cell) for cell in full)
    clocks = sum(bool(STAMP.match(cell.strip())) for cell in full)
    return numbers >= 1 and numbers + clocks >= max(2, len(full) // 2) and not row[0].startswith(COMMENTS)


def _header_rows(
    lines: Sequence[str], first: int, width: int, separator: str
) -> tuple[list[str], list[str], list[str], int]:
    """The names, the row below them that says setpoint or actual, the units, and the line where they start."""
    names: list[str] = []
    second: list[str] = []
    units: list[str] = []
    begin = first
    for line, cells in _above(lines, first, width, separator):
        full = [cell for cell in cells if cell]
        if not names and not units and full and 2 * sum(is_unit(cell) for cell in full) > len(full):
            units = cells
        elif not names and not second and full and all(_says_set_or_actual(cell) for cell in full):
            second = cells
        elif not names:
            names = cells
        else:
            break
        begin = line
    if second and names:
        for position in range(1, width):
            # A name that covers several columns is written only once.
            names[position] = names[position] or names[position - 1]
    return names, second, units, begin


def _above(lines: Sequence[str], first: int, width: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The lines above the first row of data with as many cells, from the bottom up; messages between them are skipped."""
    for line in range(first - 1, max(first - HEADER_WITHIN, 0) - 1, -1):
        row = split(uncommented(lines[line]), separator)
        if len(row) == width - 1:
            # Rows that end with a separator have one cell more than their header.
            row = [*row, ""]
        if len(row) != width:
            continue
        if any(is_number(cell) for cell in row):
            return
        yield line, [cell.strip() for cell in row]


def _says_set_or_actual(cell: str) -> bool:
    return cell.casefold().strip("[]()") in _SET + _ACTUAL


def shown(column: LogColumn, cells: list[str]) -> LogColumn:
    """The column with what its cells show: words or numbers, a clock or elapsed time, wafers in a column without a name."""
    full = [cell.strip() for cell in cells if cell.strip().lower() not in NOTHING]
    # A few words among many numbers are faults of their rows; the column is still numeric.
    number = sum(is_number(cell) for cell in full) >= MOSTLY * len(full)
    role = column.role
    if role == "sensor" and cells != [""] and not full:
        # Its first cells further down are checked before the first row is read.
        return replace(column, role="empty", number=False)
    if role == "time" and number and full:
        first = next(cell for cell in full if is_number(cell))
        role = "time" if float(plain(first, decimal_of([first]) or ".")) >= EPOCH_FROM else "elapsed"
    elif role == "elapsed" and not number:
        role = "time"
    elif role in ("sensor", "usage", "setpoint") and not number:
        role = "time" if column.name.startswith("column ") and full and all(STAMP.match(cell) for cell in full) else "label"
        if column.name.startswith("column ") and full and all(cell.casefold().startswith("wafer") for cell in full):
            role = "wafer"
    elif role == "message" and number and full:
        role = "sensor"
    elif role in KEYS and number and any("." in cell and not cell.endswith(".0") for cell in full):
        # A column with measured values is not a name, whatever its header says.
        role = "sensor"
    return replace(column, role=role, number=number and role not in KEYS and role not in (*TIMES, "step", "label"))


def decimal_sign(numbers: Iterable[str]) -> str:
    """The decimal sign of these numbers, empty where none needs one. Raises CannotRead where only a person can say it."""
    numbers = list(numbers)
    sign = decimal_of(numbers)
    either = None if sign else undecided(numbers) or next((n for n in numbers if "," in n and is_number(n)), None)
    if either is not None:
        why = f"is {either.strip()!r} a decimal or a thousands comma?"
        raise CannotRead(Problem(Undecided, why, hint='decimal = ","   # or "."'))
    return sign or ""
