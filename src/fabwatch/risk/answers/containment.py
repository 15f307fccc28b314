"""Which wafers to hold after a failed qual, and where they are."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Answer, Row, place_of, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.words import sentence


@dataclass(frozen=True)
class Whereabouts:
    """The last move of a wafer or lot, anywhere in the fab."""

    tool: str | None
    area: str | None
    step: str | None
    end_at: datetime | None


@dataclass(frozen=True)
class NextCheck:
    """The next step of the route that checks wafers, and how many steps away it is."""

    step: str
    steps_away: int


@dataclass(frozen=True)
class Contained:
    """One wafer or lot to hold."""

    wafer: str | None
    lot: str | None
    wafers: int
    passes: int
    first_end: datetime
    last_end: datetime
    now: Whereabouts
    next_check: NextCheck | None = None
    moves: int = 0
    p_after_fault: float | None = None
    """Chance that it ran after the hidden failure began, estimated from the wear of the tool."""


@dataclass(frozen=True)
class Held:
    """One wafer or lot of the shorter hold list."""

    wafer: str | None
    lot: str | None
    wafers: int
    p_after_fault: float


@dataclass(frozen=True)
class Hold:
    """The shortest list expected to contain `part` of the bad wafers, and how many wafers need no hold."""

    part: float
    wafers: int
    spares: int
    expected_bad: float
    """Wafers of the whole containment that are expected to be bad."""
    items: tuple[Held, ...]


@dataclass(frozen=True)
class Look:
    """One interval between two quals, and the chance that the fault began in it (rule 12)."""

    since: datetime | None
    until: datetime
    wafers: int
    probability: float


@dataclass(frozen=True, repr=False)
class Containment(Answer):
    """Which wafers and lots ran between the last good qual and the failed one, and where they are now."""

    tool: str
    chamber: str
    qual_type: str
    since: datetime | None
    until: datetime
    bounded: bool
    level: str
    wafers: int
    passes: int
    lots: int
    items: tuple[Contained, ...]
    last_good: datetime | None = None
    """The last good qual; `since` is earlier if the qual can miss faults."""
    looks: tuple[Look, ...] = ()
    hold_90: Hold | None = None
    moves: int = 0

    def rows(self) -> list[Row]:
        """One row per item: a hold list."""
        rows = []
        for item in self.items:
            row = plain(item)
            row |= {f"now_{key}": value for key, value in row.pop("now").items()}
            check = row.pop("next_check") or {}
            row |= {"next_check": check.get("step"), "steps_to_check": check.get("steps_away")}
            rows.append({"held_for": f"{self.tool} {self.qual_type} {iso(self.until)}", **row})
        return rows

    def sentence(self, language: str = "en") -> str:
        """How many wafers of how many lots, and between which times."""
        key = "contain" if self.last_good else "contain_unbounded"
        place = place_of(self.tool, self.chamber)
        values = {"wafers": self.wafers, "lots": self.lots, "tool": place, "until": iso(self.until)}
        text = sentence(language, key, since=iso(self.last_good), **values)
        if self.last_good and self.since != self.last_good:
            text += sentence(language, "reach", since=iso(self.since) or "-", good=iso(self.last_good))
        if self.hold_90 is not None and self.hold_90.spares:
            short = self.hold_90
            text += sentence(language, "hold", part=short.part, wafers=short.wafers, spares=short.spares)
        return text + (sentence(language, "lot") if self.level == "lot" else "")
