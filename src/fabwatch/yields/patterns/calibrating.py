"""What is chosen on the validation part: prior, temperature, when two views are enough, and what lies too far away."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabwatch.yields.patterns.model import softmax
from fabwatch.yields.patterns.score import confusion, macro_f1, per_class

TAUS = tuple(round(0.1 * step, 1) for step in range(11))
TEMPERATURES = tuple(round(0.4 + 0.02 * step, 2) for step in range(81))
FALSE_ALARMS = 0.01
"""Share of maps with a known pattern that may be said to be unknown."""
Numbers = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Calibration:
    """The prior that is added to logits, and what they are divided by."""

    tau: float
    prior: tuple[float, ...]
    temperature: float


def calibrated(logits: Numbers, label: Places, counts: Places) -> Calibration:
    """The prior correction with the best macro-F1, then the temperature with the least log loss (Guo et al. 2017).

    `counts` are the maps of each pattern that were trained on; they were drawn by 1/√count, so that the whole correction
    (τ = 1) is half the logarithm of the count (Menon et al. 2021).
    """
    whole = 0.5 * np.log(counts / counts.sum())
    tau = max(TAUS, key=lambda one: _macro(logits + one * whole, label))
    moved = logits + tau * whole
    temperature = min(TEMPERATURES, key=lambda one: _log_loss(softmax(moved / one), label))
    return Calibration(tau, tuple(round(float(value), 6) for value in tau * whole), temperature)


def _macro(logits: Numbers, label: Places) -> float:
    return macro_f1(per_class(confusion(label, logits.argmax(axis=1)))) or 0.0


def _log_loss(probability: Numbers, label: Places) -> float:
    return float(-np.log(probability[np.arange(len(label)), label].clip(1e-9)).mean())


def centres(embedding: Numbers, label: Places) -> tuple[Numbers, Numbers]:
    """Where each pattern lies (k, d) and the inverse of the covariance around these (d, d), for those that occur."""
    present = np.unique(label)
    means = np.stack([embedding[label == place].mean(axis=0) for place in present])
    away = embedding - means[np.searchsorted(present, label)]
    covariance = away.T @ away / len(away) + 1e-3 * np.eye(embedding.shape[1], dtype=np.float32)
    return means, np.linalg.inv(covariance).astype(np.float32)


def farthest(distance: Numbers) -> float:
    """The distance that 1 % of maps with a known pattern exceed."""
    return float(np.quantile(distance, 1 - FALSE_ALARMS))
