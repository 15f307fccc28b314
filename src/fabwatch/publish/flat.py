"""Answers as flat tables whose columns have the same types each time, whatever is in them."""

import dataclasses
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

from fabwatch.terms.answers import Answer, Row
from fabwatch.terms.arrow import ARROW
from fabwatch.terms.clock import to_utc

_KINDS = {str: "text", int: "whole", float: "number", datetime: "time", bool: "flag", date: "date"}
_NUMBERS = ("p_", "from_", "to_", "age_")
"""How names of the columns of a forecast begin that depend on what is asked; all of them are numbers."""


@dataclass(frozen=True)
class FlatTable:
    """A table to be published."""

    name: str
    kinds: Mapping[str, str]
    """{column: text, whole, number, time, flag or date}; times are UTC without a zone."""
    rows: pa.Table
    parameters: tuple[str, ...] = ()
    """Columns by which its question is narrowed."""
    comment: str = ""
    why: str | None = None
    """Why it is empty, where its question has no answer yet."""


def flat(
    name: str, kind: type, rows: Sequence[Row], parameters: Sequence[str], comment: str, why: str | None = None
) -> FlatTable:
    """The rows of an answer of that kind as a table; its fields are there even where there are no rows."""
    declared = declared_kinds(kind)
    names = list(dict.fromkeys(key for row in rows for key in row)) or list(declared)
    kinds = {column: declared.get(column, "text") for column in names}
    for column in names:
        if column not in declared:
            kinds[column] = _kind_of(column, [row.get(column) for row in rows])
    return typed(name, kinds, rows, parameters, comment, why)


def typed(
    name: str, kinds: Mapping[str, str], rows: Sequence[Row], parameters: Sequence[str], comment: str, why: str | None = None
) -> FlatTable:
    """Rows as a table whose columns are known."""
    columns = {
        column: pa.array([_cell(row.get(column), kind) for row in rows], ARROW[kind]) for column, kind in kinds.items()
    }
    own = tuple(column for column in parameters if column in kinds)
    return FlatTable(name, kinds, pa.table(columns), own, comment, why)


def declared_kinds(answer: type) -> dict[str, str]:
    """The fields of what an answer lists, with their kinds: those of its header are not in its rows."""
    found: dict[str, str] = {}
    header = {field.name for field in dataclasses.fields(Answer)}
    for field, hint in get_type_hints(answer).items():
        if field in header:
            continue
        for element in _elements(hint):
            for name, own in get_type_hints(element).items():
                kind = _declared(own)
                if kind is not None:
                    found.setdefault(name, kind)
    return found


def _elements(hint: Any) -> Iterator[type]:
    """The dataclasses that a field is a list of."""
    if get_origin(hint) in (tuple, list):
        yield from (part for part in get_args(hint) if dataclasses.is_dataclass(part) and isinstance(part, type))


def _declared(hint: Any) -> str | None:
    options = [part for part in get_args(hint) if part is not type(None)] if _is_union(hint) else [hint]
    return _KINDS.get(options[0]) if len(options) == 1 else None


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _kind_of(name: str, values: Sequence[object]) -> str:
    """The kind of what no field declares: of the numbers of a forecast, whose names depend on what is asked."""
    present = [value for value in values if value is not None]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present):
        return "number" if present or name.startswith(_NUMBERS) else "text"
    return "text"


def _cell(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "time":
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return to_utc(moment).replace(tzinfo=None) if moment.tzinfo is not None else moment
    if kind == "date" and isinstance(value, str):
        return date.fromisoformat(value[:10])
    if kind == "text" and not isinstance(value, str):
        return str(value)
    return float(value) if kind == "number" else value
