"""What is said of split lots: groups of wafers that were treated differently."""

from dataclasses import dataclass

from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.words import sentence

SURE = 0.05


@dataclass(frozen=True)
class SplitGroup:
    """A group of wafers."""

    group: str
    control: bool
    wafers: int
    lots: int
    parts: int
    good: int
    yield_: float | None


@dataclass(frozen=True)
class SplitDifference:
    """How far a figure of a group lies above that of the control, with its 95 % interval."""

    group: str
    measure: str
    """`yield`, `test` or `wat`."""
    test: int | None
    name: str | None
    unit: str | None
    wafers: int
    control_wafers: int
    mean: float
    control_mean: float
    difference: float
    low: float | None
    """None where too few wafers or lots are there to tell how much is chance."""
    high: float | None
    p: float | None
    q: float | None
    """The largest share of false findings among the figures that differ as surely."""
    within_lots: bool
    """Compared within lots that both groups share; else lot by lot."""


@dataclass(frozen=True)
class SplitHistory:
    """What a group passed more or less often than the control: a reason that the split was not meant to have."""

    group: str
    axis: str
    value: str
    wafers: int
    """Wafers of the group that passed it, of `of` whose moves are known."""
    of: int
    control_wafers: int
    control_of: int
    difference: float
    p: float
    """The exact chance of so uneven a split (Fisher)."""


@dataclass(frozen=True)
class SplitPlace:
    """A place of the wafer in a group and in the control."""

    group: str
    x: int
    y: int
    parts: int
    yield_: float
    control_parts: int
    control_yield: float
    difference: float


@dataclass(frozen=True, repr=False)
class SplitLots(Answer):
    """Groups of wafers against a control: yield and tests, what else they passed, and where on the wafer they differ."""

    control: str
    groups: tuple[SplitGroup, ...]
    differences: tuple[SplitDifference, ...]
    history: tuple[SplitHistory, ...]
    dies: tuple[SplitPlace, ...]
    doubts: tuple[Doubt, ...] = ()

    def rows(self) -> list[Row]:
        """One row per figure that is compared."""
        return [plain(row) for row in self.differences]

    def sentence(self, language: str = "en") -> str:
        """The difference in yield of each group, how many other figures differ, and what is in doubt."""
        text = "".join(self._said(row, language) for row in self.differences if row.measure == "yield")
        others = [row for row in self.differences if row.measure != "yield"]
        if others:
            sure = sum(row.q is not None and row.q <= SURE for row in others)
            text += sentence(language, "split_others", sure=sure, figures=len(others))
        return (text + "".join(f" {doubt.sentence(language)}" for doubt in self.doubts)).strip()

    def _said(self, row: SplitDifference, language: str) -> str:
        names = {"group": row.group, "control": self.control, "difference": row.difference}
        if row.low is None or row.high is None or row.p is None:
            return sentence(language, "split_unjudged", **names)
        return sentence(language, "split", **names, low=row.low, high=row.high, p=row.p)
