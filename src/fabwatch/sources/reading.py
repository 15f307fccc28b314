"""A file as a table: its mapping, then batches of typed rows and the problems found on the way."""

import io
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as PlainMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from fabwatch.sources import parquet, quick
from fabwatch.sources.effort import progress
from fabwatch.sources.foreign import foreign, odd_shape
from fabwatch.sources.header import UNIT_OF, Mapping, are_units, header_score, may_hold, recognise
from fabwatch.sources.kinds import SEVERAL, Columns, Fault, in_future, missing, plain_name
from fabwatch.sources.opening import PIECE, CannotRead, Document, Inspected, only_returns
from fabwatch.sources.parameters import Spread
from fabwatch.sources.text import (
    BATCH,
    HEADER_WITHIN,
    Batch,
    Layout,
    Record,
    are_counted,
    as_text,
    batch_of,
    batches,
    encoding_of,
    find_layout,
)
from fabwatch.sources.times import zone_in
from fabwatch.sources.values import Convert, MoreNeeded, SideOf, TimeOf, Unfit, Unwrapped, converter, tells, text_of
from fabwatch.sources.wide_wat import FEWEST, wide_table
from fabwatch.terms.answers import plain
from fabwatch.terms.numbers import decimal_of
from fabwatch.terms.problems import (
    BadEncoding,
    FutureTime,
    OddValue,
    Problem,
    TornLine,
    UnreadableCell,
    WrongColumnCount,
)
from fabwatch.terms.settings.files import SourceSettings
from fabwatch.terms.tables import REFERRING, Column

ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "whole": pa.int32(),
    "number": pa.float64(),
    "time": pa.timestamp("us"),
    "flag": pa.bool_(),
    "date": pa.date32(),
}
WHERE = (pa.field("_line", pa.int64()), pa.field("_byte_offset", pa.int64()), pa.field("_raw", pa.binary()))


FEWEST_TOGETHER = 20
"""Records that are read together, however many rows each is."""
NAMED = 100
"""So many rows show whether each has a name of its own."""
VALUES = 3
SHOWN = 40
"""Values of a column that are shown, and how much of each."""
_SEVERAL = re.compile(f"[{SEVERAL}]")


@dataclass(frozen=True)
class Rows:
    """Some typed rows (columns of the kind, then `_line`, `_byte_offset`, `_raw`), and the problems of the others."""

    table: pa.Table
    problems: tuple[Problem, ...]
    records: int = 0
    """How many records of the file they were made of."""
    last_line: int = 0


@dataclass(frozen=True)
class Described:
    """How one column of a file is read."""

    header: str
    column: str | None
    """The column of the table; None for one that is not used."""
    by: str
    """How that is known: stated (in fab.toml), name (the column's own), alias (another name of it), parameter (numbers of a
    wide table that nothing else explains); empty if unused."""
    type: str
    unit: str | None
    zone: str | None
    """For times: the zone in which those without one are read, or `stated` where each says its own."""
    values: tuple[str, ...]
    """Some values as they are read; as they stand in the file where the column is not used."""


