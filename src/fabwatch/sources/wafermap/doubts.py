"""What makes a wafer map less certain than it looks."""

from dataclasses import dataclass

from fabwatch.terms.doubts import Doubt


class NotchNotStated(Doubt):
    """The file does not say where the notch is; it was taken to be at the bottom."""


class AxesNotStated(Doubt):
    """The file does not say which way its coordinates run; x was taken to run to the right and y up."""


@dataclass(frozen=True)
class MapTurned(Doubt):
    """The map was turned, so that its notch is at the bottom."""

    notch: str
    """Where the notch was in the file: left, right or up."""


@dataclass(frozen=True)
class MapMirrored(Doubt):
    """The file's coordinates run the other way along an axis; the map was mirrored into x to the right and y up."""

    axes: str
    """Which axes: x, y, or both."""


@dataclass(frozen=True)
class MapCut(Doubt):
    """The file ends early; the dies that stand whole before its end were kept."""

    rows: int
    """Rows (or lines) kept."""
    of: int
    """Rows that the file says it has; 0 if it does not say."""


@dataclass(frozen=True)
class UnevenRows(Doubt):
    """Some rows have more or fewer dies than the map is wide; missing ones are no dies, those beyond are left out."""

    rows: int


@dataclass(frozen=True)
class DieTwice(Doubt):
    """Some places are stated more than once; the last statement counts, as a retest does."""

    dies: int


@dataclass(frozen=True)
class UnreadDies(Doubt):
    """Some cells could not be read as a die, and were left out."""

    dies: int


@dataclass(frozen=True)
class PassByBin(Doubt):
    """The file does not say which bins pass; this one was taken to be the good one."""

    bin: str


@dataclass(frozen=True)
class NullByCorners(Doubt):
    """The file does not say which code is no die; the one in all four corners was taken to be it."""

    corner: str
