"""Headers of logs: which of the lines above the first row name the columns, and what stands between them and the rows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fabwatch.sources.kinds import plain_name
from fabwatch.sources.text import HEADER_WITHIN, are_counted, cells_of
from fabwatch.sources.times import is_stamp
from fabwatch.sources.toollog.columns import _ACTUAL, _SET, role_of
from fabwatch.sources.toollog.marks import uncommented
from fabwatch.terms.numbers import LARGEST, plain
from fabwatch.terms.numbers import is_number as _number
from fabwatch.terms.units import in_brackets, is_unit

STAMP = re.compile(r"^\W?(\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.](\d\d?|[A-Za-z]{3})[-/.]\d{2,4}|\d\d?:\d\d(:\d\d)?)")
_CLOCK = re.compile(r"\d\d?:\d\d")
SHORT = 100
"""Digits of a number that is below LARGEST unless it has an exponent."""
TITLES = ("signal", "name", "channel", "unit", "label", "tag", "trace", "variable")
"""Words that say in a cell of their own what a line of a header holds."""


@dataclass(frozen=True)
class Header:
    """What stands above the rows of data."""

    names: list[str] = field(default_factory=list)
    second: list[str] = field(default_factory=list)
    """What says setpoint or actual below the names."""
    units: list[str] = field(default_factory=list)
    begin: int = 0
    """The line where it starts."""
    notes: tuple[str, ...] = ()


def header_of(lines: Sequence[str], first: int, sample: Sequence[Sequence[str]], separator: str) -> Header:
    """The names of the columns in the lines above line `first`, where the rows of the `sample` begin.

    They are the nearest line that names a column of times, else the nearest that is neither units nor says setpoint or
    actual. What stands below them describes the columns.
    """
    above = list(_above(lines, first, sample, separator))
    if not above:
        return Header(begin=first)
    named = [n for n, (_, cells) in enumerate(above) if names_clock(cells) and not any(map(_is_value, cells))]
    # TS may be a time and a unit: the line that names most of its columns is the header, the nearest of several.
    named.sort(key=lambda n: -len({cell for cell in above[n][1] if cell and not is_unit(cell)}))
    others = [n for n, (_, cells) in enumerate(above) if any(cells) and not _describes(cells)]
    chosen = next(iter(named or others or [n for n, (_, cells) in enumerate(above) if any(cells)]), None)
    if chosen is None:
        return Header(begin=first)
    begin, names = above[chosen]
    below = [(line, cells) for line, cells in reversed(above[:chosen]) if any(cells)]
    second = next((cells for _, cells in below if all(map(_says_set_or_actual, filter(None, cells)))), [])
    clocks = [names_clock([name]) for name in names]
    units = next((cells for _, cells in below if cells is not second and _has_units(cells, clocks)), [])
    rest = [(line, cells) for line, cells in below if cells is not second and cells is not units]
    if rest and all(not cell or is_number(cell) or names_clock([cell]) for cell in names):
        # Channels that are only numbered have their names below.
        _, own = rest.pop(0)
        names = [
            cell if not below_it or names_clock([cell]) else below_it for cell, below_it in zip(names, own, strict=True)
        ]
    if second:
        names = list(names)
        for position in range(1, len(names)):
            # A name that covers several columns is written only once.
            names[position] = names[position] or names[position - 1]
    several = f"line{'s' * (len(rest) > 1)} {', '.join(str(line + 1) for line, _ in rest)}"
    notes = (f"not used: {several}, between the header and the rows",) if rest else ()
    return Header(names, second, units, begin, notes)


def split(line: str, separator: str) -> list[str]:
    """The cells of a line; if blanks separate, several in a row count as one."""
    return line.split() if separator == " " else cells_of(line, separator)


def names_clock(cells: Sequence[str]) -> bool:
    """Whether one of these cells is the name of a column of times."""
    bare = (in_brackets(cell.strip())[0] for cell in cells if cell and not is_unit(cell))
    return any(role_of(name) in ("time", "date", "elapsed") for name in bare)


def says_units(cells: Sequence[str]) -> bool:
    """Whether most of the cells are units."""
    full = [cell for cell in cells if cell.strip()]
    return bool(full) and 2 * sum(map(is_unit, full)) > len(full)


def _has_units(cells: Sequence[str], clocks: Sequence[bool]) -> bool:
    """Whether a line below the names says units: half of its cells do, those of the clock not counted."""
    full = [cell for cell, clock in zip(cells, clocks, strict=True) if cell and not clock]
    return bool(full) and 2 * sum(map(is_unit, full)) >= len(full)


def _describes(cells: Sequence[str]) -> bool:
    return says_units(cells) or all(map(_says_set_or_actual, filter(None, cells)))


def _above(
    lines: Sequence[str], first: int, sample: Sequence[Sequence[str]], separator: str
) -> Iterator[tuple[int, list[str]]]:
    """The lines above the first row of data with as many cells, from the bottom up; messages between them are skipped."""
    units = False
    for line in range(first - 1, max(first - HEADER_WITHIN, 0) - 1, -1):
        row = _fitted([cell.strip() for cell in split(uncommented(lines[line]), separator)], sample)
        if row is None:
            continue
        if any(map(is_number, row)) and not names_clock(row[:4]) and (not units or is_number(row[0])):
            # Numbers are names only beside the name of the time, or above units.
            return
        yield line, row
        units = units or says_units(row)


def _fitted(row: list[str], sample: Sequence[Sequence[str]]) -> list[str] | None:
    """A line of a header with as many cells as the rows have; None where it has not, and nothing says why."""
    width = len(sample[0])
    if len(row) == width - 1:
        if all(not cells[-1].strip() for cells in sample):
            # Rows that end with a separator have one cell more than their header.
            return [*row, ""]
        return _beside_names_of_rows(row, sample)
    if len(row) == width + 1:
        words = [word.removesuffix("s") for word in plain_name(row[0]).split("_")]
        return row[:-1] if not row[-1] else row[1:] if any(word in TITLES for word in words) else None
    return row if len(row) == width else None


def _beside_names_of_rows(row: list[str], sample: Sequence[Sequence[str]]) -> list[str] | None:
    """A header of rows that have one cell more: its first has no name, as statistics programs write it, or its last.

    None where that cannot be told.
    """
    counted = are_counted([cells[0] for cells in sample])
    clock = next((n for n, name in enumerate(row) if names_clock([name])), None)
    if clock is None:
        return ["", *row] if counted or all(_is_value(cells[0]) for cells in sample) else None
    if all(_is_value(cells[clock]) for cells in sample):
        if all(is_stamp(cells[clock]) and ":" not in cells[clock] and _CLOCK.match(cells[clock + 1]) for cells in sample):
            # One name stands above a day and its time of day.
            return [*row[:clock], "Date", *row[clock:]]
        return [*row, ""]
    if all(_is_value(cells[clock + 1]) for cells in sample):
        return ["", *row]
    return None if counted else [*row, ""]


def _is_value(cell: str) -> bool:
    """Whether a cell is a stamp or a time of day."""
    return bool(STAMP.match(cell)) or is_stamp(cell)


def _says_set_or_actual(cell: str) -> bool:
    return cell.casefold().strip("[]()") in _SET + _ACTUAL


def is_number(cell: str, sign: str = "") -> bool:
    """True for a cell that is a number up to LARGEST, with this decimal sign; without one, with either."""
    cell = cell.strip()
    if not _number(cell, sign):
        return False
    if len(cell) < SHORT and "e" not in cell and "E" not in cell:
        return True
    return any(abs(float(plain(cell, way))) <= LARGEST for way in ([sign] if sign else ".,") if _number(cell, way))
