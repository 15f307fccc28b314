"""What moves a model: its columns in order, the shape of each with how many rows stand behind it, and how stable that is."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fabwatch.models.additive import Additive
from fabwatch.models.learning import Model, Table
from fabwatch.models.recipe import Candidate
from fabwatch.models.schema import Column, Matrix
from fabwatch.models.splitting import Places

TOP = 3
STEPS = 24
"""Points of a shape that a card shows."""
SHAPES = 20
RESAMPLES = 5


@dataclass(frozen=True)
class Stability:
    """How alike the most important columns are when other rows had been drawn."""

    resamples: int
    same_top: float
    """Share of the columns of the top three that stay in it, mean over resamples."""


def importance(model: Model, table: Table, rows: Places) -> list[tuple[str, float]]:
    """The columns by how much they move the score over rows: mean absolute part, the largest first."""
    matrix = table.matrix[rows]
    if isinstance(model, Additive):
        sizes = model.spread(matrix)
    else:
        some = matrix[:: max(1, len(matrix) // 2_000)]
        sizes = np.abs(model.contributions(some)[0]).max(axis=2).mean(axis=0)
    order = np.argsort(-sizes, kind="stable")
    return [(table.schema.columns[place].name, float(sizes[place])) for place in order.tolist() if sizes[place] > 0]


def shapes(model: Additive, table: Table, rows: Places, names: list[str]) -> dict[str, list[dict[str, Any]]]:
    """What a column adds along its values (of the last class, for classes), with the share of rows at each."""
    places = {column.name: place for place, column in enumerate(table.schema.columns)}
    return {
        name: _shape(model, places[name], table.schema.columns[places[name]], table.matrix[rows, places[name]])
        for name in names[:SHAPES]
    }


def _shape(model: Additive, place: int, column: Column, values: Matrix) -> list[dict[str, Any]]:
    if column.kind == "category":
        points: Matrix = np.arange(min(len(column.levels), STEPS), dtype=float)
        counts = np.array([(values == point).sum() for point in points])
        said: list[Any] = list(column.levels[:STEPS])
    else:
        low, high = column.low or 0.0, column.high or 0.0
        points = np.linspace(low, high, STEPS)
        half = (high - low) / (STEPS - 1) / 2
        counts = np.histogram(values[~np.isnan(values)], np.linspace(low - half, high + half, STEPS + 1))[0]
        said = points.tolist()
    rows = np.full((len(points), model.width), np.nan)
    rows[:, place] = points
    added = model.contributions(rows)[:, place, -1]
    return [
        {"at": at, "adds": float(adds), "share": float(count / max(len(values), 1))}
        for at, adds, count in zip(said, added, counts, strict=True)
    ]


def stability(table: Table, candidate: Candidate, rows: Places, first: list[str], resamples: int = RESAMPLES) -> Stability:
    """Learn again from other draws of the rows, and compare the top three columns."""
    chance = np.random.default_rng(table.seed)
    top = set(first[:TOP])
    cheap = Candidate(
        candidate.learner, tuple((n, 1.0 if n == "bags" else v) for n, v in candidate.settings), candidate.recent
    )
    kept = []
    for n in range(resamples):
        drawn = np.sort(chance.integers(0, len(rows), len(rows)))
        model = table.learned(cheap, rows[drawn], seed=table.seed + n + 1)
        again = [name for name, _ in importance(model, table, rows)][:TOP]
        kept.append(len(top & set(again)) / max(len(top), 1))
    return Stability(resamples, float(np.mean(kept)) if kept else float("nan"))
