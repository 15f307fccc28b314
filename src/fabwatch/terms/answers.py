"""Answers: frozen objects that the command line, Python, the API and the pages all use."""

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from html import escape
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
    engine: str = "duckdb"
    """What ran the statements that scan: duckdb, spark or postgres; the answer is the same."""


SHOWN = 20
"""Rows of an answer that a notebook shows."""
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

    def __repr__(self) -> str:
        demo = ", made-up data" if self.demo else ""
        count = len(self.rows())
        return (
            f"<{type(self).__name__} as of {iso(self.as_of)}{demo}>\n{self.sentence()}\n"
            f"{count:,} row{'' if count == 1 else 's'}: .df() is a data frame, .to_dict() plain data, .how method and SQL"
        )

    def _repr_html_(self) -> str:
        """The answer in a notebook: its sentence, its first rows, and how it was computed."""
        rows = self.rows()
        head = "".join(f"<th>{escape(name)}</th>" for name in (rows[0] if rows else ()))
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(_cell(value))}</td>' for value in row.values())}</tr>" for row in rows[:SHOWN]
        )
        more = f"<p>… and {len(rows) - SHOWN:,} more rows: .df()</p>" if len(rows) > SHOWN else ""
        demo = "<p><strong>DEMO: made-up data</strong></p>" if self.demo else ""
        return (
            f"{demo}<p><strong>{escape(self.sentence())}</strong></p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}<p><small>{escape(self.how.method)}</small></p>"
        )


def _cell(value: Scalar) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
        # A name that Python keeps for itself stands with a `_` behind it: yield_, from_.
        return {f.name.rstrip("_"): plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
