"""Group codes for rows with several names: one integer per combination that occurs."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def there(codes: np.ndarray) -> np.ndarray:
    """The codes that occur, in order; they are small, so counting is faster than sorting."""
    return np.flatnonzero(np.bincount(codes)) if len(codes) else codes


def combined(columns: Iterable[tuple[np.ndarray, Sequence[T]]], rows: int) -> tuple[np.ndarray, list[tuple[T, ...]]]:
    """A code per row, and the names behind each code; a column is a code per row and the name of each code."""
    codes = np.zeros(rows, np.int64)
    values: list[tuple[T, ...]] = [()]
    for column_codes, names in columns:
        both = codes * len(names) + column_codes
        known = there(both)
        position = np.zeros(int(known[-1]) + 1 if len(known) else 0, np.int64)
        position[known] = np.arange(len(known))
        codes, values = position[both], [(*values[code // len(names)], names[code % len(names)]) for code in known]
    return codes, values
