"""Forecast scores: coverage of windows with outcomes known only between two quals, Brier score, calibration, with ranges."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from fabwatch.stats.cycles import Floats

BINS = 200
REACH, COARSE = 2.0, 17
"""Both logarithms of a beta distribution are first looked for from -REACH to REACH in COARSE steps."""
FINE, SPREADS, ROUNDS = 11, 3.5, 2
"""Then on FINE x FINE points within SPREADS posterior standard deviations, ROUNDS times: no figure sticks to a grid."""
WHOLE_SPREAD, GROUP_SPREAD = 0.5, 0.25
"""Prior spread of both logarithms: of a whole record around a calibrated one, of a group around its record."""
EDGE = 1.645
"""Standard errors from the middle of a 90 % range to its ends."""
CENTRED = (0.0, 0.0)


@dataclass(frozen=True)
class Landed:
    """Where outcomes landed in their own forecasts: the share between two edges, before and after them."""

    held: float
    early: float
    late: float
    held_low: float
    held_high: float
    """The 90 % range of `held`."""
    centre: tuple[float, float] = CENTRED
    """Both logarithms of the beta distribution: what the groups of this record are expected to be like."""
    independence: float = 1.0
    """What an outcome says beside the others, as a share of what it would say alone."""


def landed(
    low: ArrayLike, high: ArrayLike, edges: tuple[float, float], cycle: ArrayLike, whole: Landed | None = None
) -> Landed:
    """Where outcomes landed, when only bounds of them are known.

    For each outcome, the forecast gave a chance between `low` and `high` to have come by then (high = 1: not yet). Under a
    calibrated forecast these spread evenly between 0 and 1. Their distribution is taken to be a beta distribution: it covers
    early and late outcomes and windows too wide or too narrow; a free shape (Turnbull's) would pile up at the ends of wide
    bounds. Outcomes still open do not bias the result.
    `cycle` names the hidden failure of each outcome: forecasts of one failure depend on each other, so the log likelihood
    is scaled by how much less they say (`independence`; for a group, that of `whole`). One forecast per failure, or a weight
    for each failure, would favour some: how many forecasts a failure gets depends on when it comes. The prior of both
    logarithms is normal, around those of `whole`, or around 0. The result is the posterior mean, with its 90 % range.
    Sources: probability integral transform, A. P. Dawid, J. R. Stat. Soc. A 147 (1984); its beta distribution, T. Gneiting
    and R. Ranjan, Electron. J. Stat. 7 (2013); scaled likelihood of dependent data, R. E. Chandler and S. Bate, Biometrika
    94 (2007); shrinkage of groups, B. Efron and C. Morris, J. Am. Stat. Assoc. 70 (1975).
    Raises ValueError without any outcome.
    """
    lows, highs = np.asarray(low, float), np.asarray(high, float)
    if not lows.size:
        raise ValueError("no outcome")
    highs = np.minimum(np.maximum(highs, lows + 1e-4), 1.0)
    lows = np.minimum(lows, highs - 1e-4)
    share = _independence(lows, highs, cycle) if whole is None else whole.independence
    centre, spread = (CENTRED, WHOLE_SPREAD) if whole is None else (whole.centre, GROUP_SPREAD)

    def weights(points: Floats, below: Floats) -> Floats:
        logs = np.log(np.maximum(_at(below, highs) - _at(below, lows), 1e-12)).sum(axis=0) * share
        logs -= 0.5 * (((points - centre) / spread) ** 2).sum(axis=1)
        likely: Floats = np.exp(logs - logs.max())
        likely /= likely.sum()
        return likely

    points, below = _coarse()
    weight = weights(points, below)
    # Neighbours on the coarse grid may be many standard deviations apart: its spread is at least half a step.
    least = (REACH / (COARSE - 1)) ** 2
    for _ in range(ROUNDS):
        mean = weight @ points
        off = points - mean
        root = np.linalg.cholesky((weight[:, None] * off).T @ off + least * np.eye(2))
        points = mean + _square() @ root.T
        below = _betas(points)
        weight, least = weights(points, below), 1e-9
    early, until = _at(below, np.array(edges))
    held = until - early
    held_low, held_high = _quantiles(held, weight, (0.05, 0.95))
    first, second = weight @ points
    mean_held, mean_early = float(weight @ held), float(weight @ early)
    return Landed(
        mean_held, mean_early, 1 - mean_held - mean_early, held_low, held_high, (float(first), float(second)), share
    )


def _independence(lows: Floats, highs: Floats, cycle: ArrayLike) -> float:
    """What an outcome says beside others of its cycle: the variance of the derivative of the log likelihood if all were
    independent, over that with cycles as the independent parts. At least cycles / outcomes, and at most 1.
    """
    cycles = np.unique(np.asarray(cycle)).size
    step = 0.05
    below = _betas(np.array([[step, step], [-step, -step]]))
    # Together both logarithms make windows too wide or too narrow: what is in question is how many held.
    logs = np.log(np.maximum(_at(below, highs) - _at(below, lows), 1e-12))
    slope = (logs[:, 0] - logs[:, 1])[:, None]
    slope -= slope.mean()
    together = float(_standard_error(slope, cycle)[0]) ** 2
    share = float((slope**2).sum()) / together if together > 0 else 1.0
    return float(np.clip(share, cycles / lows.size, 1.0))


@cache
def _coarse() -> tuple[Floats, Floats]:
    """The first grid, and its distribution functions."""
    logs = np.linspace(-REACH, REACH, COARSE)
    points = np.column_stack([axis.ravel() for axis in np.meshgrid(logs, logs, indexing="ij")])
    return points, _betas(points)


@cache
def _square() -> Floats:
    """The points of the fine grid, in standard deviations."""
    axis = np.linspace(-SPREADS, SPREADS, FINE)
    return np.column_stack([side.ravel() for side in np.meshgrid(axis, axis, indexing="ij")])


def _betas(points: Floats) -> Floats:
    """The distribution functions of beta distributions, by both logarithms, at the bounds of BINS: bounds x points."""
    first, second = np.exp(points).T
    # Integrate each bin on points that are dense at both ends, where the density may rise without bound.
    fine = (1 - np.cos(np.linspace(0, np.pi, 4 * BINS + 1))) / 2
    middle = (fine[1:] + fine[:-1]) / 2
    mass = np.exp(np.outer(np.log(middle), first - 1) + np.outer(np.log1p(-middle), second - 1)) * np.diff(fine)[:, None]
    total = np.vstack([np.zeros(first.size), np.cumsum(mass, axis=0)])
    total /= total[-1]
    bounds = np.linspace(0, 1, BINS + 1)
    return np.column_stack([np.interp(bounds, fine, column) for column in total.T])


def _at(below: Floats, places: Floats) -> Floats:
    """The distribution functions at any places: places x distributions."""
    bin_of = np.minimum((places * BINS).astype(int), BINS - 1)
    part = (places * BINS - bin_of)[:, None]
    shares: Floats = below[bin_of] * (1 - part) + below[bin_of + 1] * part
    return shares


def _quantiles(values: Floats, weight: Floats, chances: tuple[float, float]) -> tuple[float, float]:
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weight[order]) - weight[order] / 2
    low, high = np.interp(chances, mass, values[order])
    return float(low), float(high)


@dataclass(frozen=True)
class Share:
    """A share with its 90 % range."""

    share: float
    low: float
    high: float


def positions(low: ArrayLike, high: ArrayLike, cycle: ArrayLike, bins: int = 10) -> list[Share]:
    """The histogram of where outcomes landed in their own forecasts: under a calibrated forecast each bin holds 1 / `bins`.

    `low`, `high` and `cycle` as for `landed`. An outcome counts for the bins between its bounds in equal parts, so that one
    still open flattens the histogram and never tilts it. The range takes outcomes of one cycle as dependent. Source:
    nonrandomised PIT histogram, C. Czado, T. Gneiting and L. Held, Biometrics 65 (2009).
    Raises ValueError without any outcome.
    """
    lows, highs = np.asarray(low, float), np.asarray(high, float)
    if not lows.size:
        raise ValueError("no outcome")
    highs = np.minimum(np.maximum(highs, lows + 1e-6), 1.0)
    lows = np.minimum(lows, highs - 1e-6)
    bounds = np.linspace(0, 1, bins + 1)
    reached = np.clip((bounds - lows[:, None]) / (highs - lows)[:, None], 0.0, 1.0)
    parts = np.diff(reached, axis=1)
    share = parts.mean(axis=0)
    error = _standard_error(parts - share, cycle) / lows.size
    return [Share(float(p), *_range(float(p), float(e))) for p, e in zip(share, error, strict=True)]


def _standard_error(off: Floats, cycle: ArrayLike) -> Floats:
    """Of the sum of each column, with rows of one cycle dependent. Source: R. L. Williams, Biometrics 56 (2000)."""
    _, which = np.unique(np.asarray(cycle), return_inverse=True)
    by_cycle = np.zeros((int(which.max()) + 1, off.shape[1]))
    np.add.at(by_cycle, which, off)
    error: Floats = np.sqrt((by_cycle**2).sum(axis=0))
    return error


def _range(share: float, error: float) -> tuple[float, float]:
    return max(share - EDGE * error, 0.0), min(share + EDGE * error, 1.0)


def brier(forecast: ArrayLike, outcome: ArrayLike) -> float:
    """Mean squared difference between the forecast chance and the outcome (0 or 1).

    Source: G. W. Brier, Mon. Weather Rev. 78 (1950).
    """
    return float(np.mean((np.asarray(forecast, float) - np.asarray(outcome, float)) ** 2))


def log_score(forecast: ArrayLike, outcome: ArrayLike, least: float) -> Floats:
    """The log of the chance that each forecast gave to what came, no chance being taken nearer than `least` to 0 or 1.

    Source: I. J. Good, J. R. Stat. Soc. B 14 (1952).
    """
    chances = np.clip(np.asarray(forecast, float), least, 1 - least)
    score: Floats = np.log(np.where(np.asarray(outcome, bool), chances, 1 - chances))
    return score


@dataclass(frozen=True)
class Reliability:
    """Forecasts with a chance from `low` to `high`: how many, the mean forecast, and the share that came, with its range."""

    low: float
    high: float
    count: int
    said: float
    came: Share


def tenths(forecast: ArrayLike, outcome: ArrayLike, event: ArrayLike | None = None) -> list[Reliability]:
    """The reliability diagram: one row for each tenth of the chance with any forecast.

    `event` names what each forecast was about: forecasts of one qual count as one in the range, which is Wilson's. Sources:
    A. H. Murphy and R. L. Winkler, Appl. Stat. 26 (1977); E. B. Wilson, J. Am. Stat. Assoc. 22 (1927).
    """
    chances, outcomes = np.asarray(forecast, float), np.asarray(outcome, float)
    events = np.arange(chances.size) if event is None else np.asarray(event)
    which = np.minimum((chances * 10).astype(int), 9)
    rows = []
    for n in np.unique(which):
        inside = which == n
        came, told = float(outcomes[inside].mean()), float(chances[inside].mean())
        share = Share(came, *_wilson(came, np.unique(events[inside]).size))
        rows.append(Reliability(float(n / 10), float((n + 1) / 10), int(inside.sum()), told, share))
    return rows


def _wilson(share: float, count: int) -> tuple[float, float]:
    middle = (share + EDGE**2 / (2 * count)) / (1 + EDGE**2 / count)
    half = EDGE * np.sqrt(share * (1 - share) / count + (EDGE / (2 * count)) ** 2) / (1 + EDGE**2 / count)
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def reliability_slope(forecast: ArrayLike, outcome: ArrayLike, cycle: ArrayLike) -> Share | None:
    """How much the share that came rises with the chance that was forecast: 1 for a calibrated forecast, less where high
    chances come true too seldom. None where all forecasts are the same.

    Least squares, with a 90 % range that takes outcomes of one cycle as dependent. Source: D. R. Cox, Biometrika 45 (1958).
    """
    chances, outcomes = np.asarray(forecast, float), np.asarray(outcome, float)
    if chances.size < 3 or np.ptp(chances) < 1e-6:
        return None
    off = chances - chances.mean()
    squares = float(off @ off)
    slope = float(off @ outcomes) / squares
    left = outcomes - outcomes.mean() - slope * off
    error = float(_standard_error((off * left)[:, None], cycle)[0]) / squares
    return Share(slope, slope - EDGE * error, slope + EDGE * error)
