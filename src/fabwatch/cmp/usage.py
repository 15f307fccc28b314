"""Use of the consumables of a head at a moment: in wafers, and by each counter of the tool."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

import numpy as np

from fabwatch.cmp.doubts import CounterFell
from fabwatch.equipment.counters import Counter, counters
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.terms.clock import iso, moment_at, seconds_of
from fabwatch.terms.doubts import Doubt

WAFERS = "wafers"
"""The clock that every head has: wafers since the last change of a consumable."""
MOST_CLOCKS = 6
SLACK = timedelta(days=1)
"""A change on record explains a counter reset at most this far from it."""


@dataclass(frozen=True)
class Used:
    """Use at one moment: wafers since the last change, the number of that change, and use by counter (in wafers)."""

    age: float
    life: int
    by: Mapping[str, float] = field(default_factory=dict)

    def on(self, clock: str) -> float:
        """The use by one clock."""
        return self.age if clock == WAFERS else self.by[clock]


@dataclass(frozen=True)
class Head:
    """One head (or tool, where heads are not distinguished): its changes, passes and counters."""

    changes: tuple[datetime, ...]
    seconds: np.ndarray
    """When passes ended, in order."""
    total: np.ndarray
    """Wafers that had passed by then."""
    counters: Mapping[str, Counter]
    per_wafer: Mapping[str, float]
    """What each counter counts per wafer."""

    def used(self, at: datetime) -> Used:
        """Use of the consumables at a moment, including the wafer of that moment."""
        life = sum(change <= at for change in self.changes)
        since = self.changes[life - 1] if life else None
        passed = self._passed(at) - (self._passed(since) if since is not None else 0.0)
        by_counter = {name: counter.since_reset(at, since) / self.per_wafer[name] for name, counter in self.counters.items()}
        return Used(passed, life, by_counter)

    def _passed(self, at: datetime) -> float:
        place = int(np.searchsorted(self.seconds, seconds_of(at), side="right"))
        return float(self.total[place - 1]) if place else 0.0

    def counter_resets(self) -> list[Doubt]:
        """A doubt for the latest counter reset since the last change on record, unless a change explains it."""
        found = []
        for name, counter in self.counters.items():
            for n in counter.resets:
                before, after = (moment_at(float(t)) for t in counter.seconds[n - 1 : n + 1])
                explained = any(before - SLACK <= change <= after + SLACK for change in self.changes)
                if not explained and (not self.changes or after > self.changes[-1]):
                    values = float(counter.values[n - 1]), float(counter.values[n])
                    found.append((after, name, CounterFell(name, *values, str(iso(after)))))
        return [max(found, key=itemgetter(0, 1))[2]] if found else []


class Upkeep:
    """Changes, passes and counters of tools up to a moment."""

    def __init__(self, lake: Lake, as_of: datetime, tools: Collection[str], since: datetime):
        self._changes: dict[str, list[tuple[str | None, datetime]]] = defaultdict(list)
        for row in lake.rows(
            "SELECT DISTINCT tool, chamber, done_at FROM restores "
            "WHERE kind IN ('part', 'pm', 'repair') AND done_at <= $as_of ORDER BY done_at",
            {"as_of": as_of},
        ):
            self._changes[row["tool"]].append((row["chamber"], row["done_at"]))
        self._passes: dict[str, list[tuple[str | None, datetime, int]]] = defaultdict(list)
        parameters = {"tools": sorted(tools), "since": since, "as_of": as_of}
        for tool, chamber, end_at, wafers in lake.ask(question("cmp", "passes"), parameters).fetchall():
            self._passes[tool].append((chamber, end_at, wafers))
        self._counters = counters(lake, as_of, tools)

    def head(self, tool: str, head: str | None, polished: Sequence[datetime]) -> Head:
        """One head; its measured wafers ended at `polished` (in order)."""
        parts = tuple((head or "").split(";"))
        changes = sorted({at for chamber, at in self._changes[tool] if chamber is None or head is None or chamber in parts})
        passes = self._passed(tool, head, parts, polished)
        names = {
            name: counter
            for place in ("*", *parts)
            for name, counter in self._counters.get((tool, place), {}).items()
            if polished and counter.spans(polished[0], polished[-1])
        }
        clocks, per_wafer = {}, {}
        for name in sorted(names)[:MOST_CLOCKS]:
            steps = np.diff([names[name].by(at) for at in polished])
            if np.any(steps > 0):
                clocks[name], per_wafer[name] = names[name], float(np.median(steps[steps > 0]))
        return Head(tuple(changes), *_summed(passes), clocks, per_wafer)

    def _passed(
        self, tool: str, head: str | None, parts: tuple[str, ...], polished: Sequence[datetime]
    ) -> list[tuple[datetime, int]]:
        """Passes from the moves, where they count at least the measured wafers; else the measured wafers."""
        measured = [(at, 1) for at in polished]
        moves = self._passes[tool]
        # A wafer goes through all chambers of a head: count one of them.
        mine = [(at, wafers) for chamber, at, wafers in moves if head is not None and chamber == parts[0]]
        passes = mine or [(at, wafers) for chamber, at, wafers in moves if chamber is None or head is None]
        within = sum(wafers for at, wafers in passes if polished and at <= polished[-1])
        return passes if within >= len(measured) else measured


def _summed(passes: Iterable[tuple[datetime, int]]) -> tuple[np.ndarray, np.ndarray]:
    rows = list(passes)
    return np.array([seconds_of(at) for at, _ in rows]), np.cumsum([wafers for _, wafers in rows])
