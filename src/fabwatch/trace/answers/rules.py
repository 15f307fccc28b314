"""Answers about the rules that watch logs, golden runs, and chambers compared with each other."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from fabwatch.terms.answers import Answer, Listing, Row, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.words import sentence
from fabwatch.trace.answers.runs import TracePoint


@dataclass(frozen=True)
class BacktestRow:
    """How a rule would have done on one tool."""

    tool: str
    runs: int
    """Runs that it could judge."""
    alarms: int
    good: int
    """Runs known to be good, or assumed good if nothing is known."""
    false: int
    """Alarms on good runs."""
    bad: int
    """Faulty runs, or failed quals with runs before them."""
    caught: int
    """Bad ones with an alarm."""


@dataclass(frozen=True)
class RuleAlarm:
    """One alarm of a rule."""

    run: str
    wafer: str | None
    tool: str
    start: datetime | None
    truth: str
    """good, bad, or unknown: what other data says about the run."""
    sentence: str


@dataclass(frozen=True, repr=False)
class Backtest(Answer):
    """How a rule would have done on the record; each run is judged only by those before it."""

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
    """90 % interval of the false alarm rate (Clopper and Pearson 1934)."""
    false_high: float | None
    bad: int
    caught: int
    not_judged: int
    """Runs with too few good runs before them."""
    tools: tuple[BacktestRow, ...]
    latest: tuple[RuleAlarm, ...]
    """The latest alarms."""

    def rows(self) -> list[Row]:
        """One row a tool."""
        return [plain(row) for row in self.tools]

    def sentence(self, language: str = "en") -> str:
        """Alarms and false alarms per 1,000 wafers, and what the rule would have caught."""
        if not self.runs:
            return sentence(language, "backtest_nothing", rule=self.rule, left=self.not_judged)
        key = "backtest" if self.basis != "none" else "backtest_unknown"
        counts = {name: getattr(self, name) for name in ("rule", "runs", "alarms", "alarms_per_1000", "false", "good")}
        rate = {"rate": self.false_per_1000 or 0.0, "low": self.false_low or 0.0, "high": self.false_high or 0.0}
        text = sentence(language, key, **counts, **rate)
        if self.bad:
            text += sentence(language, f"backtest_caught_{self.basis}", caught=self.caught, bad=self.bad)
        return text


@dataclass(frozen=True)
class Rule:
    """One rule: what it says, whether it is on, and its results when it was switched on."""

    rule: str
    what: str
    on: bool
    changed: bool = False
    """It was switched on and has been changed since: it does not count until it is tested again."""
    runs: int | None = None
    alarms_per_1000: float | None = None
    false_per_1000: float | None = None
    basis: str | None = None
    decided_at: datetime | None = None
    who: str | None = None
    reason: str | None = None


@dataclass(frozen=True, repr=False)
class Rules(Answer):
    """The rules that watch logs."""

    rules: tuple[Rule, ...]

    def rows(self) -> list[Row]:
        """One row per rule."""
        return [plain(rule) for rule in self.rules]

    def sentence(self, language: str = "en") -> str:
        """How many are on."""
        return sentence(language, "rules", rules=len(self.rules), on=sum(rule.on for rule in self.rules))


class RunKind(NamedTuple):
    """What runs that can be compared have in common."""

    tool: str
    chamber: str | None
    recipe: str | None
    stage: str | None


@dataclass(frozen=True)
class Golden:
    """The good runs that a person chose for a tool, chambers, recipe and stage."""

    tool: str
    chamber: str | None
    recipe: str | None
    stage: str | None
    version: int
    runs: tuple[str, ...]
    """Empty if the choice was withdrawn and good runs are chosen automatically again."""
    decided_at: datetime
    who: str
    reason: str

    @property
    def kind(self) -> RunKind:
        """The kind of runs that it is chosen for."""
        return RunKind(self.tool, self.chamber, self.recipe, self.stage)


@dataclass(frozen=True)
class Goldens(Listing):
    """Golden runs that were chosen, the latest first."""

    goldens: tuple[Golden, ...]


@dataclass(frozen=True)
class ChamberTrace:
    """How one chamber behaves in a step, from its good runs."""

    tool: str
    chamber: str | None
    runs: int
    mean: float
    std: float | None
    """Standard deviation of the means of its runs."""
    z: float | None
    """Distance of its mean from the median of all, in robust standard deviations of a run; None for a single chamber."""
    sentence: str
    points: tuple[TracePoint, ...]
    """low, middle and high of its good runs."""


@dataclass(frozen=True, repr=False)
class Chambers(Answer):
    """One sensor in one step, compared between chambers, the largest difference first."""

    sensor: str
    step: str | None
    recipe: str | None
    unit: str | None
    chambers: tuple[ChamberTrace, ...]

    def rows(self) -> list[Row]:
        """One row per chamber."""
        return [{name: value for name, value in vars(chamber).items() if name != "points"} for chamber in self.chambers]

    def sentence(self, language: str = "en") -> str:
        """Which chamber differs most."""
        first = self.chambers[0] if self.chambers else None
        if first is None or first.z is None:
            return sentence(language, "chambers_alone", sensor=self.sensor, chambers=len(self.chambers))
        return chamber_sentence(first, self, language)


def chamber_sentence(chamber: ChamberTrace, answer: Chambers, language: str = "en") -> str:
    """How one chamber compares with the others, as a sentence."""
    where = sentence(language, "in_step", step=answer.step) if answer.step else ""
    place = f"{chamber.tool} {chamber.chamber}" if chamber.chamber else chamber.tool
    unit = f" {answer.unit}" if answer.unit else ""
    values = {"place": place, "sensor": answer.sensor, "step": where, "mean": chamber.mean, "unit": unit}
    return sentence(language, "chamber", **values, z=chamber.z or 0.0, runs=chamber.runs)


@dataclass(frozen=True)
class SensorFigures:
    """Statistics of one sensor over a group of runs."""

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
    """Total seconds outside the tolerance of the setpoint."""


@dataclass(frozen=True, repr=False)
class SensorStats(Answer):
    """Statistics of sensors by group."""

    by: str
    groups: tuple[SensorFigures, ...]

    def rows(self) -> list[Row]:
        """One row per group and sensor."""
        return [dict(vars(group)) for group in self.groups]

    def sentence(self, language: str = "en") -> str:
        """How many groups and sensors."""
        sensors = len({group.sensor for group in self.groups})
        return sentence(
            language, "sensor_stats", groups=len({g.group for g in self.groups}), sensors=sensors, at=iso(self.as_of)
        )
