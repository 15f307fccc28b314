"""The cells by which the values of a column are counted: missing, outside of what was seen, tenths or levels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.schema import UNSEEN, Column

Counts = NDArray[np.float64]
TENTHS = 10
MOST_LEVELS = 50
"""Levels with a cell of their own; the rarer ones share the last."""
MISSING, OUTSIDE = 0, 1
"""The first cells: no value; a number below all of training, or a level that it never saw."""


@dataclass(frozen=True)
class Cells:
    """How the values of one column are counted."""

    name: str
    kind: str
    edges: tuple[float, ...] = ()
    """Of a number: its lowest value, what parts its tenths, its highest."""
    levels: int = 0

    @property
    def count(self) -> int:
        """How many cells."""
        return 2 + len(self.edges) if self.kind == "number" else 2 + min(max(self.levels, 1), MOST_LEVELS)

    def counted(self, values: NDArray[np.float64]) -> Counts:
        """How many of the values (n) lie in each cell."""
        places = np.full(len(values), MISSING)
        there = ~np.isnan(values)
        if self.kind == "number":
            own = values[there]
            place = 2 + np.searchsorted(self.edges[1:-1], own, "right")
            place[own < self.edges[0]] = OUTSIDE
            place[own > self.edges[-1]] = self.count - 1
            places[there] = place
        else:
            own = values[there]
            places[there] = np.where(own == UNSEEN, OUTSIDE, 2 + np.minimum(own, self.count - 3))
        return np.bincount(places, minlength=self.count).astype(float)

    def outside(self, counts: Counts) -> float:
        """How many of counted values are not among those of training."""
        return float(counts[OUTSIDE] + (counts[-1] if self.kind == "number" else 0.0))

    def middle(self, counts: Counts) -> float | int | None:
        """About the median of counted numbers, or the place of the most frequent level; None where there is none."""
        own = counts[1:] if self.kind == "number" else counts[2:]
        if not own.sum():
            return None
        if self.kind != "number":
            return int(own.argmax())
        edges = np.array([self.edges[0], *self.edges, self.edges[-1]])
        past = np.cumsum(own)
        cell = int(np.searchsorted(past, own.sum() / 2))
        gone = (own.sum() / 2 - (past[cell] - own[cell])) / max(own[cell], 1e-300)
        return float(edges[cell] + gone * (edges[cell + 1] - edges[cell]))

    def to_plain(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "edges": list(self.edges)}


def cells_from(plain: Mapping[str, Any]) -> Cells:
    """The cells that `Cells.to_plain` gave."""
    return Cells(plain["name"], plain["kind"], tuple(plain["edges"]), plain["levels"])


def cells_of(column: Column, values: NDArray[np.float64]) -> Cells:
    """The cells of a column, by its values in training (n)."""
    if column.kind == "category":
        return Cells(column.name, "category", (), len(column.levels))
    return of_numbers(column.name, values)


def of_numbers(name: str, values: NDArray[np.float64]) -> Cells:
    """The cells of numbers (n): tenths of those that are there."""
    there = values[~np.isnan(values)]
    if not len(there):
        return Cells(name, "number", (0.0, 0.0))
    edges = np.unique(np.quantile(there, np.linspace(0, 1, TENTHS + 1), method="inverted_cdf"))
    if len(edges) == 1:
        edges = np.repeat(edges, 2)
    return Cells(name, "number", tuple(edges.tolist()))
