"""Answers about models."""

from dataclasses import dataclass
from typing import Any

from fabwatch.terms.answers import Answer, Row
from fabwatch.terms.words import sentence as say


@dataclass(frozen=True)
class Dropped:
    """A column that nothing is learned from."""

    column: str
    why: str


@dataclass(frozen=True, repr=False)
class Trained(Answer):
    """A version that was made, and how well it does."""

    model: str
    version: int
    kind: str
    """yes/no, classes, number, or pictures."""
    target: str
    classes: tuple[str, ...]
    rows_: int
    columns: tuple[str, ...]
    learner: str
    """What it is, in words."""
    split: str
    """What it was tried on: forward in time, whole groups, or at random."""
    held_out: dict[str, Any]
    """Figures of rows that nothing was learned from, with 95 % intervals."""
    random_split: dict[str, Any]
    """The same recipe with rows held out at random: the contrast that flatters where rows hang together."""
    floor: dict[str, Any]
    """What needs no model."""
    challengers: tuple[dict[str, Any], ...]
    """What else was tried, by its score in the inner trials."""
    not_tried: int
    """Settings that there was no time for."""
    dropped: tuple[Dropped, ...]
    suspects: tuple[Dropped, ...]
    importance: tuple[dict[str, Any], ...]
    stability: dict[str, Any]
    proof: dict[str, Any]
    """Labels shuffled and fewer rows: whether there is something to learn, and whether more rows would help."""
    onnx: dict[str, Any]
    digest: str
    doubts: tuple[str, ...]
    made: bool
    """False where the same version was there already."""

    def rows(self) -> list[Row]:
        """The figures as rows."""
        pairs = (("held out", self.held_out), ("random split", self.random_split), ("floor", self.floor))
        return [
            {"of": name, **{key: value for key, value in own.items() if not isinstance(value, dict)}} for name, own in pairs
        ]

    def sentence(self, language: str = "en") -> str:
        """One sentence that a supervisor can read."""
        return _trained(language, self.kind, _figures(self.model, self.version, self.held_out, self.split, self.floor))


@dataclass(frozen=True)
class ModelVersion:
    """A version in the registry."""

    model: str
    version: int
    stage: str
    """tried, in use or retired; unreadable where its card is gone or of a newer fabwatch."""
    kind: str
    target: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    rows_: int
    made_at: str
    who: str | None
    """Who set its stage."""
    reason: str | None
    digest: str


@dataclass(frozen=True, repr=False)
class Models(Answer):
    """The versions of the registry."""

    versions: tuple[ModelVersion, ...]

    def rows(self) -> list[Row]:
        """One row a version."""
        return [{name.rstrip("_"): value for name, value in vars(one).items()} for one in self.versions]

    def sentence(self, language: str = "en") -> str:
        """One sentence that a supervisor can read."""
        used = sum(one.stage == "in use" for one in self.versions)
        return say(language, "models_listed", versions=len(self.versions), used=used)


@dataclass(frozen=True, repr=False)
class ModelCard(Answer):
    """What is known of a version: data, figures, limits, and how to call it."""

    model: str
    version: int
    stage: str
    card: dict[str, Any]

    def rows(self) -> list[Row]:
        """The columns that it takes."""
        return [
            {name: (" ".join(value) if isinstance(value, (list, tuple)) else value) for name, value in column.items()}
            for column in self.card["schema"]
        ]

    def sentence(self, language: str = "en") -> str:
        """One sentence that a supervisor can read."""
        own = self.card
        figures = _figures(self.model, self.version, own["held_out"], own["split"], own["floor"])
        return _trained(language, own["kind"], figures)


@dataclass(frozen=True)
class SimilarPicture:
    """A learned picture that is like another one."""

    name: str
    """Its path below the folder that was learned from."""
    label: str
    """Its class."""
    likeness: float
    """Up to 1: the cosine of what the network makes of both."""
    place: int
    """Its row in the table that was kept."""


@dataclass(frozen=True)
class AnswerChange:
    """Another value of one column with which the answer would be another."""

    column: str
    to: str | float
    prediction: str


