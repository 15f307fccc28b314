"""A wafer map: its dies in one orientation (notch down, x to the right, y up), and what the file had said."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabwatch.sources.wafermap.doubts import (
    AxesNotStated,
    DieTwice,
    MapMirrored,
    MapTurned,
    NotchNotStated,
)
from fabwatch.terms.doubts import Doubt

NO_DIE, PASS, FAIL = 0, 1, 2
CELLS_LIMIT = 4_000_000
"""Cells of the box around the dies that are drawn as a grid."""
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class WaferMap:
    """The dies of one wafer, one place of each array a die.

    `x` and `y` run to the right and up with the notch down. `file_x` and `file_y` are the coordinates of the file, by which
    a die is found again in test files of the same prober.
    """

    lot: str
    wafer: str
    product: str
    x: Whole
    y: Whole
    file_x: Whole
    file_y: Whole
    bins: tuple[str, ...]
    """The bin of each die, as written."""
    passed: NDArray[np.int8]
    """1 passed, 0 failed, -1 a die without a result."""
    bin_names: dict[str, str]
    notch: str
    """Where the notch was in the file: down, left, up, right; empty if the file does not say."""
    x_axis: str
    """Which way x ran in the file: right or left; empty if the file does not say."""
    y_axis: str
    """Which way y ran in the file: up or down; empty if the file does not say."""
    origin: str
    """The file it came from, and its place there."""
    doubts: tuple[Doubt, ...] = ()

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def grid(self) -> NDArray[np.uint8]:
        """Rows from the top, columns from the left: 0 no die or no result, 1 passed, 2 failed."""
        return grid_of(self.x, self.y, self.passed)


def grid_of(x: Whole, y: Whole, passed: NDArray[np.int8]) -> NDArray[np.uint8]:
    """The dies as a picture: rows from the top (largest y), columns from the left; 0 no die, 1 passed, 2 failed.

    Raises ValueError for a box of more than CELLS_LIMIT cells.
    """
    if not len(x):
        return np.zeros((1, 1), np.uint8)
    width, height = int(x.max()) - int(x.min()) + 1, int(y.max()) - int(y.min()) + 1
    if width * height > CELLS_LIMIT:
        raise ValueError(f"a map of {width:,} × {height:,} dies")
    grid = np.zeros((height, width), np.uint8)
    grid[y.max() - y, x - x.min()] = np.where(passed < 0, NO_DIE, np.where(passed > 0, PASS, FAIL))
    return grid


@dataclass(frozen=True)
class Stated:
    """What a file says about a map beside its dies."""

    lot: str = ""
    wafer: str = ""
    product: str = ""
    notch: str = ""
    x_axis: str = ""
    y_axis: str = ""
    origin: str = ""
    bin_names: tuple[tuple[str, str], ...] = ()
    doubts: tuple[Doubt, ...] = ()

    def with_doubts(self, *doubts: Doubt) -> "Stated":
        """The same with more doubts."""
        return replace(self, doubts=(*self.doubts, *doubts))


def normalised(stated: Stated, x: Any, y: Any, bins: Any, passed: Any) -> WaferMap:
    """The map with notch down, x to the right and y up; of a place stated twice the last counts."""
    x, y = np.asarray(x, np.int64), np.asarray(y, np.int64)
    last = _last_of_each(x, y)
    twice = len(x) - len(last)
    file_x, file_y = x[last], y[last]
    bins, passed = tuple(bins[place] for place in last), np.asarray(passed, np.int8)[last]
    right = -file_x if stated.x_axis == "left" else file_x
    up = -file_y if stated.y_axis == "down" else file_y
    right, up = _notch_down(right, up, stated.notch)
    right, up = _beginning_as(right, file_x), _beginning_as(up, file_y)
    doubts = [*stated.doubts, *_orientation(stated), *([DieTwice(twice)] if twice else [])]
    names = dict(stated.bin_names)
    about = (stated.notch, stated.x_axis, stated.y_axis, stated.origin)
    head = (stated.lot, stated.wafer, stated.product)
    return WaferMap(*head, right, up, file_x, file_y, bins, passed, names, *about, tuple(doubts))


def _last_of_each(x: Whole, y: Whole) -> Whole:
    """The place of the last statement of each die, in the order of the file."""
    places = np.stack([x, y], 1)[::-1]
    _, first = np.unique(places, axis=0, return_index=True)
    return np.sort(len(x) - 1 - first)


def _notch_down(right: Whole, up: Whole, notch: str) -> tuple[Whole, Whole]:
    if notch == "left":
        return -up, right
    if notch == "up":
        return -right, -up
    if notch == "right":
        return up, -right
    return right, up


def _beginning_as(turned: Whole, file: Whole) -> Whole:
    """Turned coordinates begin where those of the file did, so that a map that needed no turn keeps its own."""
    return turned - turned.min() + file.min() if len(turned) else turned


def _orientation(stated: Stated) -> list[Doubt]:
    found: list[Doubt] = []
    if not stated.notch:
        found.append(NotchNotStated())
    elif stated.notch != "down":
        found.append(MapTurned(stated.notch))
    if not (stated.x_axis and stated.y_axis):
        found.append(AxesNotStated())
    mirrored = [name for name, way in (("x", stated.x_axis == "left"), ("y", stated.y_axis == "down")) if way]
    if mirrored:
        found.append(MapMirrored(" and ".join(mirrored)))
    return found
