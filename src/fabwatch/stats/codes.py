"""Rows told apart by several names at once: one whole number for each combination that occurs."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def there(codes: np.ndarray) -> np.ndarray:
    """The codes that occur, in order; they are small, so that counting is quicker than sorting."""
    return np.flatnonzero(np.bincount(codes)) if len(codes) else codes


def combined(columns: Iterable[tuple[np.ndarray, Sequence[T]]], rows: int) -> tuple[np.ndarray, list[tuple[T, ...]]]:
    """A code for each row, and the names that each code stands for; a column is a code by row and the name of each code."""
    codes = np.zeros(rows, np.int64)
    values: list[tuple[T, ...]] = [()]
    for mine, names in columns:
        both = codes * len(names) + mine
        known = there(both)
        place = np.zeros(int(known[-1]) + 1 if len(known) else 0, np.int64)
        place[known] = np.arange(len(known))
        codes, values = place[both], [(*values[code // len(names)], names[code % len(names)]) for code in known]
    return codes, values
