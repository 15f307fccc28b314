"""Answers about models after they were made."""

from dataclasses import dataclass
from typing import Any

from fabwatch.terms.answers import Answer, Row
from fabwatch.terms.words import sentence as say

PROMISED, BELOW, WORSE, UNSURE = "as promised", "below what was promised", "no better than the floor", "too few to tell"
"""What a score says."""


@dataclass(frozen=True)
class ColumnDrift:
    """What one column holds now against what it held while the model learned."""

    column: str
    drifted: bool
    psi: float
    """Population stability index, less what chance alone makes."""
    limit: float
    """Above this it is more than the column ever strayed in training (.1 at least)."""
    test: str
    p: float
    q: float
    """The share of false alarms among columns as sure as this one."""
    before: float | str | None
    """Its median, or most frequent level."""
    now: float | str | None
    missing_before: float
    missing: float
    outside: float
    """Share of values that training never saw: other levels, or numbers out of its range."""


@dataclass(frozen=True)
class Score:
    """How a version did on rows whose outcome came after it was made."""

    at: str
    """When it was scored."""
    first: str | None
    """The first and last time of the rows; None without a time."""
    last: str | None
    rows: int
    metric: str
    value: float | None
    low: float | None
    high: float | None
    held_out: float | None
    """What the card promises."""
    floor: float | None
    """What needs no model, on the same rows."""
    verdict: str
    """as promised, below what was promised, no better than the floor, or too few to tell."""
    drifted: tuple[str, ...]
    """Columns that drifted in these rows."""


@dataclass(frozen=True)
class Retrained:
    """A version that learned from the newer rows as well, and how it compares on rows that neither learned from."""

    model: str
    version: int
    metric: str
    rows: int
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    sentence: str


@dataclass(frozen=True, repr=False)
class Watched(Answer):
    """How a version does since it was made."""

    model: str
    version: int
    source: str
    """The file, or what the service was asked."""
    rows_: int
    verdict: str
    """fine, inputs drift, below what was promised, no better than the floor, or too few rows."""
    alert: bool
    """It is surely below its promise, and not surely better than what needs no model."""
    columns: tuple[ColumnDrift, ...]
    prediction: ColumnDrift | None
    """What it predicts now, against the held-out rows."""
    odd: dict[str, int]
    """Values that were unseen, out of range, missing, or no numbers."""
    score: Score | None
    """Of the rows of the file whose outcome is known."""
    scores: tuple[Score, ...]
    """All that were kept, the oldest first."""
    proposal: str | None
    """What to do; people decide."""
    retrained: Retrained | None
    doubts: tuple[str, ...]

    def rows(self) -> list[Row]:
        """One row a column, those that drift most first."""
        return [dict(vars(one)) for one in self.columns]

    def sentence(self, language: str = "en") -> str:
        """One sentence that a supervisor can read."""
        drifted = [one.column for one in self.columns if one.drifted]
        text = say(
            language,
            "model_watched",
            model=self.model,
            version=self.version,
            rows=self.rows_,
            verdict=say(language, f"verdict_{self.verdict.replace(' ', '_')}"),
            drifted=len(drifted),
            columns=len(self.columns),
        )
        if drifted:
            text += " " + say(language, "model_drifted", names=", ".join(drifted[:3]))
        if self.score is not None and self.score.value is not None:
            text += " " + say(language, "model_scored", **_figures(self.score))
        return text


def _figures(score: Score) -> dict[str, Any]:
    def shown(value: float | None) -> str:
        return "–" if value is None else f"{value:.3g}"

    metric = score.metric.upper() if score.metric in ("auc", "rmse") else score.metric
    numbers = {name: shown(getattr(score, name)) for name in ("value", "low", "high", "held_out", "floor")}
    return {"metric": metric, "rows": score.rows, **numbers}
