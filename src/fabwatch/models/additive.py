"""A sum of parts, one a column: what a number or level adds stands in a table or on a slope, and is its own explanation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.schema import Matrix

FAR = 8.0
"""Scales from the centre at which a slope ends: an extreme reading counts as a far one."""
Numbers = NDArray[np.float64]
BATCH = 20_000


@dataclass(frozen=True)
class Lookup:
    """What one column adds, by the bin that its value falls into."""

    column: int
    cuts: Numbers
    """Shape (m): a value that is not below a cut lies above it."""
    scores: Numbers
    """Shape (m + 1, k): k is 1, or the number of classes."""
    missing: Numbers
    """Shape (k)."""
    density: Numbers
    """Shape (m + 1): share of training rows in each bin."""

    def added(self, values: Numbers) -> Numbers:
        """What values (n) add, shape (n, k)."""
        empty = np.isnan(values)
        made = self.scores[np.searchsorted(self.cuts, values, side="right") * ~empty]
        made[empty] = self.missing
        return made


@dataclass(frozen=True)
class Slopes:
    """What columns add along a line, in scales from their centre; an empty one adds what the centre does."""

    columns: NDArray[np.intp]
    """Shape (m): places of the columns."""
    center: Numbers
    scale: Numbers
    coefficients: Numbers
    """Shape (m, k)."""
    offset: Numbers
    """Shape (m, k): what the mean training row would add, so that parts are departures from it."""

    def added(self, matrix: Matrix) -> Numbers:
        """What rows (n, columns) add, shape (n, m, k)."""
        with np.errstate(over="ignore"):
            # What is that far away is brought back below.
            away = (matrix[:, self.columns] - self.center) / self.scale
        away = np.clip(np.where(np.isnan(away), 0.0, away), -FAR, FAR)
        added: Numbers = away[:, :, None] * self.coefficients - self.offset
        return added


@dataclass(frozen=True)
class Additive:
    """An intercept and what each column adds to it."""

    intercept: Numbers
    """Shape (k)."""
    lookups: tuple[Lookup, ...]
    slopes: Slopes | None
    width: int
    """Columns of the matrix."""

    def contributions(self, matrix: Matrix) -> Numbers:
        """What each column adds in each row, shape (n, columns, k)."""
        made = np.zeros((len(matrix), self.width, len(self.intercept)))
        for one in self.lookups:
            made[:, one.column] += one.added(matrix[:, one.column])
        if self.slopes is not None:
            made[:, self.slopes.columns] += self.slopes.added(matrix)
        return made

    def scores(self, matrix: Matrix) -> Numbers:
        """The sum of the parts, shape (n, k): log-odds, or the number itself."""
        parts = [matrix[start : start + BATCH] for start in range(0, len(matrix), BATCH)]
        sums = [self.intercept + self.contributions(part).sum(axis=1) for part in parts]
        return np.concatenate(sums) if sums else np.empty((0, len(self.intercept)))

    def spread(self, matrix: Matrix) -> Numbers:
        """How much each column moves the score over rows: mean absolute part, shape (columns)."""
        sizes = np.zeros(self.width)
        for start in range(0, len(matrix), BATCH):
            sizes += np.abs(self.contributions(matrix[start : start + BATCH])).max(axis=2).sum(axis=0)
        return sizes / max(len(matrix), 1)


def of_tables(pairs: dict[str, Any]) -> Additive:
    """The model that `tables_of` gave as arrays."""
    lookups = tuple(
        Lookup(int(pairs[f"{n}.column"]), *(pairs[f"{n}.{name}"] for name in ("cuts", "scores", "missing", "density")))
        for n in range(int(pairs["lookups"]))
    )
    slopes = None
    if "slopes.columns" in pairs:
        slopes = Slopes(*(pairs[f"slopes.{name}"] for name in ("columns", "center", "scale", "coefficients", "offset")))
    return Additive(pairs["intercept"], lookups, slopes, int(pairs["width"]))


def tables_of(model: Additive) -> dict[str, Any]:
    """The model as arrays by name."""
    pairs: dict[str, Any] = {
        "intercept": model.intercept,
        "width": np.array(model.width),
        "lookups": np.array(len(model.lookups)),
    }
    for n, one in enumerate(model.lookups):
        pairs |= {f"{n}.{name}": np.asarray(value) for name, value in vars(one).items()}
    if model.slopes is not None:
        pairs |= {f"slopes.{name}": value for name, value in vars(model.slopes).items()}
    return pairs


def rounded(model: Additive) -> Additive:
    """The same with tables of four-byte numbers, which is what an ONNX file holds of them."""

    def short(values: Numbers) -> Numbers:
        return values.astype(np.float32).astype(float)

    lookups = tuple(
        Lookup(one.column, one.cuts, short(one.scores), short(one.missing), one.density) for one in model.lookups
    )
    return Additive(model.intercept, lookups, model.slopes, model.width)
