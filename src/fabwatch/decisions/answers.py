"""Decisions of people: hold lists, limits and intervals, and the audit that records each of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from fabwatch.terms.answers import Json, Listing, Row, plain

Act = Literal["hold", "release", "scrap"]


STATES = {"hold": "held", "release": "released", "scrap": "scrapped"}


DecisionName = Literal["warning", "inhibit", "interval_wafers", "interval_days"]


NAMES: tuple[DecisionName, ...] = get_args(DecisionName)


@dataclass(frozen=True)
class HoldItem:
    """One wafer or lot of a hold list, and the last decision about it."""

    wafer: str | None
    lot: str | None
    wafers: int
    state: str
    """`held`, `released` or `scrapped`."""
    decided_at: datetime
    who: str
    reason: str


@dataclass(frozen=True)
class HoldList:
    """The wafers put on hold because of one qual."""

    hold: str
    tool: str
    chamber: str
    qual_type: str
    failed_at: datetime
    held_at: datetime
    who: str
    reason: str
    wafers: int
    held: int
    """Wafers that are still on hold."""
    released: int
    scrapped: int
    items: tuple[HoldItem, ...]

    def still_held(self, names: Collection[str] | None = None) -> list[HoldItem]:
        """The items on hold that `names` (wafers, or lots for all of their wafers) mean; without names all of them."""
        held = [item for item in self.items if item.state == "held"]
        return held if names is None else [i for i in held if {name_of(i.wafer, i.lot), i.lot} & set(names)]


@dataclass(frozen=True)
class HoldLists(Listing):
    """The hold lists, the latest first."""

    holds: tuple[HoldList, ...]


@dataclass(frozen=True)
class Decision:
    """A limit or qual interval that a person set for one tool, chamber and qual type."""

    tool: str
    chamber: str
    qual_type: str
    name: str
    value: float | None
    decided_at: datetime
    who: str
    reason: str


@dataclass(frozen=True)
class Decisions(Listing):
    """Limits and intervals that were set, the latest first."""

    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class FrozenChart:
    """One version of the phase-I limits of a control chart; without a center they were withdrawn."""

    tool: str
    chamber: str
    name: str
    kind: str
    version: int
    center: float | None
    sigma: float | None
    df: float | None
    points: int | None
    since: datetime | None
    until: datetime | None
    decided_at: datetime
    who: str
    reason: str


@dataclass(frozen=True)
class ChartLimits(Listing):
    """Limits of control charts that people froze, the latest first."""

    limits: tuple[FrozenChart, ...]


@dataclass(frozen=True)
class Entry:
    """One entry of the audit."""

    seq: int
    written_at: datetime
    who: str
    act: str
    about: str
    reason: str
    previous: str
    hash: str


@dataclass(frozen=True)
class Entries(Listing):
    """The audit, the latest first."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Audit:
    """What checking the audit found."""

    entries: int
    head: str
    """Hash of the last entry: stored elsewhere, it proves later that nothing up to here was changed."""
    faults: tuple[str, ...]

    def to_dict(self) -> Json:
        """The result as plain data."""
        return {**plain(self), "whole": self.whole}

    def rows(self) -> list[Row]:
        """One row per fault."""
        return [{"fault": fault} for fault in self.faults]

    @property
    def whole(self) -> bool:
        """True if no entry was changed, removed or inserted."""
        return not self.faults


def name_of(wafer: str | None, lot: str | None) -> str:
    """The name that identifies a wafer or lot in a list: a bare slot number gets its lot."""
    if wafer is None:
        return lot or ""
    return f"{lot}#{wafer}" if len(wafer) <= 2 and lot else wafer
