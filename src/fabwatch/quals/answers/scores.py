"""How accurate past forecasts were."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.words import sentence, yardstick_of


@dataclass(frozen=True)
class Windows:
    """How often the windows of a group of forecasts held."""

    name: str
    windows: int
    """Windows with a known outcome so far."""
    ended: int
    """Windows whose failure was found."""
    held: float
    early: float
    """Share of failures before their window."""
    late: float
    held_low: float
    held_high: float
    """The 90 % range of `held`: few windows, or many of few failures, say little."""


@dataclass(frozen=True)
class Yardstick:
    """One forecast method: how often its windows held, and how accurate its chances were (Brier score, lower is better)."""

    name: str
    held: float | None
    width: float | None
    """Median width of its windows, as a multiple of ours."""
    brier: float
    skill: float
    """How much better fabwatch is: 1 - ours / theirs; above 0 fabwatch is better."""


@dataclass(frozen=True)
class Tenth:
    """Forecasts with a chance from `low` to `high`: how many, the mean forecast chance, and the share that failed."""

    low: float
    high: float
    quals: int
    said: float
    came: float
    came_low: float
    came_high: float
    """The 90 % range of `came`."""


@dataclass(frozen=True)
class Bin:
    """Share of outcomes that a chance from `low` to `high` was forecast for: the width of the bin if forecasts are right."""

    low: float
    high: float
    share: float
    share_low: float
    share_high: float
    """The 90 % range of `share`."""


@dataclass(frozen=True)
class Slope:
    """How much the share of failed quals rises with the chance: 1 if right, less where high chances are too high."""

    slope: float
    low: float
    high: float
    """The 90 % range."""

    def sentence(self, language: str = "en") -> str:
        """What 10 points more of chance meant, and whether chances differ too much or too little."""
        verdict = "less" if self.high < 1 else "more" if self.low > 1 else "fits"
        text = sentence(language, "score_slope", rise=10 * self.slope, low=10 * self.low, high=10 * self.high)
        return text + sentence(language, f"score_slope_{verdict}")


@dataclass(frozen=True)
class Change:
    """One figure of the record as it was, and as it would have been with the advice."""

    today: float
    advised: float
    low: float
    high: float
    """The 90 % range of the difference, `advised` - `today`."""

    @property
    def share(self) -> float | None:
        """The difference as a share of what it was; None where that was nothing."""
        return self.advised / self.today - 1 if self.today else None


@dataclass(frozen=True)
class AdviceValue:
    """What quals at the advised intervals would have changed, for the fab or one area."""

    name: str
    stretches: int
    """From one origin to the next, for each tool or chamber and qual type."""
    advised: int
    """Stretches with an advised interval; in the others today's schedule stays."""
    failures: int
    """Failures that quals found."""
    quals: Change
    exposed: Change
    """Wafers that ran between the last good qual and the one that found the failure."""
    bad: Change
    """Expected wafers that ran after a hidden failure, until a qual found it."""
    cost: Change
    """Quals, failures, and wafers exposed and bad, at the costs of the interval advice."""
    earlier_days: float
    """How much earlier failures are found on average; below 0: later."""
    earlier_low: float
    earlier_high: float
    """The 90 % range of `earlier_days`."""
    earlier_wafers: float


@dataclass(frozen=True)
class Value:
    """What following the advice would have changed on the fab's own past, with nothing known before its time."""

    since: datetime
    costs_stated: bool
    """False: no costs are stated; default costs are used, in units of one qual."""
    total: AdviceValue
    by_area: tuple[AdviceValue, ...]

    def sentence(self, language: str = "en") -> str:
        """Quals, wafers exposed and cost with the advice and without, and how much earlier failures are found."""
        row = self.total
        text = sentence(language, "value", since=iso(self.since))
        for name in ("quals", "exposed", "cost"):
            change: Change = getattr(row, name)
            text += sentence(language, f"value_{name}", **vars(change))
        if row.failures:
            low, high = row.earlier_low, row.earlier_high
            key, low, high = ("value_earlier", low, high) if row.earlier_days >= 0 else ("value_later", -high, -low)
            text += sentence(language, key, days=abs(row.earlier_days), low=low, high=high)
        if row.advised < row.stretches:
            stayed = row.stretches - row.advised
            text += sentence(language, "value_stayed", stayed=stayed, stretches=row.stretches)
        return text + ("" if self.costs_stated else sentence(language, "costs_unstated"))


@dataclass(frozen=True, repr=False)
class Score(Answer):
    """Forecasts made forward in time, each from what was known then, compared with what happened."""

    coverage: float
    origins: tuple[datetime, ...]
    until: datetime
    """Outcomes up to then count: the moves on record stop there, or it is the time of the question."""
    forecasts: int
    quals: int
    """Forecasts whose next qual has been done."""
    failed: int
    """How many of those quals failed."""
    total: Windows | None
    by_area: tuple[Windows, ...]
    by_failures: tuple[Windows, ...]
    """By the number of failures of the tool that the forecast knew."""
    brier: float | None
    yardsticks: tuple[Yardstick, ...]
    positions: tuple[Bin, ...]
    """Where outcomes landed in their own forecasts."""
    calibration: tuple[Tenth, ...]
    slope: Slope | None
    kept: int
    """Live forecasts that were recorded."""
    kept_windows: Windows | None
    kept_brier: float | None
    value: Value | None
    """What following the advice would have changed since the first origin."""

    def rows(self) -> list[Row]:
        """One row per group of windows."""
        total = () if self.total is None else (self.total,)
        groups = [("all", total), ("area", self.by_area), ("failures", self.by_failures)]
        return [{"group": group, **plain(row)} for group, windows in groups for row in windows]

    def sentence(self, language: str = "en") -> str:
        """How many windows held, and how much better the chances are than those of simpler methods."""
        if self.total is None or self.brier is None:
            return sentence(language, "score_nothing", forecasts=self.forecasts)
        text = sentence(
            language, "score", cover=self.coverage, held=self.total.held, windows=self.total.windows, ended=self.total.ended
        )
        for yardstick in self.yardsticks:
            name = yardstick_of(language, yardstick.name)
            key = "score_better" if yardstick.skill >= 0 else "score_worse"
            text += sentence(language, key, skill=abs(yardstick.skill), name=name)
        if self.kept_windows is not None:
            recorded = self.kept_windows
            text += sentence(language, "score_kept", kept=self.kept, windows=recorded.windows, held=recorded.held)
        changes = None if self.value is None else (self.value.total.quals.share, self.value.total.exposed.share)
        if changes is not None and None not in changes:
            text += sentence(language, "score_value", quals=changes[0], exposed=changes[1])
        return text