@dataclass(frozen=True)
class Prediction:
    """What a model says of one row, or of one picture."""

    row: int
    prediction: str | float
    probability: float | None
    unseen: tuple[str, ...]
    out_of_range: tuple[str, ...]
    missing: tuple[str, ...]
    not_numbers: tuple[str, ...]
    contributions: dict[str, float] | None
    """What each column adds to the score; None where they were not asked for."""
    score: float
    base: float | None
    """With the contributions it sums to the score; None where they were not asked for."""
    sentence: str | None
    changes: tuple[AnswerChange, ...] | None = None
    """The nearest changes of one column that would change the answer, in the first 100 rows; None where not asked for."""
    name: str | None = None
    """The file of a picture; None for a row."""
    probabilities: dict[str, float] | None = None
    """The chance of each class of a picture."""
    similar: tuple[SimilarPicture, ...] | None = None
    """The learned pictures that are most like it."""
    heat: tuple[tuple[float, ...], ...] | None = None
    """What each place of a picture adds to the score, from the upper left; with the base it sums to it."""


@dataclass(frozen=True, repr=False)
class Predictions(Answer):
    """What a model says of rows."""

    model: str
    version: int
    kind: str
    positive: str | None
    threshold: float | None
    predictions: tuple[Prediction, ...]
    unknown_columns: tuple[str, ...]
    """Columns that were sent and that it does not take."""
    lacking_columns: tuple[str, ...]
    """Columns that it takes and that were not sent."""
    set_aside: tuple[Dropped, ...] = ()
    """Files that are no pictures, each with the reason."""

    def rows(self) -> list[Row]:
        """One row a prediction."""
        rows: list[Row] = []
        for one in self.predictions:
            row: Row = {"row": one.row} if one.name is None else {"row": one.row, "picture": one.name}
            row |= {"prediction": one.prediction, "probability": one.probability}
            row |= {name: " ".join(getattr(one, name)) for name in ("unseen", "out_of_range", "missing", "not_numbers")}
            row |= {f"chance {name}": value for name, value in (one.probabilities or {}).items()}
            rows.append(row | {f"adds {name}": value for name, value in (one.contributions or {}).items()})
        return rows

    def sentence(self, language: str = "en") -> str:
        """One sentence that a supervisor can read."""
        odd = sum(bool(one.unseen or one.out_of_range or one.missing or one.not_numbers) for one in self.predictions)
        key = "pictures_predicted" if self.kind == "pictures" else "model_predicted"
        return say(language, key, model=self.model, version=self.version, rows=len(self.predictions), odd=odd)


@dataclass(frozen=True)
class ModelChange:
    """Something that differs between two versions, and what it does to the figure."""

    cause: str
    points: float | None
    """What the figure changes by, in its own unit times 100 for shares; None where it could not be run again."""
    low: float | None
    high: float | None
    detail: str


@dataclass(frozen=True)
class Slice:
    """The same comparison on a part of the rows."""

    of: str
    value: str
    rows: int
    a: float | None
    b: float | None
    difference: float | None
    p: float | None


@dataclass(frozen=True, repr=False)
class Compared(Answer):
    """Two versions on the same rows."""

    a_name: str
    b_name: str
    rows_: int
    metric: str
    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    test: str
    reported: dict[str, Any]
    """The figure that each version was made with, on its own held-out rows."""
    causes: tuple[ModelChange, ...]
    slices: tuple[Slice, ...]
    leaks: tuple[str, ...]
    calibration: dict[str, float | None]
    doubts: tuple[str, ...]
    words: str

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain data."""
        made = super().to_dict()
        del made["words"]
        return made

    def rows(self) -> list[Row]:
        """One row a cause."""
        return [dict(vars(one)) for one in self.causes]

    def sentence(self, language: str = "en") -> str:
        """One sentence that a supervisor can read."""
        return self.words


def _trained(language: str, kind: str, figures: dict[str, Any]) -> str:
    return say(language, "pictures_trained" if kind == "pictures" else "model_trained", **figures)


def _figures(model: str, version: int, held: dict[str, Any], split: str, floor: dict[str, Any]) -> dict[str, Any]:
    def shown(value: Any) -> str:
        return "–" if value is None else f"{value:.3g}"

    return {
        "model": model,
        "version": version,
        "metric": held["metric"].upper() if held["metric"] in ("auc", "rmse") else held["metric"],
        "value": shown(held["value"]),
        "low": shown(held["low"]),
        "high": shown(held["high"]),
        "rows": held["rows"],
        "split": split,
        "floor": shown(floor["value"]),
    }
