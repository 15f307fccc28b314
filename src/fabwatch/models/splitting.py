"""What is learned from and what it is tried on: later rows, whole groups; rows at random are the contrast that flatters."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from fabwatch.models.moments import ordered_by
from fabwatch.models.schema import texts
from fabwatch.terms.errors import BadQuestion, unknown

if TYPE_CHECKING:
    import pandas as pd

HELD_OUT = 0.25
FOLDS = 3
Places = NDArray[np.intp]
SplitKind = Literal["forward", "forward by group", "by group", "random"]


@dataclass(frozen=True)
class Split:
    """Places of rows: in order of time where there is one."""

    kind: SplitKind
    train: Places
    test: Places


@dataclass(frozen=True)
class Order:
    """When each row was, and what group it is of."""

    time: NDArray[np.float64] | None
    group: NDArray[np.intp] | None

    def split(self, rows: Places, share: float, seed: int) -> Split:
        """The last `share` of rows in time, with whole groups; without times whole groups or rows at random."""
        if self.time is None and self.group is None:
            return at_random(rows, share, seed)
        if self.group is None:
            order = rows[np.argsort(self.time[rows], kind="stable")]  # type: ignore[index]
            cut = round(len(order) * (1 - share))
            return Split("forward", order[:cut], order[cut:])
        names = self._groups(rows, seed)
        sizes = np.array([(self.group[rows] == name).sum() for name in names])
        cut = min(int(np.searchsorted(np.cumsum(sizes), len(rows) * (1 - share))) + 1, len(names) - 1)
        late = np.isin(self.group[rows], names[cut:])
        kind: SplitKind = "by group" if self.time is None else "forward by group"
        return Split(kind, self.sorted(rows[~late]), self.sorted(rows[late]))

    def folds(self, rows: Places, seed: int) -> list[tuple[Places, Places]]:
        """Inner trials to choose settings by: what came later in time, else parts at random."""
        if self.time is None:
            return self._parts(rows, seed)
        found, rest = [], rows
        for _ in range(FOLDS):
            one = self.split(rest, 0.2, seed)
            if len(one.train) and len(one.test):
                found.append((one.train, one.test))
            rest = one.train
        return found

    def sorted(self, rows: Places) -> Places:
        """Rows in order of time, where there is one."""
        return rows if self.time is None else rows[np.argsort(self.time[rows], kind="stable")]

    def _groups(self, rows: Places, seed: int) -> Places:
        """Groups in order of their last row, or at random without times."""
        assert self.group is not None  # noqa: S101 - asked of groups alone
        names, place = np.unique(self.group[rows], return_inverse=True)
        if len(names) < 2:
            raise BadQuestion("All rows are of one group: none can be held out.", "leave --group out, or bring other groups")
        if self.time is None:
            return names[np.random.default_rng(seed).permutation(len(names))]
        last = np.full(len(names), -np.inf)
        np.maximum.at(last, place, self.time[rows])
        return names[np.argsort(last, kind="stable")]

    def _parts(self, rows: Places, seed: int) -> list[tuple[Places, Places]]:
        chance = np.random.default_rng(seed)
        if self.group is None:
            fold = chance.permutation(np.arange(len(rows)) % FOLDS)
        else:
            names, place = np.unique(self.group[rows], return_inverse=True)
            fold = chance.permutation(np.arange(len(names)) % FOLDS)[place]
        pairs = [(rows[fold != n], rows[fold == n]) for n in range(FOLDS)]
        return [(train, test) for train, test in pairs if len(train) and len(test)]


def order_of(frame: "pd.DataFrame", time: str | None, group: str | None) -> Order:
    """When each row was, and its group. Raises BadQuestion for columns that are not there or hold none."""
    keys = None if time is None else ordered_by(frame, time)
    if group is None:
        return Order(keys, None)
    if group not in frame.columns:
        raise unknown("column", group, [str(name) for name in frame.columns], "name the column of lots or other groups")
    words = [word or "" for word in texts(frame[group])]
    return Order(keys, np.unique(np.array(words), return_inverse=True)[1].astype(np.intp))


def at_random(rows: Places, share: float, seed: int) -> Split:
    """A share of rows at random."""
    mixed = np.random.default_rng(seed).permutation(rows)
    cut = round(len(rows) * (1 - share))
    return Split("random", np.sort(mixed[:cut]), np.sort(mixed[cut:]))
