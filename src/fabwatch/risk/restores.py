"""Restores after a fail: what ends an open failed qual beside a good one, until the requal."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from fabwatch.store.lake import Lake
from fabwatch.terms.settings import Settings

_RESTORES = """
SELECT tool, coalesce(chamber, '*') AS chamber, kind, done_at FROM restores
WHERE list_contains($tools, tool) AND done_at >= $begin AND done_at <= $as_of ORDER BY done_at
"""


@dataclass(frozen=True)
class Restore:
    """One restore of a tool or chamber (`*`: the whole tool)."""

    tool: str
    chamber: str
    kind: str | None
    done_at: datetime


@dataclass(frozen=True)
class Restores:
    """The restores of some tools, in order of time."""

    by_tool: Mapping[str, tuple[Restore, ...]]
    settings: Settings

    def first_after(self, tool: str, chamber: str, qual_type: str | None, moment: datetime) -> datetime | None:
        """The first restore from `moment` on that resets the qual type on that chamber; None without one.

        A restore of the tool restores every chamber; for the whole tool that of any chamber counts, as in a forecast.
        """
        resets = self.settings.qual(qual_type).resets
        for restore in self.by_tool.get(tool, ()):
            touched = "*" in (chamber, restore.chamber) or restore.chamber == chamber
            if touched and restore.done_at >= moment and (not resets or restore.kind in resets):
                return restore.done_at
        return None


def restores_of(lake: Lake, tools: Collection[str], begin: datetime | None, as_of: datetime) -> Restores:
    """The restores of these tools from `begin` until `as_of`; none are read without tools."""
    by_tool: dict[str, list[Restore]] = defaultdict(list)
    if tools and begin is not None:
        parameters = {"tools": sorted(tools), "begin": begin, "as_of": as_of}
        for row in lake.records(Restore, _RESTORES, parameters):
            by_tool[row.tool].append(row)
    return Restores({tool: tuple(rows) for tool, rows in by_tool.items()}, lake.settings)
