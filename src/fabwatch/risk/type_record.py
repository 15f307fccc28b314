"""What is on record of the tools of one type: their quals and restores, read once for all containments of a snapshot."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from fabwatch.risk.restores import Restore, Restores
from fabwatch.store.lake import Lake

_QUALS = """
SELECT tool, chamber, qual_type, processed_at, resulted_at, passed FROM quals
WHERE tool BETWEEN $first AND $last AND list_contains($tools, tool) ORDER BY processed_at
"""
_RESTORES = """
SELECT tool, coalesce(chamber, '*') AS chamber, kind, done_at FROM restores
WHERE tool BETWEEN $first AND $last AND list_contains($tools, tool) ORDER BY done_at
"""
_COUNTED = "SELECT count(*) FROM counters WHERE tool BETWEEN $first AND $last AND list_contains($tools, tool)"


class QualResult(NamedTuple):
    """One qual of a tool; the chamber is None for the whole tool."""

    tool: str
    chamber: str | None
    qual_type: str
    processed_at: datetime
    resulted_at: datetime | None
    passed: bool

    @property
    def known_from(self) -> datetime:
        """When its result was known."""
        return max(self.processed_at, self.resulted_at or self.processed_at)


@dataclass(frozen=True)
class TypeRecord:
    """The quals and restores of the tools of one type, whenever they became known, in order of time."""

    tools: frozenset[str]
    quals: Sequence[QualResult]
    restores: Sequence[Restore]
    counted: bool
    """Whether a counter of one of the tools was ever read."""

    @cached_property
    def _learned(self) -> list[datetime]:
        return sorted([*(qual.known_from for qual in self.quals), *(restore.done_at for restore in self.restores)])

    def settled(self, as_of: datetime) -> datetime:
        """The moment from which on all was known of the wear of the tools that is known at `as_of`.

        It is the last qual or restore; readings of counters come at any time, and with them it is `as_of` itself.
        """
        count = bisect_right(self._learned, as_of)
        return as_of if self.counted or not count else self._learned[count - 1]

    def quals_of(self, tool: str, as_of: datetime) -> list[QualResult]:
        """The quals of one tool that are known at `as_of`, in order of process time."""
        return [qual for qual in self.quals if qual.tool == tool and qual.known_from <= as_of]

    def restores_of(self, lake: Lake, tool: str, as_of: datetime) -> Restores:
        """The restores of one tool by `as_of`."""
        done = tuple(restore for restore in self.restores if restore.tool == tool and restore.done_at <= as_of)
        return Restores({tool: done}, lake.settings)


def type_record(lake: Lake, tools: Collection[str]) -> TypeRecord:
    """What is on record of these tools in the snapshot that is read."""
    names = sorted(tools)
    # The bounds let the store skip files; a list does not.
    parameters = {"tools": names, "first": names[0], "last": names[-1]}

    def read() -> TypeRecord:
        quals = [QualResult._make(row) for row in lake.ask(_QUALS, parameters).fetchall()]
        restores = lake.records(Restore, _RESTORES, parameters)
        # Most fabs have no counters, and to ask the catalog costs less than to look into the table.
        counted = not lake.is_untouched("counters") and lake.ask(_COUNTED, parameters).fetchall() != [(0,)]
        return TypeRecord(frozenset(names), quals, restores, counted)

    return lake.remember(("type record", frozenset(names)), read)
