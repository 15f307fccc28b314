"""Boards: every tool or area in one line, a tool over time, the fab as a whole."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.risk.answers.causes import Cause, flat_cause, plain_cause
from fabwatch.terms.answers import Answer, Json, Row, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.words import sentence


@dataclass(frozen=True, repr=False)
class Overview(Answer):
    """The whole fab: what was loaded, how far the record reaches, and how many wafers are at risk."""

    name: str
    version: str
    """The version of fabwatch."""
    tools: int
    areas: tuple[str, ...]
    qual_types: tuple[str, ...]
    loads: int
    waiting: int
    """Files in the inbox."""
    set_aside: int
    last_load_at: datetime | None
    last_event_at: datetime | None
    """The latest move or qual on record up to the as-of time."""
    wafers: int
    never: int

    def rows(self) -> list[Row]:
        """One row."""
        row = plain(self)
        del row["how"]
        return [row | {"areas": "; ".join(self.areas), "qual_types": "; ".join(self.qual_types)}]

    def sentence(self, language: str = "en") -> str:
        """What is loaded and how recent it is."""
        values: dict[str, object] = {"tools": self.tools, "areas": len(self.areas), "loads": self.loads}
        return sentence(language, "overview", last=iso(self.last_event_at) or "-", **values)


@dataclass(frozen=True)
class Standing:
    """One tool in one line: wafers at risk now, the forecast, and when to check it next."""

    area: str | None
    tool_type: str | None
    tool: str
    chambers: int
    qual_type: str | None
    """The qual type with the most wafers at risk."""
    wafers: int
    limit: int | None
    status: str
    """The worse of what is on record and of the chance to be out of spec; `none` as long as that is not known."""
    since: datetime | None
    failed_at: datetime | None
    suspect_quals: int
    p_bad_now: float | None
    """Chance that it is already out of spec for one of its checks; None without a forecast."""
    p_fails: float | None
    """Chance that it goes out of spec within the horizon."""
    next_check_day: float | None
    """Days until the first of its checks is due as recommended; None: not within the plan."""
    next_check_reason: str | None
    expected_loss: float | None
    """Expected cost of not checking it for the days of the plan."""
    cause: Cause
    """Why it has this status: the chamber and qual type at fault."""


@dataclass(frozen=True, repr=False)
class Tools(Answer):
    """All tools, one line each, by area, the worst first."""

    horizon_days: float
    wafers: int
    """Wafers at risk, summed over the tools."""
    never: int
    """Tools without a good qual on record; their wafers are not in the sum."""
    tools: tuple[Standing, ...] = ()

    def to_dict(self) -> Json:
        """Plain data; each cause has its sentence."""
        return {**super().to_dict(), "tools": [plain(row) | {"cause": plain_cause(row.cause)} for row in self.tools]}

    def rows(self) -> list[Row]:
        """One row per tool."""
        return [plain(row) | flat_cause(row.cause) for row in self.tools]

    def sentence(self, language: str = "en") -> str:
        """How many tools need action now."""
        count = {status: sum(row.status == status for row in self.tools) for status in ("act", "watch")}
        text = sentence(language, "tools", tools=len(self.tools), as_of=iso(self.as_of), wafers=self.wafers, **count)
        return text + (sentence(language, "risk_never", never=self.never) if self.never else "")


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


@dataclass(frozen=True, repr=False)
class Areas(Answer):
    """All areas, one line each."""

    wafers: int
    never: int
    areas: tuple[Area, ...] = ()

    def rows(self) -> list[Row]:
        """One row per area."""
        return [plain(row) for row in self.areas]

    def sentence(self, language: str = "en") -> str:
        """How many tools in the whole fab need action now."""
        count = {name: sum(getattr(row, name) for row in self.areas) for name in ("tools", "act", "watch")}
        text = sentence(language, "tools", as_of=iso(self.as_of), wafers=self.wafers, **count)
        return text + (sentence(language, "risk_never", never=self.never) if self.never else "")


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
    beyond: str | None = None
    """`<` or `>` where the value is only known to lie below or above the reading."""


@dataclass(frozen=True, repr=False)
class History(Answer):
    """Wafers at risk of one tool or chamber over time: only a passed qual lowers it."""

    tool: str
    chamber: str
    qual_type: str | None
    limit: int | None
    points: tuple[Point, ...]
    marks: tuple[Mark, ...]

    def rows(self) -> list[Row]:
        """One row per point."""
        return [plain(point) for point in self.points]

    def sentence(self, language: str = "en") -> str:
        """The maximum, and when it was."""
        most = max(self.points, key=lambda point: point.wafers, default=None)
        if most is None:
            return sentence(language, "history_none", tool=self.tool)
        values: dict[str, object] = {"most": most.wafers, "at": iso(most.at), "now": self.points[-1].wafers}
        failed = sum(mark.kind == "failed" for mark in self.marks)
        passed = sum(mark.kind == "passed" for mark in self.marks)
        return sentence(language, "history", tool=self.tool, failed=failed, passed=passed, **values)
