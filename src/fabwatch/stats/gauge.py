"""Gauge repeatability and reproducibility: how much of what is measured is the measuring.

Source: AIAG, Measurement Systems Analysis, 4th ed. (2010) chapter III B; D. C. Montgomery, Introduction to Statistical
Quality Control, 7th ed., 8.7.2: the crossed design by analysis of variance.
"""

import math
from dataclasses import dataclass

import numpy as np

POOLED_ABOVE = 0.25
"""The interaction of part and operator is pooled with repeatability where its chance is above this."""


@dataclass(frozen=True)
class Gauge:
    """Variances of a crossed study, and what follows from them."""

    repeatability: float
    reproducibility: float
    """Of operators, with their interaction with parts."""
    interaction: float
    """0 where it was pooled."""
    part: float
    interaction_p: float | None
    parts: int
    operators: int
    trials: int

    @property
    def gauge(self) -> float:
        """Variance of the measuring."""
        return self.repeatability + self.reproducibility

    @property
    def total(self) -> float:
        """Variance of all."""
        return self.gauge + self.part

    @property
    def study_variation(self) -> float:
        """Standard deviation of the measuring, as a share of that of all: the %study variation over 100."""
        return math.sqrt(self.gauge / self.total) if self.total > 0 else 0.0

    @property
    def distinct_categories(self) -> int:
        """Number of distinct categories of parts that the gauge can tell apart: 1.41 part over gauge, rounded down."""
        return max(int(math.sqrt(2 * self.part / self.gauge)), 1) if self.gauge > 0 else 0

    def tolerance_share(self, tolerance: float) -> float:
        """Six standard deviations of the measuring over the tolerance (upper - lower)."""
        return 6 * math.sqrt(self.gauge) / tolerance


def gauge_study(values: np.ndarray) -> Gauge:
    """The study of parts x operators x trials readings. Raises ValueError for fewer than two of each."""
    x = np.asarray(values, float)
    p, o, r = x.shape
    if min(p, o, r) < 2:
        raise ValueError(f"needs at least 2 parts, 2 operators and 2 trials (got {p}, {o} and {r})")
    mean, cells = x.mean(), x.mean(axis=2)
    by_part, by_operator = x.mean(axis=(1, 2)), x.mean(axis=(0, 2))
    part_ms = o * r * float(((by_part - mean) ** 2).sum()) / (p - 1)
    operator_ms = p * r * float(((by_operator - mean) ** 2).sum()) / (o - 1)
    cross_df, error_df = (p - 1) * (o - 1), p * o * (r - 1)
    cross = r * float(((cells - by_part[:, None] - by_operator[None, :] + mean) ** 2).sum())
    error = float(((x - cells[:, :, None]) ** 2).sum())
    chance = _chance(cross / cross_df, error / error_df, cross_df, error_df)
    if chance is not None and chance > POOLED_ABOVE:
        within = (cross + error) / (cross_df + error_df)
        between, base = 0.0, within
    else:
        within = error / error_df
        between, base = max((cross / cross_df - within) / r, 0.0), cross / cross_df
    operator = max((operator_ms - base) / (p * r), 0.0)
    part = max((part_ms - base) / (o * r), 0.0)
    return Gauge(within, operator + between, between, part, chance, p, o, r)


def _chance(cross: float, error: float, cross_df: int, error_df: int) -> float | None:
    from scipy.special import fdtrc

    return float(fdtrc(cross_df, error_df, cross / error)) if error > 0 else None
