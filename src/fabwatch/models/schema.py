"""The columns of a model: what each holds, which values it knew, and how rows become the numbers that it is given.

A number that is missing or cannot be read is NaN; a category is the place of its level, NaN where it is missing, and -1
where the model never saw it. Nothing else is done to a row before the model, so that the ONNX file is the whole model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]
UNSEEN = -1.0
ColumnKind = Literal["number", "category"]
Values: TypeAlias = "list[Any] | pd.Series[Any]"
"""A column: a list, or that of a frame."""


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


ODD = ("unseen", "out_of_range", "missing", "not_numbers")
"""What a value of a row can be."""


@dataclass
class Noted:
    """What was odd about a row: columns by name."""

    unseen: list[str] = field(default_factory=list)
    out_of_range: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    not_numbers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rows:
    """Rows to predict: a list of values for each column, or a column of a frame."""

    columns: Mapping[str, Any]
    count: int

    @classmethod
    def of_frame(cls, frame: "pd.DataFrame") -> "Rows":
        """The rows of a frame."""
        return cls({str(name): frame[name] for name in frame.columns}, len(frame))

    @classmethod
    def of_records(cls, records: Sequence[Mapping[str, Any]]) -> "Rows":
        """Rows of names and values; a name that a row lacks is empty there."""
        names = dict.fromkeys(name for record in records for name in record)
        return cls({name: [record.get(name) for record in records] for name in names}, len(records))

    def value(self, name: str, place: int) -> Any:
        """One value; None where there is none."""
        column = self.columns.get(name)
        if column is None:
            return None
        return column[place] if isinstance(column, list) else column.iloc[place]

    def __len__(self) -> int:
        return self.count


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

    def matrix(self, rows: Rows) -> Matrix:
        """The numbers of rows (n, columns); a column that they lack is missing in all of them."""
        made = np.full((len(rows), len(self.columns)), np.nan, order="F")
        for place, column in enumerate(self.columns):
            if column.name in rows.columns:
                made[:, place] = values_of(rows.columns[column.name], column)
        return made

    def noted(self, given: Rows, matrix: Matrix) -> list[Noted]:
        """What is odd about each row, whose numbers are in `matrix`."""
        rows = [Noted() for _ in range(len(given))]
        for place, column in enumerate(self.columns):
            own = given.columns.get(column.name)
            values = matrix[:, place]
            empty = np.isnan(values)
            if own is not None and column.kind == "number":
                unread = empty & ~empties(own)
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


def values_of(series: Values, column: Column) -> Matrix:
    """The numbers of one column (n)."""
    return numbers(series) if column.kind == "number" else codes(series, column.levels)


def numbers(series: Values) -> Matrix:
    """A column as numbers: what is none, and what is infinite, is NaN."""
    if isinstance(series, list):
        return np.array([_number(value) for value in series], float)
    import pandas as pd

    read = pd.to_numeric(series, errors="coerce").to_numpy(float, na_value=np.nan)
    made: Matrix = np.where(np.isfinite(read), read, np.nan)
    return made


def codes(series: Values, levels: Sequence[str]) -> Matrix:
    """A column as places of levels: NaN where it is empty, -1 for a level that is not among them."""
    words = texts(series)
    known = {level: float(place) for place, level in enumerate(levels)}
    return np.array([np.nan if word is None else known.get(word, UNSEEN) for word in words], float)


def texts(series: Values) -> list[str | None]:
    """A column as text without blanks around it; a whole number is written without a point, None where it is empty."""
    values = series if isinstance(series, list) else series.tolist()
    return [None if void else text_of(value) for value, void in zip(values, empties(series), strict=True)]


def empties(series: Values) -> NDArray[np.bool_]:
    """Where a column holds nothing (n)."""
    if isinstance(series, list):
        return np.array([value is None or value != value or value == "" for value in series], bool)
    return series.isna().to_numpy(bool)


def _number(value: object) -> float:
    try:
        read = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return np.nan
    return read if np.isfinite(read) else np.nan


def text_of(value: object) -> str | None:
    """One value of a category as text."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value).strip() or None


def _say(rows: list[Noted], where: NDArray[np.bool_], kind: str, name: str) -> None:
    for place in np.flatnonzero(where).tolist():
        getattr(rows[place], kind).append(name)
