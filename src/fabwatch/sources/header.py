"""Headers: which table a file fills, which column is which, how sure that is, and what to suggest."""

import glob
import re
from collections.abc import Mapping as PlainMapping
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any

from fabwatch.sources.counters import COUNTERS_KIND
from fabwatch.sources.kinds import Kind, compact_name, compact_names, plain_name
from fabwatch.sources.layouts import LAYOUT_KIND
from fabwatch.sources.maintenance import MAINTENANCE_KIND
from fabwatch.sources.metrology import METROLOGY_KIND
from fabwatch.sources.moves import MOVES_KIND
from fabwatch.sources.opening import visible
from fabwatch.sources.parameters import Parameter
from fabwatch.sources.quals import QUALS_KIND
from fabwatch.sources.sort_summary import SORT_KIND
from fabwatch.sources.times import is_stamp, may_be_time
from fabwatch.sources.tools import TOOLS_KIND
from fabwatch.sources.values import text_of
from fabwatch.sources.wat import WAT_KIND
from fabwatch.terms import toml
from fabwatch.terms.errors import LONGEST_NAME
from fabwatch.terms.numbers import is_number
from fabwatch.terms.settings.files import SourceSettings
from fabwatch.terms.tables import Column
from fabwatch.terms.units import in_brackets, is_unit

KINDS: dict[str, Kind] = {
    kind.table.name: kind
    for kind in (
        MOVES_KIND,
        QUALS_KIND,
        MAINTENANCE_KIND,
        COUNTERS_KIND,
        METROLOGY_KIND,
        TOOLS_KIND,
        SORT_KIND,
        WAT_KIND,
        LAYOUT_KIND,
    )
}
READ_FIRST = ("tools", "moves", "restores", "counters", "quals", "metrology", "sort_summary", "wat", "layouts")
"""The order in which kinds are loaded when several arrive at once: tools before the tables that refer to them."""
_CAMEL = re.compile(r"([a-z0-9])([A-Z])")


@dataclass(frozen=True)
class Mapping:
    """Which column of the table each column of the file is."""

    kind: Kind
    columns: dict[str, int]
    """{column: position in the file}."""
    constants: dict[str, object]
    unused: tuple[str, ...]
    """Columns of the file that fill no column of the table."""
    lacking: tuple[str, ...]
    """Required columns that the file does not have."""
    twice: tuple[str, ...] = ()
    """Required columns that two headers both match, and columns in different units."""
    parameters: tuple[Parameter, ...] = ()
    """Columns that are a parameter each: every value in them is a row."""
    notes: tuple[str, ...] = ()
    """What is to be said of them."""

    @property
    def positions(self) -> list[int]:
        """The columns of the file that are read."""
        return [*self.columns.values(), *(parameter.position for parameter in self.parameters)]

    @property
    def fits(self) -> bool:
        """True when every required column is there exactly once."""
        return not self.lacking and not self.twice

    @property
    def is_likely(self) -> bool:
        """True when at least one of the required columns is there."""
        return any(set(group) & self.columns.keys() for group in self.kind.needs)

    @property
    def sure(self) -> float:
        """How sure the mapping is, from 0 to 1: the share of the file's columns that are recognised."""
        recognised = len(self.positions)
        share = recognised / max(recognised + len(self.unused), 1)
        return round(share if self.fits else share / 2, 3)

    def __reduce__(self) -> tuple[Any, ...]:
        # Between processes a kind goes by its name: thousands of files share it then.
        own = (self.parameters, self.notes)
        rest = (self.columns, self.constants, self.unused, self.lacking, self.twice, *own)
        return _of_kind, (self.kind.table.name, *rest)


def _of_kind(kind: str, *rest: Any) -> Mapping:
    return Mapping(KINDS[kind], *rest)


def recognise(
    header: Sequence[str], stated: SourceSettings | None = None, kind: str | None = None, units: Sequence[str] = ()
) -> Mapping:
    """The mapping that recognises most of the header; of two equal ones, the one that has all required columns.

    A table does not win because it requires fewer columns: moves without their end are not a tool list. `units` are those
    that stand below the header.
    """
    stated = stated or SourceSettings()
    table = kind or stated.kind
    candidates = [KINDS[table]] if table in KINDS else list(KINDS.values())
    user = stated.headers()
    mappings = [_with_units(_mapping(candidate, header, stated, user), header, units) for candidate in candidates]
    return max(mappings, key=lambda m: (len(m.columns), m.fits))


