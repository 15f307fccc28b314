"""Measurement files of LabVIEW (.lvm): they say themselves what separates cells, and when they begin.

Format: "Specification for the LabVIEW Measurement File (.lvm)", NI, 2023.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fabwatch.sources.opening import CannotRead
from fabwatch.sources.toollog.columns import columns_of
from fabwatch.sources.toollog.headers import split
from fabwatch.sources.toollog.layout import Layout, shown
from fabwatch.terms.numbers import typed
from fabwatch.terms.problems import Problem, Unreadable

BEGIN = "LabVIEW Measurement"
ALONE = "write each measurement into a file of its own (Segment Headers: one only), and load those"
SINCE_1904 = 1e9
"""LabVIEW's absolute times are larger."""
END = "***End_of_Header***"
SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";"}
ELAPSED, COMMENT = "X_Value", "Comment"


def find_layout(lines: Sequence[str], encoding: str, stated: Mapping[str, str]) -> Layout | None:
    """The layout of a measurement file; None if the lines do not begin like one. Raises CannotRead for what is not read."""
    if not lines or not lines[0].startswith(BEGIN):
        return None
    ends = [number for number, line in enumerate(lines) if line.strip("\t,; ") == END]
    first = ends[1] + 1 if len(ends) > 1 else 0
    if not first or first >= len(lines):
        raise CannotRead(Problem(Unreadable, "a LabVIEW measurement file without the ends of its two headers", hint=_AGAIN))
    general = _stated(lines[: ends[0]])
    separator = SEPARATORS.get(general.get("Separator", ["Tab"])[0].casefold(), "\t")
    segment = {cells[0]: cells[1:] for line in lines[ends[0] + 1 : ends[1]] if (cells := split(line, separator))}
    names = [cell.strip() for cell in split(lines[first], separator)]
    comment = names[-1] == COMMENT
    rows = [split(line, separator) for line in lines[first + 1 :]]
    # Only a row that has a comment has a cell for it.
    rows = [[*row, ""] if comment and len(row) == len(names) - 1 else row for row in rows]
    rows = [row for row in rows if len(row) == len(names)]
    stated_sign = general.get("Decimal_Separator", ["."])[0]
    # Whatever else stands there: each number is read by itself.
    decimal = stated_sign if stated_sign in (".", ",") else ""
    begin = typed(rows[0][0], decimal) if rows else None
    timeless = general.get("X_Columns", [""])[0] == "No" or not any(row[0].strip() for row in rows)
    if names[0] != ELAPSED or timeless or segment.get("X_Dimension", ["Time"])[0] != "Time":
        raise CannotRead(Problem(Unreadable, "a LabVIEW measurement file without a column of time", hint=_AGAIN))
    if begin is not None and begin > SINCE_1904:
        raise CannotRead(Problem(Unreadable, "its times are seconds since 1904", hint="write it with Time_Pref Relative"))
    readings = sum(name not in (ELAPSED, COMMENT) for name in names)
    units = _per_column(names, segment.get("Y_Unit_Label", [])[:readings])
    several = names.count(ELAPSED) > 1
    own = {"comment": "message", **stated, ELAPSED.casefold(): "elapsed"}
    columns = columns_of(names, (), units, own)
    columns = tuple(
        # Each reading may have a column of time of its own; they are the same where they are read together.
        replace(column, role="ignore") if several and n and name == ELAPSED else shown(column, [row[n] for row in rows])
        for n, (name, column) in enumerate(zip(names, columns, strict=True))
    )
    began = {name: next(iter(segment.get(name) or general.get(name) or ()), "") for name in ("Date", "Time")}
    context = {"time": f"{began['Date']} {_to_nanoseconds(began['Time'])}"} if all(began.values()) else {}
    note = ("each reading has a column of time of its own: the first counts for all",) if several else ()
    said = ("a LabVIEW measurement file", *note)
    layout = Layout(encoding, separator, columns, first + 1, tuple(names), decimal, context, said)
    return replace(layout, may_lack_last=comment)


_AGAIN = "write it again with X_Columns One (one column of time) and its headers, or as CSV with a time in each row"


def _stated(lines: Sequence[str]) -> dict[str, list[str]]:
    """The lines above the first end, before anybody knows what separates their cells."""
    cells = (re.split(r"[\t;]|,(?!\d|$)", line) for line in lines)
    return {name: rest for name, *rest in cells if rest}


def _per_column(names: Sequence[str], units: Sequence[str]) -> list[str]:
    rest = iter(units)
    return ["s" if name == ELAPSED else "" if name == COMMENT else next(rest, "").strip() for name in names]


def _to_nanoseconds(clock: str) -> str:
    """A time of day with up to nine digits after its seconds: LabVIEW writes nineteen."""
    whole, _, rest = clock.replace(",", ".").partition(".")
    return f"{whole}.{rest[:9]}" if rest else whole


def is_another_segment(line: str) -> bool:
    """True for the end of the header of a segment, of which a file may have several."""
    return line.strip("\t,; ") == END
