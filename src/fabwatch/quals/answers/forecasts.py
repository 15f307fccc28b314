"""Forecasts: when a tool fails its next qual, with what chance, and why."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Answer, Json, Row, place_of, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.words import sentence, unit_of

NO_WIDTH = 0.05
"""Days: a window that ends within less is shown as day 0.0 to day 0.0."""
FEW_FAILURES = 3
"""With fewer failures than this among all sisters, a forecast carries the doubt TooFewFailures."""


def grounded(own: int, all_sisters: int) -> bool:
    """Whether a chance rests on failures: its own, or enough among all sisters. Without, it says what wear is assumed."""
    return own > 0 or all_sisters >= FEW_FAILURES


@dataclass(frozen=True)
class Window:
    """When the next failure is expected: between `from` and `to`, counted from now, with the chance `coverage`."""

    coverage: float
    from_wafers: float
    to_wafers: float
    from_days: float | None
    to_days: float | None
    """None if nothing ran recently: the window of a stopped tool moves on with time."""

    @property
    def due(self) -> bool:
        """Whether it has no width left: it ends now, so there is nothing to wait for."""
        return self.to_days < NO_WIDTH if self.to_days is not None else self.to_wafers < 1


@dataclass(frozen=True)
class NextQual:
    """One future qual by the rhythm of the tool: in how many days, and the chance that it is the first to fail."""

    day: float
    """The middle one of the days on which it may come."""
    day_low: float
    day_high: float
    """It comes between these days with a chance of 80 %."""
    p_fail: float
    """The mean over the days on which it may come."""
    at: datetime
    reading_low: float | None = None
    reading_high: float | None = None
    """Between which four of five readings lie while the tool is good; None where readings tell nothing of its life."""


@dataclass(frozen=True)
class Signalled:
    """An alarm or error that a tool reported since its last qual, and how many times as likely a failure is by it."""

    name: str
    count: int
    times: float


@dataclass(frozen=True)
class PlannedRestore:
    """The next planned maintenance of a tool or chamber, which begins a new life."""

    at: datetime
    day: float
    p_bad: float
    """The chance that it is out of spec by then."""


@dataclass(frozen=True)
class Why:
    """The basis of a forecast in numbers; lives and ages are on its clock."""

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
    """`failures`; `readings` if they drift towards their limit, or `marker` if they tell how much of a life is over, and
    predict past quals better.
    """
    life_over: tuple[float, float] | None
    """By readings: the share of its life that is over, between these with 80 %; None for the other models."""
    signals: tuple[Signalled, ...]
    """What it reported since its last qual that makes a failure likelier, the strongest first."""
    clock_evidence: float
    """Log evidence for this clock over the other one."""
    restored_at: datetime | None
    pace_spread: float
    checked_every_days: float | None
    checked_by: str
    """Whether the usual check interval is in days or in wafers."""
    if_passed: tuple[float, float]
    """The 80 % window after the next qual, if that passes."""
    if_restored: tuple[float, float]
    """The 80 % window if the tool were restored now."""


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
    doubts: tuple[Doubt, ...]
    failed_open: bool
    last_look_at: datetime | None
    p_fixed: float
    """Chance to fail the next qual, by the share of failed quals among sister tools; for comparison."""
    p_mtbf: float
    """The same, by the mean age between failures."""
    why: Why
    quantiles: dict[str, float]
    """Ages of the hidden failure by chance, on the clock."""
    days_quantiles: dict[str, float]
    """Days from now until the hidden failure, by chance; empty if nothing ran recently."""
    planned: PlannedRestore | None = None
    """Planned maintenance that comes before the window ends; the chances of quals after it are those of a new life."""

    @property
    def grounded(self) -> bool:
        """Whether the chances rest on failures: its own, or enough among its sisters."""
        return grounded(self.failures, self.failures + self.why.sister_failures)

    @property
    def place(self) -> str:
        """The tool, with its chamber if there is one."""
        return place_of(self.tool, self.chamber)

    def sentence(self, language: str = "en") -> str:
        """The window, the chance of being out of spec already, and maintenance that is planned before the window ends."""
        text = self._window(language)
        if self.planned is None:
            return text
        return text + sentence(language, "forecast_planned", at=iso(self.planned.at), bad=self.planned.p_bad)

    def _window(self, language: str) -> str:
        place = {"place": self.place, "qual_type": self.qual_type}
        if self.failed_open:
            return sentence(language, "forecast_failed", **place)
        values: dict[str, object] = {**place, "cover": self.window.coverage, "bad": self.p_bad_now}
        if self.window.due:
            return sentence(language, "forecast_due", **values)
        if self.window.from_days is None or self.window.to_days is None:
            low, high = self.window.from_wafers, self.window.to_wafers
            return sentence(language, "forecast_wafers", low=low, high=high, **values)
        low, high = self.window.from_days, self.window.to_days
        key = "forecast_weeks" if high > 3650 else "forecast_days"
        return sentence(language, key, low=low, high=high, **values)

    def page(self, language: str = "en") -> list[str]:
        """The full page: the basis of the forecast, and what would change it."""
        why, unit = self.why, unit_of(language, self.clock)

        def line(key: str, **values: object) -> str:
            return sentence(language, f"why_{key}", place=self.place, unit=unit, **values)

        lines = [
            self.sentence(language),
            line("rests", failures=self.failures, quals=self.quals, wafers=why.wafers, days=why.span_days),
        ]
        if self.sisters:
            lines.append(line("sisters", n=self.sisters, failures=why.sister_failures, quals=why.sister_quals))
        if why.sisters_life:
            lines.append(line("life", life=why.life, theirs=why.sisters_life, ratio=why.life / why.sisters_life))
        else:
            lines.append(line("life_alone", life=why.life))
        key = "age" if why.restored_at else "age_unknown"
        lines.append(line(key, age=self.age, good=self.age_at_last_good, at=iso(why.restored_at)))
        lines.append(line("pace", pace=self.pace_per_day, spread=why.pace_spread))
        if self.next_quals:
            due, risk = self.next_quals[0], self.wafers_at_risk_at_next_qual or 0
            days = {"every": why.checked_every_days, "day": due.day, "low": due.day_low, "high": due.day_high}
            lines.append(line("next", fail=due.p_fail, risk=risk, **days))
        key = "clock_tie" if why.clock_evidence <= 2 else "clock"
        lines.append(line(key, clock=unit, nats=why.clock_evidence, family=why.family))
        if why.model == "readings":
            lines.append(line("readings"))
        if why.life_over is not None:
            lines.append(line("marker", low=why.life_over[0], high=why.life_over[1]))
        lines += [line("signal", name=one.name, n=one.count, times=one.times) for one in why.signals]
        lines.append(line("if_passed", low=why.if_passed[0], high=why.if_passed[1]))
        lines.append(line("if_restored", low=why.if_restored[0], high=why.if_restored[1]))
        return [*lines, *(line("doubt", doubt=doubt.sentence(language)) for doubt in self.doubts)]


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
        """The window of the first failure, and the chance that the tool is already out of spec."""
        values: dict[str, object] = {"tool": self.tool, "checks": self.checks, "bad": self.p_bad_now}
        if self.from_days is None or self.to_days is None:
            return sentence(language, "combined_idle", **values)
        if self.to_days < NO_WIDTH:
            return sentence(language, "combined_due", **values)
        return sentence(language, "combined", cover=self.coverage, low=self.from_days, high=self.to_days, **values)


@dataclass(frozen=True, repr=False)
class Forecasts(Answer):
    """When each tool will fail its next qual, the most urgent first."""

    coverage: float
    tools: tuple[Forecast, ...] = ()
    combined: tuple[Combined, ...] = ()
    """Tools with several checks, any of which may fail."""
    kept: bool = False
    """True if these forecasts are recorded, to be scored when their outcome is known."""

    def to_dict(self) -> Json:
        """Plain data; each tool has its sentence."""
        return {**super().to_dict(), "tools": [plain(tool) | {"sentence": tool.sentence()} for tool in self.tools]}

    def rows(self) -> list[Row]:
        """One row per tool or chamber and qual type; windows and quantiles flat."""
        rows = []
        for tool in self.tools:
            row = plain(tool)
            row |= row.pop("window")
            row |= {f"age_{name}": value for name, value in row.pop("age_quantiles").items()}
            coming = row.pop("next_quals")
            for name in ("why", "quantiles", "days_quantiles"):
                del row[name]
            row["planned"] = tool.planned and iso(tool.planned.at)
            first = coming[0] if coming else {}
            row |= {f"next_qual_{name}": first.get(name) for name in ("day", "day_low", "day_high")}
            row |= {"p_fail": first.get("p_fail")}
            rows.append({**row, "doubts": "; ".join(row["doubts"]), "sentence": tool.sentence()})
        return rows

    def sentence(self, language: str = "en") -> str:
        """How many tools have a forecast, and how many of them are probably out of spec."""
        bad = sum(tool.p_bad_now > 0.5 for tool in self.tools)
        return sentence(language, "forecast", tools=len(self.tools), bad=bad, as_of=iso(self.as_of))
