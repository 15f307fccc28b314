"""Control charts: their limits, points and broken rules, the capability, and what several charts of a tool say together."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Answer, Row, place_of
from fabwatch.terms.clock import iso
from fabwatch.terms.doubts import Doubt, joined
from fabwatch.terms.words import sentence

NAMED = 5
"""So many charts of a story are named in its sentence."""
Place = datetime | str
"""Where a point stands: its time, or its row or group where there is no time."""


# Not frozen: there are millions of points, and a frozen one takes several times as long to make.
@dataclass(slots=True)
class ChartPoint:
    """One point of a chart."""

    at: Place
    value: float
    """What is plotted: the reading, the mean of a subgroup, or the statistic of the chart."""
    broken: tuple[str, ...] = ()
    """The rules that it breaks, such as `nelson1`; `limit` on charts with limits alone, `spread` where its spread does."""
    n: int = 1
    """Readings in it."""
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class SpreadChart:
    """The chart of the spread that belongs to a chart of readings or means: moving ranges, ranges, standard deviations."""

    kind: str
    """`mr`, `r` or `s`."""
    center: float | None
    lower: float | None
    """Limits of its last point."""
    upper: float | None
    values: tuple[float | None, ...]
    """One for each point of its chart; none where there is no spread: a single reading, the first moving range."""
    broken: tuple[int, ...]
    """Which of them are beyond their limit, counted from 0."""
    lowers: tuple[float | None, ...] = ()
    """Limits of each, where they differ."""
    uppers: tuple[float | None, ...] = ()

    def points(self, of: tuple[ChartPoint, ...]) -> tuple[ChartPoint, ...]:
        """Its points, those of its chart being `of`."""
        outside = set(self.broken)
        return tuple(
            ChartPoint(
                of[n].at,
                value,
                ("limit",) if n in outside else (),
                of[n].n,
                self.lowers[n] if self.lowers else None,
                self.uppers[n] if self.uppers else None,
            )
            for n, value in enumerate(self.values)
            if value is not None
        )


@dataclass(frozen=True)
class Capability:
    """What the process can hold, of its specification limits; all empty where it is refused."""

    cp: float | None = None
    cpk: float | None = None
    pp: float | None = None
    ppk: float | None = None
    low: float | None = None
    """Interval of Cpk, 95 %; that of Ppk where there is no Cpk."""
    high: float | None = None
    refused: str | None = None
    """Why there is none."""
    cp_low: float | None = None
    cp_high: float | None = None
    ppk_low: float | None = None
    ppk_high: float | None = None
    lower: float | None = None
    """Lower specification limit."""
    upper: float | None = None
    method: str | None = None
    """`normal`, `box-cox` or `percentiles`."""
    normal_p: float | None = None
    """Chance that normal readings would look less normal (Anderson-Darling)."""
    power: float | None = None
    """Lambda of the Box-Cox transformation."""


@dataclass(frozen=True)
class FrozenLimits:
    """The phase-I limits that a chart is judged by: which version, from which period, who froze them, when and why."""

    tool: str
    chamber: str
    name: str
    kind: str
    version: int
    since: datetime | None
    until: datetime | None
    center: float
    sigma: float
    df: float
    points: int
    decided_at: datetime
    who: str
    reason: str


@dataclass(frozen=True)
class VarianceShare:
    """One level of nested readings and its part of the variance."""

    name: str
    df: int
    mean_square: float
    p: float | None
    variance: float
    share: float


@dataclass(frozen=True)
class ControlChart:
    """One chart."""

    name: str
    kind: str
    center: float
    lower: float | None
    """Limits of its last point; a point of another size has its own."""
    upper: float | None
    sigma: float | None
    """Standard deviation of single readings within subgroups; none for T²."""
    stable: bool
    """No point breaks a rule."""
    points: tuple[ChartPoint, ...]
    capability: Capability
    tool: str
    chamber: str
    of: str
    """`qual`, `sensor`, `metrology`, `table` or `several`."""
    unit: str | None
    rules: str
    n: int
    """Readings in its figures."""
    beyond: int
    """Readings of which only the side is known; they are in no figure."""
    outside: int
    """Readings outside their specification limits, which is another thing than a point beyond the limits of the chart."""
    chosen: str
    """Why this kind of chart: `stated`, `one reading a time`, `subgroups of 10 or fewer`, `subgroups above 10`,
    `frozen limits`."""
    frozen: FrozenLimits | None = None
    spread: SpreadChart | None = None
    within: SpreadChart | None = None
    """For `between`: the third chart, of the spread within subgroups."""
    components: tuple[VarianceShare, ...] = ()
    """For subgroups: how much of the variance is between them, and within; nested ones have a row for each level."""
    doubts: tuple[Doubt, ...] = ()

    @property
    def place(self) -> str:
        """The tool and chamber."""
        return place_of(self.tool, self.chamber) if self.tool else ""

    @property
    def broken(self) -> int:
        """Points that break a rule."""
        return sum(bool(point.broken) for point in self.points)

    def sentence(self, language: str = "en") -> str:
        """Whether it is in control."""
        name = f"{self.place} {self.name}".strip()
        if self.stable:
            text = sentence(language, "chart_stable", name=name, points=len(self.points))
        else:
            first = next(point for point in self.points if point.broken)
            at = iso(first.at) if isinstance(first.at, datetime) else first.at
            text = sentence(language, "chart_broken", name=name, broken=self.broken, points=len(self.points), first=at)
        if self.frozen is not None:
            text += sentence(language, "chart_frozen", version=self.frozen.version, who=self.frozen.who)
        return text


@dataclass(slots=True)
class Violation:
    """A point that breaks rules: an event of its tool."""

    tool: str
    chamber: str
    name: str
    at: Place
    rules: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class Story:
    """Charts of one tool that broke their rules in the same stretch of time."""

    tool: str
    since: datetime
    until: datetime
    names: tuple[str, ...]
    """The charts, the strongest first."""
    strengths: tuple[float, ...]
    """How far each was off: its mean departure over its standard error."""

    def sentence(self, language: str = "en") -> str:
        """Which readings, and since when."""
        named, more = ", ".join(self.names[:NAMED]), len(self.names) - NAMED
        told = {"tool": self.tool, "charts": len(self.names), "names": named, "since": iso(self.since)}
        if more > 0:
            return sentence(language, "chart_story_more", more=more, **told)
        return sentence(language, "chart_story", **told)


@dataclass(frozen=True)
class NotCharted:
    """Readings that have no chart, and why."""

    tool: str
    chamber: str
    name: str
    why: str


@dataclass(frozen=True, repr=False)
class ControlCharts(Answer):
    """Control charts, their violations as events, and what several charts of a tool say together."""

    charts: tuple[ControlChart, ...]
    rules: str
    events: tuple[Violation, ...]
    stories: tuple[Story, ...]
    not_charted: tuple[NotCharted, ...] = ()

    def rows(self) -> list[Row]:
        """One row per point."""
        return [
            {
                "tool": chart.tool,
                "chamber": chart.chamber,
                "name": chart.name,
                "kind": chart.kind,
                "at": iso(point.at) if isinstance(point.at, datetime) else point.at,
                "value": point.value,
                "n": point.n,
                "center": chart.center,
                "lower": chart.lower if point.lower is None else point.lower,
                "upper": chart.upper if point.upper is None else point.upper,
                "broken": ";".join(point.broken),
                "version": chart.frozen.version if chart.frozen else None,
                "doubts": joined(chart.doubts),
            }
            for chart in self.charts
            for point in chart.points
        ]

    def sentence(self, language: str = "en") -> str:
        """How many charts, how many in control, and the strongest story."""
        if len(self.charts) == 1:
            return self.charts[0].sentence(language)
        stable = sum(chart.stable for chart in self.charts)
        text = sentence(language, "charts", charts=len(self.charts), stable=stable, points=len(self.events))
        return text + (" " + self.stories[0].sentence(language) if self.stories else "")


@dataclass(frozen=True, repr=False)
class GaugeStudy(Answer):
    """What a study of a gauge found: where the variance of the readings comes from."""

    parts: int
    operators: int
    trials: int
    repeatability: float
    """Variances."""
    reproducibility: float
    interaction: float
    part: float
    total: float
    study_variation: float
    """Standard deviation of the measuring over that of all: 0.1 is 10 %."""
    distinct_categories: int
    tolerance_share: float | None
    interaction_p: float | None

    def rows(self) -> list[Row]:
        """One row per source of variance."""
        names = ("repeatability", "reproducibility", "part", "total")
        return [
            {
                "source": name,
                "variance": getattr(self, name),
                "share": getattr(self, name) / self.total if self.total else None,
            }
            for name in names
        ]

    def sentence(self, language: str = "en") -> str:
        """How much of the spread is the measuring."""
        return sentence(
            language,
            "gauge",
            share=self.study_variation,
            categories=self.distinct_categories,
            parts=self.parts,
            operators=self.operators,
            trials=self.trials,
        )
