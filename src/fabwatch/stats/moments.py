"""Sums over groups of samples, for mean, spread and slope; they can be merged later.

Mean and sum of squares about it in two passes, for numerical stability (Chan, Golub and LeVeque 1983).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Groups:
    """Samples sorted by group, each group in order of time."""

    starts: np.ndarray
    """Where each group begins."""
    t: np.ndarray
    """Time of each sample; NaN where there is no clock."""

    @property
    def number(self) -> np.ndarray:
        """The group of each sample."""
        return np.repeat(np.arange(len(self.starts)), np.diff(np.append(self.starts, len(self.t))))

    def only(self, mask: np.ndarray) -> tuple["Groups", np.ndarray]:
        """The groups of the samples in a mask, and their indices; empty groups are dropped."""
        counts = np.add.reduceat(mask, self.starts, dtype=np.int64)
        there = np.flatnonzero(counts)
        starts = np.concatenate(([0], np.cumsum(counts[there])[:-1]))
        return Groups(starts, self.t[mask]), there


def grouped(codes: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An order of samples by group (codes >= 0) and time, and where each group begins."""
    order = np.argsort(codes, kind="stable") if np.any(np.diff(codes) < 0) else np.arange(len(codes))
    edges = np.diff(codes[order]) != 0
    with np.errstate(invalid="ignore"):
        back = np.diff(t[order]) < 0
    if np.any(back & ~edges):
        order = np.lexsort((t, codes))
        edges = np.diff(codes[order]) != 0
    return order, np.concatenate(([0], np.flatnonzero(edges) + 1))


def sums(groups: Groups, x: np.ndarray) -> dict[str, np.ndarray]:
    """n, mean, m2, min, max, first, last of each group, and with time t_first, t_last, t_mean, t_m2, tx; x without NaN."""
    starts = groups.starts
    n = np.diff(np.append(starts, len(x)))
    mean = np.add.reduceat(x, starts) / n
    off = x - np.repeat(mean, n)
    t = groups.t
    t_mean = np.add.reduceat(t - t[0], starts) / n + t[0] if len(t) else t
    t_off = t - np.repeat(t_mean, n)
    return {
        "n": n,
        "mean": mean,
        "m2": np.add.reduceat(off * off, starts),
        "min": np.minimum.reduceat(x, starts),
        "max": np.maximum.reduceat(x, starts),
        "first": x[starts],
        "last": x[starts + n - 1],
        "t_first": t[starts],
        "t_last": t[starts + n - 1],
        "t_mean": t_mean,
        "t_m2": np.add.reduceat(t_off * t_off, starts),
        "tx": np.add.reduceat(t_off * off, starts),
    }


def departures(groups: Groups, x: np.ndarray, setpoint: np.ndarray, limit: np.ndarray) -> dict[str, np.ndarray]:
    """How each group kept to its setpoint: setpoint (mean), outside (samples further off than `limit`), t_outside (the
    last of them, NaN for none), over and under (largest departures); x and setpoint without NaN, limit by sample.
    """
    starts = groups.starts
    n = np.diff(np.append(starts, len(x)))
    off = x - setpoint
    outside = np.abs(off) > limit
    return {
        "setpoint": np.add.reduceat(setpoint, starts) / n,
        "outside": np.add.reduceat(outside, starts, dtype=np.int64),
        "t_outside": np.fmax.reduceat(np.where(outside, groups.t, np.nan), starts),
        "over": np.maximum.reduceat(off, starts),
        "under": np.minimum.reduceat(off, starts),
    }
