"""What a table is made of: its columns, each with its kind, unit and one sentence."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "whole", "number", "time", "flag", "date"]


@dataclass(frozen=True)
class Column:
    """One column: its name, kind, description, unit, whether it is required, and its vocabulary."""

    name: str
    kind: Kind
    sentence: str
    unit: str = ""
    needed: bool = False
    words: str = ""
    """Name of its closed vocabulary (see `terms.words`), or empty."""
    side: str = ""
    """For a number of which a file may know the side alone (`<0.5`): the column that says which; else empty."""
    later: bool = False
    """True if fabs were made without it: a row that has it empty is the row that it was before, with the same receipt."""


@dataclass(frozen=True)
class Table:
    """One table: its name, description and columns, and the column with the time of the event."""

    name: str
    sentence: str
    columns: tuple[Column, ...]
    at: str = ""
    """The column with the event time, which limits every question; empty for a plain list."""
    loaded: bool = False
    """True if rows come from files; such a row also has the load it came from."""
    kept: bool = False
    """True for results of fabwatch itself: they are read as they are now, never as known at a time."""

    def column(self, name: str) -> Column:
        """The column called `name`; raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns in order."""
        return tuple(column.name for column in self.columns)

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns as stored: those of the table, then `day` and, if rows come from files, `load`."""
        extra: tuple[Column, ...] = ()
        if self.at:
            extra += (Column("day", "date", f"UTC day of `{self.at}`, so that a bound prunes files."),)
        if self.loaded:
            extra += (Column("load", "text", "The load that the row came from (see `loads`)."),)
        return self.columns + extra
