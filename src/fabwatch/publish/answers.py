"""Answers about what was published."""

from dataclasses import dataclass

from fabwatch.terms.answers import Answer, Row
from fabwatch.terms.words import sentence as say


@dataclass(frozen=True)
class PublishedTable:
    """One table that was published."""

    table: str
    rows: int
    why: str | None
    """Why it is empty, where its question has no answer yet."""


@dataclass(frozen=True, repr=False)
class Published(Answer):
    """What was published, and where."""

    name: str
    to: str
    version: int
    tables: tuple[PublishedTable, ...]

    def rows(self) -> list[Row]:
        """One row a table."""
        return [dict(vars(one)) for one in self.tables]

    def sentence(self, language: str = "en") -> str:
        """How many tables and rows are where."""
        count = sum(one.rows for one in self.tables)
        return say(language, "published", to=self.to, tables=len(self.tables), rows=count, version=self.version)
