"""Answers about defects."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.words import sentence


@dataclass(frozen=True)
class InspectedWafer:
    """Defects of one wafer at one inspection."""

    lot: str | None
    wafer: str | None
    layer: str | None
    defects: int
    density: float | None
    """Defects per square centimetre of what was inspected; None where the file does not say how much that is."""
    random_density: float | None
    """The same with each cluster counted once."""
    clusters: int
    clustered: int
    """Defects that lie in clusters."""
    dies: int | None
    defective_dies: int
    kill_ratio: float | None
    """Share of the dies hit by a defect that fail because of it; None where the dies were not tested."""
    kill_low: float | None
    kill_high: float | None
    product: str | None
    tool: str | None
    inspected_at: datetime | None
    doubts: tuple[str, ...] = ()
    """What is odd about the file."""


@dataclass(frozen=True, repr=False)
class Defects(Answer):
    """Defects by inspected wafer, the latest first."""

    wafers: tuple[InspectedWafer, ...]

    def rows(self) -> list[Row]:
        """One row per inspection."""
        return [{**plain(row), "doubts": "; ".join(row.doubts)} for row in self.wafers]

    def sentence(self, language: str = "en") -> str:
        """How many defects there are, and which wafer has most."""
        if not self.wafers:
            return sentence(language, "defects_none")
        most = max(self.wafers, key=lambda row: row.defects)
        name = " ".join(filter(None, (most.lot, most.wafer, most.layer)))
        total, doubtful = sum(row.defects for row in self.wafers), sum(bool(row.doubts) for row in self.wafers)
        text = sentence(language, "defects", defects=total, wafers=len(self.wafers), name=name, most=most.defects)
        return text + (sentence(language, "defects_doubtful", wafers=doubtful) if doubtful else "")
