"""Wafers from lines pasted from a spreadsheet or typed; decimal commas too."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.numbers import decimal_of, is_number, typed, undecided

MOST_LINES = 500
LARGEST = 1e9
"""No thickness and no rate is larger, and what is beyond is no number that can be reckoned with."""
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


@dataclass(frozen=True)
class _Cells:
    """The cells of one line, before anybody knows their decimal sign."""

    thickness: str
    wafer: str | None = None
    head: str | None = None
    fault: str | None = None
    sites: tuple[str, ...] = ()


def pasted(text: str, sign: str | None = None) -> list[Line]:
    """One wafer per line: thickness; name and thickness; name, head and thickness; or the columns of a heading line.

    Headings name wafer, head, and thickness or a column for each site. `sign` is the decimal sign of numbers that read with
    either, as far as `decimal_shown` knows it. A line whose thickness cannot be read is kept with its fault. Raises
    BadQuestion for too many lines.
    """
    return [_line(wafer, sign) for wafer in _wafers(text)]


def decimal_shown(text: str, beside: Iterable[str] = ()) -> str | None:
    """The decimal sign that pasted numbers show, and those of the form `beside`; None where they show none, or both."""
    return decimal_of([*beside, *(cell for wafer in _wafers(text) for cell in (wafer.thickness, *wafer.sites))])


def _wafers(text: str) -> list[_Cells]:
    lines = [line.strip(" ") for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        hint = "send more to POST /api/v1/cmp/polish-time"
        raise BadQuestion(f"{len(lines):,} lines; at most {MOST_LINES} are taken here.", hint)
    if not lines:
        return []
    places = _headings(_split(lines[0]))
    return [_cells(line, places) for line in (lines if places is None else lines[1:])]


def _split(line: str) -> list[str]:
    cells = [cell.strip() for cell in re.split(r"\t|;| {2,}", line)]
    return cells[0].split() if len(cells) == 1 and not is_number(cells[0]) else cells


def _headings(cells: list[str]) -> dict[str, list[int]] | None:
    """Which column is which; None if the first line is already a wafer."""
    plain = [re.sub(r"\(.*?\)|\[.*?\]", "", cell).strip().casefold() for cell in cells]
    words = [re.split(r"[\W\d]", cell, maxsplit=1)[0] for cell in plain]
    places = {name: [n for n, word in enumerate(words) if word in known] for name, known in NAMES.items()}
    named = any(places.values()) or not any(map(str.isdigit, "".join(plain)))
    return places if named and not any(map(is_number, plain)) else None


def _cells(line: str, places: dict[str, list[int]] | None) -> _Cells:
    if _TWO_WAYS.fullmatch(line):
        return _Cells("", fault=f"{line!r} is one number or two: put a tab or ; between name and thickness.")
    cells = _split(line)
    if places and len(cells) > 1 and (places["incoming"] or places["site"]):
        values = {name: [cells[n] for n in columns if n < len(cells) and cells[n]] for name, columns in places.items()}
        wafer, head = (next(iter(values[name]), None) for name in ("wafer", "head"))
        if not places["incoming"]:
            return _Cells("", wafer, head, sites=tuple(values["site"]))
        return _Cells(next(iter(values["incoming"]), ""), wafer, head)
    cells = [cell for cell in cells if cell]
    wafer, head, thickness = cells[0] if len(cells) > 1 else None, cells[1] if len(cells) > 2 else None, cells[-1]
    if len(cells) > 3 or (head is not None and is_number(head)):
        message = f"{len(cells)} columns, and nothing says which one is the thickness."
        return _Cells("", wafer, fault=f"{message} Add a heading line above: wafer, head, thickness.")
    return _Cells(thickness, wafer, head)


def _line(cells: _Cells, sign: str | None) -> Line:
    wafer, head, fault = cells.wafer, cells.head, cells.fault
    numbers = {cell: number(cell, sign) for cell in (*cells.sites, cells.thickness) if cell}
    odd = next((cell for cell, value in numbers.items() if value is None), None)
    if fault is None and odd is not None:
        way_out = "Write a number such as 9012.5 or 9012,5."
        if cells.sites:
            way_out = "Leave the cell empty if the site was not measured."
        fault = either(odd, sign) or f"{odd!r} is not a thickness. {way_out}"
    if fault is not None:
        return Line(None, wafer, head, fault)
    # An empty site was not measured.
    return Line(numbers.get(cells.thickness), wafer, head, sites=tuple(numbers[cell] for cell in cells.sites))  # type: ignore[misc]


def number(text: str, sign: str | None = None) -> float | None:
    """A number in any usual notation: 9000, 9,000.5, 9.000,5, 9000,5; 9,000 only where the decimal sign is known."""
    value = typed(text, sign)
    return value if value is not None and abs(value) <= LARGEST else None


def either(text: str, sign: str | None = None) -> str | None:
    """What to say of a number whose comma may be for decimals or for thousands; None for any other."""
    if sign is not None or undecided([text]) is None:
        return None
    whole, _, rest = text.strip().partition(",")
    return f"{text.strip()!r} can be {whole}.{rest} or {whole}{rest}. Write it as one of them."
