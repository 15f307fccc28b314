"""Wafers from lines pasted from a spreadsheet or typed; decimal commas too."""

import re
from dataclasses import dataclass

from fabwatch.terms.errors import BadQuestion

MOST_LINES = 500
LARGEST = 1e9
"""No thickness and no rate is larger, and what is beyond is no number that can be reckoned with."""
_POINTS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_TWO_WAYS = re.compile(r"\d{1,3}( \d{3})+([.,]\d+)?")
"""One number with blanks between thousands, or a name and a number."""
NAMES = {
    "wafer": ("wafer", "wafer_id", "slot", "oblea"),
    "head": ("head", "platen", "cabezal"),
    "site": ("site", "point", "sitio", "punto"),
    "incoming": ("incoming", "thickness", "thk", "pre", "before", "espesor"),
}


@dataclass(frozen=True)
class Line:
    """One wafer as it was pasted; `fault` says why its thickness cannot be read."""

    incoming: float | None
    wafer: str | None = None
    head: str | None = None
    fault: str | None = None
    sites: tuple[float, ...] = ()

    def stated(self) -> dict[str, object]:
        """The wafer as the calculation takes it."""
        return {"incoming": self.incoming, "wafer": self.wafer, "head": self.head, "sites": list(self.sites) or None}


def pasted(text: str) -> list[Line]:
    """One wafer per line: thickness; name and thickness; name, head and thickness; or the columns of a heading line.

    Headings name wafer, head, and thickness or a column for each site. A line whose thickness cannot be read is kept with
    its fault. Raises BadQuestion for too many lines.
    """
    lines = [line.strip(" ") for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        hint = "send more to POST /api/v1/cmp/polish-time"
        raise BadQuestion(f"{len(lines):,} lines; at most {MOST_LINES} are taken here.", hint)
    if not lines:
        return []
    places = _headings(_cells(lines[0]))
    return [_line(line, places) for line in (lines if places is None else lines[1:])]


def _cells(line: str) -> list[str]:
    cells = [cell.strip() for cell in re.split(r"\t|;| {2,}", line)]
    return cells[0].split() if len(cells) == 1 and number(cells[0]) is None else cells


def _headings(cells: list[str]) -> dict[str, list[int]] | None:
    """Which column is which; None if the first line is already a wafer."""
    plain = [re.sub(r"\(.*?\)|\[.*?\]", "", cell).strip().casefold() for cell in cells]
    words = [re.split(r"[\W\d]", cell, maxsplit=1)[0] for cell in plain]
    places = {name: [n for n, word in enumerate(words) if word in known] for name, known in NAMES.items()}
    named = any(places.values()) or not any(map(str.isdigit, "".join(plain)))
    return places if named and all(number(cell) is None for cell in plain) else None


def _line(line: str, places: dict[str, list[int]] | None) -> Line:
    if _TWO_WAYS.fullmatch(line):
        return Line(None, fault=f"{line!r} is one number or two: put a tab or ; between name and thickness.")
    cells = _cells(line)
    if places and len(cells) > 1 and (places["incoming"] or places["site"]):
        values = {name: [cells[n] for n in columns if n < len(cells) and cells[n]] for name, columns in places.items()}
        wafer, head = (next(iter(values[name]), None) for name in ("wafer", "head"))
        if not places["incoming"]:
            return _of_sites(values["site"], wafer, head)
        thickness = next(iter(values["incoming"]), "")
    else:
        cells = [cell for cell in cells if cell]
        wafer, head, thickness = cells[0] if len(cells) > 1 else None, cells[1] if len(cells) > 2 else None, cells[-1]
        if len(cells) > 3 or (head is not None and number(head) is not None):
            message = f"{len(cells)} columns, and nothing says which one is the thickness."
            return Line(None, wafer, fault=f"{message} Add a heading line above: wafer, head, thickness.")
    value = number(thickness)
    if value is None and thickness:
        return Line(None, wafer, head, f"{thickness!r} is not a thickness. Write a number such as 9012.5 or 9012,5.")
    return Line(value, wafer, head)


def _of_sites(cells: list[str], wafer: str | None, head: str | None) -> Line:
    """A wafer with one column per site; an empty site was not measured."""
    values = [number(cell) for cell in cells]
    if None in values:
        cell = cells[values.index(None)]
        return Line(None, wafer, head, f"{cell!r} is not a thickness. Leave the cell empty if the site was not measured.")
    return Line(None, wafer, head, sites=tuple(value for value in values if value is not None))


def number(text: str) -> float | None:
    """A number in any usual notation: 9000, 9,000.5, 9.000,5, 9000,5."""
    plain = text.replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace("'", "")
    if _POINTS.fullmatch(plain) or (_COMMA.fullmatch(plain) and not _THOUSANDS.fullmatch(plain)):
        plain = plain.replace(".", "").replace(",", ".")
    else:
        plain = plain.replace(",", "")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if abs(value) <= LARGEST else None
