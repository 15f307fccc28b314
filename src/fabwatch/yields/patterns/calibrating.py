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


def farthest(distance: Numbers) -> float:
    """How unlike all that was trained on 1 % of maps with a known pattern are, or more."""
    return float(np.quantile(distance, 1 - FALSE_ALARMS))
