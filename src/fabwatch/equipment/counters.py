"""What a tool itself counts (hours of RF power, usage of a part): a clock that wear goes by."""

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
"""A counter is a clock when it was read from so near the begin of a record to so near its end, as a part of it."""
DAY = 86_400.0

_READ = """
SELECT tool, coalesce(chamber, '*') AS chamber, counter, read_at, value FROM counters
WHERE read_at <= $as_of AND ($tools IS NULL OR list_contains($tools, tool))
ORDER BY tool, chamber, counter, read_at
"""


@dataclass(frozen=True, eq=False)
class Counter:
    """One counter of one tool or chamber: what it has counted in all by each reading, whenever it was set back."""

    seconds: NDArray[np.float64]
    total: NDArray[np.float64]
    values: NDArray[np.float64]
    """What it stood at."""

    def by(self, moment: datetime) -> float:
        """What it had counted by a moment, by straight lines between readings."""
        return float(np.interp(seconds_of(moment), self.seconds, self.total))

    @cached_property
    def falls(self) -> NDArray[np.int64]:
        """The readings, by number, that lie below the one before."""
        return np.flatnonzero(np.diff(self.values) < 0) + 1

    def stands(self, moment: datetime, since: datetime | None) -> float:
        """What it counted since it was last set back or, where it never is, since a moment (None: its first reading)."""
        fallen = self.falls
        if not len(fallen):
            return self.by(moment) - (self.by(since) if since is not None else 0.0)
        last = int(np.searchsorted(self.seconds[fallen], seconds_of(moment), side="right"))
        begin = int(fallen[last - 1]) if last else 0
        return self.by(moment) - float(self.total[begin]) + max(float(self.values[begin]), 0.0)

    def spans(self, begin: datetime, end: datetime) -> bool:
        """True when it was read from about the begin to about the end."""
        room = (end - begin).total_seconds() * SPANNED
        return bool(self.seconds[0] <= seconds_of(begin) + room and self.seconds[-1] >= seconds_of(end) - room)


def counters(lake: Lake, as_of: datetime, tools: Collection[str] | None) -> Mapping[tuple[str, str], dict[str, Counter]]:
    """The counters of each tool (chamber `*`) and chamber, by name, as read by `as_of`."""
    readings: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    asked = {"as_of": as_of, "tools": None if tools is None else sorted(tools)}
    for tool, chamber, name, read_at, value in lake.ask(_READ, asked).fetchall():
        readings[tool, chamber][name].append((seconds_of(read_at), value))
    return {place: {name: _counter(rows) for name, rows in some.items()} for place, some in readings.items()}


def _counter(rows: list[tuple[float, float]]) -> Counter:
    seconds, values = np.array(rows, float).T
    # A counter that falls was set back to nothing, and has counted up to its value since.
    gone = np.diff(values, prepend=values[0])
    gone = np.where(gone < 0, np.maximum(values, 0.0), gone)
    return Counter(seconds, np.cumsum(gone), values)
