"""What tools report now and then: alarms and warnings of their logs, and counters of rare events, by name."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from fabwatch.equipment.counters import Counter
from fabwatch.store.lake import Lake
from fabwatch.terms.clock import seconds_of

Floats = NDArray[np.float64]
STRETCHES, STEADY = 16, 0.8
"""A counter that advances in this share of that many stretches of the record counts what runs, not what goes wrong."""
RARE = 3.0
"""Events between two readings of a counter of rare events, in the middle."""

_ALARMS = """
SELECT p.tool, coalesce(nullif(p.chambers, ''), '*') AS chamber,
       coalesce(a.code, nullif(trim(left(regexp_replace(a.text, '[0-9]+', '#', 'g'), 60)), ''), a.kind) AS name, a.t
FROM alarms AS a JOIN parts AS p USING (load, part)
WHERE a.dated AND a.kind IN ('alarm', 'warning') AND a.t <= $until AND ($tools IS NULL OR list_contains($tools, p.tool))
ORDER BY a.t
"""


@dataclass(frozen=True, eq=False)
class Signal:
    """When something was reported, in seconds since 1970, and how often by then."""

    seconds: Floats
    total: Floats

    def between(self, since: datetime, until: datetime) -> float:
        """How often after `since`, up to `until`."""
        first, last = np.searchsorted(self.seconds, (seconds_of(since), seconds_of(until)), side="right")
        return self._by(int(last)) - self._by(int(first))

    def _by(self, place: int) -> float:
        return float(self.total[place - 1]) if place else 0.0


def signal_of(counter: Counter) -> Signal | None:
    """A counter as a signal, if it counts rare events; None for one that counts what runs."""
    steps = np.diff(counter.total, prepend=0.0)
    risen = np.flatnonzero(steps > 0)
    if not risen.size or np.any(steps != np.round(steps)) or np.median(steps[risen]) > RARE:
        return None
    ends = np.linspace(counter.seconds[0], counter.seconds[-1], STRETCHES + 1)
    if np.count_nonzero(np.histogram(counter.seconds[risen], ends)[0]) >= STEADY * STRETCHES:
        return None
    return Signal(counter.seconds[risen], np.cumsum(steps[risen]))


def alarm_signals(lake: Lake, as_of: datetime, tools: Collection[str] | None) -> Mapping[tuple[str, str], dict[str, Signal]]:
    """The alarms and warnings of logs by tool and chamber (`*`: several or none) and by code or text, up to `as_of`."""
    heard: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    parameters = {"until": seconds_of(as_of), "tools": None if tools is None else sorted(tools)}
    for tool, chamber, name, seconds in lake.ask(_ALARMS, parameters).fetchall():
        for place in {(tool, "*"), (tool, "*" if ";" in chamber else chamber)}:
            heard[place][name].append(seconds)
    return {
        place: {name: Signal(np.array(times), np.arange(1.0, len(times) + 1)) for name, times in by_name.items()}
        for place, by_name in heard.items()
    }
