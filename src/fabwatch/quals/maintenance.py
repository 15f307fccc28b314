"""The calendar of planned maintenance, and where it and the record contradict each other."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fabwatch.quals import doubts
from fabwatch.quals.history import DAY, Stream
from fabwatch.store.lake import Lake
from fabwatch.store.questions import question
from fabwatch.terms.clock import iso
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.settings.answering import QualSettings

EARLY = timedelta(days=3)
"""A restore within this time before a planned one was that work, done early."""
LOOKED_BACK = timedelta(days=30)
"""Planned work that was due longer ago and has not come is no longer spoken of."""
KIND = "pm"
"""The kind of restore that planned maintenance is."""


@dataclass(frozen=True)
class Work:
    """Planned work on one chamber of a tool (`*`: the whole tool)."""

    tool: str
    chamber: str
    done_at: datetime


@dataclass(frozen=True)
class Calendar:
    """What is planned, by tool, in order of time."""

    by_tool: Mapping[str, Sequence[Work]]

    def coming(self, stream: Stream, stated: QualSettings) -> datetime | None:
        """When planned work next restores a stream; None without any, and where it seems to have been done already."""
        ahead = [at for at in self._of(stream, stated) if at > stream.now]
        return next((at for at in ahead if not _done_for(stream, at)), None)

    def doubts(self, stream: Stream, stated: QualSettings) -> list[Doubt]:
        """Where the record contradicts the calendar."""
        times = self._of(stream, stated)
        early = [at for at in times if at > stream.now and _done_for(stream, at)]
        late = [at for at in times if at <= stream.now and not _done_for(stream, at)]
        # A later date may be the same work, put off.
        late = late if late and max(times) <= stream.now else []
        found: list[Doubt] = [doubts.PlannedEarly(str(iso(early[0])))] if early else []
        return [*found, *([doubts.PlannedLate((stream.now - late[-1]).total_seconds() / DAY)] if late else [])]

    def _of(self, stream: Stream, stated: QualSettings) -> list[datetime]:
        if stated.resets and KIND not in stated.resets:
            return []
        works = self.by_tool.get(stream.tool, ())
        return [work.done_at for work in works if "*" in (work.chamber, stream.chamber) or work.chamber == stream.chamber]


def _done_for(stream: Stream, at: datetime) -> bool:
    return stream.running.known_start and stream.running.began >= at - EARLY


def calendar(lake: Lake, as_of: datetime) -> Calendar:
    """The planned maintenance of all tools; a plan that nobody had stated is of no use, so no score uses it."""
    by_tool: dict[str, list[Work]] = defaultdict(list)
    for work in lake.records(Work, question("quals", "planned"), {"since": as_of - LOOKED_BACK}):
        by_tool[work.tool].append(work)
    return Calendar(by_tool)
