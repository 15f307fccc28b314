"""Cycles as a statistician sees them: where the hidden failure of each may lie, given looks that may err."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
NEGLIGIBLE = 1e-12


def pieces(ages: Sequence[float], passed: Sequence[bool], sensitivity: float, false_alarm: float) -> list[tuple[float, ...]]:
    """Where the hidden failure of one cycle may lie: (lower, upper, weight) with the chance of all looks as weight.

    `ages` of the looks rise; `passed` says how each came out. A look sees a fault that is there with chance `sensitivity`
    and fails a good tool with chance `false_alarm`. When it never errs, what follows the first fail says nothing more.
    Source: Bayes' rule, the looks being independent given the failure.
    """
    if sensitivity >= 1 and false_alarm <= 0:
        good = 0.0
        for age, ok in zip(ages, passed, strict=True):
            if not ok:
                return [(good, age, 1.0)]
            good = age
        return [(good, math.inf, 1.0)]
    good_ones = np.asarray(passed, bool)
    while_good = np.where(good_ones, 1 - false_alarm, false_alarm)
    while_bad = np.where(good_ones, 1 - sensitivity, sensitivity)
    before = np.concatenate([[1.0], np.cumprod(while_good)])
    after = np.concatenate([np.cumprod(while_bad[::-1])[::-1], [1.0]])
    weight = before * after
    edges = [0.0, *ages, math.inf]
    heaviest = float(weight.max(initial=0.0))
    return [
        (edges[i], edges[i + 1], float(w))
        for i, w in enumerate(weight)
        if w > NEGLIGIBLE * heaviest and edges[i + 1] > edges[i]
    ]


@dataclass(frozen=True)
class Cycles:
    """Cycles of many tools as pieces: the tool (from 0) and cycle of each, the ages it lies between, and its weight.

    The failure lies in one of the pieces of its cycle; upper = inf: it has not come yet.
    """

    tool: Whole
    lower: Floats
    upper: Floats
    cycle: Whole
    weight: Floats

    @classmethod
    def of(
        cls,
        tool: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        cycle: ArrayLike | None = None,
        weight: ArrayLike | None = None,
    ) -> "Cycles":
        """Cycles from any arrays; each row is a cycle of its own unless `cycle` says otherwise. Raises ValueError for ages
        that are negative or fall.
        """
        tools, low, high = np.asarray(tool, np.int64), np.asarray(lower, float), np.asarray(upper, float)
        number = np.arange(tools.size) if cycle is None else np.asarray(cycle, np.int64)
        made = cls(tools, low, high, number, np.ones(tools.size) if weight is None else np.asarray(weight, float))
        if np.any(made.lower < 0) or np.any(made.upper <= made.lower) or np.any(~np.isfinite(made.lower)):
            raise ValueError("ages: 0 <= lower < upper, lower finite")
        return made

    def of_tools(self, members: Sequence[int] | Whole) -> "Cycles":
        """The cycles of some tools, which are numbered anew in the order given."""
        place = {int(tool): n for n, tool in enumerate(members)}
        rows = np.flatnonzero(np.isin(self.tool, np.asarray(members)))
        renamed = np.array([place[int(tool)] for tool in self.tool[rows]], np.int64)
        return Cycles(renamed, self.lower[rows], self.upper[rows], self.cycle[rows], self.weight[rows])

    @property
    def longest(self) -> float:
        """The longest age that was seen; 0 when there is none."""
        ages = np.concatenate([self.lower, self.upper])
        return float(ages[np.isfinite(ages)].max(initial=0.0))


class Running:
    """Where the hidden failure of each tool's running cycle may lie: the pieces of that cycle, a row a tool."""

    def __init__(self, of_each: Sequence[Sequence[tuple[float, ...]]]):
        """`of_each` holds the `pieces` of each tool's running cycle."""
        most = max((len(some) for some in of_each), default=1)
        self.lower, self.upper, self.weight = (np.zeros((len(of_each), most)) for _ in range(3))
        for row, some in enumerate(of_each):
            for column, piece in enumerate(some):
                self.lower[row, column], self.upper[row, column], self.weight[row, column] = piece

    @classmethod
    def good_at(cls, age: ArrayLike) -> "Running":
        """Running cycles of which each was good for sure at an age."""
        return cls([[(good, math.inf, 1.0)] for good in np.asarray(age, float).tolist()])

    @property
    def last_edge(self) -> Floats:
        """The highest finite edge of each tool's pieces."""
        edge: Floats = np.where(np.isfinite(self.upper), self.upper, self.lower).max(axis=1, initial=0.0)
        return edge

    def only(self, tools: Sequence[int]) -> "Running":
        """Some of the tools, in the order given."""
        return Running([[(*p,) for p in zip(self.lower[t], self.upper[t], self.weight[t], strict=True)] for t in tools])
