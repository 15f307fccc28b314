"""A table of features, and where each of its columns came from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fabwatch.terms.answers import Answer, Json, Row, plain
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.words import sentence

if TYPE_CHECKING:
    import pandas as pd

TARGET = "target."
"""How the name of a column begins that holds what is to be predicted."""


class FeatureRows:
    """The rows of the table; plain objects are made only of those that are looked at."""

    def __init__(self, arrow: pa.Table):
        self.arrow = arrow

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    def __getitem__(self, part: slice) -> list[Row]:
        first, last, _ = part.indices(len(self))
        rows: list[Row] = [plain(row) for row in self.arrow.slice(first, max(last - first, 0)).to_pylist()]
        return rows

    @property
    def nbytes(self) -> int:
        """What they take in memory."""
        return int(self.arrow.nbytes)

    def __iter__(self) -> Iterator[Row]:
        return iter(self[:])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FeatureRows) and bool(self.arrow.equals(other.arrow))

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, handler: Any) -> Any:
        return handler(Any)

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: Any) -> Json:
        return {"type": "array", "items": {"type": "object"}, "description": "One row per wafer or lot, by column."}


@dataclass(frozen=True)
class FeatureColumn:
    """Where a column came from, and when its value was known."""

    name: str
    from_: str
    """The table of the lake."""
    what: str
    """One sentence."""
    unit: str | None
    known_by: str
    share: float
    """Share of the rows that have a value."""


@dataclass(frozen=True, repr=False)
class Features(Answer):
    """One wide table: a row per wafer or lot, with what was known of it before its first test, and its targets."""

    by: str
    columns: tuple[FeatureColumn, ...]
    table: FeatureRows
    doubts: tuple[Doubt, ...] = ()

    @property
    def targets(self) -> list[str]:
        """The columns that are known later than all others: what is to be predicted."""
        return [column.name for column in self.columns if column.name.startswith(TARGET)]

    def described(self) -> Json:
        """Everything but the rows: what is written into the file beside them."""
        facts = {field: plain(getattr(self, field)) for field in ("as_of", "known_at", "demo", "how", "as_of_reason", "by")}
        return {
            **facts,
            "rows": len(self.table),
            "targets": self.targets,
            "columns": plain(self.columns),
            "doubts": plain(self.doubts),
            "sentence": self.sentence(),
        }

    def to_dict(self) -> Json:
        """The answer as plain data, all rows of the table among it."""
        return {**self.described(), "table": self.rows()}

    def rows(self) -> list[Row]:
        """One row per wafer or lot."""
        return self.table[:]

    def df(self) -> "pd.DataFrame":
        """The table as a data frame; `at` is a datetime in UTC."""
        frame: pd.DataFrame = self.table.arrow.to_pandas()
        frame["at"] = frame["at"].dt.tz_localize("UTC")
        return frame

    def csv(self) -> bytes:
        """The table as CSV, as `write` writes it."""
        from fabwatch.models.features.writing import csv_bytes

        return csv_bytes(self.table.arrow)

    def write(self, path: str | Path) -> Path:
        """Write the table as .csv or .parquet, whole or not at all. Raises BadQuestion and NoSuchPath."""
        from fabwatch.models.features.writing import write

        return write(self.table.arrow, self.described(), Path(path))

    def sentence(self, language: str = "en") -> str:
        """How large the table is, over what time, what is to be predicted, and what is not in it."""
        if not len(self.table):
            return sentence(language, "features_none")
        at = self.table.arrow["at"]
        facts = {
            "rows": len(self.table),
            "features": len(self.columns) - len(self.targets) - (3 if self.by == "lot" else 4),
        }
        text = sentence(language, f"features_{self.by}", **facts, first=at[0].as_py(), last=at[-1].as_py())
        if self.targets:
            text += sentence(language, "features_targets", targets=", ".join(self.targets))
        return text + "".join(f" {doubt.sentence(language)}" for doubt in self.doubts)
