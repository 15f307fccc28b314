"""When the hidden failure behind a failed qual began: the chance for every moment, from what is known of the tool's wear."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

import numpy as np

from fabwatch.equipment.tools import ToolCard
from fabwatch.quals.history import DAY, Cycle, Stream
from fabwatch.quals.wear import Wear, cycle_pieces, fit_sisters, sister_streams, with_sisters
from fabwatch.risk.count_window import ALWAYS
from fabwatch.stats.cycles import Running
from fabwatch.store.lake import Lake

CHUNK = 256

_TIMELINE = """
SELECT end_at, sum(wafers) FROM moves
WHERE tool = $tool AND kind <> 'test' AND end_at > $begin AND end_at <= $until
  AND ($chamber = '*' OR chamber IS NULL OR chamber = $chamber)
GROUP BY end_at ORDER BY end_at
"""


@dataclass(frozen=True)
class Onset:
    """The chance that the fault had begun by a moment, for one failed (or suspect) qual."""

    wear: Wear
    member: int
    cycles: tuple[Cycle, ...]
    """Those that end with the one of the qual, oldest first; its looks end with the qual."""
    ends: tuple[datetime, ...]
    """When wafers ended on the tool (or chamber), rising."""
    processed: tuple[float, ...]

    def by(self, moments: Sequence[datetime]) -> list[float]:
        """For each moment the chance that a wafer which ended then had run after the fault began."""
        chances = [0.0] * len(moments)
        for cycle in self.cycles:
            here = [n for n, at in enumerate(moments) if cycle.began < at and (cycle.ended is None or at <= cycle.ended)]
            pieces = cycle_pieces(cycle, self.wear.clock, self.wear.stated)
            for start in range(0, len(here), CHUNK):
                part = here[start : start + CHUNK]
                fitted = self.wear.fitted.only([self.member] * len(part))
                ages = np.array([self._age(cycle, moments[n]) for n in part])
                for n, chance in zip(part, fitted.bad_by(ages, Running([pieces] * len(part))), strict=True):
                    chances[n] = float(chance)
        return chances

    def _age(self, cycle: Cycle, at: datetime) -> float:
        counter = self.wear.streams[self.member].counters.get(self.wear.clock)
        if counter is not None:
            return counter.by(at) - counter.by(cycle.began)
        if self.wear.clock == "days":
            return (at - cycle.began).total_seconds() / DAY
        # A cycle without a restore begins with its first move, which counts.
        return self._ran_by(at) - (self._ran_by(cycle.began) if cycle.known_start else 0.0)

    def _ran_by(self, at: datetime) -> float:
        count = bisect_right(self.ends, at)
        return self.processed[count - 1] if count else 0.0


@dataclass(frozen=True)
class Suspect:
    """The qual behind which the fault is looked for, and how far back wafers are asked for (None: all)."""

    tool: str
    chamber: str
    qual_type: str
    until: datetime
    since: datetime | None


def onset(lake: Lake, cards: dict[str, ToolCard], suspect: Suspect, as_of: datetime) -> Onset | None:
    """What is known at `as_of` of when the fault began; None without a wear to tell it by.

    The qual counts as failed whatever it said: it is suspected.
    """
    wanted = (suspect.tool, suspect.chamber, suspect.qual_type)
    tools = with_sisters(cards, {suspect.tool})
    # Containments of one type of tools, asked one after the other, share its history and its fit.
    groups = lake.remember(("sisters", as_of, tools), lambda: sister_streams(lake, cards, as_of, {suspect.tool}))
    for number, sisters in enumerate(groups):
        keys = [(stream.tool, stream.chamber, stream.qual_type) for stream in sisters]
        if wanted in keys:
            member = keys.index(wanted)
            cycles = _until(sisters[member].all_cycles, suspect)
            if not cycles:
                return None
            wear = _fitted(lake, as_of, (tools, number), sisters)
            begin = cycles[0].began if cycles[0].known_start else ALWAYS
            parameters = {"tool": suspect.tool, "chamber": suspect.chamber, "begin": begin, "until": suspect.until}
            rows = lake.ask(_TIMELINE, parameters).fetchall()
            ran = tuple(accumulate(float(row[1]) for row in rows))
            return Onset(wear, member, cycles, tuple(row[0] for row in rows), ran)
    return None


def _fitted(lake: Lake, as_of: datetime, group: tuple[frozenset[str], int], sisters: Sequence[Stream]) -> Wear:
    stated = lake.settings.qual(sisters[0].qual_type)
    return lake.remember(("onset", as_of, group), lambda: fit_sisters(sisters, "auto", stated, readings=False))


def _until(cycles: Sequence[Cycle], suspect: Suspect) -> tuple[Cycle, ...]:
    """The cycles that wafers since then ran in, up to the qual, which fails in the last of them."""
    until, since = suspect.until, suspect.since
    begun = [c for c in cycles if c.began < until and (since is None or c.ended is None or c.ended > since)]
    if not begun:
        return ()
    last = begun[-1].until(until)
    if last.quals and last.quals[-1].at == until:
        last.quals[-1] = last.quals[-1]._replace(passed=False)
    return (*begun[:-1], last)
