"""What is said about the maps of a fab's own wafers."""

from collections import Counter
from dataclasses import dataclass, fields
from datetime import datetime

from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.words import sentence
from fabwatch.yields.patterns.answers import FoundPattern
from fabwatch.yields.patterns.classes import NONE, PATTERNS


@dataclass(frozen=True)
class Picture:
    """A map to be drawn: its cells row by row from the top, as base64 of a byte each."""

    columns: int
    rows: int
    cells: str
    """0 no die, 1 all passed … 255 all failed; a cell of a large map is several dies."""


@dataclass(frozen=True)
class FabMap:
    """The map of one wafer at one insertion."""

    lot: str | None
    wafer: str | None
    insertion: str | None
    product: str | None
    tested_at: datetime | None
    parts: int
    """Places with a result."""
    good: int
    yield_: float | None
    pattern: str | None = None
    """The most likely pattern; None where nobody asked, or the map is too large."""
    probability: float | None = None
    unknown: bool | None = None
    """True where the map is far from all patterns that the network learned."""
    patterns: tuple[FoundPattern, ...] = ()
    likeness: float | None = None
    """How much it looks like the wafer that was named: cosine of what the network sees, 1 for the same."""
    picture: Picture | None = None


@dataclass(frozen=True, repr=False)
class FabMaps(Answer):
    """Wafer maps of the fab, those that were tested last first, or those most like one wafer."""

    wafers: int
    """Maps on record, as far as lot, wafer and product select them."""
    looked_at: int
    """Maps among which were chosen by pattern or likeness: the latest."""
    patterns: dict[str, int]
    """How many of those show each pattern, `unknown` those of none; empty where nobody asked."""
    maps: tuple[FabMap, ...]
    doubts: tuple[Doubt, ...] = ()

    def rows(self) -> list[Row]:
        """One row per map."""
        names = [field.name for field in fields(FabMap) if field.name not in ("patterns", "picture")]
        return [
            {
                **{name.rstrip("_"): plain(getattr(row, name)) for name in names},
                "patterns": " + ".join(part.pattern for part in row.patterns),
            }
            for row in self.maps
        ]

    def sentence(self, language: str = "en") -> str:
        """How many maps there are, how many of them show a pattern, and which one most."""
        if not self.wafers:
            return sentence(language, "fab_maps_none")
        text = sentence(language, "fab_maps", shown=len(self.maps), wafers=self.wafers)
        showing = Counter({name: n for name, n in self.patterns.items() if name not in (PATTERNS[NONE], UNKNOWN)})
        if showing:
            most, count = showing.most_common(1)[0]
            text += sentence(language, "fab_maps_patterns", showing=showing.total(), most=most, count=count)
        return text + "".join(f" {doubt.sentence(language)}" for doubt in self.doubts)


UNKNOWN = "unknown"
"""What maps are counted as that are far from all patterns."""
