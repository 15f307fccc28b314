"""Cycles: from a restore to the failure that a qual found, in wafers and in days.

A qual only observes; it never resets the clock. A failure lies between the last good qual and the failed one. A cycle that
ends by a restore before any failure is known up to its last good qual, and so is the running one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa

from fabwatch.equipment.counters import Counter, counters
from fabwatch.equipment.signals import Signal, alarm_signals, signal_of
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.store.temporary import temp_table
from fabwatch.terms.settings.answering import QualSettings
from fabwatch.terms.words import is_alarm

DAY = 86_400.0
MARKS, MARK_DAYS = 8, 7.0
"""The pace of a tool comes from this many stretches of this many days, back from now."""
COUNTED_DAYS = 28.0
"""The speed of a counter is its mean over this many last days."""
LAST_NAME = chr(0x10FFFF)
SHORTEST = {"wafers": 0.5, "days": 0.01}
"""A failure with nothing run since the last good qual still came after it: by at least this much."""
SHORTEST_COUNTED = 1e-3
NOTHING: Mapping[str, float] = MappingProxyType({})


class Age(NamedTuple):
    """An age since the last restore, on both clocks."""

    wafers: float
    days: float
    counted: Mapping[str, float] = NOTHING
    """By name of a counter of the tool."""

    def on(self, clock: str) -> float:
        """The age on one clock."""
        if clock == "wafers":
            return self.wafers
        return self.days if clock == "days" else self.counted.get(clock, 0.0)


class QualEvent(NamedTuple):
    """One qual: when, at which age, and its result."""

    at: datetime
    age: Age
    passed: bool
    alarm: bool = False
    """True when an alarm triggered it: it counts for when the tool failed, but not for how often the tool is checked."""
    reading: float | None = None
    lower: float | None = None
    upper: float | None = None
    unit: str | None = None

    @property
    def limit(self) -> tuple[float, bool] | None:
        """The limit that its reading runs towards, and True where that is an upper one."""
        if self.upper is not None and self.upper > 0:
            return self.upper, True
        if self.lower is not None and self.lower > 0:
            return self.lower, False
        return None


@dataclass
class Cycle:
    """The quals between a restore and the next one; `ended` is None for the running cycle."""

    began: datetime
    quals: list[QualEvent] = field(default_factory=list)
    ended: datetime | None = None
    known_start: bool = True
    """False when no restore is on record at its beginning: it is counted from the first move or qual."""
    wafers_before: float = 0.0
    """Wafers on record before it began."""

    @property
    def failed(self) -> QualEvent | None:
        """The first failed qual."""
        return next((qual for qual in self.quals if not qual.passed), None)

    @property
    def failed_open(self) -> bool:
        """True when its last qual failed."""
        return bool(self.quals) and not self.quals[-1].passed

    @property
    def last_good(self) -> Age:
        """The age at the last good qual before any failed one; 0 when there is none."""
        good = Age(0.0, 0.0)
        for qual in self.quals:
            if not qual.passed:
                break
            good = qual.age
        return good

    def add(self, qual: QualEvent) -> bool:
        """Add a qual; True when another one at the same time had the other result. The failed one counts then."""
        last = self.quals[-1] if self.quals else None
        if last is None or last.at != qual.at:
            self.quals.append(qual)
            return False
        self.quals[-1] = last if qual.passed else qual
        return last.passed != qual.passed

    def until(self, moment: datetime) -> "Cycle":
        """The cycle as it stood at a moment."""
        return Cycle(
            self.began, [qual for qual in self.quals if qual.at <= moment], None, self.known_start, self.wafers_before
        )

    def ages(self, clock: str) -> tuple[list[float], list[bool]]:
        """The ages of the quals on one clock, rising, and whether each passed."""
        ages: list[float] = []
        before = 0.0
        for qual in self.quals:
            age = max(qual.age.on(clock), before)
            before = age if qual.passed else max(age, before + SHORTEST.get(clock, SHORTEST_COUNTED))
            ages.append(before)
        return ages, [qual.passed for qual in self.quals]


@dataclass(frozen=True, eq=False)
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
    """The counters of the tool that were read all along and count what runs, by name."""
    signals: Mapping[str, Signal] = field(default_factory=dict)
    """What the tool reported now and then: alarms of its logs, and counters of rare events, by name."""

    @property
    def all_cycles(self) -> list[Cycle]:
        """The ended cycles and the running one."""
        return [*self.cycles, self.running]

    @property
    def quals(self) -> list[QualEvent]:
        """Every qual on record, in order."""
        return [qual for cycle in self.all_cycles for qual in cycle.quals]

    def units_a_day(self, clock: str, wafers_a_day: float) -> float:
        """Recent speed of a clock: wafers per day, 1 for days, or what a counter counts per day."""
        if clock not in self.counters:
            return wafers_a_day if clock == "wafers" else 1.0
        days = min(self.span_days, COUNTED_DAYS)
        gone = self.counters[clock].by(self.now) - self.counters[clock].by(self.now - timedelta(days=days))
        return gone / days if days > 0 else 0.0

    @property
    def last_qual_at(self) -> datetime | None:
        """The process time of the last qual that is known."""
        return max((qual.at for qual in self.quals), default=None)

    @property
    def failures(self) -> int:
        """Failures so far."""
        return sum(cycle.failed is not None for cycle in self.all_cycles)

    @property
    def since_qual_days(self) -> float:
        """Days since the last qual, good or failed; since the first event when there is none."""
        quals = self.quals
        return _days(quals[-1].at, self.now) if quals else self.span_days


def streams(
    lake: Lake, as_of: datetime, tools: Collection[str] | None = None, unchecked: Iterable[tuple[str, str]] = ()
) -> list[Stream]:
    """The history of every tool or chamber that is checked, by what was known at `as_of`.

    `tools` limits what is read; `unchecked` (tool, qual type) adds whole tools of which no qual is known.
    """
    pairs = list(unchecked)
    table = pa.table(
        {"tool": pa.array([p[0] for p in pairs], "string"), "qual_type": pa.array([p[1] for p in pairs], "string")}
    )
    temp_table(lake, "unchecked", table)
    marks = [as_of - timedelta(days=MARK_DAYS * n) for n in range(MARKS, 0, -1)]
    tool_names = None if tools is None else sorted(tools)
    # The bounds let the store skip files; a list does not.
    first, last = (tool_names[0], tool_names[-1]) if tool_names else ("", LAST_NAME)
    parameters = {"as_of": as_of, "marks": marks, "tools": tool_names, "first": first, "last": last}
    result = lake.ask(question("quals", "events"), parameters)
    events = map(_Event._make, result.fetchall())
    by_stream = groupby(events, key=lambda event: event[:3])
    counted, heard = counters(lake, as_of, tools), alarm_signals(lake, as_of, tools)
    return [_stream(key, list(group), lake.settings.qual(key[2]), counted, heard) for key, group in by_stream]


class _Event(NamedTuple):
    tool: str
    chamber: str
    qual_type: str
    at: datetime
    what: str
    reading: float | None
    lower: float | None
    upper: float | None
    unit: str | None
    reason: str | None
    processed: Any
    first_move: datetime | None


def _stream(
    key: tuple[str, str, str],
    events: Sequence[_Event],
    stated: QualSettings,
    counted_by: Mapping[tuple[str, str], dict[str, Counter]],
    heard_by: Mapping[tuple[str, str], dict[str, Signal]],
) -> Stream:
    begin = min(min(e.at for e in events if e.what != "mark"), events[0].first_move or events[-1].at)
    start, contradictions = 0.0, 0
    cycles: list[Cycle] = []
    running = Cycle(begin, known_start=False)
    tool_counters = {**counted_by.get((key[0], "*"), {}), **counted_by.get(key[:2], {})}
    rare = {name: signal for name, counter in tool_counters.items() if (signal := signal_of(counter)) is not None}
    clocks = {n: counter for n, counter in tool_counters.items() if n not in rare and counter.spans(begin, events[-1].at)}

    def age_at(event: _Event) -> Age:
        counted = {name: max(c.by(event.at) - c.by(running.began), 0.0) for name, c in clocks.items()}
        return Age(_wafers(event) - start, _days(running.began, event.at), counted or NOTHING)

    for event in events:
        if event.what == "restored" and (not stated.resets or event.reason in stated.resets):
            running.ended = event.at
            cycles.append(running)
            start = _wafers(event)
            running = Cycle(event.at, wafers_before=start)
        elif event.what in ("good", "failed"):
            alarm = is_alarm(event.reason)
            limits = (event.lower, event.upper, event.unit)
            qual = QualEvent(event.at, age_at(event), event.what == "good", alarm, event.reading, *limits)
            contradictions += running.add(qual)
    now = events[-1]
    marks = [(begin, 0.0), *((e.at, _wafers(e)) for e in events if e.what in ("mark", "now") and e.at > begin)]
    return Stream(
        *key,
        cycles=cycles,
        running=running,
        now=now.at,
        age=age_at(now),
        paces=_paces(marks),
        span_days=_days(begin, now.at),
        processed=_wafers(now),
        contradictions=contradictions,
        counters=clocks,
        signals={**rare, **heard_by.get((key[0], "*"), {}), **heard_by.get(key[:2], {})},
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
