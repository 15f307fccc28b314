"""Scores as what people read: chances, or the number itself."""

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.target import Problem

Numbers = NDArray[np.float64]


def chances(scores: Numbers, problem: Problem) -> Numbers:
    """Scores (n, k) as predictions (n, k): chances, or the number itself."""
    if problem == "number":
        return scores
    if problem == "yes/no":
        return 1 / (1 + np.exp(-np.clip(scores, -700, 700)))
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    made: Numbers = grown / grown.sum(axis=1, keepdims=True)
    return made
