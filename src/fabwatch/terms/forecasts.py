"""Answers that look ahead: when a tool fails its next qual, with what chance, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fabwatch.terms.answers import Answer, place_of, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.words import sentence, unit_of


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
    """One coming qual at the usual interval: in how many days, and the chance that it is the first that fails."""

    day: float
    p_fail: float
    at: datetime


@dataclass(frozen=True)
class Why:
    """What a forecast rests on, as numbers; lives and ages are on its clock."""

    wafers: int
    """Wafers of this tool on record."""
    span_days: float
    sister_failures: int
    sister_quals: int
    life: float
    """Typical life of this tool from a restore to the hidden failure."""
    sisters_life: float | None
    family: str
    model: str
    """`failures`, or `readings` where readings drift to their limit and foretell past quals better."""
    clock_evidence: float
    """Log evidence of the clock over the other one."""
    restored_at: datetime | None
    pace_spread: float
    checked_every_days: float | None
    checked_by: str
    """Whether the usual round goes by days or by wafers."""
    if_passed: tuple[float, float]
    """The 80 % window, from then on, if the next qual passes."""
    if_restored: tuple[float, float]
    """The 80 % window if it were restored now."""


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
    failed_open: bool
    last_look_at: datetime | None
    p_fixed: float
    """Chance to fail the next qual by the share of failed quals among sisters, a yardstick."""
    p_mtbf: float
    """The same by the mean age between failures."""
    why: Why
    quantiles: dict[str, float]
    """Ages of the hidden failure by chance, on the clock."""
    days_quantiles: dict[str, float]
    """Days from now until it, by chance; empty where nothing ran of late."""

    @property
    def place(self) -> str:
        """The tool, and the chamber when it is one."""
        return place_of(self.tool, self.chamber)

    def sentence(self, language: str = "en") -> str:
        """The window and the chance to be bad already."""
        said = {"place": self.place, "qual_type": self.qual_type}
        if self.failed_open:
            return sentence(language, "forecast_failed", **said)
        told: dict[str, object] = {**said, "cover": self.window.coverage, "bad": self.p_bad_now}
        if self.window.from_days is None or self.window.to_days is None:
            low, high = self.window.from_wafers, self.window.to_wafers
            return sentence(language, "forecast_wafers", low=low, high=high, **told)
        low, high = self.window.from_days, self.window.to_days
        key = "forecast_weeks" if high > 3650 else "forecast_days"
        return sentence(language, key, low=low, high=high, **told)

    def page(self, language: str = "en") -> list[str]:
        """The full page: what the forecast rests on, and what would change it."""
        why, unit = self.why, unit_of(language, self.clock)

        def said(key: str, **values: object) -> str:
            return sentence(language, f"why_{key}", place=self.place, unit=unit, **values)

        lines = [
            self.sentence(language),
            said("rests", failures=self.failures, quals=self.quals, wafers=why.wafers, days=why.span_days),
        ]
        if self.sisters:
            lines.append(said("sisters", n=self.sisters, failures=why.sister_failures, quals=why.sister_quals))
        if why.sisters_life:
            lines.append(said("life", life=why.life, theirs=why.sisters_life, ratio=why.life / why.sisters_life))
        else:
            lines.append(said("life_alone", life=why.life))
        key = "age" if why.restored_at else "age_unknown"
        lines.append(said(key, age=self.age, good=self.age_at_last_good, at=iso(why.restored_at)))
        lines.append(said("pace", pace=self.pace_per_day, spread=why.pace_spread))
        if self.next_quals:
            day, fail = self.next_quals[0].day, self.next_quals[0].p_fail
            risk = self.wafers_at_risk_at_next_qual or 0
            lines.append(said("next", every=why.checked_every_days, day=day, fail=fail, risk=risk))
        key = "clock_tie" if why.clock_evidence <= 2 else "clock"
        lines.append(said(key, clock=unit, nats=why.clock_evidence, family=why.family))
        if why.model == "readings":
            lines.append(said("readings"))
        lines.append(said("if_passed", low=why.if_passed[0], high=why.if_passed[1]))
        lines.append(said("if_restored", low=why.if_restored[0], high=why.if_restored[1]))
        return [*lines, *(said("doubt", doubt=doubt) for doubt in self.doubts)]


@dataclass(frozen=True)
class Combined:
    """All checks of one tool together: when the first of them will fail."""

    area: str | None
    tool: str
    qual_types: tuple[str, ...]
    checks: int
    p_bad_now: float
    coverage: float
    from_days: float | None
    to_days: float | None

    def sentence(self, language: str = "en") -> str:
        """The window of the first of them, and the chance that any is bad already."""
        told: dict[str, object] = {"tool": self.tool, "checks": self.checks, "bad": self.p_bad_now}
        if self.from_days is None or self.to_days is None:
            return sentence(language, "combined_idle", **told)
        return sentence(language, "combined", cover=self.coverage, low=self.from_days, high=self.to_days, **told)


@dataclass(frozen=True)
class Forecasts(Answer):
    """When each tool will fail its next qual, the most doubtful first."""

    coverage: float
    tools: tuple[Forecast, ...] = ()
    combined: tuple[Combined, ...] = ()
    """Tools under several checks, any of which may fail."""
    kept: bool = False
    """True when these forecasts stand in the ledger, to be scored when their outcome is known."""

    def to_dict(self) -> dict[str, Any]:
        """As plain data, each tool with its sentence."""
        plain_rows = [{**row, "sentence": tool.sentence()} for row, tool in zip(plain(self.tools), self.tools, strict=True)]
        return {**super().to_dict(), "tools": plain_rows}

    def rows(self) -> list[dict[str, Any]]:
        """One row a tool or chamber and qual type; windows and quantiles flat."""
        rows = []
        for tool in self.tools:
            row = plain(tool)
            row |= row.pop("window")
            row |= {f"age_{name}": value for name, value in row.pop("age_quantiles").items()}
            coming = row.pop("next_quals")
            for name in ("why", "quantiles", "days_quantiles"):
                del row[name]
            row |= {"next_qual_day": coming[0]["day"] if coming else None, "p_fail": coming[0]["p_fail"] if coming else None}
            rows.append({**row, "doubts": "; ".join(row["doubts"]), "sentence": tool.sentence()})
        return rows

    def sentence(self, language: str = "en") -> str:
        """How many tools are forecast, and how many of them are more likely bad than good."""
        bad = sum(tool.p_bad_now > 0.5 for tool in self.tools)
        return sentence(language, "forecast", tools=len(self.tools), bad=bad, as_of=iso(self.as_of))
