"""What multiplies a hazard: proportional hazards on results of looks whose hazard is known, with a ridge.

A look at age a finds a failure that came since the look before with the chance 1 - exp(-h exp(b x)), h being the cumulative
hazard between both looks and x what was seen meanwhile. Without anything to learn b is 0 and nothing changes.

Sources: grouped proportional hazards, R. L. Prentice and L. A. Gloeckler, Biometrics 34 (1978); the ridge, P. J. Verweij and
H. C. van Houwelingen, Stat. Med. 13 (1994).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabwatch.stats.cycles import Floats

STEPS = 12
RIDGE = 1.0
"""Belief that a factor is 1: one standard deviation of what was seen multiplies the hazard by e^1 with one sigma."""
MOST = 20.0
"""A hazard is multiplied or divided by this much at most."""


@dataclass(frozen=True)
class Factors:
    """The effect of what was seen on the hazard."""

    middle: Floats
    scale: Floats
    effect: Floats
    """Per standard deviation."""

    def times(self, seen: Floats) -> Floats:
        """How many times as high the hazard is with what was seen: one per row."""
        logs = ((seen - self.middle) / self.scale) @ self.effect
        factor: Floats = np.exp(np.clip(logs, -np.log(MOST), np.log(MOST)))
        return factor

    def each(self, seen: Floats) -> Floats:
        """The factor of each column of one row, against none seen."""
        factor: Floats = np.exp(seen / self.scale * self.effect)
        return factor


def log_score(hazard: Floats, failed: NDArray[np.bool_], factor: Floats) -> Floats:
    """The log chance of each result."""
    risen = np.clip(hazard * factor, 1e-9, 50.0)
    score: Floats = np.where(failed, np.log(-np.expm1(-risen)), -risen)
    return score


def fit_factors(seen: Floats, hazard: Floats, failed: NDArray[np.bool_], weight: float = 1.0) -> Factors:
    """The most likely effects under the ridge, by Newton's method with halved steps.

    `seen`: looks x columns; `hazard`: cumulative hazard between looks; `weight` of each row.
    """
    middle, scale = seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-9)
    x = (seen - middle) / scale
    effect = np.zeros(x.shape[1])

    def penalised(b: Floats) -> float:
        factor = np.exp(np.clip(x @ b, -np.log(MOST), np.log(MOST)))
        return weight * float(log_score(hazard, failed, factor).sum()) - float(b @ b) / (2 * RIDGE**2)

    now = penalised(effect)
    for _ in range(STEPS):
        risen = np.clip(hazard * np.exp(np.clip(x @ effect, -np.log(MOST), np.log(MOST))), 1e-9, 50.0)
        bad = np.exp(-risen) / -np.expm1(-risen)
        first = np.where(failed, risen * bad, -risen)
        # Expected information: the square of the derivative times the chance of both results.
        second = risen**2 * bad
        slope = weight * x.T @ first - effect / RIDGE**2
        curvature = weight * (x * second[:, None]).T @ x + np.eye(x.shape[1]) / RIDGE**2
        step = np.linalg.solve(curvature, slope)
        while (then := penalised(effect + step)) < now and float(np.abs(step).max()) > 1e-4:
            step = step / 2
        if then <= now + 1e-9:
            break
        effect, now = effect + step, then
    return Factors(middle, scale, effect)
