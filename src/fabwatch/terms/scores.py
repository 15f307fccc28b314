"""How past forecasts turned out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fabwatch.terms.answers import Answer, plain
from fabwatch.terms.words import sentence, yardstick_of


@dataclass(frozen=True)
class Windows:
    """How the windows of some forecasts held."""

    name: str
    windows: int
    """Windows of which anything is known by now."""
    ended: int
    """Those whose failure was found."""
    held: float
    early: float
    """Share of failures that came before their window."""
    late: float
    held_low: float
    held_high: float
    """The 90 % range of `held` when tools are drawn again: many windows of few tools say little."""


@dataclass(frozen=True)
class Yardstick:
    """One way to forecast: how its windows held, and how near its chances for the next qual came (Brier, less is better)."""

    name: str
    held: float | None
    width: float | None
    """Median width of its windows, as a multiple of ours."""
    brier: float
    skill: float
    """How much nearer we are: 1 - ours / theirs; above 0 we are better."""


@dataclass(frozen=True)
class Tenth:
    """Forecasts that said a chance from `low` to `high`: how many, the mean that was said, and the share that came."""

    low: float
    high: float
    quals: int
    said: float
    came: float


@dataclass(frozen=True)
class Score(Answer):
    """Forecasts made forward in time, each from what was known then, against what came."""

    coverage: float
    origins: tuple[datetime, ...]
    forecasts: int
    quals: int
    """Forecasts whose next qual has come."""
    failed: int
    """Those quals that failed."""
    total: Windows | None
    by_area: tuple[Windows, ...]
    by_failures: tuple[Windows, ...]
    """By the number of failures of the tool itself that the forecast knew of."""
    brier: float | None
    yardsticks: tuple[Yardstick, ...]
    calibration: tuple[Tenth, ...]
    kept: int
    """Live forecasts that were recorded."""
    kept_windows: Windows | None
    kept_brier: float | None

    def rows(self) -> list[dict[str, Any]]:
        """One row a group of windows."""
        total = () if self.total is None else (self.total,)
        groups = [("all", total), ("area", self.by_area), ("failures", self.by_failures)]
        return [{"group": group, **plain(row)} for group, some in groups for row in some]

    def sentence(self, language: str = "en") -> str:
        """How many windows held, and how much better the chances are than the yardsticks'."""
        if self.total is None or self.brier is None:
            return sentence(language, "score_nothing", forecasts=self.forecasts)
        said = sentence(
            language, "score", cover=self.coverage, held=self.total.held, windows=self.total.windows, ended=self.total.ended
        )
        for yardstick in self.yardsticks:
            name = yardstick_of(language, yardstick.name)
            key = "score_better" if yardstick.skill >= 0 else "score_worse"
            said += sentence(language, key, skill=abs(yardstick.skill), name=name)
        if self.kept_windows is not None:
            kept = self.kept_windows
            said += sentence(language, "score_kept", kept=self.kept, windows=kept.windows, held=kept.held)
        return said
