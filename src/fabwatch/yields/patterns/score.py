"""Scores of a classifier: F1 a class, macro-F1, confusion, calibration."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.yields.patterns.answers import ClassScore
from fabwatch.yields.patterns.classes import PATTERNS

ECE_BINS = 15
Places = NDArray[np.int64]


def confusion(label: Places, answer: Places) -> Places:
    """Shape (9, 9): how often each label (row) was given each answer (column)."""
    counts = np.zeros((len(PATTERNS), len(PATTERNS)), np.int64)
    np.add.at(counts, (label, answer), 1)
    return counts


def per_class(counts: Places) -> dict[str, ClassScore]:
    """Precision, recall and F1 of each pattern from the confusion; None where nothing defines them."""
    found = {}
    for place, name in enumerate(PATTERNS):
        right, labelled, answered = int(counts[place, place]), int(counts[place].sum()), int(counts[:, place].sum())
        found[name] = ClassScore(
            labelled,
            right / answered if answered else None,
            right / labelled if labelled else None,
            2 * right / (labelled + answered) if labelled + answered else None,
        )
    return found


def macro_f1(scores: dict[str, ClassScore], without_none: bool = False) -> float | None:
    """Mean F1 of the patterns that occur; None where none does."""
    values = [one.f1 for name, one in scores.items() if one.f1 is not None and not (without_none and name == "none")]
    return sum(values) / len(values) if values else None


def calibration_error(probability: NDArray[Any], label: Places) -> float:
    """Expected calibration error: |accuracy − confidence| in 15 equal bins of confidence, weighed by their maps."""
    sure, right = probability.max(axis=1), probability.argmax(axis=1) == label
    bins = np.minimum((sure * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = [abs(right[bins == one].mean() - sure[bins == one].mean()) * (bins == one).mean() for one in np.unique(bins)]
    return float(sum(gaps))


def auroc(known: NDArray[Any], unknown: NDArray[Any]) -> float:
    """The chance that an unknown one scores above a known one (ties half), from ranks."""
    from fabwatch.stats.discrimination import auc

    return auc(np.arange(len(known) + len(unknown)) >= len(known), np.concatenate([known, unknown]))
