"""Which maps look alike: the nearest by the cosine of their embeddings."""

import numpy as np
from numpy.typing import NDArray

MOST = 10
BLOCK = 2_048
Numbers = NDArray[np.float32]
Places = NDArray[np.int64]


def nearest(embedding: Numbers, among: Numbers, count: int = MOST, same: bool = False) -> tuple[Places, Numbers]:
    """For each row of `embedding` (n, d) the places of the most similar rows of `among` (m, d), and their cosines.

    Shapes (n, k) and (n, k), k the least of `count` and what there is. With `same` both are the same maps, and a map is
    not its own neighbour. Works in blocks, so that memory stays bounded.
    """
    left, right = unit(embedding), unit(among)
    most = min(count, len(right) - same)
    if most <= 0 or not len(left):
        return np.zeros((len(left), 0), np.int64), np.zeros((len(left), 0), np.float32)
    places, cosines = [], []
    for start in range(0, len(left), BLOCK):
        cosine = left[start : start + BLOCK] @ right.T
        if same:
            rows = np.arange(len(cosine))
            cosine[rows, rows + start] = -np.inf
        near = np.argpartition(-cosine, most - 1, axis=1)[:, :most]
        order = np.argsort(-np.take_along_axis(cosine, near, 1), axis=1, kind="stable")
        places.append(np.take_along_axis(near, order, 1))
        cosines.append(np.take_along_axis(cosine, places[-1], 1))
    return np.concatenate(places).astype(np.int64), np.concatenate(cosines)


def unit(rows: Numbers) -> Numbers:
    """Rows (n, d) at length 1; a row of zeros stays one."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)
