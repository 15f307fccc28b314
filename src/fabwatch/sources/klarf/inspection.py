"""An inspection of a wafer as a KLARF file states it, whatever its version."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fabwatch.terms.problems import Problem


@dataclass
class Inspection:
    """One wafer: what the file says of it, and its defects as they stand there."""

    header: dict[str, list[str]] = field(default_factory=dict)
    """Values by keyword, in lower case; those of the lot and file among them."""
    columns: list[str] = field(default_factory=list)
    """Names of the columns of the defects, in upper case."""
    rows: list[list[str]] = field(default_factory=list)
    classes: dict[int, str] = field(default_factory=dict)
    areas: list[float] = field(default_factory=list)
    """Inspected area of each test, in the unit of the file."""
    stated: int | None = None
    """Defects that the summary counts."""
    dies: int | None = None
    doubts: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    aside: int = 0
    listed: bool = False
    """Whether it has a list of defects, which may be empty."""

    def text(self, name: str, place: int = 0) -> str | None:
        """One value of a keyword; None where it is empty or absent."""
        values = self.header.get(name.lower(), [])
        value = values[place].strip() if place < len(values) else ""
        return value or None

    def number(self, name: str, place: int = 0) -> float | None:
        """One value of a keyword as a number; None where it is none."""
        return number_of(self.text(name, place))

    def doubt(self, text: str) -> None:
        """Add a doubt, once."""
        if text not in self.doubts:
            self.doubts.append(text)

    def summarised(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Take what a list of summaries says."""
        names = [name.upper() for name in columns]
        for name, take in (("NDEFECT", "stated"), ("NDIE", "dies")):
            if name in names:
                place = names.index(name)
                counts = [number_of(row[place]) for row in rows if place < len(row)]
                known = [int(count) for count in counts if count is not None]
                if known:
                    setattr(self, take, sum(known) if take == "stated" else max(known))


def number_of(text: Any) -> float | None:
    """A number; None where it is none, or none that is finite."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if abs(value) < float("inf") else None
