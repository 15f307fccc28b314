"""How sure a network may be: one temperature for all its scores, chosen by pictures that it did not learn from."""

import numpy as np
from numpy.typing import NDArray

TEMPERATURES = tuple(round(0.3 + 0.02 * step, 2) for step in range(236))


def best_temperature(logits: NDArray[np.float32], label: NDArray[np.int64]) -> float:
    """What to divide logits (n, k) by, so that chances are as often right as they say (Guo et al. 2017).

    The goal of a class of c pictures is (c + 1) / (c + 2), not 1 (Platt 1999): twelve pictures that are all named right
    do not make anybody sure.
    """
    counts = np.bincount(label, minlength=logits.shape[1])
    own = ((counts + 1) / (counts + 2))[label]
    goal = np.repeat(((1 - own) / (logits.shape[1] - 1))[:, None], logits.shape[1], 1)
    goal[np.arange(len(label)), label] = own
    return min(TEMPERATURES, key=lambda one: _cross_entropy(logits.astype(np.float64) / one, goal))


def _cross_entropy(logits: NDArray[np.float64], goal: NDArray[np.float64]) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float(-(goal * (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))).sum(axis=1).mean())
