"""Numbers as departures from the rows before them: what drifts slowly is taken out before anything is learned.

A sensor that creeps over weeks says little by its value and much by how it differs from the rows just before. At each
row of training the centre and scale are those of the rows before it; what is served keeps those of the last rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.additive import FAR
from fabwatch.models.schema import Matrix

ROWS = 200
"""Rows that a row is compared with."""
FEWEST = 20
EVERY = 10
"""Rows after which centre and scale are taken anew: between two rows they hardly change."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """Centre and scale of each column, shape (columns); 0 and 1 for categories."""

    center: Numbers
    scale: Numbers

    def away(self, matrix: Matrix) -> Matrix:
        """Rows as departures, at most eight scales."""
        made: Matrix = np.clip((matrix - self.center) / self.scale, -FAR, FAR)
        return made


def none(width: int) -> Reference:
    """The one that changes nothing."""
    return Reference(np.zeros(width), np.ones(width))


def departures(matrix: Matrix, numeric: NDArray[np.bool_]) -> tuple[Matrix, Reference]:
    """Rows in order of time, each as departures from the rows before it; and the reference of what comes next."""
    made = matrix.copy()
    start = _of(matrix[:ROWS], numeric)
    for begin in range(0, len(matrix), EVERY):
        before = matrix[max(0, begin - ROWS) : begin]
        reference = start if len(before) < FEWEST else _of(before, numeric)
        some = matrix[begin : begin + EVERY]
        made[begin : begin + EVERY, numeric] = reference.away(some)[:, numeric]
    return made, _of(matrix[-ROWS:], numeric)


def _of(rows: Matrix, numeric: NDArray[np.bool_]) -> Reference:
    center, scale = np.zeros(rows.shape[1]), np.ones(rows.shape[1])
    if len(rows):
        low, middle, high = _quartiles(rows[:, numeric])
        center[numeric], scale[numeric] = middle, np.where(high > low, high - low, 1.0)
    return Reference(center, scale)


def _quartiles(rows: Matrix) -> tuple[Numbers, Numbers, Numbers]:
    """Quartiles of each column without what is missing; 0, 0, 0 for one that is empty."""
    ordered = np.sort(rows, axis=0)
    counts = (~np.isnan(rows)).sum(axis=0)
    found = []
    for share in (0.25, 0.5, 0.75):
        place = share * np.maximum(counts - 1, 0)
        below = np.floor(place).astype(int)
        above = np.minimum(below + 1, np.maximum(counts - 1, 0))
        across = np.arange(rows.shape[1])
        value = ordered[below, across] + (place - below) * (ordered[above, across] - ordered[below, across])
        found.append(np.where(counts > 0, value, 0.0))
    return found[0], found[1], found[2]
