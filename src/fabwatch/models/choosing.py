"""Which columns can be learned from, and why the others cannot."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from fabwatch.models.answers import Dropped
from fabwatch.models.schema import Column, Matrix, Schema, numbers, texts, values_of
from fabwatch.models.target import Target
from fabwatch.stats.discrimination import auc

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 1_000
LEAKS, SUSPECT = 0.99, 0.9
"""How well a column alone may tell the target: from the first on it is left out, from the second on it is named."""
SAME = 0.9995
"""Rank correlation with a number from which a column is that number in another form."""
FEWEST = 30
PASSING = 0.5
"""Share of later rows with a level that was never seen, from which a category says nothing of what comes."""
IDENTITY = 0.95
"""Share of rows with a value of their own from which text is a name of the row."""
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Chosen:
    """The columns to learn from, and the others with their reasons."""

    schema: Schema
    matrix: Matrix
    dropped: tuple[Dropped, ...]
    suspects: tuple[Dropped, ...]
    """Columns that are learned from, and tell the target alone so well that somebody should look."""


def chosen(
    frame: "pd.DataFrame",
    target: Target,
    train: NDArray[np.intp],
    aside: dict[str, str],
    keep: Collection[str] = (),
    leave: Collection[str] = (),
    in_time: bool = False,
) -> Chosen:
    """The columns of a frame to learn from; judged by the rows `train` alone, so that the others stay unseen.

    `aside` are columns with another use, and why; `keep` are kept although they leak, `leave` are left out on request;
    `in_time`: the places `train` are in order of time.
    """
    dropped: list[Dropped] = [Dropped(name, why) for name, why in aside.items()]
    suspects: list[Dropped] = []
    columns: list[Column] = []
    values: list[Values] = []
    seen: dict[bytes, str] = {}
    for name in frame.columns:
        if name in aside:
            continue
        if name in leave:
            dropped.append(Dropped(name, "left out on request"))
            continue
        column, why = described(frame[name], str(name), train)
        if column is None:
            dropped.append(Dropped(name, why))
            continue
        own = values_of(frame[name], column)
        if in_time and column.kind == "category" and name not in keep and _passes_by(own[train]):
            dropped.append(Dropped(name, "names what passes by: later rows bring values that were never seen"))
            continue
        mark = own.tobytes()
        if mark in seen:
            dropped.append(Dropped(name, f"the same as {seen[mark]} in every row"))
            continue
        seen[mark] = str(name)
        telling = told_alone(own[train], target.values[train], target, column.kind == "category")
        limit = SAME if target.problem == "number" else LEAKS
        if telling >= limit and name not in keep:
            dropped.append(Dropped(name, f"leaks the target: alone it tells it at {telling:.3f} ({_measure(target)})"))
            continue
        if telling >= (LEAKS if target.problem == "number" else SUSPECT):
            suspects.append(Dropped(name, f"tells the target alone at {telling:.3f} ({_measure(target)})"))
        columns.append(column)
        values.append(own)
    matrix = np.column_stack(values) if values else np.empty((len(frame), 0))
    return Chosen(Schema(tuple(columns)), np.asfortranarray(matrix), tuple(dropped), tuple(suspects))


def described(series: "pd.Series[Any]", name: str, train: NDArray[np.intp]) -> tuple[Column | None, str]:
    """A column as it is in training; None with the reason where nothing can be learned from it."""
    import pandas as pd

    own = series.iloc[train]
    if own.notna().sum() == 0:
        return None, "empty" if series.notna().sum() == 0 else "empty in the rows that are learned from"
    if pd.api.types.is_datetime64_any_dtype(series):
        return None, "a time: what is learned of past times says nothing of later ones"
    read = numbers(own)
    there = own.notna().to_numpy(bool)
    missing = float(1 - there.mean())
    # What is infinite is a number that counts as missing, and no text.
    endless = np.isinf(pd.to_numeric(own, errors="coerce").to_numpy(float, na_value=np.nan))
    if not pd.api.types.is_bool_dtype(series) and (np.isfinite(read) | endless).sum() >= 0.98 * there.sum():
        return _number(read, name, float(missing + endless.mean()))
    words = [word for word in texts(own) if word is not None]
    if _are_times(words):
        return None, "a time: what is learned of past times says nothing of later ones"
    return _category(words, name, missing, len(own))


def _number(read: Values, name: str, missing: float) -> tuple[Column | None, str]:
    finite = read[np.isfinite(read)]
    if not finite.size:
        return None, "no finite number"
    low, high = float(finite.min()), float(finite.max())
    if low == high and missing == 0:
        return None, f"constant: {low:g} in every row"
    if low == high and missing < 1 / max(len(read), 1):
        return None, f"constant: {low:g} in every row that has a value"
    steps = np.diff(finite)
    if (
        finite.size >= FEWEST
        and missing == 0
        and (finite == np.round(finite)).all()
        and (steps == steps[0]).all()
        and steps[0]
    ):
        return None, "counts the rows: a number of each row of its own"
    return Column(name, "number", low, high, (), round(missing, 6), float(np.median(finite))), ""


def _category(words: list[str], name: str, missing: float, rows: int) -> tuple[Column | None, str]:
    levels, counts = np.unique(np.array(words, object).astype(str), return_counts=True)
    if len(levels) == 1 and missing == 0:
        return None, f"constant: {str(levels[0])[:40]!r} in every row"
    if rows >= FEWEST and len(levels) >= IDENTITY * len(words):
        return None, "names the row: nearly every row has a value of its own"
    if len(levels) > MOST_LEVELS or (rows >= FEWEST and len(levels) > rows / 2):
        return None, f"{len(levels):,} different texts: too many to learn from {rows:,} rows"
    order = np.lexsort((levels, -counts))
    named = tuple(str(level) for level in levels[order])
    return Column(name, "category", None, None, named, round(missing, 6), named[0]), ""


def _passes_by(values: Values) -> bool:
    """Whether the last quarter of rows in time holds hardly a level of those before, as names of lots do."""
    cut = round(len(values) * 0.75)
    before, after = values[:cut], values[cut:]
    after = after[~np.isnan(after)]
    return len(after) >= FEWEST and float(np.isin(after, before, invert=True).mean()) >= PASSING


def _are_times(words: list[str]) -> bool:
    """Whether text is times: all of a sample are read as such, and none is a plain number."""
    from fabwatch.models.moments import moments_of

    sample = words[:: max(1, len(words) // 200)][:200]
    return bool(sample) and moments_of(sample) is not None


def told_alone(values: Values, target: Values, problem: Target, category: bool) -> float:
    """How well one column alone tells the target, from 0 to 1, by its values or by being empty."""
    known = ~np.isnan(target)
    values, target = values[known], target[known]
    if len(target) < FEWEST:
        return 0.0
    empty = np.isnan(values)
    if problem.problem == "number":
        there = ~empty
        if there.sum() < FEWEST or category or len(np.unique(target)) < 3:
            return 0.0
        return abs(_rank_correlation(values[there], target[there]))
    if problem.problem == "classes":
        return _purity(values, target, len(problem.classes))
    by_value = _by_level(values, target) if category else values
    return max(_apart(by_value[~empty], target[~empty]), _apart(empty.astype(float), target))


def _apart(values: Values, target: Values) -> float:
    """The area under the ROC curve in the direction that is larger; 0 without enough of both."""
    positives = target > 0.5
    ups, downs = int(positives.sum()), int((~positives).sum())
    if ups < 5 or downs < 5:
        return 0.0
    area = auc(positives, values)
    return max(area, 1 - area)


def _by_level(values: Values, target: Values) -> Values:
    """The share of positives of each row's level without the row itself, so that a level of one row tells nothing."""
    keys, place = np.unique(np.nan_to_num(values, nan=-2.0), return_inverse=True)
    hits, rows = np.bincount(place, target, len(keys)), np.bincount(place, minlength=len(keys))
    mean = target.mean()
    shares: Values = (hits[place] - target + mean) / rows[place]
    return shares


