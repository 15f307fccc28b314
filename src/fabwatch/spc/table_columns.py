"""Columns of any table in a file, by their names: CSV, a workbook or Parquet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fabwatch.sources import parquet
from fabwatch.sources.opening import CannotRead, Document, Inspected, documents, inspect
from fabwatch.sources.text import Layout, Record, batches, find_layout
from fabwatch.sources.values import text_of
from fabwatch.terms.errors import BadQuestion, NoSuchPath, nearest
from fabwatch.terms.numbers import beyond, decimal_of, is_number, plain
from fabwatch.terms.settings.files import SourceSettings
from fabwatch.terms.words import NOTHING

LISTED = 12
"""So many columns of a table are named where another one was asked for."""


@dataclass(frozen=True)
class Cell:
    """One cell: its text, and the line it stands in (row of a Parquet file)."""

    text: str
    line: int


@dataclass(frozen=True)
class TableColumns:
    """Some columns of a table."""

    file: str
    cells: dict[str, list[Cell]]

    def texts(self, name: str) -> list[str]:
        """The cells of a column as they stand."""
        return [cell.text for cell in self.cells[name]]

    def numbers(self, name: str) -> list[float | str | None]:
        """The cells of a column as numbers; None for an empty one, `<` or `>` for one of which only the side is known.

        Raises BadQuestion for text, with its line.
        """
        cells = self.cells[name]
        sign = decimal_of(cell.text for cell in cells) or ""
        return [self._number(name, cell, sign) for cell in cells]

    def _number(self, name: str, cell: Cell, sign: str) -> float | str | None:
        text = cell.text.strip()
        if text.casefold() in NOTHING:
            return None
        side = beyond(text)
        if side is not None and is_number(side[1].strip()):
            return side[0]
        try:
            return float(plain(text, sign))
        except ValueError:
            raise BadQuestion(
                f"{self.file}:{cell.line}: {name} is {text[:60]!r}, not a number.",
                "leave the cell empty where nothing was measured, or name another column",
            ) from None


def columns_of(path: Path, names: Sequence[str]) -> TableColumns:
    """The columns of a table by name, whatever their case. Raises NoSuchPath, and BadQuestion for a column not there."""
    if not path.exists():
        raise NoSuchPath(f"There is no file {path}.", "give a table: CSV, .xlsx or Parquet")
    try:
        tables = [_Table(document) for document in documents(path)]
        best = max(tables, key=lambda table: sum(_place(table.header(names), name) is not None for name in names))
        header = best.header(names)
        places = {name: _place(header, name) for name in names}
        lacking = next((name for name, place in places.items() if place is None), None)
        if lacking is not None:
            raise _no_column(path.name, lacking, header)
        wanted = {name: place for name, place in places.items() if place is not None}
        cells: dict[str, list[Cell]] = {name: [] for name in wanted}
        for record in best.records(names, sorted(wanted.values())):
            for name, place in wanted.items():
                text = text_of(record.cells[place]) if place < len(record.cells) else ""
                cells[name].append(Cell(text, record.line))
    except CannotRead as fault:
        raise BadQuestion(
            f"{path.name} cannot be read: {fault.problem.why}.", "give a table: CSV, .xlsx or Parquet"
        ) from fault
    return TableColumns(path.name, cells)


def _place(header: Sequence[str], name: str) -> int | None:
    plain_names = [column.strip().casefold() for column in header]
    return plain_names.index(name.strip().casefold()) if name.strip().casefold() in plain_names else None


def _no_column(file: str, name: str, header: Sequence[str]) -> BadQuestion:
    near = nearest(name, [column for column in header if column])
    tail = f" Did you mean {' or '.join(near)}?" if near else ""
    listed = ", ".join(column for column in header[:LISTED] if column) or "none"
    more = f" and {len(header) - LISTED} more" if len(header) > LISTED else ""
    return BadQuestion(f"{file} has no column {name}.{tail}", f"its columns: {listed}{more}")


class _Table:
    """One document as a table whose header is the line with the wanted names."""

    def __init__(self, document: Document):
        self._document = document
        self._inspected: Inspected = inspect(document)
        if self._inspected.torn is not None and not self._inspected.size:
            raise CannotRead(self._inspected.torn)
        self._parquet = self._inspected.start.startswith(b"PAR1")

    def header(self, names: Sequence[str]) -> Sequence[str]:
        return parquet.header(self._document) if self._parquet else self._layout(names).header

    def records(self, names: Sequence[str], places: Sequence[int]) -> Iterator[Record]:
        read = (
            parquet.batches(self._document, places)
            if self._parquet
            else batches(self._document, self._inspected, self._layout(names))
        )
        for batch in read:
            yield from batch.records

    def _layout(self, names: Sequence[str]) -> Layout:
        def score(cells: list[str]) -> float:
            return float(sum(_place(cells, name) is not None for name in names))

        return find_layout(self._inspected, SourceSettings(), score)