@dataclass
class TableFile:
    """A file, and how to read it as a table."""

    document: Document
    inspected: Inspected
    stated: SourceSettings
    header: tuple[str, ...]
    mapping: Mapping
    layout: Layout | None
    """How the text is laid out; None for Parquet."""
    notes: list[str] = field(default_factory=list)

    def rows(self, latest: datetime, *, exactly: int = BATCH) -> Iterator[Rows]:
        """The rows of the file in batches; a row with a time after `latest` is set aside. Raises CannotRead.

        The first rows, `exactly` so many, show how the cells of each column are read, one by one; below them whole columns
        are read at once where that gives the same.
        """
        reader: _Reader | None = None
        exactly = min(exactly, self._together)
        for batch in self._batches(exactly):
            reader = reader or self._reader(batch, exactly)
            yield reader.read(batch, latest)
            progress()
            if len(batch.records) >= exactly and reader.may_be_quick:
                yield from self._blocks(reader, batch.records[-1], latest)
                return

    def _reader(self, first: Batch, exactly: int = BATCH) -> "_Reader":
        """The reader of the file, by its first records, and by all of them where those leave something open."""
        try:
            return _Reader(self, first, partly=len(first.records) >= exactly)
        except MoreNeeded:
            return _Reader(self, first, self._telling())

    def _telling(self) -> dict[str, list[Any]]:
        """Of all cells of the file those that tell how their columns are read, one of each kind."""
        spread = self.spread
        positions = spread.places if spread else self.mapping.columns
        places = [(c, positions[c.name]) for c in self.mapping.kind.columns if c.name in positions]
        kept: dict[str, dict[str, Any]] = {column.name: {} for column, _ in places}
        for batch in self._batches():
            progress()
            for record in self.spread_rows(batch.records):
                for column, place in places:
                    what = tells(column, record.cells[place]) if place < len(record.cells) else None
                    if what is not None:
                        kept[column.name].setdefault(what, record.cells[place])
        return {name: list(cells.values()) for name, cells in kept.items()}

    def _blocks(self, reader: "_Reader", last: Record, latest: datetime) -> Iterator[Rows]:
        """The rows below a record, in blocks."""
        assert self.layout is not None  # noqa: S101 - only a text is read so
        number, offset = last.line + 1, last.byte_offset + len(last.raw)
        with self.document.open(offset) as stream:
            while block := stream.read(quick.BLOCK):
                progress(offset / max(self.inspected.size, 1))
                block += stream.readline()
                whole = reader.quick(block, number, offset, latest)
                if whole is None:
                    # The exact way, in pieces that take little memory.
                    for piece, line, begin in _pieces(block, number, offset):
                        batch = batch_of(piece, line, begin, self.inspected, self.layout)
                        yield reader.read(batch, latest)
                else:
                    yield whole
                number, offset = number + block.count(b"\n"), offset + len(block)

    @property
    def spread(self) -> Spread | None:
        """How a row of a table with a column for each parameter becomes rows of one value; None for any other table."""
        mapping = self.mapping
        return (
            Spread(mapping.columns, mapping.parameters, self.stated.missing_words("value")) if mapping.parameters else None
        )

    def spread_rows(self, records: Sequence[Record]) -> Sequence[Record]:
        """The records as rows of one value, where the table has a column for each parameter."""
        spread = self.spread
        if spread is None:
            return records
        whole = (spread.rows(record) for record in records if len(record.cells) == len(self.header))
        return [row for rows in whole if isinstance(rows, list) for row in rows]

    def may_be_wide(self) -> bool:
        """Whether it would have a column for each parameter if it was stated to be of electrical tests."""
        records = [Record(cells, 0, 0, b"") for cells in self.first_rows(NAMED)]
        wide = wide_table(self.document.file_name, self.header, (), records, self.stated, "wat")
        return wide is not None and len(wide.mapping.parameters) >= FEWEST

    def note(self, text: str) -> None:
        """Add a note about how the file is read, once."""
        if text not in self.notes:
            self.notes.append(text)

    def described(self) -> list[Described]:
        """How each column of the file is read, in their order. Raises CannotRead."""
        batch = next(iter(self._batches()))
        reader = self._reader(batch)
        return [reader.described(position, self._names.get(position), batch) for position in range(len(self.header))]

    def as_it_stands(self) -> list[Described]:
        """The columns of the file with what stands in them, where it is open how they are to be read. Raises CannotRead."""
        batch = next(iter(self._batches()), None)
        return [
            self._unread(position, self._names.get(position), batch.records if batch else ())
            for position in range(len(self.header))
        ]

    @property
    def _names(self) -> dict[int, str]:
        """The column of the table that each column of the file fills; those of parameters hold values."""
        parameters = {parameter.position: "value" for parameter in self.mapping.parameters}
        return {**parameters, **{position: name for name, position in self.mapping.columns.items()}}

    def _unread(self, position: int, name: str | None, records: Sequence[Record]) -> Described:
        kinds = {column.name: column.kind for column in self.mapping.kind.columns}
        cells = (text_of(record.cells[position]) for record in records if position < len(record.cells))
        values = tuple(itertools.islice(dict.fromkeys(cell[:SHOWN] for cell in cells if cell), VALUES))
        by = self.known_by(position, name)
        return Described(self.header[position], name, by, kinds.get(name or "", ""), None, None, values)

    def known_by(self, position: int, name: str | None) -> str:
        """How it is known which column this one is (see `Described.by`)."""
        header = self.header[position]
        if any(parameter.position == position for parameter in self.mapping.parameters):
            return "parameter"
        if name is None:
            return ""
        return "stated" if header.casefold() in self.stated.headers() else "name" if plain_name(header) == name else "alias"

    def first_rows(self, count: int = 50) -> list[list[Any]]:
        """The cells of the first rows; none where the file cannot be read any more."""
        try:
            batch = next(iter(self._batches(count)))
        except (CannotRead, OSError, StopIteration):
            return []
        return [record.cells for record in batch.records[:count] if len(record.cells) == len(self.header)]

    def shape_fault(self) -> Problem | None:
        """Why no column of it is known, if that is because no separator shows its columns."""
        if self.layout is None or len(self.header) != 1:
            return None
        text = self.inspected.start.decode(self.layout.encoding, errors="replace").lstrip("\ufeff")
        return odd_shape(text.splitlines()[:HEADER_WITHIN])

    def with_whole(self, inspected: Inspected) -> "TableFile | None":
        """The same table for the whole file, where only its first bytes had been read when the header was recognised.

        None if the whole file turns out different: it has changed since, or has another encoding.
        """
        if self.layout is None or inspected.start != self.inspected.start:
            return None
        notes: list[str] = []
        encoding = encoding_of(inspected, self.stated, notes)
        if encoding != self.layout.encoding and not inspected.start.isascii():
            return None
        layout = replace(self.layout, encoding=encoding, notes=tuple(notes))
        return replace(self, inspected=inspected, layout=layout, notes=[*_notes(layout), *self.mapping.notes])

    def count(self) -> int:
        """How many records the file holds, readable or not."""
        return sum(len(batch.records) + len(batch.problems) for batch in self._batches())

    @property
    def _together(self) -> int:
        """Records that are read together: fewer of those that are many rows."""
        return max(BATCH // max(len(self.mapping.parameters), 1), FEWEST_TOGETHER)

    def _batches(self, size: int = BATCH) -> Iterator[Batch]:
        if self.layout is not None:
            yield from batches(self.document, self.inspected, self.layout, min(size, self._together))
            return
        for batch in parquet.batches(self.document, self.mapping.positions):
            # What Parquet reads together may be many rows where each record is.
            yield from (
                _part(batch, begin, self._together) for begin in range(0, max(len(batch.records), 1), self._together)
            )


def _part(batch: Batch, begin: int, size: int) -> Batch:
    """Some of the records of a batch, the first with its problems."""
    return Batch(batch.records[begin : begin + size], [] if begin else batch.problems)


def open_table(document: Document, inspected: Inspected, stated: SourceSettings, kind: str | None = None) -> TableFile:
    """Find out how to read a file: its layout and which column is which. Raises CannotRead."""
    if inspected.torn is not None and not inspected.size:
        raise CannotRead(inspected.torn)
    if inspected.start.startswith(b"PAR1"):
        header = parquet.header(document)
        table = TableFile(document, inspected, stated, header, recognise(header, stated, kind), None)
        return _wide(table, lambda: next(parquet.batches(document, range(len(header)))).records[:NAMED], kind)
    if (problem := foreign(inspected.start)) is not None:
        raise CannotRead(problem)
    scored: dict[tuple[str, ...], Mapping] = {}

    def score(cells: list[str]) -> float:
        if len(cells) < 2:
            return 0.0
        scored[tuple(cells)] = mapping = recognise(cells, stated, kind)
        return header_score(mapping)

    layout = find_layout(inspected, stated, score)
    mapping = scored.get(layout.header) or recognise(layout.header, stated, kind)
    line, below = layout.below
    if are_units(below, mapping):
        layout = replace(layout, header_line=line, units=below)
        mapping = recognise(layout.header, stated, kind, below)
    if len(below) == len(layout.header) + 1 and _are_named(batches(document, inspected, layout, NAMED), mapping):
        layout = replace(layout, header=("", *layout.header))
        mapping = recognise(layout.header, stated, kind)
    table = TableFile(document, inspected, stated, layout.header, mapping, layout, _notes(layout))
    return _wide(table, lambda: next(batches(document, inspected, layout, NAMED)).records, kind)


def _wide(table: TableFile, first: Callable[[], Sequence[Record]], kind: str | None) -> TableFile:
    """The same table as one with a column for each parameter, where it fits nothing else and is surely that."""
    if table.mapping.fits or table.mapping.twice:
        return table
    units = table.layout.units if table.layout else ()
    wide = wide_table(table.document.file_name, table.header, units, first(), table.stated, kind)
    if wide is None:
        return table
    layout = table.layout and replace(table.layout, begin=wide.last_line)
    return replace(table, mapping=wide.mapping, layout=layout, notes=[*table.notes, *wide.mapping.notes])


def _are_named(read: Iterator[Batch], mapping: Mapping) -> bool:
    """Whether the rows have a cell more than their header, and it is the first: as statistics programs number rows.

    The cells have to be what the columns hold with it, and not without it.
    """
    rows = [record.cells for record in next(read).records]
    width = len(mapping.columns) + len(mapping.unused) + 1
    if any(len(cells) != width for cells in rows) or not are_counted([cells[0] for cells in rows]):
        return False
    fits = [
        all(
            may_hold(mapping.kind.column(name), [cells[place + shift] for cells in rows])
            for name, place in mapping.columns.items()
        )
        for shift in (0, 1)
    ]
    return fits == [False, True]


def _notes(layout: Layout) -> list[str]:
    if layout.units:
        return [*layout.notes, f"line {layout.header_line} says the units"]
    return [*layout.notes, *([f"the header is line {layout.header_line}"] if layout.header_line > 1 else [])]


class _Reader:
    """Turns the records of one file into typed rows."""

    def __init__(
        self, file: TableFile, first: Batch, more: PlainMapping[str, list[Any]] | None = None, *, partly: bool = False
    ):
        self._file = file
        self._kind = file.mapping.kind
        width = len(file.header)
        # A separator at the end of every row is one too many, and no sign of a column.
        self._trailing = bool(first.records) and all(_ends_empty(r, width) for r in first.records)
        if self._trailing:
            file.note("every row ends in one separator more than the header")
        whole = [r.cells[:width] for r in first.records if len(r.cells) == width + self._trailing]
        # Only a line of a text can be cut.
        self._widths = set() if file.layout is None else {len(cells[-1]) for cells in whole[:-1]}
        self._spread = file.spread
        if self._spread is not None:
            whole = [record.cells for record in file.spread_rows(first.records)]
        self._converters: dict[str, Convert] = {}
        zoneless: list[str] = []
        places = self._spread.places if self._spread else file.mapping.columns
        samples = {
            c.name: [cells[places[c.name]] for cells in whole] if c.name in places else [] for c in self._kind.columns
        }
        # The side of a number stands before it, where it has no column of its own.
        sides = {c.side: c.name for c in self._kind.columns if c.side and c.side not in places and c.name in places}
        self._places = {**places, **{side: places[name] for side, name in sides.items()}}
        for name, cells in (more or {}).items():
            samples[name] += cells
        decimal = decimal_of(cell for c in self._kind.columns if c.kind in ("whole", "number") for cell in samples[c.name])
        for column in self._kind.columns:
            cells = samples[column.name]
            stated = self._stated(column)
            convert = self._converters[column.name] = converter(column, cells, stated, decimal, whole=not partly)
            if isinstance(convert, (TimeOf, Unwrapped)) and not stated.zone and convert.is_zoneless(cells):
                zoneless.append(column.name)
        self._converters |= {side: SideOf(self._converters[name]) for side, name in sides.items()}
        if zoneless:
            file.note(f'{" and ".join(zoneless)} without a zone: read as UTC (zone = "…" in fab.toml for another)')
        self._needed = {column.name for column in self._kind.columns if self._is_needed(column)}

    def _stated(self, column: Column) -> SourceSettings:
        """What fab.toml states of the file, with the zone that the header of a column of times says."""
        stated, position = self._file.stated, self._file.mapping.columns.get(column.name)
        if column.kind != "time" or stated.zone or position is None:
            return stated
        zone = zone_in(self._file.header[position])
        return stated.model_copy(update={"zone": zone}) if zone else stated

    def described(self, position: int, name: str | None, batch: Batch) -> Described:
        """How the column at this position is read, with values of these records."""
        file = self._file
        header = file.header[position]
        cells = [r.cells[position] for r in batch.records if len(r.cells) == len(file.header)]
        full = list(dict.fromkeys(cell for cell in cells if not _is_empty(cell)))
        if name is None:
            return Described(header, None, "", "", None, None, tuple(text_of(cell)[:SHOWN] for cell in full[:VALUES]))
        column = next(column for column in self._kind.columns if column.name == name)
        convert = self._converters[name]
        values = (_shown(convert, cell) for cell in full[: VALUES * VALUES])
        by = file.known_by(position, name)
        zone = None
        if column.kind == "time":
            timed = isinstance(convert, (TimeOf, Unwrapped)) and convert.is_zoneless(cells)
            zone = (self._stated(column).zone or "UTC") if timed else "stated"
        unit = file.mapping.constants.get(UNIT_OF.get(self._kind.table.name, {}).get(name, ""))
        unit = next((own.unit for own in file.mapping.parameters if own.position == position), unit)
        shown = tuple(itertools.islice((value for value in values if value is not None), VALUES))
        return Described(header, name, by, column.kind, None if unit is None else str(unit), zone, shown)

    @property
    def may_be_quick(self) -> bool:
        """Whether each line of the file is a record by itself, and each byte a sign that is read as it is."""
        file = self._file
        text = file.layout is not None and file.layout.encoding == "utf-8" and not file.inspected.quotes
        return text and not self._trailing and not only_returns(file.inspected.start)

    def quick(self, block: bytes, number: int, offset: int, latest: datetime) -> Rows | None:
        """The rows of a block of lines, all at once; None where one of them needs the exact way."""
        layout, mapping = self._file.layout, self._file.mapping
        if layout is None or not quick.is_plain(block):
            return None
        cells = quick.cells_of(block, layout.delimiter, len(layout.header), sorted({0, *mapping.positions}))
        if cells is None or quick.is_repeated(layout.header[0], cells[0]):
            return None
        lines = len(cells[0])
        spread = cells if self._spread is None else self._spread.cells(cells)
        if spread is None:
            return None
        places = mapping.columns if self._spread is None else self._spread.places
        named = {name: spread[position] for name, position in places.items()}
        table = quick.table_of(
            self._kind, named, self._converters, mapping.constants, ARROW, latest, ascii_only=block.isascii()
        )
        if table is None:
            return None
        if self._kind.table.name in REFERRING:
            for field_of, values in zip(WHERE, quick.places_of(block, number, offset), strict=True):
                table = table.append_column(field_of, values)
        return Rows(table, (), table.num_rows, number + lines - 1)

    def read(self, batch: Batch, latest: datetime) -> Rows:
        problems = list(batch.problems)
        records = batch.records
        width = len(self._file.header)
        if self._trailing:
            for record in records:
                if _ends_empty(record, width):
                    record.cells.pop()
        if batch.last_is_open and records and not self._closed(records[-1]):
            last = records[-1]
            records = records[:-1]
            problems.append(_problem(last, TornLine, "the last line has no line end and may be cut"))
        ragged = [record for record in records if len(record.cells) != width]
        problems += [_problem(r, WrongColumnCount, f"{len(r.cells)} cells, the header has {width} columns") for r in ragged]
        if ragged:
            records = [record for record in records if len(record.cells) == width]
        read = len(batch.records) + len(batch.problems)
        end = batch.records[-1].line if batch.records else 0
        records, valueless = self._values(self._passes(records))
        problems += valueless
        read += sum(record.copy for record in records)
        columns, faults, cells = self._columns(records)
        faults += [*missing(self._kind, columns), *self._kind.faults(columns), *in_future(self._kind, columns, latest)]
        bad: dict[int, Fault] = {}
        for fault in faults:
            bad.setdefault(fault[0], fault)
        for row, rule, why in sorted(bad.values(), key=_position):
            problem = _problem(records[row], rule, self._named(records[row], why))
            if rule is FutureTime:
                problem = replace(problem, waiting={c.name: columns[c.name][row] for c in self._kind.table.columns})
            problems.append(problem)
        unread = [(records[row], why) for row, _, why in cells if row not in bad]
        problems += [_problem(record, UnreadableCell, self._named(record, why)) for record, why in unread]
        return Rows(_table(self._kind.columns, columns, records, bad.keys()), tuple(problems), read, end)

    def _passes(self, records: list[Record]) -> list[Record]:
        """The records, with one for each chamber where a cell lists several: `PM1;PM2` is a pass of each."""
        position = self._file.mapping.columns.get("chamber")
        if position is None or not any(_SEVERAL.search(text_of(record.cells[position])) for record in records):
            return records
        each: list[Record] = []
        for record in records:
            names = dict.fromkeys(name.strip() for name in _SEVERAL.split(text_of(record.cells[position])))
            several = [name for name in names if name]
            if len(several) < 2:
                # Also bytes that are no text: they are said to be that when the cell is read.
                several = several if len(names) > 1 else [record.cells[position]]
            elif not self._kind.by_chamber:
                several = [""]
            for number, name in enumerate(several or [""]):
                cells = [*record.cells[:position], name, *record.cells[position + 1 :]]
                each.append(replace(record, cells=cells, copy=number > 0))
        return each

    def _values(self, records: list[Record]) -> tuple[list[Record], list[Problem]]:
        """The records, with one for each value where each parameter has a column; and those that have none."""
        if self._spread is None:
            return records, []
        values: list[Record] = []
        valueless: list[Problem] = []
        for record in records:
            rows = self._spread.rows(record)
            if isinstance(rows, Problem):
                valueless.append(rows)
            else:
                values += rows
        return values, valueless

    def _named(self, record: Record, why: str) -> str:
        """Why something is set aside, with the parameter whose value it is."""
        return why if self._spread is None else f"{record.cells[self._spread.places['parameter']]}: {why}"

    def _is_needed(self, column: Column) -> bool:
        """Whether a row is nothing without a cell of this column: a FAIL counts whatever its reading says."""
        there = self._file.mapping.columns.keys() | self._file.mapping.constants.keys()
        alone = any(there & set(group) == {column.name} for group in self._kind.needs)
        side = column.name in {other.side for other in self._kind.columns}
        return column.needed or alone or (not side and (bool(column.words) or column.kind == "text"))

    def _columns(self, records: Sequence[Record]) -> tuple[Columns, list[Fault], list[Fault]]:
        """The values, the faults that cost a row, and those that cost a cell alone."""
        faults: list[Fault] = []
        cells: list[Fault] = []
        columns: Columns = {}
        for column in self._kind.columns:
            convert = self._converters[column.name]
            position = self._places.get(column.name)
            if position is None:
                constant = self._file.mapping.constants.get(column.name)
                columns[column.name] = [None if constant is None else convert(constant)] * len(records)
            else:
                values = columns[column.name] = []
                for row, record in enumerate(records):
                    try:
                        values.append(convert(record.cells[position]))
                    except Unfit as fault:
                        (faults if column.name in self._needed else cells).append((row, fault.rule, fault.why))
                        values.append(None)
                    except UnicodeError as fault:
                        faults.append((row, BadEncoding, f"{column.name}: {fault}"))
                        values.append(None)
                    except Exception as fault:  # noqa: BLE001 - a cell that nobody thought of costs its row, not the file
                        faults.append((row, OddValue, f"{column.name}: {type(fault).__name__}: {fault}"[:200]))
                        values.append(None)
            default = self._kind.defaults.get(column.name)
            if default is not None:
                columns[column.name] = [default if value is None else value for value in columns[column.name]]
        # A cell that cannot be converted is reported as that, and not again as empty.
        return columns, sorted(faults, key=_position), cells

    def _closed(self, record: Record) -> bool:
        """True when a last line without a line end is complete anyway: its last cell shows that nothing is cut."""
        if self._file.layout is None or self._file.stated.complete:
            return True
        if len(record.cells) != len(self._file.header):
            return False
        last = record.cells[-1]
        if record.raw.rstrip().endswith(b'"'):
            return True
        mapped = {position: name for name, position in self._file.mapping.columns.items()}
        name = mapped.get(len(record.cells) - 1)
        if name is None:
            return all(parameter.position != len(record.cells) - 1 for parameter in self._file.mapping.parameters)
        column = next(column for column in self._kind.columns if column.name == name)
        if column.words:
            return _fits(self._converters[name], last)
        return column.kind == "time" and self._widths == {len(last)} and _fits(self._converters[name], last)


def _pieces(block: bytes, number: int, offset: int) -> Iterator[tuple[bytes, int, int]]:
    """A block in pieces of whole lines, with the number and byte of the first of each."""
    stream = io.BytesIO(block)
    while piece := stream.read(PIECE):
        piece += stream.readline()
        yield piece, number, offset
        number, offset = number + piece.count(b"\n"), offset + len(piece)


def _is_empty(cell: Any) -> bool:
    return cell is None or not text_of(cell)


def _shown(convert: Convert, cell: Any) -> str | None:
    try:
        value = convert(cell)
    except (Unfit, UnicodeError):
        return None
    return None if value is None else str(plain(value))[:SHOWN]


def _ends_empty(record: Record, width: int) -> bool:
    return len(record.cells) == width + 1 and not str(record.cells[-1] or "").strip()


def _fits(convert: Convert, cell: str) -> bool:
    try:
        return convert(cell) is not None
    except Unfit:
        return False


def _position(fault: Fault) -> int:
    return fault[0]


def _problem(record: Record, rule: type, why: str) -> Problem:
    return Problem(rule, why, record.line, record.byte_offset, as_text(record.raw))


def _table(columns: tuple[Column, ...], values: Columns, records: Sequence[Record], bad: Any) -> pa.Table:
    good = [row for row in range(len(records)) if row not in bad] if bad else None
    arrays: list[pa.Array] = []
    fields: list[pa.Field] = []
    for column in columns:
        cells = values[column.name] if good is None else [values[column.name][row] for row in good]
        arrays.append(pa.array(cells, ARROW[column.kind]))
        fields.append(pa.field(column.name, ARROW[column.kind]))
    good_records = records if good is None else [records[row] for row in good]
    where = ([r.line for r in good_records], [r.byte_offset for r in good_records], [r.raw for r in good_records])
    arrays += [pa.array(cells, f.type) for cells, f in zip(where, WHERE, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema([*fields, *WHERE]))
