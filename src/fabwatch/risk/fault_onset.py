"""When the hidden failure behind a failed qual began: the chance for every moment, from what is known of the tool's wear."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

import numpy as np

from fabwatch.equipment.tools import ToolCard
from fabwatch.quals.history import DAY, Cycle, QualEvent, Stream
from fabwatch.quals.wear import Wear, cycle_pieces, fit_sisters, sister_streams
from fabwatch.risk.count_window import ALWAYS
from fabwatch.risk.type_record import TypeRecord
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
    """When wafers ended on the tool (or chamber), rising, where wafers are the clock: since an age that is known."""
    processed: tuple[float, ...]
    """How many by then."""

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
        count = bisect_right(cycle.quals, at, key=_moment)
        if count:
            last = cycle.quals[count - 1]
            return last.age.wafers + self._ran_by(at) - self._ran_by(last.at)
        # A cycle without a restore begins with its first move, which counts.
        return self._ran_by(at) - (self._ran_by(cycle.began) if cycle.known_start else 0.0)

    def _ran_by(self, at: datetime) -> float:
        count = bisect_right(self.ends, at)
        return self.processed[count - 1] if count else 0.0


def _moment(qual: QualEvent) -> datetime:
    return qual.at


@dataclass(frozen=True)
class Suspect:
    """The qual behind which the fault is looked for, and how far back wafers are asked for (None: all)."""

    tool: str
    chamber: str
    qual_type: str
    until: datetime
    since: datetime | None


def onset(lake: Lake, cards: dict[str, ToolCard], suspect: Suspect, record: TypeRecord, as_of: datetime) -> Onset | None:
    """What is known at `as_of` of when the fault began; None without a wear to tell it by.

    The qual counts as failed whatever it said: it is suspected. `record` is that of the tool and its sisters.
    """
    settled = record.settled(as_of)
    # The wear is fitted as of the moment since which nothing was learned of it: what is kept for one moment is what is made
    # anew for any other until the next qual or restore.
    groups = lake.remember(("sisters", settled, record.tools), lambda: sister_streams(lake, cards, settled, {suspect.tool}))
    wanted = (suspect.tool, suspect.chamber, suspect.qual_type)
    for number, sisters in enumerate(groups):
        keys = [(stream.tool, stream.chamber, stream.qual_type) for stream in sisters]
        if wanted in keys:
            member = keys.index(wanted)
            cycles = _until(sisters[member].all_cycles, suspect)
            if not cycles:
                return None
            wear = _fitted(lake, settled, (record.tools, number), sisters)
            ran = _ran(lake, suspect, cycles[0]) if wear.clock == "wafers" else ()
            ends, wafers = zip(*ran, strict=True) if ran else ((), ())
            return Onset(wear, member, cycles, ends, tuple(accumulate(float(count) for count in wafers)))
    return None


def _fitted(lake: Lake, settled: datetime, group: tuple[frozenset[str], int], sisters: Sequence[Stream]) -> Wear:
    stated = lake.settings.qual(sisters[0].qual_type)
    return lake.remember(("onset", settled, group), lambda: fit_sisters(sisters, "auto", stated, readings=False))


def _ran(lake: Lake, suspect: Suspect, first: Cycle) -> Sequence[tuple[datetime, float]]:
    """When wafers ended on the tool (or chamber), and how many: since the last age that is known before those asked for."""
    before = [first.began] if first.known_start else []
    # A qual that can miss has wafers looked for behind the last good one.
    if suspect.since is not None and lake.settings.qual(suspect.qual_type).sensitivity >= 1:
        before += [qual.at for qual in first.quals if qual.at <= suspect.since]
    parameters = {
        "tool": suspect.tool,
        "chamber": suspect.chamber,
        "begin": max(before, default=ALWAYS),
        "until": suspect.until,
    }
    rows: list[tuple[datetime, float]] = lake.ask(_TIMELINE, parameters).fetchall()
    return rows


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
