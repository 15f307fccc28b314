"""Answers about what bad wafers share."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Answer, Json, Row, plain
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.words import sentence


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
