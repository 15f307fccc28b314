"""Two families of wear, Weibull and lognormal, on common axes: log scale and log shape.

A lognormal of "shape" k has the standard deviation pi / (k sqrt(6)) of the log age, which is that of a Weibull of shape k,
so that both families can share a grid and a prior on the shape.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from fabwatch.stats.cycles import Floats

LOG_SPREAD = math.pi / math.sqrt(6)
FAR = 700.0
"""A cumulative hazard at which survival is 0."""


class Family(Protocol):
    """The interface of a wear distribution; arrays broadcast."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    def hazard(self, log_age: Floats, log_shape: Floats) -> Floats:
        """Cumulative hazard -log S at a log age counted from the log scale; at most FAR."""
        ...

    def log_age(self, hazard: ArrayLike, log_shape: Floats) -> Floats:
        """The log age, counted from the log scale, at which the cumulative hazard has risen to `hazard`."""
        ...

    def mean(self, log_shape: Floats) -> Floats:
        """The mean age at failure in scales."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Weibull:
    """S(a) = exp(-(a / scale)^shape). Source: W. Weibull, J. Appl. Mech. 18 (1951)."""

    name: str = "weibull"

    def hazard(self, log_age: Floats, log_shape: Floats) -> Floats:
        """(a / scale)^shape."""
        with np.errstate(over="ignore"):
            risen: Floats = np.exp(np.exp(log_shape) * log_age)
        return np.minimum(risen, FAR)

    def log_age(self, hazard: ArrayLike, log_shape: Floats) -> Floats:
        """log(hazard) / shape."""
        age: Floats = np.log(np.asarray(hazard, float)) / np.exp(log_shape)
        return age

    def mean(self, log_shape: Floats) -> Floats:
        """Gamma(1 + 1 / shape)."""
        shape = np.exp(np.asarray(log_shape, float))
        mean: Floats = np.vectorize(math.gamma, otypes=[float])(1 + 1 / shape)
        return mean


class Lognormal:
    """S(a) = 1 - Phi(log(a / scale) / sigma), sigma = pi / (shape sqrt(6)). Source: as in W. Q. Meeker and L. A. Escobar,
    Statistical Methods for Reliability Data (1998), chapter 4.
    """

    name = "lognormal"

    def __init__(self) -> None:
        # log of -log(1 - Phi(z)) is so smooth that linear interpolation in a table is good to about 1e-6.
        self._z = np.linspace(-37.0, 37.0, 14_801)
        hazards = [-math.log1p(-0.5 * math.erfc(-z / math.sqrt(2))) if z < 5 else _upper(z) for z in self._z]
        self._log_hazard = np.log(hazards)

    def hazard(self, log_age: Floats, log_shape: Floats) -> Floats:
        """-log(1 - Phi(z)) with z = log(a / scale) / sigma."""
        z = np.asarray(log_age, float) * np.exp(log_shape) / LOG_SPREAD
        risen: Floats = np.exp(np.interp(z, self._z, self._log_hazard))
        return np.where(np.isneginf(z), 0.0, np.minimum(risen, FAR))

    def log_age(self, hazard: ArrayLike, log_shape: Floats) -> Floats:
        """sigma times the z at which -log(1 - Phi(z)) is `hazard`."""
        z = np.interp(np.log(np.asarray(hazard, float)), self._log_hazard, self._z)
        age: Floats = z * LOG_SPREAD / np.exp(log_shape)
        return age

    def mean(self, log_shape: Floats) -> Floats:
        """exp(sigma^2 / 2)."""
        mean: Floats = np.exp((LOG_SPREAD / np.exp(np.asarray(log_shape, float))) ** 2 / 2)
        return mean


def _upper(z: float) -> float:
    """-log(1 - Phi(z)) for a large z, where 1 - Phi(z) loses precision; by the complementary error function."""
    rest = 0.5 * math.erfc(z / math.sqrt(2))
    return -math.log(rest) if rest > 1e-300 else z * z / 2 + math.log(z * math.sqrt(2 * math.pi)) + 1 / z**2


WEIBULL, LOGNORMAL = Weibull(), Lognormal()
