"""Recognising a log: its dialect, its separator and columns; or why it is none."""

import io
from dataclasses import replace

from fabwatch.sources.kinds import compact_name
from fabwatch.sources.opening import CannotRead, Document, Inspected, only_returns
from fabwatch.sources.text import check_width, encoding_of
from fabwatch.sources.toollog import keyvalue, lvm, sml
from fabwatch.sources.toollog.cells import table_of
from fabwatch.sources.toollog.chunks import chunks, rows_of
from fabwatch.sources.toollog.columns import LogColumn, nameless
from fabwatch.sources.toollog.layout import SAMPLE_LINES, Layout, find_layout, shown
from fabwatch.sources.toollog.reader import DELIMITED, LVM, LogFile
from fabwatch.terms.problems import Problem, TallTable
from fabwatch.terms.settings.files import LOG, SourceSettings

_VALUES = "value val vvalue pointvalue tagvalue varvalue datavalue numericvalue wert valeur valor"
_TAGS = """tag tagname tagindex tagid field measurement variable variablename varname varid signal signalname parameter
parametername point pointname pointid channel channelname sensor sensorname sensorid item itemname itemid attribute svid
name"""
VALUES, TAGS = _VALUES.split(), _TAGS.split()
"""Headers of tables with one value a row: of the value, and of what it is a value of."""


def _filled(document: Document, layout: Layout, *, returns: bool) -> tuple[LogColumn, ...]:
    """The columns; the first cells further down decide what a column is that is empty in the first lines."""
    empty = {n for n, column in enumerate(layout.columns) if column.role == "empty"}
    first: dict[int, str] = {}
    if empty:
        with document.open(returns=returns) as stream:
            for chunk in chunks(stream, layout.encoding):
                table, _, _ = table_of(chunk, rows_of(chunk, layout), layout)
                for position in sorted(empty - first.keys()):
                    cells = table.column(str(position)).drop_null()
                    if len(cells):
                        first[position] = str(cells[0].as_py())
                if len(first) == len(empty):
                    break
    return tuple(_further(column, n, first.get(n, "")) if n in empty else column for n, column in enumerate(layout.columns))


def _further(column: LogColumn, position: int, cell: str) -> LogColumn:
    """A column by its first cell further down."""
    if not cell and column.name == nameless(position):
        # What has neither a name nor a cell is a separator at one end of every line.
        return replace(column, role="ignore")
    return shown(replace(column, role="sensor"), [cell])


def _check_wide(layout: Layout) -> None:
    """Raises CannotRead for one value a row: all sensors would be read as one."""
    plain = {compact_name(name): name for name in layout.header}
    value, tag = (next((plain[name] for name in names if name in plain), None) for names in (VALUES, TAGS))
    if value is not None and tag is not None:
        raise CannotRead(Problem(TallTable, f"one value a row: {tag} says of what, {value} how much"))


def open_log(document: Document, inspected: Inspected, stated: SourceSettings) -> LogFile | None:
    """Find out how to read a log; None if the file is not a log. Raises CannotRead."""
    notes: list[str] = []
    encoding = encoding_of(inspected, stated, notes)
    text = inspected.start.decode(encoding, errors="replace").lstrip("\ufeff")
    text = text if "\n" in text else text.replace("\r", "\n")
    lines = [line.rstrip("\r\n") for line in io.StringIO(text, newline="\n")][:SAMPLE_LINES]
    if len(inspected.start) >= 1 << 16:
        lines = lines[:-1]
    roles = stated.roles()
    if sml.is_sml(lines):
        return LogFile(document, inspected, stated, "sml", Layout(encoding, "", (), 0, notes=tuple(notes)))
    dialect, layout = LVM, lvm.find_layout(lines, encoding, roles)
    if layout is None:
        dialect, layout = "keyvalue", keyvalue.find_layout(lines, encoding, roles, stated.decimal)
    if layout is None:
        # One row is enough where somebody says what the file is.
        least = 1 if stated.kind == LOG else 2
        dialect, layout = DELIMITED, find_layout(lines, encoding, roles, stated.delimiter, stated.decimal, least)
    if layout is None:
        return None
    check_width(len(layout.columns))
    layout = replace(layout, missing=stated.missing_words(), header=tuple(name.replace("\0", "") for name in layout.header))
    if dialect == DELIMITED:
        layout = replace(layout, columns=_filled(document, layout, returns=only_returns(inspected.start)))
    _check_wide(layout)
    file = LogFile(document, inspected, stated, dialect, layout)
    file.notes += notes
    return file
