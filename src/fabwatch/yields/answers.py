"""Answers about what came out."""

from dataclasses import dataclass, fields
from datetime import datetime

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
    """Yield by lot, wafer, product, day, insertion, site, or tool or chamber that was passed."""

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


@dataclass(frozen=True)
class InspectedWafer:
    """Defects of one wafer at one inspection."""

    lot: str | None
    wafer: str | None
    layer: str | None
    defects: int
    density: float | None
    """Defects per square centimetre of what was inspected; None where the file does not say how much that is."""
    random_density: float | None
    """The same with each cluster counted once."""
    clusters: int
    clustered: int
    """Defects that lie in clusters."""
    dies: int | None
    defective_dies: int
    kill_ratio: float | None
    """Share of the dies hit by a defect that fail because of it; None where the dies were not tested."""
    kill_low: float | None
    kill_high: float | None
    product: str | None
    tool: str | None
    inspected_at: datetime | None
    doubts: tuple[str, ...] = ()
    """What is odd about the file."""


@dataclass(frozen=True, repr=False)
class Defects(Answer):
    """Defects by inspected wafer, the latest first."""

    wafers: tuple[InspectedWafer, ...]

    def rows(self) -> list[Row]:
        """One row per inspection."""
        return [{**plain(row), "doubts": "; ".join(row.doubts)} for row in self.wafers]

    def sentence(self, language: str = "en") -> str:
        """How many defects there are, and which wafer has most."""
        if not self.wafers:
            return sentence(language, "defects_none")
        most = max(self.wafers, key=lambda row: row.defects)
        name = " ".join(filter(None, (most.lot, most.wafer, most.layer)))
        total, doubtful = sum(row.defects for row in self.wafers), sum(bool(row.doubts) for row in self.wafers)
        text = sentence(language, "defects", defects=total, wafers=len(self.wafers), name=name, most=most.defects)
        return text + (sentence(language, "defects_doubtful", wafers=doubtful) if doubtful else "")


@dataclass(frozen=True)
class Event:
    """Something that happened to a tool: a failed qual, a restore, a control chart that broke its rules, or an alarm."""

    at: datetime
    chamber: str | None
    kind: str
    """`failed`, `restore`, `violation` or `alarm`."""
    what: str


@dataclass(frozen=True)
class Finding:
    """What bad wafers share, or what shifts a number: who passed it and who did not, and how sure that is no chance.

    Where numbers are compared there are no bad wafers: `n_with` and those below say what they are instead.
    """

    axis: str
    """`tool`, `chamber`, `step` (with its tool), `recipe`, `product` or `route`."""
    value: str
    from_: datetime | None
    """Since when; None if it holds from the beginning."""
    to: datetime | None
    """Until when; None if it holds to the end."""
    bad_with: int | None
    bad_without: int | None
    good_with: int | None
    good_without: int | None
    p: float
    """Chance of as many bad wafers or more if it had nothing to do with them; the search for the stretch is paid for."""
    q: float
    """Share of false findings among those as sure or surer."""
    effect: float
    """Share of bad wafers among those that passed it, less that among the others; of numbers the difference of medians."""
    low: float
    high: float
    lots: int
    """Lots with bad wafers that passed it; of numbers all lots that did."""
    tool: str | None
    chamber: str | None
    together: tuple[str, ...] = ()
    """What nearly the same wafers passed: it cannot be told apart."""
    events: tuple[Event, ...] = ()
    n_with: int | None = None
    """Wafers that passed it."""
    n_without: int | None = None
    median_with: float | None = None
    """Their median of the number that is compared."""
    median_without: float | None = None
    mirrored: tuple[str, ...] = ()
    """What the other wafers of the same lots passed: within lots it may as well shift them the other way."""

    def sentence(self, language: str = "en") -> str:
        """The finding in words."""
        when = "" if self.from_ is None else sentence(language, "commonality_after", at=_day(self.from_, language))
        when += "" if self.to is None else sentence(language, "commonality_until", at=_day(self.to, language))
        name = sentence(language, f"commonality_{self.axis}", value=self.value, tool=self.tool, chamber=self.chamber)
        text = self._counted(language, name, when)
        failed = next((event for event in self.events if event.kind == "failed"), None)
        if failed is not None:
            text += sentence(language, "commonality_failed", what=failed.what, at=_day(failed.at, language))
        if self.together:
            text += sentence(language, "commonality_together", names=", ".join(self.together))
        if self.mirrored:
            text += sentence(language, "commonality_mirrored", names=", ".join(self.mirrored))
        return text + "."

    def _counted(self, language: str, name: str, when: str) -> str:
        """Who passed it, in words."""
        if self.bad_with is None:
            side = "higher" if self.effect > 0 else "lower"
            figures = {"by": abs(self.effect), "low": self.low, "high": self.high, "n": self.n_with}
            return sentence(language, f"commonality_{side}", name=name, when=when, **figures)
        good_with = self.good_with or 0
        bad, good = self.bad_with + (self.bad_without or 0), good_with + (self.good_without or 0)
        share = good_with / good if good else 0.0
        return sentence(language, "commonality_finding", hits=self.bad_with, bad=bad, name=name, when=when, share=share)


@dataclass(frozen=True, repr=False)
class Commonality(Answer):
    """What bad wafers share that others do not, the surest first."""

    conclusive: bool
    bad: int
    good: int
    lots: int
    among_tested: bool
    """Whether the others are wafers that were tested, or all that ran."""
    tried: int
    """Tools, chambers, recipes … that were tried."""
    findings: tuple[Finding, ...]
    doubts: tuple[Doubt, ...] = ()
    value: str | None = None
    """The number that is compared: `yield`, `test NAME` or `wat NAME`; None where bad wafers are."""
    unit: str | None = None
    direction: str | None = None
    """Whether `low` or `high` numbers are looked for; None for either."""

    def to_dict(self) -> Json:
        """The answer as plain data; each finding has its sentence."""
        return {**super().to_dict(), "findings": [{**plain(row), "sentence": row.sentence()} for row in self.findings]}

    def rows(self) -> list[Row]:
        """One row per finding."""
        flat = []
        for row in self.findings:
            cells = plain(row)
            cells |= {name: "; ".join(cells[name]) for name in ("together", "mirrored")} | {"sentence": row.sentence()}
            del cells["events"]
            flat.append(cells)
        return flat

    def sentence(self, language: str = "en") -> str:
        """The surest finding, or why there is none."""
        if self.findings:
            text = self.findings[0].sentence(language)
        elif self.value is not None:
            text = sentence(language, "commonality_no_shift", tried=self.tried, value=self.value, wafers=self.good)
        else:
            text = sentence(language, "commonality_none", tried=self.tried, bad=self.bad)
        return text + "".join(f" {doubt.sentence(language)}" for doubt in self.doubts)


_DAY = {"en": "d MMMM", "es": "d 'de' MMMM"}


def _day(at: datetime, language: str) -> str:
    from babel.dates import format_date

    return format_date(at, _DAY.get(language, _DAY["en"]), locale=language)
