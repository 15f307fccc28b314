"""Levels of groups that drift together and apart, as Gaussian processes of several shapes over the same results.

A value is a constant of its group, a level of the group alone, a level that the group shares with others, slopes on its
features, and noise. Both levels fade with the distance between two results (Ornstein-Uhlenbeck). Every shape has its
own inverse covariance, which is kept up to date by bordering, so that a result costs the square of the window.

Sources: Gaussian process regression, C. E. Rasmussen and C. K. I. Williams (2006) ch. 2; groups with a common and an own
part, M. Alvarez, L. Rosasco and N. Lawrence, Found. Trends Mach. Learn. 4 (2012); inverse by bordering, G. Golub and
C. Van Loan, Matrix Computations (2013) 2.1.
"""

import math
from collections import defaultdict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from fabwatch.stats.cycles import Floats

CONSTANT = 20.0
"""Prior variance of the constant of a group, in units of the variance of its noise."""
SCALE_WEIGHT = 4.0
"""The relative noise of the other groups counts as this many differences."""
SCALE_FROM, RELATIVE_FROM = 80, 3
"""The noise of a group rests on this many last differences; it tells of that of others from so many on."""
USUAL_FROM, FAR_STEP = 5, 6.0
"""From so many differences on, each counts as this many times the median at most: one absurd result is no noise."""
FARTHEST = 50.0
"""A result counts as this many standard deviations of the noise from the median of its group at most."""
RENEW = 4
"""The inverses are calculated anew once in this many windows, because the rounding of the updates adds up."""


@dataclass(frozen=True)
class Shape:
    """Prior variances, in units of the variance of a group's noise, and lengths: how soon a level fades."""

    own: float
    own_length: float
    shared: float
    shared_length: float
    noise: float
    slopes: float
    """Of all slopes together: features in standard deviations of their own."""


@dataclass(frozen=True)
class Place:
    """Where a result belongs: its group, the parts that this shares with others, when it was, its log."""

    group: Hashable
    parts: frozenset[str]
    own_at: float
    """In the unit of `own_length`."""
    shared_at: float
    """In the unit of `shared_length`."""
    features: Floats
    """In standard deviations; finite."""


@dataclass
class Noise:
    """The noise of a group, from the differences of successive results."""

    steps: deque[float] = field(default_factory=lambda: deque(maxlen=SCALE_FROM))
    last: deque[float] = field(default_factory=lambda: deque(maxlen=SCALE_FROM))
    square: float = 0.0
    """Its variance; 0 without a difference."""
    mean: float = 0.0
    relative: float | None = None
    """Its variance over the squared mean; None from few results."""

    def learn(self, value: float) -> None:
        """Learn one result."""
        # Equal results in a row say nothing of the noise: a gauge that is stuck must not narrow an interval.
        if self.last and value != self.last[-1]:
            self.steps.append(value - self.last[-1])
        self.last.append(value)
        self.mean = float(np.mean(self.last))
        sizes = np.abs(self.steps)
        usual = float(np.median(sizes)) if len(sizes) >= USUAL_FROM else math.inf
        self.square = float(np.mean(np.minimum(sizes, FAR_STEP * usual) ** 2)) / 2 if len(sizes) else 0.0
        self.relative = self.square / self.mean**2 if len(self.steps) >= RELATIVE_FROM and self.mean else None


@dataclass(frozen=True)
class Expected:
    """The next value by every shape, in the unit of the values: level + slopes · features."""

    levels: Floats
    slopes: Floats
    """Shapes x features."""
    spreads: Floats | None
    """Standard deviations of the next value, for features of 0; None where the noise is not known yet."""


