"""In what two tables differ: which rows are in one alone, which stand several times, which values were changed and how."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.schema import numbers, texts

if TYPE_CHECKING:
    import pandas as pd

ALIKE = 0.5
"""Share of rows that have to be found again for two tables to be of the same cases."""
TRIED = 60
"""Columns that are left out in turn to find rows again of which one value was changed."""
CLOSE = 1e-6
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Changed:
    """A column whose values differ in rows that both tables have."""

    column: str
    how: str
    """unit, category or value."""
    rows: int
    detail: str


@dataclass(frozen=True)
class Differences:
    """How B differs from A."""

    pairs: tuple[Places, Places]
    """Places of the rows that are the same cases, in A and in B."""
    only_a: Places
    only_b: Places
    twice_a: int
    """Rows of A that another row repeats."""
    twice_b: int
    changed: tuple[Changed, ...]
    gone: tuple[str, ...]
    """Columns of A that B lacks."""
    new: tuple[str, ...]


def differences(a: "pd.DataFrame", b: "pd.DataFrame") -> Differences:
    """Compare two tables."""
    common = [name for name in a.columns if name in set(b.columns)]
    pairs = _pairs(a, b, common)
    changed = [one for name in common for one in [_changed(a, b, name, pairs)] if one is not None]
    marks_a, marks_b = marks_of(a, list(a.columns)), marks_of(b, list(b.columns))
    known_a, known_b = np.zeros(len(a), bool), np.zeros(len(b), bool)
    known_a[pairs[0]], known_b[pairs[1]] = True, True
    same_a, same_b = marks_of(a, common), marks_of(b, common)
    # A repeated row is no row of its own.
    only_a = np.flatnonzero(~known_a & ~np.isin(same_a, same_b))
    only_b = np.flatnonzero(~known_b & ~np.isin(same_b, same_a))
    return Differences(
        pairs,
        only_a,
        only_b,
        len(a) - len(np.unique(marks_a)),
        len(b) - len(np.unique(marks_b)),
        tuple(changed),
        tuple(str(name) for name in a.columns if name not in set(b.columns)),
        tuple(str(name) for name in b.columns if name not in set(a.columns)),
    )


def _pairs(a: "pd.DataFrame", b: "pd.DataFrame", common: list[str]) -> tuple[Places, Places]:
    """Rows that are the same cases: by what they hold, leaving out a column where that finds more; else by their place."""
    if not common:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    tables = [_hashes(table, common) for table in (a, b)]
    whole = [table.sum(axis=1, dtype=np.uint64) for table in tables]
    best = _matched(whole[0], whole[1])
    if len(best[0]) < min(len(a), len(b)):
        for place in range(min(len(common), TRIED)):
            rest = [marks - table[:, place] for marks, table in zip(whole, tables, strict=True)]
            found = _matched(rest[0], rest[1])
            if len(found[0]) > len(best[0]):
                best = found
    if len(best[0]) < ALIKE * min(len(a), len(b)) and len(a) == len(b):
        every = np.arange(len(a))
        return every, every
    return best


def _hashes(table: "pd.DataFrame", names: list[str]) -> NDArray[np.uint64]:
    """A hash of each cell (n, columns), the same for 1 and 1.0, and different from column to column."""
    import pandas as pd

    columns = []
    for place, name in enumerate(names):
        own = table[name]
        if pd.api.types.is_numeric_dtype(own):
            own = own.astype(float)
        marks = pd.util.hash_pandas_object(own, index=False).to_numpy(np.uint64)
        columns.append(marks * np.uint64(2 * place + 3))
    return np.stack(columns, axis=1)


def stands_in(frame: "pd.DataFrame", table: "pd.DataFrame", rows: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Which rows of a frame (n) stand in a table, or in some rows of it: the same values in all columns that both have."""
    common = [name for name in table.columns if name in set(frame.columns)]
    if not common:
        return np.zeros(len(frame), bool)
    marks = marks_of(table, common)
    return np.isin(marks_of(frame, common), marks if rows is None else marks[rows])


def marks_of(table: "pd.DataFrame", names: list[str]) -> NDArray[np.uint64]:
    """A hash of each row, by the named columns (n)."""
    return _hashes(table, names).sum(axis=1, dtype=np.uint64) if names else np.zeros(len(table), np.uint64)


def _matched(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> tuple[Places, Places]:
    """Pairs of places with the same mark; of several alike the first with the first, the second with the second."""
    left, right = _numbered(a), _numbered(b)
    _, in_a, in_b = np.intersect1d(left, right, assume_unique=True, return_indices=True)
    order = np.argsort(in_b)
    return in_a[order], in_b[order]


def _numbered(marks: NDArray[np.uint64]) -> NDArray[Any]:
    """Marks with their count so far, so that each is one of a kind."""
    order = np.argsort(marks, kind="stable")
    ordered = marks[order]
    begins = np.append(True, ordered[1:] != ordered[:-1])
    first = np.maximum.accumulate(np.where(begins, np.arange(len(marks)), 0))
    counts = np.empty(len(marks), np.int64)
    counts[order] = np.arange(len(marks)) - first
    made = np.empty(len(marks), [("mark", np.uint64), ("count", np.int64)])
    made["mark"], made["count"] = marks, counts
    return made


def _changed(a: "pd.DataFrame", b: "pd.DataFrame", name: str, pairs: tuple[Places, Places]) -> Changed | None:
    import pandas as pd

    own, other = a[name].iloc[pairs[0]], b[name].iloc[pairs[1]]
    if pd.api.types.is_numeric_dtype(own) and pd.api.types.is_numeric_dtype(other):
        return _of_numbers(name, numbers(own), numbers(other))
    left, right = texts(own), texts(other)
    moved = [(before, after) for before, after in zip(left, right, strict=True) if before != after]
    if not moved:
        return None
    known = dict(moved)
    one_to_one = len(known) == len(set(known.values())) and all(known[before] == after for before, after in moved)
    shown = ", ".join(f"{before} → {after}" for before, after in list(known.items())[:3])
    how = "category" if one_to_one or len(known) <= 50 else "value"
    return Changed(name, how, len(moved), f"{name}: {shown} in {len(moved):,} rows")


def _of_numbers(name: str, left: NDArray[np.float64], right: NDArray[np.float64]) -> Changed | None:
    differs = ~((left == right) | (np.isnan(left) & np.isnan(right)))
    if not differs.any():
        return None
    rows = int(differs.sum())
    x, y = left[differs], right[differs]
    there = np.isfinite(x) & np.isfinite(y)
    x, y = x[there], y[there]
    if len(x) >= 5 and np.ptp(x) > 0:
        slope, shift = np.polyfit(x, y, 1)
        scale = max(float(np.abs(y).max()), 1e-300)
        if np.abs(slope * x + shift - y).max() <= CLOSE * scale and abs(slope) > 0:
            by = f"times {slope:.6g}" if abs(shift) <= CLOSE * scale else f"times {slope:.6g} plus {shift:.6g}"
            return Changed(name, "unit", rows, f"{name}: {by} in {rows:,} rows")
    return Changed(name, "value", rows, f"{name}: other values in {rows:,} rows")
