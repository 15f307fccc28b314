"""Answers: frozen objects that the command line, Python, the API and the pages all use."""

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fabwatch.terms.clock import iso
from fabwatch.terms.doubts import Doubt

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class How:
    """How an answer was computed: its rules in words, and the SQL that was run."""

    method: str
    sql: str
    snapshot: int
    """Version of the data that was read; the same version gives the same answer."""


Scalar = str | int | float | bool | datetime | None
"""One cell of a table."""
Row = dict[str, Scalar]
"""One row of a flat table, by column."""
Json = dict[str, Any]
"""An answer as plain data: what `--json` prints."""
Header = tuple[datetime, datetime | None, bool, How, str | None]
"""The first five fields of every answer, in their order."""


@dataclass(frozen=True)
class Answer(ABC):
    """What every answer carries: the times it is for, whether its data is made up, and how it was computed."""

    as_of: datetime
    known_at: datetime | None
    demo: bool
    how: How
    as_of_reason: str | None
    """Why it is as of that time if none was stated: the record ended then. None if it is as of now."""

    @property
    def header(self) -> Header:
        """The first fields of another answer for the same view."""
        return self.as_of, self.known_at, self.demo, self.how, self.as_of_reason

    def to_dict(self) -> Json:
        """The answer as plain data with ISO times: what `--json` prints."""
        return {**plain(self), "sentence": self.sentence()}

    @abstractmethod
    def rows(self) -> list[Row]:
        """The flat table of the answer: what `--csv` prints."""

    @abstractmethod
    def sentence(self, language: str = "en") -> str:
        """One sentence that a supervisor can read."""

    def df(self) -> "pd.DataFrame":
        """The flat table as a data frame; times are datetimes in UTC."""
        import pandas as pd

        frame = pd.DataFrame(self.rows())
        for name in frame.columns:
            if name in TIME_COLUMNS:
                frame[name] = pd.to_datetime(frame[name], utc=True)
        return frame


@dataclass(frozen=True)
class Listing:
    """A plain list as an answer, with nothing computed: its only field holds the rows."""

    def to_dict(self) -> Json:
        """The list as plain data with ISO times."""
        return dict(plain(self))

    def rows(self) -> list[Row]:
        """One row per item."""
        return [row for items in self.to_dict().values() for row in items]


TIME_COLUMNS = frozenset({"since", "until", "failed_at", "first_end", "last_end", "now_end_at", "last_look_at"})


def place_of(tool: str, chamber: str) -> str:
    """The tool, and the chamber when it is one."""
    return tool if chamber == "*" else f"{tool} {chamber}"


def plain(value: Any) -> Any:
    """Plain data for JSON: dataclasses become dictionaries, times become ISO 8601 text, doubts their code and sentence."""
    if isinstance(value, Doubt):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
