"""What is to be learned: yes or no, one of several classes, or a number; found by what the column holds, and said."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.schema import numbers, texts
from fabwatch.terms.errors import BadQuestion, unknown

if TYPE_CHECKING:
    import pandas as pd

Problem = Literal["yes/no", "classes", "number"]
MOST_CLASSES = 20
FEWEST_OF_CLASS = 5
"""Rows that a class needs, so that it can be learned and tried."""


@dataclass(frozen=True)
class Target:
    """The target of each row that has one."""

    column: str
    problem: Problem
    classes: tuple[str, ...]
    """The answers of yes/no (no first) and of classes; empty for a number."""
    values: NDArray[Any]
    """Shape (n): the place of the class, or the number."""
    known: NDArray[np.bool_]
    """Shape (n): which rows have a target."""

    @property
    def positive(self) -> str | None:
        """The class that is looked for in a yes/no."""
        return self.classes[1] if self.problem == "yes/no" else None


def target_of(frame: "pd.DataFrame", column: str, positive: str | None = None, problem: Problem | None = None) -> Target:
    """The target, and which kind of problem it makes. Raises BadQuestion for one that cannot be learned."""
    if column not in frame.columns:
        raise unknown("column", column, [str(name) for name in frame.columns], "name the column that is to be predicted")
    series = frame[column]
    words = texts(series)
    known = np.array([word is not None for word in words])
    distinct = sorted({word for word in words if word is not None})
    if not distinct:
        raise BadQuestion(f"Column {column!r} is empty: there is nothing to learn.", "name another with --target")
    if len(distinct) == 1:
        raise BadQuestion(
            f"Column {column!r} is {distinct[0]!r} in every row: there is nothing to learn.", "name another with --target"
        )
    read = numbers(series)
    numeric = bool(np.isfinite(read[known]).all())
    if positive is not None:
        return _yes_no(column, words, known, distinct, positive)
    if problem is None:
        problem = _problem(numeric, read[known], distinct)
    if problem == "number":
        if not numeric:
            raise BadQuestion(f"Column {column!r} holds text such as {distinct[0]!r}.", "a number is needed to predict one")
        return Target(column, "number", (), np.where(known, read, np.nan), known)
    if len(distinct) == 2:
        return _yes_no(column, words, known, distinct, _rarer(words, distinct))
    return _classes(column, words, known, distinct)


def _problem(numeric: bool, read: NDArray[np.float64], distinct: list[str]) -> Problem:
    if len(distinct) == 2:
        return "yes/no"
    whole = numeric and bool((read == np.round(read)).all())
    if not numeric or (whole and len(distinct) <= MOST_CLASSES // 2 and len(read) >= 20 * len(distinct)):
        return "classes"
    return "number"


def _yes_no(column: str, words: list[str | None], known: NDArray[np.bool_], distinct: list[str], positive: str) -> Target:
    sought = _same(positive, distinct)
    if sought is None:
        raise unknown(f"value of {column}", positive, distinct, "--positive names the value that is looked for")
    others = [word for word in distinct if word != sought]
    rest = others[0] if len(others) == 1 else f"not {sought}"
    values = np.array([word == sought for word in words], float)
    _enough(values[known], (rest, sought))
    return Target(column, "yes/no", (rest, sought), values, known)


def _classes(column: str, words: list[str | None], known: NDArray[np.bool_], distinct: list[str]) -> Target:
    if len(distinct) > MOST_CLASSES:
        raise BadQuestion(
            f"Column {column!r} has {len(distinct):,} different values; up to {MOST_CLASSES} classes can be learned.",
            "join what belongs together, or look for one of them with --positive",
        )
    place = {word: float(n) for n, word in enumerate(distinct)}
    values = np.array([np.nan if word is None else place[word] for word in words])
    _enough(values[known], tuple(distinct))
    return Target(column, "classes", tuple(distinct), values, known)


def _enough(values: NDArray[np.float64], classes: tuple[str, ...]) -> None:
    counts = np.bincount(values.astype(int), minlength=len(classes))
    if counts.min() < FEWEST_OF_CLASS:
        rare = classes[int(counts.argmin())]
        raise BadQuestion(
            f"{rare!r} stands in {counts.min()} rows; {FEWEST_OF_CLASS} at least are needed to learn it and to try it.",
            "bring more rows, or join it with another class",
        )


def _rarer(words: list[str | None], distinct: list[str]) -> str:
    counts = [sum(word == one for word in words) for one in distinct]
    return distinct[0] if counts[0] < counts[1] else distinct[1]


def _same(word: str, distinct: list[str]) -> str | None:
    """The value that somebody means: as it is written, or as the same number."""
    if word in distinct:
        return word
    for one in distinct:
        try:
            if float(one) == float(word):
                return one
        except ValueError:
            continue
    return next((one for one in distinct if one.lower() == word.lower()), None)