def _purity(values: Values, target: Values, classes: int) -> float:
    """Share of rows whose class their value tells, above what the most frequent class gives, without the row itself."""
    keys, place = np.unique(np.nan_to_num(values, nan=-2.0), return_inverse=True)
    count = len(keys)
    if count > len(values) / 5:
        there = values[~np.isnan(values)]
        edges = np.unique(np.quantile(there, np.linspace(0, 1, 50)[1:-1])) if there.size else np.empty(0)
        place = np.searchsorted(edges, np.nan_to_num(values, nan=-np.inf), side="right")
        count = len(edges) + 1
    table = np.zeros((count, classes))
    np.add.at(table, (place, target.astype(int)), 1)
    own = table[place]
    own[np.arange(len(target)), target.astype(int)] -= 1
    right = float((own.argmax(axis=1) == target).mean())
    base = float(np.bincount(target.astype(int)).max() / len(target))
    return max(0.0, (right - base) / (1 - base)) if base < 1 else 0.0


def _rank_correlation(values: Values, target: Values) -> float:
    if len(np.unique(values)) < 3:
        return 0.0
    return float(np.corrcoef(rankdata(values), rankdata(target))[0, 1])


def _measure(target: Target) -> str:
    return {"yes/no": "AUC", "classes": "accuracy above the most frequent class", "number": "rank correlation"}[
        target.problem
    ]
