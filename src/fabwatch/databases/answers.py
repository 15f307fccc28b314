"""Answers about rows that were pulled from databases."""

from dataclasses import dataclass

from fabwatch.terms.answers import Answer, Row
from fabwatch.terms.words import sentence as say


@dataclass(frozen=True)
class PulledTable:
    """What became of the rows of one query."""

    database: str
    kind: str
    read: int
    stored: int
    there_already: int
    """Rows that had come before: those of the overlap."""
    set_aside: int
    watermark: str | None
    """How far the database has been read."""
    error: str | None
    """Why it was not read to its end; the next pull goes on there."""


@dataclass(frozen=True, repr=False)
class Pulled(Answer):
    """What became of the rows of all queries."""

    tables: tuple[PulledTable, ...]

    @property
    def failed(self) -> int:
        """Queries that were not read to their end."""
        return sum(one.error is not None for one in self.tables)

    def rows(self) -> list[Row]:
        """One row a query."""
        return [dict(vars(one)) for one in self.tables]

    def sentence(self, language: str = "en") -> str:
        """How many rows came, and what did not."""
        sums = {name: sum(getattr(one, name) for one in self.tables) for name in ("read", "stored", "set_aside")}
        return say(language, "pulled", **sums, there=sum(one.there_already for one in self.tables), failed=self.failed)
