"""Counters of a tool (RF hours, usage of a part), which can serve as clocks of wear."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabwatch.store.lake import Lake
from fabwatch.terms.clock import seconds_of

SPANNED = 0.1
"""A counter can be a clock when its readings miss at most this share of the record at either end."""
DAY = 86_400.0

_READ = """
SELECT tool, coalesce(chamber, '*') AS chamber, counter, read_at, value FROM counters
WHERE read_at <= $as_of AND ($tools IS NULL OR list_contains($tools, tool))
ORDER BY tool, chamber, counter, read_at
"""


@dataclass(frozen=True, eq=False)
class Counter:
    """One counter of one tool or chamber: its running total at each reading, across resets."""

    seconds: NDArray[np.float64]
    total: NDArray[np.float64]
    values: NDArray[np.float64]
    """The readings themselves."""

    def by(self, moment: datetime) -> float:
        """The running total at a moment, interpolated between readings."""
        return float(np.interp(seconds_of(moment), self.seconds, self.total))

    @cached_property
    def resets(self) -> NDArray[np.int64]:
        """Indices of the readings after a reset: below the previous one."""
        return np.flatnonzero(np.diff(self.values) < 0) + 1

    def since_reset(self, moment: datetime, since: datetime | None) -> float:
        """The count since its last reset or, if it never resets, since a moment (None: its first reading)."""
        resets = self.resets
        if not len(resets):
            return self.by(moment) - (self.by(since) if since is not None else 0.0)
        last = int(np.searchsorted(self.seconds[resets], seconds_of(moment), side="right"))
        begin = int(resets[last - 1]) if last else 0
        return self.by(moment) - float(self.total[begin]) + max(float(self.values[begin]), 0.0)

    def spans(self, begin: datetime, end: datetime) -> bool:
        """True when its readings cover about the whole time from begin to end."""
        slack = (end - begin).total_seconds() * SPANNED
        return bool(self.seconds[0] <= seconds_of(begin) + slack and self.seconds[-1] >= seconds_of(end) - slack)


def counters(lake: Lake, as_of: datetime, tools: Collection[str] | None) -> Mapping[tuple[str, str], dict[str, Counter]]:
    """The counters of each tool (chamber `*`) and chamber, by name, as read by `as_of`."""
    readings: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    parameters = {"as_of": as_of, "tools": None if tools is None else sorted(tools)}
    for tool, chamber, name, read_at, value in lake.ask(_READ, parameters).fetchall():
        readings[tool, chamber][name].append((seconds_of(read_at), value))
    return {place: {name: _counter(rows) for name, rows in by_name.items()} for place, by_name in readings.items()}


def _counter(rows: list[tuple[float, float]]) -> Counter:
    seconds, values = np.array(rows, float).T
    # A counter that falls was reset to 0 and has counted up to its value since.
    counted = np.diff(values, prepend=values[0])
    counted = np.where(counted < 0, np.maximum(values, 0.0), counted)
    return Counter(seconds, np.cumsum(counted), values)
