"""Wafer maps as a table: x, y and bin of each die, with lot and wafer or without."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from fabwatch.sources.opening import CannotRead
from fabwatch.sources.wafermap.bins import Bins
from fabwatch.sources.wafermap.doubts import MapCut, UnreadDies
from fabwatch.sources.wafermap.maps import Stated, WaferMap, normalised
from fabwatch.sources.wafermap.words import X_AXIS, Y_AXIS, notch_of, plain, verdict
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.problems import Problem, Unreadable

COLUMNS = {
    **dict.fromkeys(("x", "diex", "xcoord", "xcoordinate", "xpos", "xloc", "col", "column", "xindex", "xdie"), "x"),
    **dict.fromkeys(("y", "diey", "ycoord", "ycoordinate", "ypos", "yloc", "row", "yindex", "ydie"), "y"),
    **dict.fromkeys(("bin", "hbin", "hardbin", "bincode", "hwbin", "binnumber", "hardwarebin", "hardbinnumber"), "bin"),
    **dict.fromkeys(("sbin", "softbin", "swbin", "softwarebin"), "soft"),
    **dict.fromkeys(("pass", "passed", "passfail", "pf", "result", "status", "good", "verdict"), "passed"),
    **dict.fromkeys(("lot", "lotid", "lotnumber"), "lot"),
    **dict.fromkeys(("wafer", "waferid", "wafernumber", "waferno"), "wafer"),
    **dict.fromkeys(("product", "productid", "device", "parttype"), "product"),
    **dict.fromkeys(("notch", "flat", "orientation"), "notch"),
}
HEADER_WITHIN = 40
DELIMITERS = ",;\t|"
FARTHEST = 100_000
_HEAD = re.compile(r"^\s*#?\s*([A-Za-z][\w .-]{0,30}?)\s*[:=]\s*(.*?)[\s,;]*$")
HINT = "a header with x, y and bin (or passed), and lot and wafer if the file holds several wafers"


@dataclass
class Dies:
    """The dies of one wafer so far."""

    stated: Stated
    x: list[int] = field(default_factory=list)
    y: list[int] = field(default_factory=list)
    bins: list[str] = field(default_factory=list)
    passed: list[int] = field(default_factory=list)
    unread: int = 0


@dataclass(frozen=True)
class Header:
    """Where the header is, what each column is, and what lines before it say."""

    line: int
    delimiter: str
    columns: dict[str, int]
    said: dict[str, str]


def header_of(lines: Sequence[str]) -> Header | None:
    """The header among the first lines; None where no line names x, y and bin or passed."""
    said: dict[str, str] = {}
    for place, line in enumerate(lines[:HEADER_WITHIN]):
        delimiter = max(DELIMITERS, key=line.count)
        names = [plain(cell.strip('" ')) for cell in line.lstrip("# ").split(delimiter)]
        columns: dict[str, int] = {}
        for column, name in enumerate(names):
            if name in COLUMNS:
                columns.setdefault(COLUMNS[name], column)
        if {"x", "y"} <= columns.keys() and columns.keys() & {"bin", "soft", "passed"}:
            return Header(place, delimiter, columns, said)
        head = _HEAD.match(line)
        if head:
            said.setdefault(plain(head[1]), head[2])
    return None


def read_table(text: str, name: str, cut: bool) -> list[WaferMap]:
    """The maps of a table, one a lot and wafer. Raises CannotRead where it has none."""
    lines = text.splitlines()
    header = header_of(lines)
    if header is None:
        raise CannotRead(Problem(Unreadable, "no header with x, y and bin", hint=HINT))
    wafers: dict[tuple[str, ...], Dies] = {}
    records = _records(lines[header.line + 1 :], header.delimiter)
    needed = max(header.columns.values())
    if cut:
        # A last line without an end may have lost its last digits: bin 12 would be bin 1.
        records = records[:-1]
    for record in records:
        if len(record) > needed:
            _take(record, header, name, wafers)
        elif any(cell.strip() for cell in record):
            cut = True
    wafers = {key: dies for key, dies in wafers.items() if dies.x}
    if not wafers:
        raise CannotRead(Problem(Unreadable, "a header with x, y and bin, and no die below it that can be read", hint=HINT))
    last = next(reversed(wafers))
    return [_map(dies, cut and key == last) for key, dies in wafers.items()]


def _records(lines: Iterable[str], delimiter: str) -> list[list[str]]:
    """The cells of each line; a line that the csv reader refuses is split plainly."""
    plain_lines = [line for line in lines if line.strip() and not line.startswith("#")]
    try:
        return list(csv.reader(plain_lines, delimiter=delimiter))
    except csv.Error:
        return [line.split(delimiter) for line in plain_lines]


def _take(record: list[str], header: Header, name: str, wafers: dict[tuple[str, ...], Dies]) -> None:
    cells = {column: record[place].strip() for column, place in header.columns.items()}
    key = tuple(cells.get(column) or _said(header, column) for column in ("lot", "wafer", "product"))
    if key not in wafers:
        wafers[key] = Dies(_stated(key, header, cells, name))
    dies = wafers[key]
    x, y = _place(cells["x"]), _place(cells["y"])
    code = cells.get("bin") or cells.get("soft") or cells.get("passed", "")
    if x is None or y is None or not code:
        dies.unread += 1
        return
    dies.x.append(x)
    dies.y.append(y)
    dies.bins.append(code[:40])
    dies.passed.append(verdict(cells["passed"]) if "passed" in cells else -2)


def _said(header: Header, column: str) -> str:
    names = [name for name, known in COLUMNS.items() if known == column]
    return next((header.said[name] for name in names if header.said.get(name)), "")


def _stated(key: tuple[str, ...], header: Header, cells: dict[str, str], name: str) -> Stated:
    lot, wafer, product = (part[:200] for part in key)
    notch = notch_of(cells.get("notch") or _said(header, "notch") or header.said.get("fnloc", ""))
    x_axis = X_AXIS.get(plain(header.said.get("xaxis", "")), "")
    y_axis = Y_AXIS.get(plain(header.said.get("yaxis", "")), "")
    return Stated(lot, wafer, product, notch, x_axis, y_axis, name)


def _place(text: str) -> int | None:
    """A whole coordinate, also written as 12.0; None for what is none."""
    whole = text[:-2] if text.endswith(".0") else text
    digits = whole.lstrip("+-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 7 and len(whole) - len(digits) <= 1):
        return None
    number = int(whole)
    return number if abs(number) <= FARTHEST else None


def _map(dies: Dies, cut: bool) -> WaferMap:
    doubts: tuple[Doubt, ...] = ()
    passed = dies.passed
    if -2 in passed:
        passed, doubts = Bins({}).passed(dies.bins)
    if cut:
        doubts = (*doubts, MapCut(len(dies.x), 0))
    if dies.unread:
        doubts = (*doubts, UnreadDies(dies.unread))
    return normalised(replace(dies.stated, doubts=doubts), dies.x, dies.y, dies.bins, passed)
