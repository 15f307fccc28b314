"""Cycles for statistics: where the hidden failure of each may lie, given quals that may err."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
NEGLIGIBLE = 1e-12


def pieces(ages: Sequence[float], passed: Sequence[bool], sensitivity: float, false_alarm: float) -> list[tuple[float, ...]]:
    """Where the hidden failure of one cycle may lie: (lower, upper, weight) with the chance of all qual results as weight.

    `ages` of the quals rise; `passed` holds their results. A qual detects a fault with chance `sensitivity` and fails a
    good tool with chance `false_alarm`. When it never errs, quals after the first fail carry no information. Source:
    Bayes' rule, with quals independent given the failure.
    """
    if sensitivity >= 1 and false_alarm <= 0:
        good = 0.0
        for age, ok in zip(ages, passed, strict=True):
            if not ok:
                return [(good, age, 1.0)]
            good = age
        return [(good, math.inf, 1.0)]
    results = np.asarray(passed, bool)
    while_good = np.where(results, 1 - false_alarm, false_alarm)
    while_bad = np.where(results, 1 - sensitivity, sensitivity)
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
    """Cycles of many tools as pieces, each with its tool (from 0), cycle, lower and upper age, and weight.

    The failure lies in one of the pieces of its cycle; upper = inf: not failed yet.
    """

    tool: Whole
    lower: Floats
    upper: Floats
    cycle: Whole
    weight: Floats
    entry: Floats
    """The age at which a cycle came under observation, not having failed by then; 0: at its start."""

    @classmethod
    def of(
        cls,
        tool: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        cycle: ArrayLike | None = None,
        weight: ArrayLike | None = None,
        entry: ArrayLike | None = None,
    ) -> "Cycles":
        """Cycles from any arrays; each row is a cycle of its own unless `cycle` says otherwise. Raises ValueError for ages
        that are negative or fall.
        """
        tools, low, high = np.asarray(tool, np.int64), np.asarray(lower, float), np.asarray(upper, float)
        number = np.arange(tools.size) if cycle is None else np.asarray(cycle, np.int64)
        weights = np.ones(tools.size) if weight is None else np.asarray(weight, float)
        entered = np.zeros(tools.size) if entry is None else np.asarray(entry, float)
        made = cls(tools, low, high, number, weights, entered)
        if np.any(made.lower < 0) or np.any(made.upper <= made.lower) or np.any(~np.isfinite(made.lower)):
            raise ValueError("ages: 0 <= lower < upper, lower finite")
        return made

    def of_tools(self, members: Sequence[int] | Whole) -> "Cycles":
        """The cycles of these tools, renumbered in the order given."""
        place = {int(tool): n for n, tool in enumerate(members)}
        rows = np.flatnonzero(np.isin(self.tool, np.asarray(members)))
        renamed = np.array([place[int(tool)] for tool in self.tool[rows]], np.int64)
        return Cycles(renamed, self.lower[rows], self.upper[rows], self.cycle[rows], self.weight[rows], self.entry[rows])

    @property
    def longest(self) -> float:
        """The longest age on record; 0 without any."""
        ages = np.concatenate([self.lower, self.upper])
        return float(ages[np.isfinite(ages)].max(initial=0.0))


class Running:
    """Where the hidden failure of each tool's running cycle may lie: the pieces of that cycle, one row per tool."""

    def __init__(self, pieces_by_tool: Sequence[Sequence[tuple[float, ...]]]):
        """`pieces_by_tool` holds the `pieces` of each tool's running cycle."""
        most = max((len(tool_pieces) for tool_pieces in pieces_by_tool), default=1)
        self.lower, self.upper, self.weight = (np.zeros((len(pieces_by_tool), most)) for _ in range(3))
        for row, tool_pieces in enumerate(pieces_by_tool):
            for column, piece in enumerate(tool_pieces):
                self.lower[row, column], self.upper[row, column], self.weight[row, column] = piece

    @classmethod
    def good_at(cls, age: ArrayLike) -> "Running":
        """Running cycles, each known to be good at an age."""
        return cls([[(good, math.inf, 1.0)] for good in np.asarray(age, float).tolist()])

    @property
    def last_edge(self) -> Floats:
        """The highest finite edge of each tool's pieces."""
        edge: Floats = np.where(np.isfinite(self.upper), self.upper, self.lower).max(axis=1, initial=0.0)
        return edge

    def only(self, tools: Sequence[int]) -> "Running":
        """These tools, in the order given."""
        return Running([[(*p,) for p in zip(self.lower[t], self.upper[t], self.weight[t], strict=True)] for t in tools])
