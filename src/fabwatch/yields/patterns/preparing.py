"""Wafer maps of any size as squares of one size: the same code prepares maps for training and for answers."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

NO_DIE, PASS, FAIL = 0, 1, 2
CHANNELS = 2
"""Per cell of the square: the share of its area that failed, and the share that holds a die."""
Grid = NDArray[np.uint8]
Squares = NDArray[np.uint8]


@lru_cache(maxsize=1024)
def overlap(cells: int, size: int) -> NDArray[np.float32]:
    """Shape (size, cells): the share of each of `size` equal parts of a line that lies in each of `cells` equal parts."""
    edges, borders = np.arange(size + 1) / size, np.arange(cells + 1) / cells
    low = np.maximum(edges[:-1, None], borders[None, :-1])
    high = np.minimum(edges[1:, None], borders[None, 1:])
    shares: NDArray[np.float32] = (np.clip(high - low, 0.0, None) * size).astype(np.float32)
    return shares


def cropped(grid: NDArray[Any]) -> NDArray[Any]:
    """The map without empty rows and columns around it, so that the wafer touches all four sides."""
    present = grid != NO_DIE
    rows, columns = np.flatnonzero(present.any(axis=1)), np.flatnonzero(present.any(axis=0))
    if not len(rows):
        return grid
    return grid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def square(grid: NDArray[Any], size: int) -> Squares:
    """Shape (2, size, size), 0 to 255: how much of each cell failed and how much of it holds a die, exact by area.

    `grid` holds 0 no die, 1 pass, 2 fail. Rows and columns are stretched apart from each other, so that dies of any aspect
    ratio give a round wafer.
    """
    inner = cropped(grid)
    rows, columns = overlap(inner.shape[0], size), overlap(inner.shape[1], size).T
    parts = np.stack([inner == FAIL, inner != NO_DIE]).astype(np.float32)
    return np.rint(np.clip(rows @ parts @ columns, 0.0, 1.0) * 255).astype(np.uint8)


def squares(grids: Sequence[NDArray[Any]], size: int) -> Squares:
    """Shape (n, 2, size, size): the squares of several maps."""
    if not grids:
        return np.zeros((0, CHANNELS, size, size), np.uint8)
    return np.stack([square(grid, size) for grid in grids])


def turned(batch: NDArray[Any], turn: int) -> NDArray[Any]:
    """One of the eight views of squares: 0 to 3 quarter turns, from 4 on mirrored as well."""
    view = np.rot90(batch, turn % 4, axes=(-2, -1))
    return np.ascontiguousarray(view[..., ::-1] if turn >= 4 else view)
