"""Readings that belong on one chart: of one place and name, in order of time, in subgroups where several have one time."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from fabwatch.spc.answers import NotCharted
from fabwatch.spc.answers.charts import Place
from fabwatch.stats.charts import Subgroups, subgroups

FEW = 2


@dataclass(frozen=True, eq=False)
class Series:
    """The readings of one chart."""

    tool: str
    chamber: str
    name: str
    of: str
    unit: str | None
    at: tuple[Place, ...]
    """Where each subgroup stands."""
    values: np.ndarray
    """All readings, one subgroup after the other; some of them where there are `figures`."""
    sizes: np.ndarray
    """How many readings each subgroup has, one at least."""
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
    figures: Subgroups | None = None
    """The figures of the subgroups where there are too many readings to hold: parts of wafers."""
    kind: str | None = None
    """The kind of chart where nobody states one; else by what the subgroups are."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Tool, chamber and name."""
        return self.tool, self.chamber, self.name

    @cached_property
    def subgroups(self) -> Subgroups:
        """The figures of the subgroups."""
        return self.figures or subgroups(self.values, self.sizes)

    @property
    def means(self) -> np.ndarray:
        """The mean of each subgroup."""
        return self.subgroups.mean if self.at else self.values

    @cached_property
    def several(self) -> bool:
        """Whether a subgroup has more than one reading."""
        return bool((self.sizes > 1).any())

    def refused(self, why: str) -> NotCharted:
        """Why it has no chart."""
        return NotCharted(self.tool, self.chamber, self.name, why)
