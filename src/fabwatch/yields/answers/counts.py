"""Answers about what came out."""

from dataclasses import dataclass, fields

from fabwatch.terms.answers import Answer, Json, Row, plain
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.words import sentence

KEYS: dict[str, tuple[str, ...]] = {
    "lot": ("lot",),
    "wafer": ("lot", "wafer"),
    "product": ("product",),
    "day": ("day",),
    "insertion": ("insertion",),
    "site": ("site",),
    "tool": ("tool",),
    "chamber": ("tool", "chamber"),
    "area": ("area",),
}
"""What a row of a yield is about, by how the parts are grouped."""


@dataclass(frozen=True)
class YieldGroup:
    """Yield of one group of parts; of what it is about only the keys of the grouping are stated."""

    parts: int
    good: int
    yield_: float
    """Share of good parts after all retests."""
    first_pass: float | None
    """Share of parts that passed their first test; None where only totals are known."""
    retested: int
    lot: str | None = None
    wafer: str | None = None
    product: str | None = None
    day: str | None = None
    insertion: str | None = None
    site: str | None = None
    tool: str | None = None
    chamber: str | None = None
    area: str | None = None


@dataclass(frozen=True)
class YieldTotal:
    """Yield of all parts."""

    parts: int
    good: int
    yield_: float | None
    first_pass: float | None
    retested: int


@dataclass(frozen=True, repr=False)
class Yields(Answer):
    """Yield by lot, wafer, product, day, insertion, site, or tool, chamber or area that was passed."""

    by: str
    retests: str
    groups: tuple[YieldGroup, ...]
    total: YieldTotal
    doubts: tuple[Doubt, ...] = ()

    def to_dict(self) -> Json:
        """The answer as plain data; each group has the keys of the grouping."""
        return {**super().to_dict(), "groups": self.rows(), "total": plain(self.total)}

    def rows(self) -> list[Row]:
        """One row per group."""
        figures = [field.name for field in fields(YieldTotal)]
        names = [*KEYS[self.by], *figures]
        return [{name.rstrip("_"): getattr(group, name) for name in names} for group in self.groups]

    def sentence(self, language: str = "en") -> str:
        """The yield of all parts, the worst group, and what is in doubt."""
        total = self.total
        if total.yield_ is None:
            return sentence(language, "yield_none")
        text = sentence(language, "yield", good=total.good, parts=total.parts, share=total.yield_)
        if len(self.groups) > 1:
            worst = min(self.groups, key=lambda group: group.yield_)
            name = " ".join(str(getattr(worst, key) or "-") for key in KEYS[self.by])
            text += sentence(language, "yield_worst", name=name, share=worst.yield_)
        return text + "".join(f" {doubt.sentence(language)}" for doubt in self.doubts)


@dataclass(frozen=True)
class BinCount:
    """Parts in one bin, with the 95 % interval of their share."""

    kind: str
    bin: int
    name: str | None
    parts: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class Bins(Answer):
    """Parts by hard and by soft bin, the largest first."""

    retests: str
    bins: tuple[BinCount, ...]

    def rows(self) -> list[Row]:
        """One row per bin."""
        return [plain(row) for row in self.bins]

    def sentence(self, language: str = "en") -> str:
        """How many bins there are, and the largest two hard ones."""
        hard = [row for row in self.bins if row.kind == "hard"]
        if not hard:
            return sentence(language, "yield_none")
        most = ", ".join(f"{row.bin}: {row.parts:,} ({row.share:.1%})" for row in hard[:3])
        return sentence(language, "bins", bins=len(hard), most=most)


@dataclass(frozen=True)
class TestFigures:
    """Statistics of one test over all of its results; Cpk only where all have the same limits."""

    __test__ = False
    test: int
    name: str | None
    unit: str | None
    n: int
    """Results with a value; of a functional test all results."""
    failed: int
    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    lower: float | None
    upper: float | None
    cpk: float | None


@dataclass(frozen=True, repr=False)
class TestPareto(Answer):
    """The tests of parts, those that fail most first."""

    __test__ = False
    tests: tuple[TestFigures, ...]

    def rows(self) -> list[Row]:
        """One row per test."""
        return [plain(row) for row in self.tests]

    def sentence(self, language: str = "en") -> str:
        """How many tests there are, and which fails most."""
        if not self.tests:
            return sentence(language, "yield_none")
        most = self.tests[0]
        name = f"{most.test} {most.name or ''}".strip()
        return sentence(language, "tests", tests=len(self.tests), name=name, failed=most.failed)
