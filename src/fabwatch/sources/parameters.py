"""Tables with a column for each parameter: what the columns are, and a row for each value that stands in them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.sources.text import Record, as_text
from fabwatch.terms.problems import MissingValue, Problem, SummaryRow
from fabwatch.terms.words import NOTHING

_SUMS = """avg ave average mean median med std stdev stddev sigma 3sigma min max minimum maximum range count total sum cv cp
cpk yield lsl usl lcl ucl target spec limit limits unit units"""
STATISTICS = frozenset(_SUMS.split())
"""Names of rows that sum up others; a wafer or lot is not called so."""
NAMING = ("lot", "wafer", "site")


@dataclass(frozen=True)
class Parameter:
    """One column of a wide table: where it stands, what it measures, and what its header and the rows below it say."""

    position: int
    name: str
    unit: str | None = None
    lower: str | None = None
    upper: str | None = None


class Spread:
    """Rows of a wide table as rows of one value: what each row is about, then parameter, value, unit and limits."""

    def __init__(self, columns: Mapping[str, int], parameters: Sequence[Parameter], missing: Collection[str] = ()):
        self._kept = tuple(columns.values())
        self._parameters = parameters
        self._nothing = NOTHING | frozenset(missing)
        self._naming = [columns[name] for name in NAMING if name in columns]
        own = ["parameter", "value"]
        own += [name for name in ("unit", "lower", "upper") if any(getattr(p, name) is not None for p in parameters)]
        self._own = own[2:]
        self.places = {name: place for place, name in enumerate([*columns, *own])}
        """Where each column of the table stands in a spread row."""

    def rows(self, record: Record) -> list[Record] | Problem:
        """A row for each value of a record; a problem for one without any, and for one that sums up others."""
        summing = next((text for place in self._naming if (text := _text(record.cells[place])) in STATISTICS), None)
        if summing is not None:
            return _problem(record, SummaryRow, f"{summing!r} names no lot, wafer or site: the row sums up others")
        there = [parameter for parameter in self._parameters if not self._is_empty(record.cells[parameter.position])]
        if not there:
            return _problem(record, MissingValue, f"none of the {len(self._parameters)} parameters has a value")
        kept = [record.cells[place] for place in self._kept]
        return [
            replace(record, cells=[*kept, own.name, record.cells[own.position], *self._stated(own)], copy=n > 0)
            for n, own in enumerate(there)
        ]

    def cells(self, cells: Mapping[int, pa.Array]) -> dict[int, pa.Array] | None:
        """The same for whole columns, by place in a spread row; None where a row has to be looked at by itself."""
        if any(_text(text) in STATISTICS for place in self._naming for text in pc.unique(cells[place]).to_pylist()):
            return None
        count, several = len(cells[self._parameters[0].position]), len(self._parameters)
        values = pa.concat_arrays([cells[parameter.position] for parameter in self._parameters])
        folded = pc.utf8_lower(pc.utf8_trim_whitespace(values))
        empty = pc.is_in(folded, pa.array(sorted(self._nothing))).to_numpy(zero_copy_only=False)
        order = np.arange(count * several).reshape(several, count).T.ravel()
        order = order[~empty[order]]
        row, own = order % count, order // count
        if np.unique(row).size < count:
            return None
        columns = [cells[place].take(pa.array(row)) for place in self._kept]
        columns += [pa.array([p.name for p in self._parameters]).take(pa.array(own)), values.take(pa.array(order))]
        for stated in zip(*(self._stated(p) for p in self._parameters), strict=True):
            columns.append(pa.array(stated, pa.string()).take(pa.array(own)))
        return dict(enumerate(columns))

    def _stated(self, parameter: Parameter) -> list[str]:
        return [getattr(parameter, name) or "" for name in self._own]

    def _is_empty(self, cell: Any) -> bool:
        return cell is None or cell != cell or _text(cell) in self._nothing


def _text(cell: Any) -> str:
    """A cell in small letters; what is no text at all is seen when it is read."""
    try:
        return str(cell).strip().lower()
    except UnicodeError:
        return "?"


def _problem(record: Record, rule: type, why: str) -> Problem:
    return Problem(rule, why, record.line, record.byte_offset, as_text(record.raw))
