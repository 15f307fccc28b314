"""Answers that pages are made of: every tool in one line, the way one got there, and its readings in figures."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fabwatch.terms.answers import Answer, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.words import sentence


@dataclass(frozen=True)
class Overview(Answer):
    """The fab as a whole: what was loaded, until when it is known, and how many wafers are at risk."""

    name: str
    version: str
    """The fabwatch that answers."""
    tools: int
    areas: tuple[str, ...]
    qual_types: tuple[str, ...]
    loads: int
    waiting: int
    """Files in the inbox."""
    set_aside: int
    last_load_at: datetime | None
    last_event_at: datetime | None
    """The latest move or qual on record by the as-of time."""
    wafers: int
    never: int

    def rows(self) -> list[dict[str, Any]]:
        """One row."""
        row = plain(self)
        del row["how"]
        return [row | {"areas": "; ".join(self.areas), "qual_types": "; ".join(self.qual_types)}]

    def sentence(self, language: str = "en") -> str:
        """What is loaded and how fresh it is."""
        told: dict[str, object] = {"tools": self.tools, "areas": len(self.areas), "loads": self.loads}
        return sentence(language, "overview", last=iso(self.last_event_at) or "-", **told)


@dataclass(frozen=True)
class Standing:
    """One tool in one line: what is at stake now, what comes, and when to check it next."""

    area: str | None
    tool_type: str | None
    tool: str
    chambers: int
    qual_type: str | None
    """The qual type under which most wafers are at risk."""
    wafers: int
    limit: int | None
    status: str
    since: datetime | None
    failed_at: datetime | None
    suspect_quals: int
    p_bad_now: float | None
    """Chance that one of its checks would find it bad already; None where there is no forecast."""
    p_fails: float | None
    """Chance that it is bad within the horizon."""
    next_check_day: float | None
    """In how many days the first of its checks is due by the advice; None: not within the plan."""
    next_check_reason: str | None
    expected_loss: float | None
    """What leaving it unchecked for the days of the plan is expected to cost."""


@dataclass(frozen=True)
class Tools(Answer):
    """Every tool in one line, by area, the worst first."""

    horizon_days: float
    wafers: int
    """Wafers at risk, summed over the tools."""
    never: int
    """Tools without a good qual on record; their wafers are not in the sum."""
    tools: tuple[Standing, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """One row a tool."""
        return [plain(row) for row in self.tools]

    def sentence(self, language: str = "en") -> str:
        """How many tools need somebody now."""
        count = {status: sum(row.status == status for row in self.tools) for status in ("act", "watch")}
        said = sentence(language, "tools", tools=len(self.tools), as_of=iso(self.as_of), wafers=self.wafers, **count)
        return said + (sentence(language, "risk_never", never=self.never) if self.never else "")


@dataclass(frozen=True)
class Area:
    """One area in one line."""

    area: str | None
    tools: int
    wafers: int
    """Wafers at risk, summed over its tools that have a good qual."""
    never: int
    act: int
    """Tools that need a qual now."""
    watch: int
    most: int
    """Most wafers at risk on one tool."""


@dataclass(frozen=True)
class Areas(Answer):
    """Every area in one line."""

    wafers: int
    never: int
    areas: tuple[Area, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """One row an area."""
        return [plain(row) for row in self.areas]

    def sentence(self, language: str = "en") -> str:
        """How many tools need somebody now, in the whole fab."""
        count = {name: sum(getattr(row, name) for row in self.areas) for name in ("tools", "act", "watch")}
        said = sentence(language, "tools", as_of=iso(self.as_of), wafers=self.wafers, **count)
        return said + (sentence(language, "risk_never", never=self.never) if self.never else "")


@dataclass(frozen=True)
class Point:
    """How many wafers were at risk at one time."""

    at: datetime
    wafers: int


@dataclass(frozen=True)
class Mark:
    """One qual or restore of the tool."""

    at: datetime
    kind: str
    """`passed`, `failed`, or the kind of restore."""
    chamber: str
    resulted_at: datetime | None = None
    reading: float | None = None
    unit: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class History(Answer):
    """Wafers at risk of one tool or chamber over time: it falls only at a passed qual."""

    tool: str
    chamber: str
    qual_type: str | None
    limit: int | None
    points: tuple[Point, ...]
    marks: tuple[Mark, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row a point."""
        return [plain(point) for point in self.points]

    def sentence(self, language: str = "en") -> str:
        """The most there was, and when."""
        most = max(self.points, key=lambda point: point.wafers, default=None)
        if most is None:
            return sentence(language, "history_none", tool=self.tool)
        told: dict[str, object] = {"most": most.wafers, "at": iso(most.at), "now": self.points[-1].wafers}
        failed = sum(mark.kind == "failed" for mark in self.marks)
        passed = sum(mark.kind == "passed" for mark in self.marks)
        return sentence(language, "history", tool=self.tool, failed=failed, passed=passed, **told)


@dataclass(frozen=True)
class Summary:
    """Readings of one group in figures. `std` is that of a sample; Cpk only where all share their limits."""

    group: str
    qual_type: str
    unit: str | None
    n: int
    mean: float
    std: float | None
    min: float
    max: float
    range: float
    lower: float | None
    upper: float | None
    cpk: float | None
    outside: int
    """Readings beyond their limits."""
    failed: int


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
    """Distance from the reading before, of the same chamber."""


@dataclass(frozen=True)
class Stats(Answer):
    """Readings in figures, by group, qual type and unit."""

    by: str
    groups: tuple[Summary, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row a group."""
        return [plain(row) for row in self.groups]

    def sentence(self, language: str = "en") -> str:
        """How many readings, and how many lay outside."""
        n, outside = sum(row.n for row in self.groups), sum(row.outside for row in self.groups)
        return sentence(language, "stats", n=n, groups=len(self.groups), outside=outside)


@dataclass(frozen=True)
class Readings(Answer):
    """The readings of one tool in order of time, for an individuals chart."""

    tool: str
    readings: tuple[Reading, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row a reading."""
        return [plain(row) for row in self.readings]

    def sentence(self, language: str = "en") -> str:
        """How many readings, and how many failed."""
        failed = sum(not row.passed for row in self.readings)
        return sentence(language, "readings", tool=self.tool, n=len(self.readings), failed=failed)
