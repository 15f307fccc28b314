"""What is not in a table of features, or may be missed there."""

from dataclasses import dataclass

from fabwatch.terms.doubts import Doubt


@dataclass(frozen=True)
class NoTargets(Doubt):
    """No test result of these wafers or lots is known by then, so the table has no column to learn from."""


@dataclass(frozen=True)
class ColumnsLeftOut(Doubt):
    """Columns were left out because too few rows have them, or because there are more than fit."""

    columns: int
    first: str


@dataclass(frozen=True)
class LotsWithoutWafers(Doubt):
    """Lots are left out because no file names their wafers; a table by lot has them."""

    lots: int


@dataclass(frozen=True)
class TestedFirst(Doubt):
    """Wafers or lots are left out because no move of them ended before their first test."""

    __test__ = False
    rows: int


@dataclass(frozen=True)
class UndatedLeftOut(Doubt):
    """Measurements, inspections and logs are left out because nothing says when they were known."""

    records: int