class Tracks:
    """The processes of all groups, each of several shapes, on a window of the last results."""

    def __init__(self, shapes: Sequence[Shape], window: int):
        self.window = window
        columns = np.array([[s.own, s.own_length, s.shared, s.shared_length, s.noise, s.slopes] for s in shapes])
        self._own, self._own_length, self._shared, self._shared_length, self._noise, self._slopes = columns.T[:, :, None]
        self._inverse = np.zeros((len(shapes), window, window))
        self._places: list[Place] = []
        self._values: list[float] = []
        self._group = np.zeros(window, int)
        self._own_at, self._shared_at = np.zeros(window), np.zeros(window)
        self._features = np.zeros((window, 0))
        self._numbers: dict[Hashable, int] = {}
        self._noises: dict[Hashable, Noise] = defaultdict(Noise)
        self._added = 0

    def add(self, place: Place, value: float) -> None:
        """Learn one result; with a full window the oldest one makes way."""
        self._noises[place.group].learn(value)
        slot = self._added % self.window
        self._added += 1
        if slot < len(self._places):
            self._forget(slot)
            self._places[slot], self._values[slot] = place, value
        else:
            self._places.append(place)
            self._values.append(value)
        if not self._features.shape[1]:
            self._features = np.zeros((self.window, len(place.features)))
        self._group[slot] = self._numbers.setdefault(place.group, len(self._numbers))
        self._own_at[slot], self._shared_at[slot], self._features[slot] = place.own_at, place.shared_at, place.features
        if self._added % (RENEW * self.window) == 0:
            self._renew()
        else:
            self._border(slot)

    def expect(self, place: Place) -> Expected | None:
        """The next value of a group by each shape, whatever its features; None before its first result in the window."""
        number = self._numbers.get(place.group)
        n = len(self._places)
        groups, values = self._group[:n], np.array(self._values)
        if number is None or not (groups == number).any():
            return None
        middles = np.array(
            [np.median(values[groups == k]) if (groups == k).any() else 0.0 for k in range(len(self._numbers))]
        )
        scales = np.array([self.scale(group) or math.inf for group in self._numbers])
        # A group without a known noise has one value, its mean: it tells nothing of its level.
        own_scale = self.scale(place.group)
        scale = own_scale or 1.0
        residual = np.clip((values - middles[groups]) / scales[groups], -FARTHEST, FARTHEST)
        cross, same = self._levels(place)
        inverse = self._inverse[:, :n, :n]
        both = inverse @ np.stack([np.broadcast_to(residual, cross.shape), cross], axis=2)
        weights, explained = both[:, :, 0], both[:, :, 1]
        levels = middles[number] + scale * (cross * weights).sum(axis=1)
        slopes = scale * self._slope_variance() * ((weights * same) @ self._features[:n])
        if own_scale is None:
            return Expected(levels, slopes, None)
        left = self._total() - (explained * cross).sum(axis=1)
        return Expected(levels, slopes, scale * np.sqrt(np.maximum(left, self._noise[:, 0])))

    def scale(self, group: Hashable) -> float | None:
        """Standard deviation of the noise of a group, from the differences of successive results; None if not known.

        With few results, the relative noise of the other groups counts too.
        """
        own = self._noises[group]
        others = [noise.relative for other, noise in self._noises.items() if other != group and noise.relative is not None]
        prior = float(np.mean(others)) * own.mean**2 if others else 0.0
        weight = SCALE_WEIGHT if prior else 0.0
        total = own.square * len(own.steps) + weight * prior
        return math.sqrt(total / (len(own.steps) + weight)) if total > 0 else None

    def _slope_variance(self) -> Floats:
        variance: Floats = self._slopes / max(self._features.shape[1], 1)
        return variance

    def _total(self) -> Floats:
        total: Floats = (CONSTANT + self._own + self._shared + self._noise)[:, 0]
        return total

    def _levels(self, place: Place) -> tuple[Floats, Floats]:
        """Covariance of a place with all results, without its features (shapes x results); 1 for results of its group."""
        n = len(self._places)
        same = (self._group[:n] == self._numbers.get(place.group, -1)).astype(float)
        # The cosine of two sets of parts: a covariance for any sets.
        overlap = {
            parts: len(parts & place.parts) / math.sqrt(len(parts) * len(place.parts)) if parts and place.parts else 0.0
            for parts in {other.parts for other in self._places}
        }
        shares = np.array([overlap[other.parts] for other in self._places])
        own = CONSTANT + self._own * np.exp(-np.abs(self._own_at[:n] - place.own_at) / self._own_length)
        shared = self._shared * np.exp(-np.abs(self._shared_at[:n] - place.shared_at) / self._shared_length)
        return same * own + shares * shared, same

    def _covariance(self, place: Place) -> Floats:
        cross, same = self._levels(place)
        covariance: Floats = cross + self._slope_variance() * (same * (self._features[: len(same)] @ place.features))
        return covariance

    def _forget(self, slot: int) -> None:
        """Take a result out: the inverse of what is left, with zeros in its row and column."""
        column = self._inverse[:, :, slot].copy()
        self._inverse -= column[:, :, None] * (column / column[:, slot, None])[:, None, :]
        self._inverse[:, slot, :] = self._inverse[:, :, slot] = 0.0

    def _border(self, slot: int) -> None:
        """Put in the result of a slot whose row and column are zero."""
        n = len(self._places)
        covariance = self._covariance(self._places[slot])
        own = covariance[:, slot] + self._noise[:, 0]
        covariance[:, slot] = 0.0
        inverse = self._inverse[:, :n, :n]
        known = (inverse @ covariance[:, :, None])[:, :, 0]
        left = (own - (known * covariance).sum(axis=1))[:, None]
        # The row of the slot itself is zero so far, and so is `known` there.
        inverse += known[:, :, None] * (known / left)[:, None, :]
        inverse[:, slot, :] = inverse[:, :, slot] = -known / left
        inverse[:, slot, slot] = 1 / left[:, 0]

    def _renew(self) -> None:
        covariance = np.stack([self._covariance(place) for place in self._places], axis=1)
        covariance += self._noise[:, :, None] * np.eye(len(self._places))
        n = len(self._places)
        self._inverse[:, :n, :n] = np.linalg.inv(covariance)
