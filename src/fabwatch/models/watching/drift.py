"""Which columns hold other values than the model learned from: by how much, and whether chance can make that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fabwatch.models.cells import MISSING, Cells, Counts
from fabwatch.models.schema import Column, Matrix
from fabwatch.models.usual import Usual, UsualColumn, worth
from fabwatch.models.watching.answers import ColumnDrift
from fabwatch.stats.enrichment import false_discoveries
from fabwatch.stats.shift import same_counts, same_values, stability_index

SOME, MUCH = 0.1, 0.25
"""From which stability index a column is said to drift at all, and much (as is usual in credit scoring)."""
SURE = 0.05


@dataclass(frozen=True)
class Now:
    """What a column holds now."""

    counts: Counts
    values: Matrix | None = None
    """Shape (n): the values themselves, where they are at hand."""


def drifts(
    usual: Usual, columns: Sequence[Column], now: Sequence[Now], before: Matrix | None, sizes: Counts
) -> list[ColumnDrift]:
    """Each column against what it held (`before`: (n, columns) where at hand), those that drift most first.

    A column drifts if chance alone makes such a difference in fewer than one of twenty columns named so, and it is larger
    than any that the column made by itself while the model learned. `sizes`: rows of each group now.
    """
    found = [
        _judged(own, column, one, None if before is None else before[:, place], sizes)
        for place, (own, column, one) in enumerate(zip(usual.columns, columns, now, strict=True))
    ]
    chances = false_discoveries(np.array([one.p for one in found])) if found else np.array([])
    judged = [
        replace(one, q=float(q), drifted=bool(q < SURE and one.psi > one.limit))
        for one, q in zip(found, chances, strict=True)
    ]
    return sorted(judged, key=lambda one: (not one.drifted, -(one.psi - one.limit)))


def of_prediction(usual: Usual, now: Now) -> ColumnDrift:
    """What is predicted now, against what was predicted of the held-out rows."""
    own = usual.prediction
    one = _judged(own, Column(own.cells.name, "number"), now, None, np.ones(1))
    return replace(one, q=one.p, drifted=one.p < SURE and one.psi > one.limit)


def _judged(own: UsualColumn, column: Column, now: Now, before: Matrix | None, sizes: Counts) -> ColumnDrift:
    counts, cells = now.counts, own.cells
    weight = worth(own, sizes)
    test, p = "χ²", same_counts(own.counts, counts, weight)
    if column.kind == "number" and now.values is not None and before is not None:
        test, p = "Kolmogorov-Smirnov", _numbers(own, before, now, weight)
    rows, known = float(counts.sum()), float(own.counts.sum())
    return ColumnDrift(
        column=column.name,
        drifted=False,
        psi=stability_index(own.counts, counts),
        limit=max(SOME, own.strays),
        test=test,
        p=p,
        q=p,
        before=_middle(cells, own.counts, column),
        now=_middle(cells, counts, column),
        missing_before=_share(own.counts[MISSING], known),
        missing=_share(counts[MISSING], rows),
        outside=_share(cells.outside(counts), rows),
    )


def _numbers(own: UsualColumn, before: Matrix, now: Now, weight: float) -> float:
    """The values that are there, and how many are missing: the rarer of the two chances, for two looks."""
    assert now.values is not None  # noqa: S101 - asked where they are at hand
    there, present = before[~np.isnan(before)], now.values[~np.isnan(now.values)]
    gone = [np.array([counts[MISSING], counts.sum() - counts[MISSING]]) for counts in (own.counts, now.counts)]
    return min(1.0, 2 * min(same_values(np.sort(there), present, weight), same_counts(gone[0], gone[1], weight)))


def _middle(cells: Cells, counts: Counts, column: Column) -> float | str | None:
    middle = cells.middle(counts)
    if middle is None or column.kind == "number":
        return middle
    return column.levels[int(middle)] if int(middle) < len(column.levels) else None


def _share(count: float, of: float) -> float:
    return float(count / of) if of else 0.0
