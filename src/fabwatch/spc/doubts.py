"""What makes a control chart doubtful."""

from dataclasses import dataclass

from fabwatch.terms.doubts import Doubt


@dataclass(frozen=True)
class FewPoints(Doubt):
    """The limits of the chart come from few points and may move a good deal."""

    points: int
    needed: int


@dataclass(frozen=True)
class BeyondMeasurement(Doubt):
    """Of some readings only the side is known (`<0.5`); they are in no figure of the chart."""

    readings: int


@dataclass(frozen=True)
class BetweenSubgroups(Doubt):
    """Subgroups differ by more than their inner spread explains, so limits from that spread are too narrow."""

    share: float


@dataclass(frozen=True)
class Autocorrelated(Doubt):
    """Each point resembles the one before, so that rules are broken more often than by chance alone."""

    correlation: float


@dataclass(frozen=True)
class LimitsChanged(Doubt):
    """The specification limits changed over the readings; the latest ones count."""

    kinds: int


@dataclass(frozen=True)
class SomeCellsEmpty(Doubt):
    """Some cells of the column have no value."""

    cells: int
