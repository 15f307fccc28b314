"""Electrical tests with a column for each parameter: when a table is one, and what its header and the rows below it say."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from fabwatch.sources.header import KINDS, Mapping, may_hold, recognise
from fabwatch.sources.kinds import compact_name, plain_name
from fabwatch.sources.parameters import Parameter
from fabwatch.sources.text import Record
from fabwatch.sources.values import sideless, text_of
from fabwatch.sources.wat import WAT_KIND
from fabwatch.terms.numbers import is_number
from fabwatch.terms.settings.files import SourceSettings
from fabwatch.terms.units import in_brackets, is_unit
from fabwatch.terms.words import NOTHING

FEWEST = 3
"""Columns of numbers that nothing else explains; fewer may be anything, unless it is stated that the file is WAT."""
_NAMED = re.compile(r"(?<![a-z])(wat|pcm|e[-_ ]?test|parametrics?)(?![a-z])")
_ELECTRICAL = re.compile(
    r"(?:[afpnumkg]|meg)?(?:a|v|ohms?|f|s|w|h|hz|c|ev)"
    r"(?:[*./^ ]?(?:-?\d|sq|square|□|[num]?m|cm|dec|decade|v|ev|s|k|degc|contact|cont|ct|cnt|via|link|°c))*"
)
_ASCII = str.maketrans({"µ": "u", "μ": "u", "Ω": "ohm"})
_LOWER = "lsl lower lowerlimit lowerspec lowerspeclimit lolimit lowlimit speclow speclo specmin minspec lspec"
_UPPER = "usl upper upperlimit upperspec upperspeclimit hilimit highlimit spechigh spechi specmax maxspec uspec"
_TARGET = "target nominal tgt typ typical spec"
LABELS = {
    "unit": frozenset(("unit", "units", "uom")),
    "lower": frozenset(_LOWER.split()),
    "upper": frozenset(_UPPER.split()),
    "target": frozenset(_TARGET.split()),
}
"""What stands before the rows between header and values."""
_ELSE = """x y xcoord ycoord coordx coordy diex diey sitex sitey xpos ypos posx posy row col column radius theta angle slot
run seq sequence index idx id no serial bin hardbin softbin hbin sbin count flag passfail retest cassette carrier"""
_OTHER = frozenset(_ELSE.split())
"""Columns of numbers that say where or how often, and measure nothing."""


@dataclass(frozen=True)
class WideTable:
    """A table of electrical tests with a column for each parameter."""

    mapping: Mapping
    last_line: int
    """The last line that says units or limits; 0 for none."""


@dataclass
class _Below:
    """What the rows between header and values say, by what they are and by position."""

    cells: dict[str, dict[int, str]] = field(default_factory=dict)
    last_line: int = 0
    rows: int = 0


def wide_table(
    file_name: str,
    header: Sequence[str],
    units: Sequence[str],
    records: Sequence[Record],
    stated: SourceSettings,
    kind: str | None,
) -> WideTable | None:
    """The table as one of electrical tests with a column for each parameter; None where it is not surely one.

    It names lots or wafers, fits no kind of file, and has columns of numbers that no kind knows. That they are electrical
    tests is stated, or in the name of the file, or rows with limits stand below the header, or most of the columns have an
    electrical unit and the rows name wafer and site. `units` stand in a line below the header that was recognised already.
    """
    stated_kind = kind or stated.kind
    if stated_kind not in (None, WAT_KIND.table.name) or not records:
        return None
    mapping = recognise(header, stated, WAT_KIND.table.name)
    if not {"lot", "wafer"} & mapping.columns.keys() or {"parameter", "value"} & mapping.columns.keys() or mapping.twice:
        return None
    if stated_kind is None and any(recognise(header, stated, name).fits for name in KINDS):
        return None
    whole = [record for record in records if len(record.cells) == len(header)]
    mapping = _with_time(mapping, header, whole)
    places = _numeric(mapping, header, whole)
    below = _below(whole, places, units)
    # What was taken for numbers by units and limits alone is looked at again by the values.
    places = _numeric(mapping, header, whole[below.rows :]) if below.rows < len(whole) else places
    parameters = [own for own in (_parameter(place, header[place], below) for place in places) if _measures(own)]
    electrical = sum(is_electrical(own.unit or "") for own in parameters)
    sure = (
        bool(_NAMED.search(file_name.casefold()))
        or bool({"lower", "upper"} & below.cells.keys())
        or (2 * electrical > len(parameters) and {"wafer", "site"} <= mapping.columns.keys())
    )
    if stated_kind is None and (len(parameters) < FEWEST or not sure):
        return None
    return _table(mapping, header, parameters, below) if parameters else None


def is_electrical(unit: str) -> bool:
    """Whether a unit is one of electrical tests, such as V, nA/um or ohm/sq."""
    return bool(_ELECTRICAL.fullmatch(unit.strip().translate(_ASCII).casefold()))


def _table(mapping: Mapping, header: Sequence[str], parameters: Sequence[Parameter], below: _Below) -> WideTable:
    taken = {header[own.position] for own in parameters}
    names = [own.name for own in parameters]
    double = sorted({name for name in names if names.count(name) > 1})
    mapping = replace(
        mapping,
        parameters=tuple(parameters),
        unused=tuple(name for name in mapping.unused if name not in taken),
        lacking=(),
        notes=tuple(_notes(parameters, below)),
        twice=tuple(f"several columns are {name}: one parameter has one column" for name in double),
    )
    return WideTable(mapping, below.last_line)


def _notes(parameters: Sequence[Parameter], below: _Below) -> Iterator[str]:
    yield f"{len(parameters)} columns of parameters, each value a row: {', '.join(own.name for own in parameters[:8])}" + (
        " …" if len(parameters) > 8 else ""
    )
    stated = [f"{len(below.cells[name])} of {name}" for name in ("unit", "lower", "upper") if name in below.cells]
    if stated:
        yield f"lines below the header say units and limits: {', '.join(stated)}"
    if "target" in below.cells:
        yield "a line of targets below the header is not kept"


def _with_time(mapping: Mapping, header: Sequence[str], records: Sequence[Record]) -> Mapping:
    """The same with the only column of times, if its name is too general: no other one can be meant."""
    if "measured_at" in mapping.columns:
        return mapping
    column = WAT_KIND.column("measured_at")
    free = [place for place, name in enumerate(header) if name in mapping.unused]
    timed = [place for place in free if not _digits(records, place) and may_hold(column, _cells(records, place))]
    if len(timed) != 1 or WAT_KIND.vague.get(plain_name(header[timed[0]])) != "measured_at":
        return mapping
    unused = tuple(name for name in mapping.unused if name != header[timed[0]])
    return replace(mapping, columns={**mapping.columns, "measured_at": timed[0]}, unused=unused)


def _digits(records: Sequence[Record], place: int) -> bool:
    return all(is_number(text) for text in _cells(records, place))


def _cells(records: Sequence[Record], place: int) -> list[str]:
    texts = (text_of(record.cells[place]) for record in records)
    return [text for text in texts if text.casefold() not in NOTHING]


def _numeric(mapping: Mapping, header: Sequence[str], records: Sequence[Record]) -> list[int]:
    """The columns that nothing knows and that hold numbers, or nothing yet; a few cells may say why there is no number."""
    known = {name for kind in KINDS.values() for name in kind.names}
    places = []
    for place, name in enumerate(header):
        bare = in_brackets(name)[0]
        if name not in mapping.unused or not name or plain_name(bare) in known:
            continue
        texts = _cells(records, place)
        if 2 * sum(is_number(str(sideless(text)).strip()) for text in texts) >= len(texts):
            places.append(place)
    return places


def _measures(own: Parameter) -> bool:
    """Whether a column is one of values, by its unit or limits, else by its name: `ID` in uA is a current."""
    return bool(own.unit or own.lower or own.upper) or compact_name(own.name) not in _OTHER


def _parameter(place: int, title: str, below: _Below) -> Parameter:
    name, inside, rest = in_brackets(title)
    own = inside if inside and not rest and (is_unit(inside) or is_electrical(inside)) else ""
    unit = below.cells.get("unit", {}).get(place, "").strip(" []()") or own
    limits = {side: below.cells.get(side, {}).get(place) or None for side in ("lower", "upper")}
    return Parameter(place, name.strip() if own else title.strip(), unit or None, **limits)


def _below(records: Sequence[Record], places: Sequence[int], units: Sequence[str]) -> _Below:
    """The rows between header and values, each of which says what it is, or holds units alone."""
    below = _Below({"unit": {place: units[place] for place in places if units[place].strip(" -")}} if units else {})
    for record in records:
        label = _label(record, places)
        if label is None or label in below.cells:
            break
        cells = {place: text_of(record.cells[place]) for place in places}
        full = {place: text for place, text in cells.items() if text.casefold() not in NOTHING}
        if label != "unit":
            full = {place: text for place, text in full.items() if is_number(text)}
        below.cells[label], below.rows = full, below.rows + 1
        below.last_line = record.line + max(record.raw.count(b"\n") - 1, 0)
    return below


def _label(record: Record, places: Sequence[int]) -> str | None:
    """What a row below the header says of its columns; None for a row of values."""
    others = [text for place, cell in enumerate(record.cells) if place not in places and (text := text_of(cell))]
    words = [compact_name(text) for text in others]
    label = next((name for name, known in LABELS.items() for word in words if word in known), None)
    if label is not None:
        return label
    texts = [text for place in places if (text := text_of(record.cells[place]).strip(" -"))]
    units = sum(is_unit(text) or is_electrical(text.strip("[]()")) for text in texts)
    return "unit" if not others and units and 2 * units >= len(texts) and not any(map(is_number, texts)) else None
