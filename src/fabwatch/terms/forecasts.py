"""Answers that look ahead: when a tool fails its next qual, and how often to check it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fabwatch.terms.answers import Answer, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.words import sentence


@dataclass(frozen=True)
class Window:
    """When the next failure is expected: with `coverage`, between `from` and `to`, counted from now."""

    coverage: float
    from_wafers: float
    to_wafers: float
    from_days: float | None
    to_days: float | None
    """None where nothing ran of late: a stopped tool's window moves out with it."""


@dataclass(frozen=True)
class NextQual:
    """One coming qual at the usual interval: in how many days, and the chance that it is the one that fails."""

    day: float
    p_fail: float
    at: datetime


@dataclass(frozen=True)
class Forecast:
    """When one tool or chamber will fail its next qual of one type."""

    area: str | None
    tool_type: str | None
    tool: str
    chamber: str
    qual_type: str
    clock: str
    age: float
    age_at_last_good: float
    pace_per_day: float
    p_bad_now: float
    age_quantiles: dict[str, float]
    window: Window
    next_quals: tuple[NextQual, ...]
    wafers_at_risk_at_next_qual: int | None
    failures: int
    quals: int
    sisters: int
    doubts: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Forecasts(Answer):
    """When each tool will fail its next qual, the most doubtful first."""

    coverage: float
    tools: tuple[Forecast, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """One row a tool or chamber and qual type; windows and quantiles flat."""
        rows = []
        for tool in self.tools:
            row = plain(tool)
            row |= row.pop("window")
            row |= {f"age_{name}": value for name, value in row.pop("age_quantiles").items()}
            coming = row.pop("next_quals")
            row |= {"next_qual_day": coming[0]["day"] if coming else None, "p_fail": coming[0]["p_fail"] if coming else None}
            rows.append({**row, "doubts": "; ".join(row["doubts"])})
        return rows

    def sentence(self, language: str = "en") -> str:
        """How many tools are forecast, and how many of them are more likely bad than good."""
        bad = sum(tool.p_bad_now > 0.5 for tool in self.tools)
        return sentence(language, "forecast", tools=len(self.tools), bad=bad, as_of=iso(self.as_of))


@dataclass(frozen=True)
class CurvePoint:
    """What a check every so many wafers costs per wafer."""

    wafers: int
    cost: float


@dataclass(frozen=True)
class Advice:
    """How often to check one tool or chamber: the least cost, the range that costs hardly more, and today's interval."""

    area: str | None
    tool_type: str | None
    tool: str
    chamber: str
    qual_type: str
    clock: str
    today_wafers: int | None
    today_days: float | None
    advised_wafers: int
    advised_days: float | None
    low_wafers: int
    high_wafers: int
    cost_today: float | None
    cost_advised: float
    curve: tuple[CurvePoint, ...]
    sentence: str


@dataclass(frozen=True)
class Intervals(Answer):
    """How often to check each tool."""

    tools: tuple[Advice, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """One row a tool or chamber and qual type, without its curve."""
        return [{name: value for name, value in plain(tool).items() if name != "curve"} for tool in self.tools]

    def sentence(self, language: str = "en") -> str:
        """How many tools could be checked more seldom, and how many should be checked more often."""
        often = sum(t.today_wafers is not None and t.today_wafers > t.high_wafers for t in self.tools)
        seldom = sum(t.today_wafers is not None and t.today_wafers < t.low_wafers for t in self.tools)
        return sentence(language, "intervals", tools=len(self.tools), often=often, seldom=seldom)
