"""How far the consumables of a head were used at a moment: by wafers, and by each counter that the tool reads."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from fabwatch.equipment.counters import Counter, counters
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.terms.clock import iso, moment_at, seconds_of

WAFERS = "wafers"
"""The clock that every head has: wafers since the last change of a consumable."""
MOST_CLOCKS = 6
SLACK = timedelta(days=1)
"""How far a change on record may lie from the fall of a counter that it explains."""


@dataclass(frozen=True)
class Used:
    """Use at one moment: wafers since the last change, the number of that change, and by counter, in wafers' worth."""

    age: float
    life: int
    by: Mapping[str, float] = field(default_factory=dict)

    def on(self, clock: str) -> float:
        """The use by one clock."""
        return self.age if clock == WAFERS else self.by[clock]


@dataclass(frozen=True)
class Head:
    """One head (or tool, where heads are not told apart) with what was changed, passed and counted."""

    changes: tuple[datetime, ...]
    seconds: np.ndarray
    """When passes ended, in order."""
    total: np.ndarray
    """Wafers that had passed by then."""
    counters: Mapping[str, Counter]
    each: Mapping[str, float]
    """What each counter counts a wafer."""

    def used(self, at: datetime) -> Used:
        """How far the consumables were used at a moment, the wafer of that moment counted."""
        life = sum(change <= at for change in self.changes)
        since = self.changes[life - 1] if life else None
        passed = self._passed(at) - (self._passed(since) if since is not None else 0.0)
        return Used(passed, life, {name: one.stands(at, since) / self.each[name] for name, one in self.counters.items()})

    def _passed(self, at: datetime) -> float:
        place = int(np.searchsorted(self.seconds, seconds_of(at), side="right"))
        return float(self.total[place - 1]) if place else 0.0

    def fell(self) -> list[str]:
        """The counters that fell since the last change on record, without a change that explains it; the latest fall."""
        found = []
        for name, one in self.counters.items():
            for n in one.falls:
                before, after = (moment_at(float(t)) for t in one.seconds[n - 1 : n + 1])
                explained = any(before - SLACK <= change <= after + SLACK for change in self.changes)
                if not explained and (not self.changes or after > self.changes[-1]):
                    told = f"{name} fell from {one.values[n - 1]:g} to {one.values[n]:g} by {iso(after)}"
                    found.append((after, f"CounterFell: {told}, and no change of a consumable is on record; load it"))
        return [max(found)[1]] if found else []


class Upkeep:
    """What was changed, passed and counted on some tools by a moment."""

    def __init__(self, lake: Lake, as_of: datetime, tools: Collection[str], since: datetime):
        self._changes: dict[str, list[tuple[str | None, datetime]]] = defaultdict(list)
        for row in lake.rows(
            "SELECT DISTINCT tool, chamber, done_at FROM restores "
            "WHERE kind IN ('part', 'pm', 'repair') AND done_at <= $as_of ORDER BY done_at",
            {"as_of": as_of},
        ):
            self._changes[row["tool"]].append((row["chamber"], row["done_at"]))
        self._passes: dict[str, list[tuple[str | None, datetime, int]]] = defaultdict(list)
        asked = {"tools": sorted(tools), "since": since, "as_of": as_of}
        for tool, chamber, end_at, wafers in lake.ask(question("cmp", "passes"), asked).fetchall():
            self._passes[tool].append((chamber, end_at, wafers))
        self._counters = counters(lake, as_of, tools)

    def head(self, tool: str, head: str | None, polished: Sequence[datetime]) -> Head:
        """One head, on which wafers that were measured ended at `polished` (in order)."""
        parts = tuple((head or "").split(";"))
        changes = sorted({at for chamber, at in self._changes[tool] if chamber is None or head is None or chamber in parts})
        passes = self._passed(tool, head, parts, polished)
        names = {
            name: one
            for place in ("*", *parts)
            for name, one in self._counters.get((tool, place), {}).items()
            if polished and one.spans(polished[0], polished[-1])
        }
        kept, each = {}, {}
        for name in sorted(names)[:MOST_CLOCKS]:
            steps = np.diff([names[name].by(at) for at in polished])
            if np.any(steps > 0):
                kept[name], each[name] = names[name], float(np.median(steps[steps > 0]))
        return Head(tuple(changes), *_summed(passes), kept, each)

    def _passed(
        self, tool: str, head: str | None, parts: tuple[str, ...], polished: Sequence[datetime]
    ) -> list[tuple[datetime, int]]:
        """Passes by the moves, where they know of as many wafers as were measured; else those that were measured."""
        measured = [(at, 1) for at in polished]
        moves = self._passes[tool]
        # Of a head of several chambers one is counted: a wafer goes through them all.
        mine = [(at, wafers) for chamber, at, wafers in moves if head is not None and chamber == parts[0]]
        passes = mine or [(at, wafers) for chamber, at, wafers in moves if chamber is None or head is None]
        within = sum(wafers for at, wafers in passes if polished and at <= polished[-1])
        return passes if within >= len(measured) else measured


def _summed(passes: Iterable[tuple[datetime, int]]) -> tuple[np.ndarray, np.ndarray]:
    some = list(passes)
    return np.array([seconds_of(at) for at, _ in some]), np.cumsum([wafers for _, wafers in some])
