"""What a version says of rows, with what is odd about each and what each column adds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fabwatch.models.answers import AnswerChange, Prediction, Predictions
from fabwatch.models.chances import chances
from fabwatch.models.learners.trees import Trees
from fabwatch.models.registry import Version
from fabwatch.models.schema import ODD, Matrix, Noted, Rows
from fabwatch.models.served import Served
from fabwatch.terms.answers import Header
from fabwatch.terms.errors import BadQuestion, CannotPredict
from fabwatch.terms.words import sentence as say

if TYPE_CHECKING:
    from fabwatch.models.changing import Levers

MOST_ROWS = 1_000_000
Seen = Callable[[Version, Matrix, Matrix, Mapping[str, int]], None]
TURNED = 100
"""Rows for which it is worked out what would change their answer."""
SAID = 3
"""Columns that the sentence of a row names."""
METHOD = (
    "The ONNX file of the version, which was compared with the model on every held-out row. What a column adds is in units "
    "of the score (log-odds for a chance); with the base the parts sum to the score."
)


@dataclass(frozen=True)
class Ready:
    """A version with its file loaded."""

    version: Version
    served: Served

    @classmethod
    def of(cls, version: Version) -> "Ready":
        """Load the file of a version. Raises BadQuestion where it was changed, or where its card is not whole."""
        content, _ = version.onnx, version.schema
        return cls(version, Served(content))

    @cached_property
    def levers(self) -> "Levers | None":
        """What would change an answer; None for a number, and for trees, whose columns hang together."""
        from fabwatch.models.changing import Levers
        from fabwatch.models.usual import usual_of

        card = self.version.card
        if card["kind"] == "number" or "trees" in card:
            return None
        return Levers(card, self.version.schema, usual_of(self.version), self.served)


def odd_of(noted: Sequence[Noted]) -> dict[str, int]:
    """How many values of rows were odd, by kind."""
    return {kind: sum(len(getattr(one, kind)) for one in noted) for kind in ODD}


def rows_of(records: Sequence[Mapping[str, Any]]) -> Rows:
    """Rows of names and values. Raises BadQuestion for none and for values that are lists or objects."""
    if not records:
        raise BadQuestion("There are no rows to predict.", 'send {"rows": [{"column": value, …}]}')
    for place, record in enumerate(records):
        for name, value in record.items():
            if isinstance(value, (list, dict, tuple)):
                kind = "an object" if isinstance(value, dict) else "a list"
                raise BadQuestion(f"Row {place + 1}: {name} is {kind}.", "each column holds one number or text")
    return Rows.of_records(records)


def predict(
    ready: Ready,
    given: Rows,
    header: Header,
    contributions: bool = False,
    language: str = "en",
    seen: Seen | None = None,
) -> Predictions:
    """What a version says of rows; `seen` is told what it was asked. Raises BadQuestion where no column of it is there."""
    version, card = ready.version, ready.version.card
    schema = version.schema
    if len(given) > MOST_ROWS:
        raise BadQuestion(f"{len(given):,} rows at once; up to {MOST_ROWS:,} are predicted.", "send them in parts")
    known = set(schema.names)
    lacking = [name for name in schema.names if name not in given.columns]
    if len(lacking) == len(schema.names):
        raise CannotPredict(
            f"None of the columns of {version} is there.",
            f"it takes {', '.join(schema.names[:8])}{' …' if len(known) > 8 else ''}",
        )
    asides = (card["recipe"].get(name) for name in ("time", "group"))
    beside = {card["target"], *asides, *(one["column"] for one in card["dropped"])}
    unknown = [name for name in given.columns if name not in known and name not in beside]
    matrix = schema.matrix(given)
    said = ready.served.predict(matrix)
    parts, base = _parts(ready, matrix, said.contributions) if contributions else (None, None)
    noted = schema.noted(given, matrix)
    levers = ready.levers if contributions else None
    if seen is not None:
        seen(version, matrix, said.prediction, odd_of(noted))
    rows = [
        _row(
            card,
            schema.names,
            n,
            said.prediction[n],
            said.score[n],
            noted[n],
            parts[n] if parts is not None else None,
            base,
            given,
            language,
            levers.changes(matrix[n], said.score[n], parts[n]) if levers and parts is not None and n < TURNED else None,
        )
        for n in range(len(given))
    ]
    return Predictions(
        *header,
        version.name,
        version.number,
        card["kind"],
        card["positive"],
        card["threshold"],
        tuple(rows),
        tuple(unknown),
        tuple(lacking),
    )


def _parts(ready: Ready, matrix: Matrix, own: Matrix | None) -> tuple[Matrix, Any]:
    """What each column adds (n, columns, k), and what they add to (k)."""
    if own is not None:
        return own, np.array(ready.version.card["base"])
    model = ready.version.model
    assert isinstance(model, Trees)  # noqa: S101 - a sum of parts gives its own
    return model.contributions(matrix)


def _row(
    card: dict[str, Any],
    names: list[str],
    n: int,
    predicted: Any,
    score: Any,
    noted: Noted,
    parts: Any,
    base: Any,
    given: Rows,
    language: str,
    changes: tuple[AnswerChange, ...] | None,
) -> Prediction:
    kind = card["kind"]
    place = int(np.argmax(predicted)) if kind == "classes" else 0
    answer: str | float
    if kind == "yes/no":
        chance = float(predicted[0])
        answer, probability = card["classes"][int(chance >= card["threshold"])], chance
    elif kind == "classes":
        answer, probability = card["classes"][place], float(predicted[place])
    else:
        answer, probability = float(predicted[0]), None
    own = words = None
    if parts is not None:
        order = np.argsort(-np.abs(parts[:, place]), kind="stable")
        own = {names[at]: float(parts[at, place]) for at in order.tolist() if parts[at, place]}
        words = _words(card, own, float(base[place]), float(score[place]), given, n, language)
        if changes:
            words += " " + _turned(changes, language)
    return Prediction(
        n + 1,
        answer,
        probability,
        tuple(noted.unseen),
        tuple(noted.out_of_range),
        tuple(noted.missing),
        tuple(noted.not_numbers),
        own,
        float(score[place]),
        None if base is None else float(base[place]),
        words,
        changes,
    )


def _words(
    card: dict[str, Any], parts: dict[str, float], base: float, score: float, given: Rows, n: int, language: str
) -> str:
    """What moves a row most, in points of the chance or in the unit of the target."""
    top = list(parts.items())[:SAID]
    kind = card["kind"]
    if kind == "number":
        scale, unit = 1.0, ""
        start, end = _figure(base), _figure(score)
    else:
        low, high = (_chance(value) for value in (base, score))
        scale, unit = ((high - low) / (score - base) * 100 if score != base else 25.0), "_points"
        start, end = f"{low:.0%}", f"{high:.0%}"
    moved = [
        say(language, f"model_adds{unit}", column=name, value=_value(given, name, n), adds=_added(adds * scale, unit))
        for name, adds in top
    ]
    return say(language, "model_row", start=start, end=end, moved="; ".join(moved) or "–")


def _turned(changes: tuple[AnswerChange, ...], language: str) -> str:
    """What would change the answer, in words."""
    first = changes[0]
    to = _figure(first.to) if isinstance(first.to, float) else first.to
    return say(language, "model_would", prediction=first.prediction, column=first.column, to=to)


def _chance(score: float) -> float:
    return float(chances(np.array([[score]]), "yes/no")[0, 0])


def _figure(value: float) -> str:
    """Four digits, and a large number whole: a price is not read as 3.752e+05."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e12 else f"{value:.4g}"


def _added(value: float, unit: str) -> str:
    if unit:
        return f"{value:+.0f}"
    return f"{value:+,.0f}" if 1e3 <= abs(value) < 1e12 else f"{value:+.3g}"


def _value(given: Rows, name: str, n: int) -> str:
    value = given.value(name, n)
    if value is None or value != value:
        return "–"
    return _figure(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)[:40]
