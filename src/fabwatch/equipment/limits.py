"""Limits and qual intervals decided by people; they override fab.toml and the advice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fabwatch.store.lake import Lake

Key = tuple[str, str, str, str]
"""Tool, chamber, qual type and name."""


@dataclass(frozen=True)
class Decided:
    """The latest decision on each limit and interval."""

    values: Mapping[Key, float]

    def of(self, tool: str, chamber: str, qual_type: str | None, name: str) -> float | None:
        """The decision for the chamber, else for the whole tool; None without one."""
        if not self.values:
            return None
        value = self.values.get((tool, chamber, qual_type or "", name))
        return value if value is not None else self.values.get((tool, "*", qual_type or "", name))

    def limit(self, tool: str, chamber: str, qual_type: str | None, name: str, stated: int | None) -> int | None:
        """A limit on wafers at risk: the decided one, else the stated one."""
        value = self.of(tool, chamber, qual_type, name)
        return stated if value is None else round(value)


def decided(lake: Lake, as_of: datetime) -> Decided:
    """The decisions in force at `as_of`."""
    rows = lake.remember(("decisions",), lambda: lake.rows("SELECT * FROM decisions ORDER BY seq"))
    latest = {
        (row["tool"], row["chamber"], row["qual_type"], row["name"]): row["value"]
        for row in rows
        if row["decided_at"] <= as_of
    }
    return Decided({key: value for key, value in latest.items() if value is not None})
