"""Kinds of file: the table each fills, the names of its columns, which of them it requires, and its rules for a row."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.terms.problems import FutureTime, MissingValue, Rule
from fabwatch.terms.tables import RESTORES, Column, Table
from fabwatch.terms.words import PLANNED

Columns = dict[str, list[Any]]
"""The values of a batch by column; all lists have the same length."""
Fault = tuple[int, type[Rule], str]
"""Position of a row in its batch, the rule it breaks, and why."""


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    table: Table
    aliases: Mapping[str, str]
    """Other names of a column: {name as `plain_name` writes it: column}."""
    needs: tuple[tuple[str, ...], ...]
    """A file needs at least one column of each group."""
    faults: Callable[[Columns], Iterator[Fault]]
    """Finds rows that break a rule of this kind."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What an absent column or an empty cell means."""
    by_chamber: bool = True
    """False if a row that names several chambers is not one for each of them: it is left without any."""
    extras: tuple[Column, ...] = ()
    """Columns that such a file often has but that belong to another table."""
    quick: "Callable[[dict[str, pa.Array]], dict[str, pa.Array] | None] | None" = None
    """The same as `faults` for whole columns: what it makes of them, or None if a row may break a rule."""
    vague: Mapping[str, str] = field(default_factory=dict)
    """Names too general to be used without asking; they only lead to suggestions."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that a file of this kind may have."""
        return self.table.columns + self.extras

    def column(self, name: str) -> Column:
        """The column of this name."""
        return next(column for column in self.columns if column.name == name)

    def column_of(self, header: str) -> str | None:
        """The column that a header names, or None."""
        name = plain_name(header)
        return self.names.get(name) or self._compact.get(compact_name(name))

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Every name of a column, its own among them: {name as `plain_name` writes it: column}."""
        return {**self.aliases, **{column.name: column.name for column in self.columns}}

    @cached_property
    def _compact(self) -> Mapping[str, str]:
        return compact_names(self.names)


SEVERAL = ";,|+&"
"""What stands between the names of several chambers in one cell."""
TOOL_NAMES = (
    "tool_id",
    "eqp_id",
    "eqp",
    "equipment",
    "equipment_id",
    "eqpid",
    "toolid",
    "machine",
    "machine_id",
    "entity",
)
CHAMBER_NAMES = ("chamber_id", "chamberid", "module", "module_id", "ch", "ch_id", "sub_eqp_id", "unit_id")


def names(column: str, *others: str) -> dict[str, str]:
    """Other names of one column."""
    return dict.fromkeys(others, column)


def compact_names(names: Mapping[str, str]) -> dict[str, str]:
    """The same names as `compact_name` writes them, without those that would then name two things."""
    several: dict[str, set[str]] = {}
    for name, meaning in names.items():
        several.setdefault(compact_name(name), set()).add(meaning)
    return {name: meanings.pop() for name, meanings in several.items() if len(meanings) == 1}


def compact_name(header: str) -> str:
    """A header as `plain_name` writes it, without separators: `machineID`, `Machine Id` and `machine_id` are one name."""
    return plain_name(header).replace("_", "")


def plain_name(header: str) -> str:
    """A header in lower case, with `_` for everything that is not a letter or digit."""
    return "_".join("".join(char if char.isalnum() else " " for char in header.casefold()).split())


def late_begin(begin: pa.Array, end: pa.Array) -> bool:
    """Whether one of these times is later than the one that it may not be later than."""
    if begin.null_count == len(begin) or end.null_count == len(end):
        return False
    return bool(pc.any(pc.greater(begin, end)).as_py())


def unchanged(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Whole columns of a kind of file without rules."""
    return columns


def missing(kind: Kind, columns: Columns) -> Iterator[Fault]:
    """Rows with an empty cell in a required column."""
    for column in kind.table.columns:
        if column.needed:
            for row, value in enumerate(columns[column.name]):
                if value is None:
                    yield row, MissingValue, f"{column.name} is empty"


def in_future(kind: Kind, columns: Columns, limit: datetime) -> Iterator[Fault]:
    """Rows with a time after `limit`, but for work that is planned."""
    planned: set[int] = set()
    if kind.table is RESTORES:
        planned = {row for row, word in enumerate(columns["kind"]) if word == PLANNED}
    for column in kind.table.columns:
        if column.kind == "time":
            for row, value in enumerate(columns[column.name]):
                if value is not None and value > limit and row not in planned:
                    yield row, FutureTime, f"{column.name}: {value} UTC is in the future"
