"""Cycles: from a restore to the failure that a qual found, on the clock of wafers and on that of days.

A qual only looks; it never resets the clock. A failure lies between the last good qual and the failed one. A cycle that a
restore ends before any failure is known up to its last good qual, and so is the running one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa

from fabwatch.equipment.counters import Counter, counters
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.temporary import temp_table
from fabwatch.terms.settings import QualSettings
from fabwatch.terms.words import is_alarm

DAY = 86_400.0
MARKS, MARK_DAYS = 8, 7.0
"""The pace of a tool is told by so many stretches of so many days back from now."""
COUNTED_DAYS = 28.0
"""How fast a counter counts is told by so many last days."""
LAST_NAME = chr(0x10FFFF)
SHORTEST = {"wafers": 0.5, "days": 0.01}
"""A failure found with nothing run since the last good qual still came after it: so much later at the least."""
SHORTEST_COUNTED = 1e-3
NOTHING: Mapping[str, float] = MappingProxyType({})


class Age(NamedTuple):
    """An age since the last restore, on both clocks."""

    wafers: float
    days: float
    counted: Mapping[str, float] = NOTHING
    """By the name of a counter of the tool."""

    def on(self, clock: str) -> float:
        """The age on one clock."""
        if clock == "wafers":
            return self.wafers
        return self.days if clock == "days" else self.counted.get(clock, 0.0)


class Look(NamedTuple):
    """One qual: when, at which age, and what it found."""

    at: datetime
    age: Age
    passed: bool
    alarm: bool = False
    """True when an alarm asked for it: it says when the tool failed, but not how often the tool is checked."""
    reading: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass
class Cycle:
    """What was seen between a restore and the next one; `ended` is None for the running cycle."""

    began: datetime
    looks: list[Look] = field(default_factory=list)
    ended: datetime | None = None
    known_start: bool = True
    """False when no restore is on record at its beginning: it is counted from the first move or qual."""

    @property
    def failed(self) -> Look | None:
        """The first failed look."""
        return next((look for look in self.looks if not look.passed), None)

    @property
    def stands_failed(self) -> bool:
        """True when its last look failed."""
        return bool(self.looks) and not self.looks[-1].passed

    @property
    def last_good(self) -> Age:
        """The age at the last good look before any failed one; 0 when there is none."""
        good = Age(0.0, 0.0)
        for look in self.looks:
            if not look.passed:
                break
            good = look.age
        return good

    def add(self, look: Look) -> bool:
        """Take in a look; True when another one of the same time said the contrary. The failed one counts then."""
        last = self.looks[-1] if self.looks else None
        if last is None or last.at != look.at:
            self.looks.append(look)
            return False
        self.looks[-1] = last if look.passed else look
        return last.passed != look.passed

    def until(self, moment: datetime) -> "Cycle":
        """The cycle as it stood at a moment."""
        return Cycle(self.began, [look for look in self.looks if look.at <= moment], None, self.known_start)

    def ages(self, clock: str) -> tuple[list[float], list[bool]]:
        """The ages of the looks on one clock, rising, and whether each passed."""
        ages: list[float] = []
        before = 0.0
        for look in self.looks:
            age = max(look.age.on(clock), before)
            before = age if look.passed else max(age, before + SHORTEST.get(clock, SHORTEST_COUNTED))
            ages.append(before)
        return ages, [look.passed for look in self.looks]


@dataclass(frozen=True)
class Stream:
    """One qual type on one tool or chamber (`*`: the whole tool): its ended cycles and the running one."""

    tool: str
    chamber: str
    qual_type: str
    cycles: list[Cycle]
    """All but the running one."""
    running: Cycle
    now: datetime
    age: Age
    paces: tuple[float, ...]
    """Wafers per day in each stretch of MARK_DAYS (the first may be shorter), the latest last."""
    span_days: float
    """Days on record."""
    processed: float
    """Wafers on record."""
    contradictions: int
    """Times at which one qual passed and another failed; the failed one counts."""
    counters: Mapping[str, Counter] = field(default_factory=dict)
    """The counters of the tool that were read all along, by name."""

    @property
    def all_cycles(self) -> list[Cycle]:
        """The ended cycles and the running one."""
        return [*self.cycles, self.running]

    @property
    def looks(self) -> list[Look]:
        """Every qual on record, in order."""
        return [look for cycle in self.all_cycles for look in cycle.looks]

    def units_a_day(self, clock: str, wafers_a_day: float) -> float:
        """How fast a clock goes of late: the pace in wafers, days as they come, or what a counter has counted."""
        if clock not in self.counters:
            return wafers_a_day if clock == "wafers" else 1.0
        days = min(self.span_days, COUNTED_DAYS)
        gone = self.counters[clock].by(self.now) - self.counters[clock].by(self.now - timedelta(days=days))
        return gone / days if days > 0 else 0.0

    @property
    def last_look_at(self) -> datetime | None:
        """The process time of the last qual that is known."""
        return max((look.at for look in self.looks), default=None)

    @property
    def failures(self) -> int:
        """Failures found so far."""
        return sum(cycle.failed is not None for cycle in self.all_cycles)

    @property
    def since_look_days(self) -> float:
        """Days since the last qual, good or failed; since the first event when there is none."""
        looks = self.looks
        return _days(looks[-1].at, self.now) if looks else self.span_days


def streams(
    lake: Lake, as_of: datetime, tools: Collection[str] | None = None, unchecked: Iterable[tuple[str, str]] = ()
) -> list[Stream]:
    """The history of every tool or chamber that is checked, by what was known at `as_of`.

    `tools` are the only ones to be read; `unchecked` (tool, qual type) adds whole tools though no qual of them is known.
    """
    pairs = list(unchecked)
    table = pa.table(
        {"tool": pa.array([p[0] for p in pairs], "string"), "qual_type": pa.array([p[1] for p in pairs], "string")}
    )
    temp_table(lake, "unchecked", table)
    marks = [as_of - timedelta(days=MARK_DAYS * n) for n in range(MARKS, 0, -1)]
    asked = None if tools is None else sorted(tools)
    # The bounds prune files, which a list does not.
    first, last = (asked[0], asked[-1]) if asked else ("", LAST_NAME)
    parameters = {"as_of": as_of, "marks": marks, "tools": asked, "first": first, "last": last}
    result = lake.ask(question("quals", "events"), parameters)
    events = map(_Event._make, result.fetchall())
    keys = groupby(events, key=lambda event: event[:3])
    counted = counters(lake, as_of, tools)
    return [_stream(key, list(some), lake.settings.qual(key[2]), counted) for key, some in keys]


class _Event(NamedTuple):
    tool: str
    chamber: str
    qual_type: str
    at: datetime
    what: str
    reading: float | None
    lower: float | None
    upper: float | None
    reason: str | None
    processed: Any
    first_move: datetime | None


def _stream(
    key: tuple[str, str, str],
    events: Sequence[_Event],
    stated: QualSettings,
    counted_by: Mapping[tuple[str, str], dict[str, Counter]],
) -> Stream:
    begin = min(min(e.at for e in events if e.what != "mark"), events[0].first_move or events[-1].at)
    start, contradictions = 0.0, 0
    cycles: list[Cycle] = []
    running = Cycle(begin, known_start=False)
    own = {**counted_by.get((key[0], "*"), {}), **counted_by.get(key[:2], {})}
    clocks = {name: counter for name, counter in own.items() if counter.spans(begin, events[-1].at)}

    def age_at(event: _Event) -> Age:
        gone = {name: max(c.by(event.at) - c.by(running.began), 0.0) for name, c in clocks.items()}
        return Age(_wafers(event) - start, _days(running.began, event.at), gone or NOTHING)

    for event in events:
        if event.what == "restored" and (not stated.resets or event.reason in stated.resets):
            running.ended = event.at
            cycles.append(running)
            running, start = Cycle(event.at), _wafers(event)
        elif event.what in ("good", "failed"):
            alarm = is_alarm(event.reason)
            look = Look(event.at, age_at(event), event.what == "good", alarm, event.reading, event.lower, event.upper)
            contradictions += running.add(look)
    now = events[-1]
    counted = [(begin, 0.0), *((e.at, _wafers(e)) for e in events if e.what in ("mark", "now") and e.at > begin)]
    return Stream(
        *key,
        cycles=cycles,
        running=running,
        now=now.at,
        age=age_at(now),
        paces=_paces(counted),
        span_days=_days(begin, now.at),
        processed=_wafers(now),
        contradictions=contradictions,
        counters=clocks,
    )


def _wafers(event: _Event) -> float:
    return float(event.processed or 0)


def _paces(counted: Sequence[tuple[datetime, float]]) -> tuple[float, ...]:
    paces = []
    for (begin, before), (end, after) in pairwise(counted):
        if (days := _days(begin, end)) >= MARK_DAYS / 2 or (len(counted) == 2 and days > 0):
            paces.append((after - before) / days)
    return tuple(paces)


def _days(begin: datetime, end: datetime) -> float:
    return max((end - begin).total_seconds() / DAY, 0.0)
