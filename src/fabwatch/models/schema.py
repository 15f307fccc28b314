"""The columns of a model: what each holds, which values it knew, and how rows become the numbers that it is given.

A number that is missing or cannot be read is NaN; a category is the place of its level, NaN where it is missing, and -1
where the model never saw it. Nothing else is done to a row before the model, so that the ONNX file is the whole model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]
UNSEEN = -1.0
ColumnKind = Literal["number", "category"]


@dataclass(frozen=True)
class Column:
    """One column that a model takes."""

    name: str
    kind: ColumnKind
    low: float | None = None
    high: float | None = None
    """The range of a number in training."""
    levels: tuple[str, ...] = ()
    """The values of a category, the most frequent first."""
    missing: float = 0.0
    """Share of rows without a value in training."""
    typical: float | str | None = None
    """Its median, or its most frequent value: what an example holds."""


@dataclass
class Noted:
    """What was odd about a row: columns by name."""

    unseen: list[str] = field(default_factory=list)
    out_of_range: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    not_numbers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Schema:
    """The columns of a model in their order."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [column.name for column in self.columns]

    def to_plain(self) -> list[dict[str, Any]]:
        """As plain data."""
        return [asdict(column) for column in self.columns]

    def example(self) -> dict[str, Any]:
        """A row that works: what is typical of each column."""
        return {column.name: column.typical for column in self.columns}

    def matrix(self, frame: "pd.DataFrame") -> Matrix:
        """The numbers of rows (n, columns); a column that the frame lacks is missing in all rows."""
        made = np.full((len(frame), len(self.columns)), np.nan, order="F")
        for place, column in enumerate(self.columns):
            if column.name in frame.columns:
                made[:, place] = values_of(frame[column.name], column)
        return made

    def noted(self, frame: "pd.DataFrame", matrix: Matrix) -> list[Noted]:
        """What is odd about each row of a frame, whose numbers are in `matrix`."""
        rows = [Noted() for _ in range(len(frame))]
        for place, column in enumerate(self.columns):
            given = frame[column.name] if column.name in frame.columns else None
            values = matrix[:, place]
            empty = np.isnan(values)
            if given is not None and column.kind == "number":
                unread = empty & given.notna().to_numpy(bool)
                _say(rows, unread, "not_numbers", column.name)
                empty &= ~unread
            _say(rows, empty, "missing", column.name)
            if column.kind == "category":
                _say(rows, values == UNSEEN, "unseen", column.name)
            elif column.low is not None and column.high is not None:
                with np.errstate(invalid="ignore"):
                    _say(rows, (values < column.low) | (values > column.high), "out_of_range", column.name)
        return rows


def schema_from(plain: Sequence[Mapping[str, Any]]) -> Schema:
    """The schema that `Schema.to_plain` gave."""
    return Schema(tuple(Column(**{**column, "levels": tuple(column["levels"])}) for column in plain))


def values_of(series: "pd.Series[Any]", column: Column) -> Matrix:
    """The numbers of one column (n)."""
    return numbers(series) if column.kind == "number" else codes(series, column.levels)


def numbers(series: "pd.Series[Any]") -> Matrix:
    """A column as numbers: what is none, and what is infinite, is NaN."""
    import pandas as pd

    read = pd.to_numeric(series, errors="coerce").to_numpy(float, na_value=np.nan)
    made: Matrix = np.where(np.isfinite(read), read, np.nan)
    return made


def codes(series: "pd.Series[Any]", levels: Sequence[str]) -> Matrix:
    """A column as places of levels: NaN where it is empty, -1 for a level that is not among them."""
    words = texts(series)
    known = {level: float(place) for place, level in enumerate(levels)}
    return np.array([np.nan if word is None else known.get(word, UNSEEN) for word in words], float)


def texts(series: "pd.Series[Any]") -> list[str | None]:
    """A column as text without blanks around it; a whole number is written without a point, None where it is empty."""
    empty = series.isna().to_numpy(bool)
    return [None if void else text_of(value) for value, void in zip(series.tolist(), empty, strict=True)]


def text_of(value: object) -> str | None:
    """One value of a category as text."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value).strip() or None


def _say(rows: list[Noted], where: NDArray[np.bool_], kind: str, name: str) -> None:
    for place in np.flatnonzero(where).tolist():
        getattr(rows[place], kind).append(name)
