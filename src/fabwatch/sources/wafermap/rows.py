"""Wafer maps as rows of characters below header lines: SINF, inkless maps of subcontractors and testers' prints."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fabwatch.sources.opening import CannotRead
from fabwatch.sources.wafermap.bins import Bins
from fabwatch.sources.wafermap.doubts import NullByCorners
from fabwatch.sources.wafermap.maps import Stated, WaferMap
from fabwatch.sources.wafermap.picture import Picture, map_of
from fabwatch.sources.wafermap.words import X_AXIS, Y_AXIS, notch_of, plain, same_bin, verdict
from fabwatch.terms.problems import Problem, Unreadable

KEYS = {
    **dict.fromkeys(("lot", "lotid", "lotno", "lotnumber"), "lot"),
    **dict.fromkeys(("wafer", "waferid", "waferno", "wafernumber", "wafernr", "substrateid"), "wafer"),
    **dict.fromkeys(("product", "productid", "device", "deviceid", "devicename", "part", "parttype"), "product"),
    **dict.fromkeys(("notch", "flat", "fnloc", "orientation", "flatnotch", "notchlocation", "flatlocation"), "notch"),
    **dict.fromkeys(("xaxis", "xdir", "xdirection", "xincreases"), "x_axis"),
    **dict.fromkeys(("yaxis", "ydir", "ydirection", "yincreases"), "y_axis"),
    **dict.fromkeys(("passbin", "passbins", "goodbin", "goodbins", "bcequ", "passcode", "goodcode", "pass", "good"), "good"),
    **dict.fromkeys(("null", "nullbin", "nodie", "empty"), "null"),
    **dict.fromkeys(("rowct", "rows", "rowcount", "nrows"), "rows"),
    **dict.fromkeys(("colct", "columns", "cols", "colcount", "columncount"), "columns"),
}
NULL = frozenset(sign * times for sign in "._-~@ " for times in (1, 2, 3, 4))
"""What commonly stands where there is no die."""
CORNER_NULL = frozenset({"0", "00", "000", "255", "ff"})
_HEAD = re.compile(r"^\s*#?\s*([A-Za-z][\w ./#()-]{0,40}?)\s*[:=]\s*(.*?)\s*$")
_BIN = re.compile(r"^bin\s*(?:code)?\s*(\S{1,4})$", re.IGNORECASE)
_PROSE = re.compile(r"[a-z]{4,}|^\s*(#\s|//|;)")
LEAST_ROWS, LEAST_COLUMNS = 2, 2
SEEN_ROWS = 3
"""So many rows must be seen before a file counts as a map by them."""
MOST_CODES = 40
"""A map has few bins; a text of many signs is something else."""
HINT = "rows of characters, one a die, below lines such as LOT: A1, WAFER: 3, NOTCH: down; or x,y,bin as a table"


@dataclass
class Section:
    """The header lines and rows of one wafer."""

    said: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)


def read_rows(text: str, name: str, cut: bool) -> list[WaferMap]:
    """The maps of a text of rows. Raises CannotRead where there are none; `cut` says that its last line may be torn."""
    sections = [one for one in _sections(text.splitlines()) if _is_map(one.rows)]
    if not sections:
        raise CannotRead(Problem(Unreadable, "no rows of dies found", hint=HINT))
    last = len(sections) - 1
    return [_map(section, name, cut and place == last) for place, section in enumerate(sections)]


def are_rows(start: str) -> bool:
    """Whether a text begins as rows of dies: a lot or wafer is named, and the corner of the first map holds no die."""
    section = next(_sections(start.splitlines()))
    rows, null = section.rows, section.said.get("null", "").strip()
    if len(rows) < SEEN_ROWS or not section.said.keys() & {"lot", "wafer"}:
        return False
    codes = {code for row in rows for code in row}
    corner = rows[0][0]
    return len(codes) <= MOST_CODES and (corner in NULL or corner.casefold() in CORNER_NULL or corner == null != "")


def _sections(lines: Sequence[str]) -> Iterator[Section]:
    """One section a wafer: a lot or wafer that is named after rows begins the next, and keeps what it does not name."""
    section = Section()
    for line in lines:
        head = _HEAD.match(line)
        if head is None:
            row = _row(line)
            if row:
                section.rows.append(row)
            continue
        key, value = plain(head[1]), head[2]
        if key == "rowdata":
            section.rows.append(value.split())
            continue
        if section.rows and KEYS.get(key) in ("lot", "wafer", "product"):
            yield section
            kept = {name: said for name, said in section.said.items() if name != "wafer"}
            section = Section(kept, dict(section.verdicts))
        _note(section, head[1], key, value)
    yield section


def _note(section: Section, name: str, key: str, value: str) -> None:
    """Keep what a header line says."""
    known, of_bin = KEYS.get(key), _BIN.match(name.strip())
    if of_bin and verdict(value) >= 0:
        section.verdicts[same_bin(of_bin[1])] = verdict(value)
    elif known == "good" and not section.rows:
        section.verdicts.update((same_bin(code), 1) for code in re.split(r"[\s,;]+", value) if code)
    elif known and known != "good":
        section.said.setdefault(known, value[:200])


def _row(line: str) -> list[str]:
    """The codes of a row: words of one length, or single characters; empty for a line that is no row."""
    text = line.rstrip()
    if not text or _PROSE.search(text) or len(text) > 20_000:
        return []
    for apart in (text.split(), text.replace(",", " ").replace("\t", " ").split()):
        widths = Counter(map(len, apart))
        if len(apart) > 2 and len(widths) == 1 and max(widths) <= 4:
            return apart
    return list(text)


def _is_map(rows: Sequence[Sequence[str]]) -> bool:
    return len(rows) >= LEAST_ROWS and max(map(len, rows)) >= LEAST_COLUMNS


def _map(section: Section, name: str, cut: bool) -> WaferMap:
    said, rows = section.said, section.rows
    if cut and (len(rows[-1]) < max(map(len, rows)) or len(rows[-1][-1]) < len(rows[0][0])):
        rows = rows[:-1]
    null = {said["null"].strip()} if said.get("null", "").strip() else set()
    corner = _corner_code(rows) if not null else ""
    bins = Bins(section.verdicts, (), frozenset(NULL | null | ({corner} if corner else set())))
    stated = Stated(
        lot=said.get("lot", ""),
        wafer=said.get("wafer", ""),
        product=said.get("product", ""),
        notch=notch_of(said.get("notch", "")),
        origin=name,
        doubts=(NullByCorners(corner),) if corner else (),
    )
    down = Y_AXIS.get(plain(said.get("y_axis", "")), "up")
    left = X_AXIS.get(plain(said.get("x_axis", "")), "right")
    picture = Picture(rows, _count(said.get("rows")), _count(said.get("columns")), "", down + left, 1, 1, cut)
    return map_of(picture, bins, stated)


def _count(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else 0


def _corner_code(rows: Sequence[Sequence[str]]) -> str:
    """The code in all four corners, if it commonly means no die and no other such code is in the map."""
    corners = {row[place] for row in (rows[0], rows[-1]) for place in (0, -1) if row}
    code = next(iter(corners)) if len(corners) == 1 else ""
    return code if code.casefold() in CORNER_NULL and not any(one in NULL for row in rows for one in row) else ""
