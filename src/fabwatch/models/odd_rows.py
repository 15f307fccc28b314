"""Rows as nobody hopes for, by which a file is compared with its model: empty, unseen, extreme, and at each of its edges.

A file that is wrong at one edge, one level or one leaf alone hardly differs on rows as they come: a value that falls between
a threshold of eight bytes and the same one of four is one in a million.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.additive import Additive
from fabwatch.models.learners.trees import Trees
from fabwatch.models.schema import UNSEEN, Column, Matrix, Schema

FEW = 40
"""Held-out rows in which one column at a time is made odd."""
MOST_COLUMNS = 400
MOST_SPLITS = 12_000
MOST_CELLS = 20_000_000
Edges = NDArray[np.float64]


@dataclass(frozen=True)
class Odd:
    """Odd rows, what is odd about each, and the column that it is in; None where it is in all."""

    rows: Matrix
    names: list[str]
    columns: list[int | None]


def odd_rows(model: Additive | Trees, schema: Schema, matrix: Matrix, seed: int) -> Odd:
    """Odd rows made from rows of a matrix; a part of them where a model has more edges than can be tried in time."""
    width = matrix.shape[1]
    if not len(matrix):
        return Odd(np.empty((0, width)), [], [])
    chance = np.random.default_rng(seed)
    columns = np.arange(width) if width <= MOST_COLUMNS else np.sort(chance.choice(width, MOST_COLUMNS, replace=False))
    base = matrix[chance.integers(0, len(matrix), FEW)]
    parts = [Odd(np.full((1, width), np.nan), ["a row without any value"], [None])]
    for place in columns.tolist():
        column = schema.columns[place]
        values = _ordinary(column)
        own = base[chance.integers(0, len(base), len(values))].copy()
        own[:, place] = values
        parts.append(Odd(own, [_name(column, value) for value in values.tolist()], [place] * len(values)))
    edges = (
        _of_edges(model, schema, base, chance) if isinstance(model, Additive) else _of_splits(model, schema, base, chance)
    )
    parts.append(edges)
    return Odd(
        np.vstack([part.rows for part in parts]),
        [name for part in parts for name in part.names],
        [place for part in parts for place in part.columns],
    )


def _ordinary(column: Column) -> Edges:
    """Missing, unseen, at and outside the range."""
    if column.kind == "category":
        return np.array([np.nan, UNSEEN, float(len(column.levels) - 1)])
    low, high = column.low or 0.0, column.high or 0.0
    outside = [np.nextafter(low, -np.inf), np.nextafter(high, np.inf), low - 1e9, high + 1e9, 1e300, -1e300]
    return np.array([np.nan, low, high, *outside, 0.0])


def _of_edges(model: Additive, schema: Schema, base: Matrix, chance: np.random.Generator) -> Odd:
    """Every cut and what lies next to it, and every level; in all columns at once, since each adds by itself."""
    values = [
        np.array([np.nan, UNSEEN, *range(len(column.levels))], float) if column.kind == "category" else np.empty(0)
        for column in schema.columns
    ]
    for one in model.lookups:
        if schema.columns[one.column].kind == "number":
            values[one.column] = _beside(one.cuts)
    count = min(max((len(own) for own in values), default=0), max(1, MOST_CELLS // max(len(values), 1)))
    rows = base[chance.integers(0, len(base), count)].copy()
    for place, own in enumerate(values):
        rows[: len(own), place] = own[:count]
    return Odd(rows, [f"edge {number + 1} of each column" for number in range(count)], [None] * count)


def _of_splits(model: Trees, schema: Schema, base: Matrix, chance: np.random.Generator) -> Odd:
    """Every split of every tree, on either side, at its edge and without a value, in rows that come to it."""
    splits = [split for tree in model.booster.dump_model()["tree_info"] for split in _splits(tree["tree_structure"], {})]
    most = min(MOST_SPLITS, max(1, MOST_CELLS // (4 * base.shape[1])))
    if len(splits) > most:
        splits = [splits[place] for place in np.sort(chance.choice(len(splits), most, replace=False)).tolist()]
    rows = np.repeat(base[chance.integers(0, len(base), len(splits))], 4, axis=0)
    names: list[str] = []
    places: list[int | None] = []
    for number, (place, threshold, way) in enumerate(splits):
        own = rows[4 * number : 4 * number + 4]
        for column, (low, high) in way.items():
            own[:, column] = _within(low, high) * model.scale[column] + model.center[column]
        own[:, place] = [*_sides(threshold, model.center[place], model.scale[place]), np.nan]
        names += [_name(schema.columns[place], value) for value in own[:, place].tolist()]
        places += [place] * 4
    return Odd(rows, names, places)


def _splits(node: dict[str, Any], way: dict[int, tuple[float, float]]) -> Iterator[tuple[int, float, dict[int, Any]]]:
    """Column and threshold of each split of a tree, and between what each column has to be to come to it."""
    if "split_feature" not in node:
        return
    place, threshold = int(node["split_feature"]), float(node["threshold"])
    yield place, threshold, way
    low, high = way.get(place, (-np.inf, np.inf))
    yield from _splits(node["left_child"], {**way, place: (low, min(high, threshold))})
    yield from _splits(node["right_child"], {**way, place: (max(low, threshold), high)})


def _sides(threshold: float, center: float, scale: float) -> Edges:
    """Readings below, at and above a threshold of departures."""
    # The library splits at zero (1e-35) and between a value and none (1e300), and writes neither to the last bit.
    if abs(threshold) <= 1e-30:
        return np.array([-1e-30, 0.0, 1e-30]) * scale + center
    if abs(threshold) >= 1e299:
        return np.array([-1e299, 0.0, 1e299])
    edge = threshold * scale + center
    return np.array([np.nextafter(edge, -np.inf), edge, np.nextafter(edge, np.inf)])


def _within(low: float, high: float) -> float:
    """A number above `low`, up to `high`."""
    if np.isinf(low):
        return high - 1.0
    return low + 1.0 if np.isinf(high) else low + (high - low) / 2


def _beside(cuts: Edges) -> Edges:
    """Each cut, and the numbers next to it."""
    return np.concatenate([cuts, np.nextafter(cuts, -np.inf), np.nextafter(cuts, np.inf)])


def _name(column: Column, value: float) -> str:
    if np.isnan(value):
        return f"{column.name} missing"
    if column.kind == "category" and value == UNSEEN:
        return f"{column.name} unseen"
    if column.kind == "category" and value in range(len(column.levels)):
        return f"{column.name} {column.levels[int(value)]}"
    return f"{column.name} {value!r}"
