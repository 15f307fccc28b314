"""Readings that belong on one chart: of one place and name, in order of time, in subgroups where several have one time."""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from fabwatch.spc.answers import NotCharted
from fabwatch.spc.answers.charts import Place

FEW = 2


@dataclass(frozen=True)
class Series:
    """The readings of one chart."""

    tool: str
    chamber: str
    name: str
    of: str
    unit: str | None
    at: tuple[Place, ...]
    """Where each subgroup stands."""
    groups: tuple[np.ndarray, ...]
    """The readings of each subgroup, one at least."""
    lower: float | None = None
    """Latest specification limits."""
    upper: float | None = None
    limit_kinds: int = 1
    """How many different pairs of limits the readings have."""
    outside: int = 0
    beyond: int = 0
    empty: int = 0
    keys: tuple[str, ...] = field(default=(), compare=False)
    """What each subgroup was taken with, such as its run: by it readings of several sensors are put side by side."""

    family: str = ""
    """What was taken together: the recipe of a sensor, product and stage of metrology; T² is of one family."""
    levels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Groups that the subgroups lie in, the outermost first: a name, and the group of each subgroup (wafers: their lots)."""
    inner: tuple[str, str] = ("between", "within")
    """What the subgroups are, and what is within them (wafer, site)."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Tool, chamber and name."""
        return self.tool, self.chamber, self.name

    @property
    def values(self) -> np.ndarray:
        """All readings."""
        return np.concatenate(self.groups) if self.groups else np.empty(0)

    @property
    def sizes(self) -> np.ndarray:
        """How many readings each subgroup has."""
        return np.array([len(group) for group in self.groups])

    @property
    def means(self) -> np.ndarray:
        """The mean of each subgroup."""
        return np.array([float(group.mean()) for group in self.groups])

    def between(self, since: datetime | None, until: datetime | None) -> "Series":
        """The part within a period, both ends included; what has no time is left out where one is stated."""
        if since is None and until is None:
            return self
        kept = [
            n
            for n, at in enumerate(self.at)
            if isinstance(at, datetime) and (since is None or at >= since) and (until is None or at <= until)
        ]
        at, groups = tuple(self.at[n] for n in kept), tuple(self.groups[n] for n in kept)
        return Series(self.tool, self.chamber, self.name, self.of, self.unit, at, groups, self.lower, self.upper)

    def refused(self, why: str) -> NotCharted:
        """Why it has no chart."""
        return NotCharted(self.tool, self.chamber, self.name, why)
