"""Phase-I limits that people froze: the latest version of each chart that was in force at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fabwatch.spc.answers import FrozenLimits
from fabwatch.store.lake import Lake

Key = tuple[str, str, str, str]
"""Tool, chamber, name and kind of a chart."""
FIELDS = tuple(FrozenLimits.__dataclass_fields__)


@dataclass(frozen=True)
class Frozen:
    """The limits in force."""

    limits: Mapping[Key, FrozenLimits]

    def of(self, tool: str, chamber: str, name: str, kind: str) -> FrozenLimits | None:
        """The limits of one chart; None where it has none."""
        return self.limits.get((tool, chamber, name, kind))

    def kind_of(self, tool: str, chamber: str, name: str) -> str | None:
        """The kind of chart that has limits, where nobody states another."""
        kept = [limits for key, limits in self.limits.items() if key[:3] == (tool, chamber, name)]
        return max(kept, key=lambda limits: limits.decided_at).kind if kept else None


def frozen(lake: Lake, as_of: datetime | None) -> Frozen:
    """The limits in force at `as_of`; None for the latest."""
    latest: dict[Key, FrozenLimits | None] = {}
    for row in lake.remember(("chart_limits",), lambda: lake.rows("SELECT * FROM chart_limits ORDER BY seq, name")):
        if as_of is None or row["decided_at"] <= as_of:
            key = (row["tool"], row["chamber"], row["name"], row["kind"])
            latest[key] = FrozenLimits(**{name: row[name] for name in FIELDS}) if row["center"] is not None else None
    return Frozen({key: limits for key, limits in latest.items() if limits is not None})
