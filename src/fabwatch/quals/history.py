"""Cycles: from a restore to the failure that a qual found, on the clock of wafers and on that of days.

A qual only looks; it never resets the clock. A failure lies between the last good qual and the failed one. A cycle that a
restore ends before any failure is known up to its last good qual, and so is the running one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from statistics import median
from typing import Any

from fabwatch.store.lake import Lake
from fabwatch.store.questions import question

PACE_DAYS = 28
"""The pace of a tool is that of so many last days."""
DAY = 86_400.0


@dataclass(frozen=True)
class Age:
    """An age since the last restore, on both clocks."""

    wafers: float
    days: float

    def on(self, clock: str) -> float:
        """The age on one clock."""
        return self.wafers if clock == "wafers" else self.days


@dataclass(frozen=True)
class Cycle:
    """Good at `lower`, failed at `upper`; None when no failure was found."""

    lower: Age
    upper: Age | None


@dataclass
class Stream:
    """One qual type on one tool or chamber (`*`: the whole tool): its ended cycles and the running one."""

    tool: str
    chamber: str
    qual_type: str
    cycles: list[Cycle] = field(default_factory=list)
    last_good: Age = field(default_factory=lambda: Age(0.0, 0.0))
    """Of the running cycle; its beginning, when no qual has been good in it."""
    age: Age = field(default_factory=lambda: Age(0.0, 0.0))
    failed: bool = False
    """True when the running cycle has failed a qual already and no restore has come since."""
    restored: bool = False
    """True when a restore is on record; else the running cycle is counted from the first move or qual."""
    pace_per_day: float = 0.0
    looks: list[datetime] = field(default_factory=list)
    since_look_days: float = 0.0
    """Days since the last qual, good or failed."""

    @property
    def gap_days(self) -> float | None:
        """The usual days between two quals: the middle gap; None under two quals."""
        gaps = [(b - a).total_seconds() / DAY for a, b in zip(self.looks, self.looks[1:], strict=False) if b > a]
        return float(median(gaps)) if gaps else None

    @property
    def failures(self) -> int:
        """Failures found so far."""
        return sum(cycle.upper is not None for cycle in self.cycles)


def streams(lake: Lake, as_of: datetime) -> list[Stream]:
    """The history of every tool or chamber that is checked, by what was known at `as_of`."""
    parameters = {"as_of": as_of, "pace_from": as_of - timedelta(days=PACE_DAYS)}
    rows = lake.rows(question("quals", "events"), parameters)
    keys = groupby(rows, key=lambda row: (row["tool"], row["chamber"], row["qual_type"]))
    return [_stream(Stream(*key), list(events)) for key, events in keys]


def _stream(stream: Stream, events: list[dict[str, Any]]) -> Stream:
    begin = min(e["first_move"] or e["at_time"] for e in events)
    looks = [e["at_time"] for e in events if e["what"] in ("good", "failed")]
    start: tuple[float, datetime] = (0.0, min([begin, *looks]))
    running = _Running(start)
    before: dict[str, Any] | None = None
    for event in events:
        what, at, processed = event["what"], event["at_time"], float(event["processed"] or 0)
        if what == "pace":
            before = event
        elif what == "restored":
            stream.cycles += running.ended()
            stream.restored = True
            running = _Running((processed, at))
        elif what != "now":
            running.look(Age(processed - running.start[0], _days(running.start[1], at)), good=what == "good")
    now = next(e for e in events if e["what"] == "now")
    processed = float(now["processed"] or 0)
    stream.age = Age(processed - running.start[0], _days(running.start[1], now["at_time"]))
    stream.last_good, stream.failed = running.good, running.failed is not None
    if stream.failed:
        stream.cycles += running.ended()
    stream.looks = looks
    stream.since_look_days = _days(looks[-1], now["at_time"]) if looks else 0.0
    stream.pace_per_day = _pace(processed, before, now, start[1])
    return stream


def _pace(processed: float, before: dict[str, Any] | None, now: dict[str, Any], first: datetime) -> float:
    earlier = float(before["processed"] or 0) if before else 0.0
    span = min(_days(first, now["at_time"]), float(PACE_DAYS))
    return (processed - earlier) / span if span > 0 else 0.0


def _days(begin: datetime, end: datetime) -> float:
    return max((end - begin).total_seconds() / DAY, 0.0)


class _Running:
    """A cycle as it goes on."""

    def __init__(self, start: tuple[float, datetime]):
        self.start = start
        self.good = Age(0.0, 0.0)
        self.failed: Age | None = None

    def look(self, age: Age, good: bool) -> None:
        """Take in a qual; what comes after a failure says nothing more of when it came."""
        if self.failed is None:
            if good:
                self.good = age
            else:
                self.failed = age

    def ended(self) -> Iterator[Cycle]:
        """The cycle, when anything was seen of it."""
        if self.failed is not None or self.good.days > 0:
            yield Cycle(self.good, self.failed)
