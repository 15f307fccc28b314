"""Variance components of nested readings: how much of the spread is between lots, wafers and sites.

Analysis of variance of groups within groups; groups may differ in size. Source: S. R. Searle, G. Casella and C. E.
McCulloch, Variance Components (1992) chapter 3; NIST/SEMATECH e-Handbook of Statistical Methods 3.5.1.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Component:
    """One level: its sum of squares, degrees of freedom, mean square, F, chance of such an F, and variance component."""

    name: str
    df: int
    squares: float
    mean_square: float
    f: float | None
    """Its mean square over that of the level below; None for the lowest."""
    p: float | None
    variance: float
    """At least 0: an estimate below is none."""
    share: float


def components(values: np.ndarray, levels: Sequence[np.ndarray], names: Sequence[str]) -> list[Component]:
    """The components of readings by nested levels (codes of the outermost first), and within the innermost.

    `names` has one name more than there are levels, for what is within. Raises ValueError where a level has no degree of
    freedom.
    """
    x = np.asarray(values, float)
    keys = _nested(levels, len(x))
    n = np.bincount(keys[-1])
    mean = np.bincount(keys[-1], x) / n
    squares = float(((x - mean[keys[-1]]) ** 2).sum())
    first = np.unique(keys[-1], return_index=True)[1]
    return components_of(n, mean, squares, [level[first] for level in keys[1:-1]], names)


def components_of(
    n: np.ndarray, mean: np.ndarray, squares: float, outer: Sequence[np.ndarray], names: Sequence[str]
) -> list[Component]:
    """The same from the sizes and means of the innermost groups, and the sum of squares within them.

    `outer` are the levels that these groups lie in, the outermost first. Raises ValueError as `components` does.
    """
    keys = [*_nested(outer, len(n)), np.arange(len(n))]
    # From the grand mean, because the differences of large sums of squares say little.
    away = mean - (n * mean).sum() / n.sum()
    sums = [float((np.bincount(key, n * away) ** 2 / np.bincount(key, n)).sum()) for key in keys]
    within = np.maximum(np.diff(sums), 0.0)
    all_squares = np.array([*within, squares])
    df = np.diff([*(int(key.max(initial=-1)) + 1 for key in keys), int(n.sum())])
    if (df < 1).any():
        raise ValueError(f"{names[int(np.argmin(df))]}: needs two groups or readings at least")
    mean_squares = all_squares / df
    # Expected mean squares: how often the component of each level stands in the one of each row.
    rows = len(df)
    weights = np.zeros((rows, rows))
    for row in range(rows):
        for column in range(row, rows):
            weights[row, column] = (_mean_size(keys, n, row + 1, column + 1) - _mean_size(keys, n, row, column + 1)) / df[
                row
            ]
    variances = np.zeros(rows)
    for row in range(rows - 1, -1, -1):
        rest = float(weights[row, row + 1 :] @ variances[row + 1 :])
        variances[row] = max((mean_squares[row] - rest) / weights[row, row], 0.0)
    total = float(variances.sum()) or 1.0
    return [
        Component(
            names[row],
            int(df[row]),
            float(all_squares[row]),
            float(mean_squares[row]),
            *_f(mean_squares, df, row),
            float(variances[row]),
            float(variances[row]) / total,
        )
        for row in range(rows)
    ]


def _nested(levels: Sequence[np.ndarray], size: int) -> list[np.ndarray]:
    """All of them as one group, then each level with a number for each of its groups within those of the level above."""
    keys = [np.zeros(size, int)]
    for level in levels:
        code = np.asarray(level, np.int64)
        # The same name in two outer groups stands for two groups.
        pair = keys[-1] * (int(code.max(initial=0)) + 1) + code
        steps = np.diff(pair)
        in_order = bool((steps >= 0).all())
        key = np.concatenate(([0], np.cumsum(steps > 0))) if in_order else np.unique(pair, return_inverse=True)[1]
        keys.append(np.asarray(key, int).ravel())
    return keys


def _mean_size(keys: list[np.ndarray], n: np.ndarray, outer: int, level: int) -> float:
    """Sum over the outer groups of the squared sizes of the groups of a level within them, over their own size."""
    if level == len(keys):
        # Each reading is a group of one.
        return float(int(keys[outer].max()) + 1) if outer < level else float(n.sum())
    first = np.unique(keys[level], return_index=True)[1]
    home = keys[outer][first]
    inner = np.bincount(keys[level], n)
    return float((np.bincount(home, inner**2) / np.bincount(keys[outer], n)).sum())


def _f(mean_squares: np.ndarray, df: np.ndarray, row: int) -> tuple[float | None, float | None]:
    from scipy.special import fdtrc

    if row + 1 >= len(df) or not mean_squares[row + 1] > 0:
        return None, None
    ratio = float(mean_squares[row] / mean_squares[row + 1])
    return ratio, float(fdtrc(df[row], df[row + 1], ratio))
