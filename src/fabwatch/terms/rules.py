"""Answers about the rules that watch logs, the golden runs, and chambers beside each other."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fabwatch.terms.answers import Answer, Listing, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.traces import TracePoint
from fabwatch.terms.words import sentence


@dataclass(frozen=True)
class BacktestRow:
    """How a rule would have done on one tool."""

    tool: str
    runs: int
    """Runs that it could judge."""
    alarms: int
    good: int
    """Of them known to be good, or taken for good where nothing is known."""
    false: int
    """Alarms on those."""
    bad: int
    """Faulty runs, or failed quals with runs before them."""
    caught: int
    """Of those with an alarm."""


@dataclass(frozen=True)
class RuleAlarm:
    """One alarm of a rule."""

    run: str
    wafer: str | None
    tool: str
    start: datetime | None
    truth: str
    """good, bad, or unknown: what is known of the run from elsewhere."""
    sentence: str


@dataclass(frozen=True)
class Backtest(Answer):
    """How a rule would have done on the record, each run judged by those before it alone."""

    rule: str
    what: str
    """The rule in words."""
    basis: str
    """Where the truth comes from: log, quals, or none; with none every alarm counts as false."""
    runs: int
    alarms: int
    alarms_per_1000: float | None
    good: int
    false: int
    false_per_1000: float | None
    false_low: float | None
    """90 % interval of it (Clopper and Pearson 1934)."""
    false_high: float | None
    bad: int
    caught: int
    not_judged: int
    """Runs with too few good ones before them."""
    tools: tuple[BacktestRow, ...]
    latest: tuple[RuleAlarm, ...]
    """The latest alarms."""

    def rows(self) -> list[dict[str, Any]]:
        """One row a tool."""
        return [plain(row) for row in self.tools]

    def sentence(self, language: str = "en") -> str:
        """Alarms and false alarms per 1,000 wafers, and what it would have caught."""
        if not self.runs:
            return sentence(language, "backtest_nothing", rule=self.rule, left=self.not_judged)
        key = "backtest" if self.basis != "none" else "backtest_unknown"
        counts = {name: getattr(self, name) for name in ("rule", "runs", "alarms", "alarms_per_1000", "false", "good")}
        rate = {"rate": self.false_per_1000 or 0.0, "low": self.false_low or 0.0, "high": self.false_high or 0.0}
        said = sentence(language, key, **counts, **rate)
        if self.bad:
            said += sentence(language, f"backtest_caught_{self.basis}", caught=self.caught, bad=self.bad)
        return said


@dataclass(frozen=True)
class Rule:
    """One rule: what it says, whether it counts, and with which figure it was switched on."""

    rule: str
    what: str
    on: bool
    changed: bool = False
    """It was switched on and has been rewritten since: it does not count until it is tried anew."""
    runs: int | None = None
    alarms_per_1000: float | None = None
    false_per_1000: float | None = None
    basis: str | None = None
    decided_at: datetime | None = None
    who: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Rules(Answer):
    """The rules that watch logs."""

    rules: tuple[Rule, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row a rule."""
        return [plain(rule) for rule in self.rules]

    def sentence(self, language: str = "en") -> str:
        """How many count."""
        return sentence(language, "rules", rules=len(self.rules), on=sum(rule.on for rule in self.rules))


@dataclass(frozen=True)
class Golden:
    """The good runs that somebody chose for a tool, chambers, recipe and stage."""

    tool: str
    chamber: str | None
    recipe: str | None
    stage: str | None
    version: int
    runs: tuple[str, ...]
    """Empty where the choice was taken back, and good runs are found by themselves again."""
    decided_at: datetime
    who: str
    reason: str


@dataclass(frozen=True)
class Goldens(Listing):
    """Golden runs that were chosen, the latest first."""

    goldens: tuple[Golden, ...]


@dataclass(frozen=True)
class ChamberTrace:
    """What one chamber does in a step, from its good runs."""

    tool: str
    chamber: str | None
    runs: int
    mean: float
    std: float | None
    """Standard deviation of the means of its runs."""
    z: float | None
    """How far its mean lies from the median of all, in robust standard deviations of a run; None alone."""
    sentence: str
    points: tuple[TracePoint, ...]
    """low, middle and high of its good runs."""


@dataclass(frozen=True)
class Chambers(Answer):
    """One sensor in one step, chamber beside chamber, the one that differs most first."""

    sensor: str
    step: str | None
    recipe: str | None
    unit: str | None
    chambers: tuple[ChamberTrace, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row a chamber."""
        return [{name: value for name, value in vars(one).items() if name != "points"} for one in self.chambers]

    def sentence(self, language: str = "en") -> str:
        """Which chamber stands apart."""
        first = self.chambers[0] if self.chambers else None
        if first is None or first.z is None:
            return sentence(language, "chambers_alone", sensor=self.sensor, chambers=len(self.chambers))
        return chamber_sentence(first, self, language)


def chamber_sentence(found: ChamberTrace, answer: Chambers, language: str = "en") -> str:
    """How one chamber stands beside the others, in words."""
    where = sentence(language, "in_step", step=answer.step) if answer.step else ""
    place = f"{found.tool} {found.chamber}" if found.chamber else found.tool
    unit = f" {answer.unit}" if answer.unit else ""
    told = {"place": place, "sensor": answer.sensor, "step": where, "mean": found.mean, "unit": unit}
    return sentence(language, "chamber", **told, z=found.z or 0.0, runs=found.runs)


@dataclass(frozen=True)
class SensorFigures:
    """One sensor in figures over a group of runs."""

    group: str
    sensor: str
    unit: str | None
    runs: int
    n: int
    mean: float | None
    std: float | None
    """Standard deviation of all samples (n - 1)."""
    std_of_means: float | None
    """Standard deviation of the means of the runs: how much one run differs from the next."""
    min: float | None
    max: float | None
    range: float | None
    outside_s: float | None
    """Seconds further from the setpoint than its tolerance, in all."""


@dataclass(frozen=True)
class SensorStats(Answer):
    """Sensors in figures by group."""

    by: str
    groups: tuple[SensorFigures, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row a group and sensor."""
        return [dict(vars(group)) for group in self.groups]

    def sentence(self, language: str = "en") -> str:
        """How much that is."""
        sensors = len({group.sensor for group in self.groups})
        return sentence(
            language, "sensor_stats", groups=len({g.group for g in self.groups}), sensors=sensors, at=iso(self.as_of)
        )