def header_score(mapping: Mapping) -> float:
    """How well a line serves as a header: the share of its cells that are known, plus one when nothing is missing."""
    return mapping.sure + mapping.fits if mapping.columns else 0.0


def _mapping(kind: Kind, header: Sequence[str], stated: SourceSettings, user: dict[str, str]) -> Mapping:
    taken = set(user.values())
    columns: dict[str, int] = {}
    unused: list[str] = []
    twice: list[str] = []
    known = {column.name for column in kind.columns}
    for position, name in enumerate(header):
        column = user.get(name.casefold())
        if column is None:
            named = kind.column_of(name) or _without_unit(kind, name)
            column = None if named in taken else named
        if name in stated.ignore:
            continue
        if column is None or column not in known:
            unused.append(name)
        elif column not in columns:
            columns[column] = position
        elif plain_name(name) == column and plain_name(header[columns[column]]) != column:
            # The canonical name wins over an alias for the same column.
            unused.append(header[columns[column]])
            columns[column] = position
        elif plain_name(header[columns[column]]) == column:
            unused.append(name)
        elif any(column in group for group in kind.needs) or kind.table.column(column).kind == "time":
            twice.append(f"{header[columns[column]]} and {name} both read as {column}")
        else:
            unused.append(name)
    constants: dict[str, object] = {
        name: value for name, value in stated.constants.items() if name in known and name not in columns
    }
    have = columns.keys() | constants.keys()
    lacking = tuple(" or ".join(group) for group in kind.needs if not have & set(group))
    return Mapping(kind, columns, constants, tuple(unused), lacking, tuple(twice))


UNIT_OF = {
    "quals": dict.fromkeys(("reading", "lower", "upper"), "unit"),
    "metrology": {**dict.fromkeys(("incoming", "after", "target", "lower", "upper"), "unit"), "rate": "rate_unit"},
}
"""The column that says the unit of others, by table."""
IN_SECONDS = ("s", "sec", "seconds")


def _without_unit(kind: Kind, name: str) -> str | None:
    """The column that a header names before its brackets; a duration only in the unit that it is stored in."""
    bare, inside, rest = in_brackets(name)
    column = kind.column_of(bare) if inside and not rest else None
    return None if column == "seconds" and inside.casefold() not in IN_SECONDS else column


def _with_units(mapping: Mapping, header: Sequence[str], below: Sequence[str]) -> Mapping:
    """The same with the unit that stands in the brackets of the header, or in the row below it."""
    known: dict[str, dict[str, str]] = {}
    for column, of in UNIT_OF.get(mapping.kind.table.name, {}).items():
        position = mapping.columns.get(column)
        if position is not None:
            own = below[position].strip(" []()") if position < len(below) else ""
            unit = own or in_brackets(header[position])[1]
            if unit and is_unit(unit):
                known.setdefault(of, {}).setdefault(unit, header[position])
    several = [
        f"{' and '.join(f'{name} in {unit}' for unit, name in of.items())}: one file has one unit"
        for of in known.values()
        if len(of) > 1
    ]
    constants = {of: next(iter(units)) for of, units in known.items() if of not in mapping.columns}
    return replace(mapping, constants={**constants, **mapping.constants}, twice=(*mapping.twice, *several))


def are_units(cells: Sequence[str], mapping: Mapping) -> bool:
    """Whether the row below a header says units: some of its cells are units, and no cell is a name or a number."""
    if len(cells) <= max(mapping.columns.values(), default=0):
        return False
    kinds = {column.name: column.kind for column in mapping.kind.columns}
    named = (cells[place].strip(" -") for name, place in mapping.columns.items() if kinds[name] == "text")
    full = [cell.strip() for cell in cells if cell.strip(" -")]
    units = sum(map(is_unit, full))
    return not any(named) and units > 0 and 2 * units >= len(full) and not any(is_number(c) or ":" in c for c in full)


