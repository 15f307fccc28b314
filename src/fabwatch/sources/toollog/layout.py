"""Layout of a delimited log: separator, decimal sign, header rows and the lines above them, recognised by content."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fabwatch.sources.opening import CannotRead
from fabwatch.sources.text import DELIMITERS
from fabwatch.sources.times import are_days, is_stamp
from fabwatch.sources.toollog.columns import KEYS, SECONDS, TIMES, LogColumn, columns_of, nameless
from fabwatch.sources.toollog.headers import STAMP, header_of, is_number, names_clock, says_units, split
from fabwatch.sources.toollog.marks import COMMENTS, context_of
from fabwatch.terms.numbers import decimal_of, plain, typed, undecided
from fabwatch.terms.problems import Problem, Undecided, Unreadable
from fabwatch.terms.words import NOTHING

SAMPLE_LINES = 400
WIDE = 8
"""A table without a clock is a log with one row per run if it has at least this many readings and names wafer or lot."""
MOSTLY = 0.6
ONE_CLOCK = "write one column of time for all of them: a row for each time, a column for each name"
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
    """True if each wafer has many rows in a row, as in a log; False if it has one, as in a list of moves."""
    missing: tuple[str, ...] = ()
    """What stands for "not measured" in it, as fab.toml says."""
    may_lack_last: bool = False
    """Whether a row may end before its last cell, which holds a comment."""
    clock_named: bool = True
    """False if only its cells show which column holds the times."""

    def reads(self, number: str) -> bool:
        """Whether a cell is a number; while no decimal sign is known, none that may be one of two."""
        return is_number(number, self.decimal) and bool(self.decimal or not undecided([number]))

    def having(self, *roles: str) -> list[int]:
        """The positions of the columns that have one of these roles."""
        return [position for position, column in enumerate(self.columns) if column.role in roles]


def find_layout(
    lines: Sequence[str],
    encoding: str,
    stated: dict[str, str],
    delimiter: str | None,
    decimal: str | None = None,
    least: int = 2,
) -> Layout | None:
    """The layout of a log from its first lines; None if they are not a log, which has `least` rows there.

    `stated` is {header, case folded: role}. Raises CannotRead where only a person can say the decimal sign.
    """
    best: tuple[int, int, str, list[list[str]], int] | None = None
    for separator in [delimiter] if delimiter else [*DELIMITERS, " "]:
        if separator == " " and best is not None:
            # Blanks stand within stamps and names too: they separate only where nothing else does.
            break
        rows = [split(line, separator) for line in lines]
        width, data = _commonest_width(rows, separator)
        if data > 1:
            _check_one_clock(rows)
        if data > (best[0] if best else least - 1) or (best and data == best[0] and width > best[1]):
            first = _first_row(rows, width, separator)
            # What cuts the rows and not the header is a decimal comma.
            if header_of(lines, first, _sample(rows, first, width, separator), separator).names:
                best = (data, width, separator, rows, first)
    if best is None:
        return None
    _, width, separator, rows, first = best
    sample = _sample(rows, first, width, separator)
    header = header_of(lines, first, sample, separator)
    cells = [[row[n] for row in sample] for n in range(width)]
    named = columns_of(header.names, header.second, header.units, stated)
    columns = with_clock(tuple(shown(column, own) for column, own in zip(named, cells, strict=True)), cells, stated)
    context: dict[str, str] = {}
    for line in lines[: header.begin]:
        context.update(context_of(line, separator))
    dense = _is_dense(sample, [n for n, column in enumerate(columns) if column.role in KEYS])
    layout = Layout(encoding, separator, columns, first, tuple(header.names), decimal or ".", context, header.notes, dense)
    if not is_log(layout):
        return None
    layout = replace(layout, clock_named=any(column.role in TIMES for column in named))
    if decimal:
        return layout
    numbers = [n for n, column in enumerate(columns) if column.number or column.role == "elapsed"]
    return replace(layout, decimal=decimal_sign(row[n] for row in sample for n in numbers))


def _sample(rows: Sequence[list[str]], first: int, width: int, separator: str) -> list[list[str]]:
    return [row for row in rows[first:] if len(row) == width and _is_data(row, separator)]


def is_log(layout: Layout) -> bool:
    """True if there is a clock with readings, or very many readings of a wafer."""
    readings = [c for c in layout.columns if c.role in ("sensor", "usage") and c.number]
    clock = layout.having("time", "elapsed") or layout.having("date")
    if clock:
        return bool(readings)
    return len(readings) >= WIDE and bool(layout.having("wafer", "lot"))


def _is_dense(sample: list[list[str]], keys: list[int]) -> bool:
    named = [[row[n] for n in keys] for row in sample]
    same = sum(row == following for row, following in itertools.pairwise(named))
    return not keys or same >= 0.5 * max(len(named) - 1, 1)


def _commonest_width(rows: list[list[str]], separator: str) -> tuple[int, int]:
    widths = Counter(len(row) for row in rows if len(row) > 1 and _is_data(row, separator))
    return max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))


def _first_row(rows: list[list[str]], width: int, separator: str) -> int:
    """The first line of data; numbers above a row of units are names, such as those of channels."""
    data = [number for number, row in enumerate(rows) if len(row) == width and _is_data(row, separator)]
    between = rows[data[0] + 1 : data[1]] if len(data) > 1 else []
    return data[1] if any(len(row) == width and says_units(row) for row in between) else data[0]


def _check_one_clock(rows: Sequence[Sequence[str]]) -> None:
    """Raises CannotRead where each reading has a column of time of its own: above them, names and values take turns."""
    above = itertools.takewhile(lambda row: not is_number(row[0]), (row for row in rows if row))
    even = (row for row in above if len(row) > 3 and len(row) % 2 == 0 and row[0].strip())
    turns = list(dict.fromkeys(row[0] for row in even if len(set(row[::2])) == 1))
    if len(turns) > 2:
        why = f"each reading has a column of time of its own ({', '.join(turns[:3])} … stand above each)"
        raise CannotRead(Problem(Unreadable, why, hint=ONE_CLOCK))


def _is_data(row: Sequence[str], separator: str) -> bool:
    full = [cell for cell in row if cell.strip().lower() not in NOTHING]
    numbers = sum(is_number(cell) for cell in full)
    clocks = sum(bool(STAMP.match(cell.strip())) for cell in full)
    # A row may have many names, but a sentence has few numbers.
    least = max(2, len(full) // (2 if separator == " " else 3))
    if numbers < 1 or numbers + clocks < least or row[0].startswith(COMMENTS):
        return False
    # Channels may be named by numbers, below `Time`.
    return is_number(full[0]) or bool(STAMP.match(full[0].strip())) or not names_clock(row[:4])


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
        clock = [cell for cell in full if is_number(cell)]
        since_1970 = float(plain(clock[0], decimal_of(clock[:1]) or ".")) >= EPOCH_FROM
        role = "time" if since_1970 or are_days(clock) else "elapsed"
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


def with_clock(
    columns: tuple[LogColumn, ...], cells: Sequence[Sequence[str]], stated: Mapping[str, str]
) -> tuple[LogColumn, ...]:
    """The columns with the clock that only their `cells` show, where no header names one."""
    roles = {column.role for column in columns}
    if roles & {"time", "elapsed"} or (roles.isdisjoint(TIMES) and set(TIMES) & set(stated.values())):
        return columns
    full = [[cell.strip() for cell in own if cell.strip().lower() not in NOTHING] for own in cells]
    free = [n for n, column in enumerate(columns) if column.name.casefold() not in stated and full[n]]
    if "date" in roles:
        clocks = [n for n in free if columns[n].role == "label" and all(map(_OF_DAY.match, full[n]))]
        return _as_clock(columns, clocks[0], "time") if clocks else columns
    stamped = [n for n in free if columns[n].role == "label" and all(map(_is_moment, full[n]))]
    if stamped:
        # A start and an end are of events, not of samples.
        return _as_clock(columns, stamped[0], "time") if len(stamped) == 1 else columns
    rising = [n for n in free if columns[n].role == "sensor" and columns[n].number and _rises(full[n])]
    for n in rising:
        if n == 0 and columns[n].name == nameless(n) and all(_EPOCH.fullmatch(cell) for cell in full[n]):
            return _as_clock(columns, n, "time")
        if columns[n].unit.casefold() in SECONDS and columns[n].unit and (n == 0 or _ELAPSED.search(columns[n].name)):
            return _as_clock(columns, n, "elapsed")
    return columns


_OF_DAY = re.compile(r"\d{1,2}:\d\d(:\d\d([.,:]\d+)?)?")
_EPOCH = re.compile(r"1\d{9}([.,]\d+)?|1\d{12}|1\d{15}|1\d{18}")
_ELAPSED = re.compile(r"(?i)time|elapsed|zeit|temps|tiempo|tempo")


def _is_moment(cell: str) -> bool:
    """Whether a cell says a day and a time of day."""
    return is_stamp(cell) and ":" in cell


def _rises(cells: Sequence[str]) -> bool:
    """Whether these numbers never fall, and do not stay either."""
    values = [typed(cell) for cell in cells]
    numbers = [value for value in values if value is not None]
    falls = any(later < earlier for earlier, later in itertools.pairwise(numbers))
    return len(numbers) == len(values) > 1 and not falls and numbers[-1] > numbers[0]


def _as_clock(columns: tuple[LogColumn, ...], place: int, role: str) -> tuple[LogColumn, ...]:
    return tuple(replace(c, role=role, number=False) if n == place else c for n, c in enumerate(columns))


def decimal_sign(numbers: Iterable[str]) -> str:
    """The decimal sign of these numbers, empty where none needs one. Raises CannotRead where only a person can say it."""
    numbers = list(numbers)
    sign = decimal_of(numbers)
    either = None if sign else undecided(numbers) or next((n for n in numbers if "," in n and is_number(n)), None)
    if either is not None:
        why = f"is {either.strip()!r} a decimal or a thousands comma?"
        raise CannotRead(Problem(Undecided, why, hint='decimal = ","   # or "."'))
    return sign or ""
