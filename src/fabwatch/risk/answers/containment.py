"""Which wafers to hold after a failed qual, and where they are."""

from dataclasses import dataclass, replace
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
    """Chance that it ran after the hidden failure began, estimated from the wear of the tool; 1 if it ran after the fail."""

    @property
    def identity(self) -> tuple[str | None, str | None]:
        """What names it: the wafer; with its lot where the wafer is only a slot number, or is not named."""
        slot = self.wafer is not None and len(self.wafer) <= 2 and self.wafer < ":"
        return self.wafer, self.lot if self.wafer is None or slot else None


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


@dataclass(frozen=True)
class AfterFail:
    """What ran after the failed qual, until a restore or a good qual: all of it is affected."""

    until: datetime | None
    """When a restore or a good qual ended it on the last chamber; None while it is open: counted until the as-of time."""
    ended_by: str | None
    """`restored`, `passed`, or None while it is open."""
    wafers: int
    passes: int
    lots: int
    moves: int
    items: tuple[Contained, ...]


@dataclass(frozen=True, repr=False)
class Containment(Answer):
    """Which wafers and lots ran between the last good qual and the failed one, which after it, and where they are now."""

    tool: str
    chamber: str
    qual_type: str
    since: datetime | None
    until: datetime
    bounded: bool
    level: str
    wafers: int
    """Between the last good qual and the failed one; `after_fail` has those that ran after it."""
    passes: int
    lots: int
    items: tuple[Contained, ...]
    last_good: datetime | None = None
    """The last good qual; `since` is earlier if the qual can miss faults."""
    looks: tuple[Look, ...] = ()
    hold_90: Hold | None = None
    moves: int = 0
    after_fail: AfterFail | None = None
    """What ran after the fail; None for a suspect qual, which passed."""
    total_wafers: int = 0
    """Of both groups; a wafer that ran before and after the fail counts once."""

    @property
    def to_hold(self) -> tuple[Contained, ...]:
        """The items of both groups, each wafer or lot once, the latest first."""
        after = {item.identity: item for item in (self.after_fail.items if self.after_fail else ())}
        before = {item.identity: item for item in self.items}
        merged = [_both(item, after[key]) if key in after else item for key, item in before.items()]
        merged += [item for key, item in after.items() if key not in before]
        return tuple(sorted(merged, key=lambda item: item.last_end, reverse=True))

    def ran(self, item: Contained) -> str:
        """Whether an item ran `before`, `after` or `before and after` the fail."""
        last = self.after_fail is not None and item.last_end > self.until
        return ("before and after" if item.first_end <= self.until else "after") if last else "before"

    def rows(self) -> list[Row]:
        """One row per wafer or lot of both groups: a hold list."""
        rows = []
        for item in self.to_hold:
            row = plain(item)
            row |= {f"now_{key}": value for key, value in row.pop("now").items()}
            check = row.pop("next_check") or {}
            row |= {"next_check": check.get("step"), "steps_to_check": check.get("steps_away")}
            row["ran"] = self.ran(item)
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
        if self.after_fail is not None:
            after = self.after_fail
            key = f"after_fail_{after.ended_by or 'open'}"
            text += sentence(language, key, wafers=after.wafers, until=iso(after.until) or "-", total=self.total_wafers)
        if self.hold_90 is not None and self.hold_90.spares:
            short = self.hold_90
            text += sentence(language, "hold", part=short.part, wafers=short.wafers, spares=short.spares)
        return text + (sentence(language, "lot") if self.level == "lot" else "")


def _both(before: Contained, after: Contained) -> Contained:
    """One wafer that ran before and after the fail: where it is now, and all of its passes."""
    return replace(
        before,
        lot=after.lot,
        wafers=max(before.wafers, after.wafers),
        passes=before.passes + after.passes,
        moves=before.moves + after.moves,
        last_end=after.last_end,
        now=after.now,
        next_check=after.next_check,
        p_after_fault=after.p_after_fault,
    )