@dataclass(frozen=True)
class Suggestion:
    """What to write into fab.toml so that the file can be loaded."""

    kind: str
    columns: dict[str, str] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    """Required columns that no header of the file resembles."""

    def toml(self, name: str, file_name: str, stated: SourceSettings) -> str:
        """The lines for fab.toml; what is still open stays as a comment. They keep what is `stated` of the file already."""
        kept = {**stated.as_stated(), "kind": self.kind}
        names = {column.name for column in KINDS[self.kind].columns}
        if constants := {name: value for name, value in stated.constants.items() if name in names}:
            kept["constants"] = constants
        else:
            kept.pop("constants", None)
        if self.columns or stated.columns:
            kept["columns"] = {**stated.columns, **self.columns}
        return "\n".join([source_lines(name, file_name, kept), *(f"# still open: {gap}" for gap in self.open)])


def source_lines(name: str, file_name: str, stated: PlainMapping[str, Any]) -> str:
    """The lines of a source for one file, with what is stated of it."""
    # Signs that stand for others in a pattern stand for themselves in a name.
    lines = [f"[sources.{toml.key(name)}]", f"files = {toml.value(glob.escape(visible(file_name)))}"]
    return "\n".join([*lines, *(f"{toml.key(key)} = {toml.value(value)}" for key, value in stated.items())])


ALIKE = 0.75
"""From this share of equal letters on, two names are taken for one that was written differently."""
_GENERAL = "id no nr name names at on in of time date stamp number num code used full key value"
GENERAL = frozenset(_GENERAL.split())
"""Words of a header that do not say what it is of."""


def suggest(mapping: Mapping, header: Sequence[str] = (), rows: Sequence[Sequence[Any]] = ()) -> Suggestion:
    """For each missing column, the unused header that is most likely it, by its name and by some `rows` of cells."""
    kind = mapping.kind
    cells = {name: [row[n] for row in rows if n < len(row) and text_of(row[n])] for n, name in enumerate(header)}
    # A file without a header begins with values.
    free = [name for name in mapping.unused if name and not is_stamp(name) and not is_number(name)]
    suggested: dict[str, str] = {}
    still_open: list[str] = []
    for gap in mapping.lacking:
        found = _nearest(kind, gap.split(" or "), free, cells)
        if found is None:
            still_open.append(gap)
        else:
            column, name = found
            suggested[column] = name
            free.remove(name)
    return Suggestion(kind.table.name, suggested, tuple(still_open))


def _nearest(
    kind: Kind, options: Sequence[str], free: Sequence[str], cells: PlainMapping[str, Sequence[Any]]
) -> tuple[str, str] | None:
    """One of these columns and the header that is most likely it; None where none is likely."""
    vague = compact_names(kind.vague)
    best: tuple[float, str, str] | None = None
    for column in options:
        # Every cell has to be what the column holds: a name alone makes `End of File` an end.
        fit = [name for name in free if not cells or may_hold(kind.table.column(column), cells.get(name, ()))]
        for name in fit:
            sure = 2.0 if vague.get(compact_name(name)) == column else _likeness(kind, column, name)
            if not sure and cells and len(fit) == 1 and kind.table.column(column).kind == "time":
                # The only column of times that is left.
                sure = ALIKE
            if sure and (best is None or sure > best[0]):
                best = sure, column, name
    return best and best[1:]


def _likeness(kind: Kind, column: str, header: str) -> float:
    """How much a header is like one of the names of a column, from ALIKE to 1; 0 for less. A letter or two are like all."""
    own = [name for name, meant in kind.names.items() if meant == column]
    compact = compact_name(header)
    if len(compact) <= 2 or len(compact) > LONGEST_NAME:
        return 0.0
    words = [word for word in plain_name(_CAMEL.sub(r"\1 \2", header)).split("_") if word not in GENERAL]
    if words and len(words[-1]) > 2 and any(words[-1] in name.split("_") for name in own):
        return 1.0
    near = max(SequenceMatcher(None, compact, compact_name(name)).ratio() for name in own)
    return near if near >= ALIKE else 0.0


def may_hold(column: Column, cells: Sequence[Any]) -> bool:
    """Whether a column may hold these cells, empty ones not counted; without any it holds nothing that is needed."""
    texts = [text for text in map(text_of, cells) if text]
    if column.kind == "time":
        return bool(texts) and all(map(may_be_time, filter(text_of, cells)))
    if column.kind in ("whole", "number"):
        return bool(texts) and all(map(is_number, texts))
    return bool(texts) and not all(map(is_stamp, texts))
