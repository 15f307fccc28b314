"""Readings: statistics, and one after the other."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.words import sentence


@dataclass(frozen=True)
class Summary:
    """Statistics of the readings of one group. `std` is that of a sample; Cpk only if all have the same limits."""

    group: str
    qual_type: str
    unit: str | None
    n: int
    """Readings that were measured; those of which only the side is known are counted in `beyond`."""
    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    range: float | None
    lower: float | None
    upper: float | None
    cpk: float | None
    outside: int
    """Readings beyond their limits."""
    failed: int
    series: int = 1
    """How many tools and chambers it pools: above 1 its spread is also the difference between them."""
    beyond: int = 0
    """Readings of which only the side is known (`<0.5`, `>500`): without them mean and spread are not those of all."""


@dataclass(frozen=True)
class Reading:
    """One reading of a qual."""

    processed_at: datetime
    tool: str
    chamber: str
    qual_type: str
    reading: float
    unit: str | None
    lower: float | None
    upper: float | None
    passed: bool
    moving_range: float | None
    """Difference from the previous reading of the same chamber."""
    beyond: str | None = None
    """`<` or `>` where the value is only known to lie below or above the reading."""


@dataclass(frozen=True, repr=False)
class Stats(Answer):
    """Statistics of readings, by group, qual type and unit."""

    by: str
    groups: tuple[Summary, ...]

    def rows(self) -> list[Row]:
        """One row per group."""
        return [plain(row) for row in self.groups]

    def sentence(self, language: str = "en") -> str:
        """How many readings, and how many were outside their limits."""
        n, outside = sum(row.n for row in self.groups), sum(row.outside for row in self.groups)
        pooled = sum(row.series > 1 for row in self.groups) if self.by == "tool" else 0
        text = sentence(language, "stats", n=n, groups=len(self.groups), outside=outside)
        return text + (sentence(language, "stats_pooled", pooled=pooled) if pooled else "")


@dataclass(frozen=True, repr=False)
class Readings(Answer):
    """The readings of one tool in order of time, for an individuals chart."""

    tool: str
    readings: tuple[Reading, ...]

    def rows(self) -> list[Row]:
        """One row per reading."""
        return [plain(row) for row in self.readings]

    def sentence(self, language: str = "en") -> str:
        """How many readings, and how many failed."""
        failed = sum(not row.passed for row in self.readings)
        return sentence(language, "readings", tool=self.tool, n=len(self.readings), failed=failed)
