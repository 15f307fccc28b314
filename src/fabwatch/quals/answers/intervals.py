"""How often to check: recommended intervals and what other intervals would mean."""

from dataclasses import dataclass

from fabwatch.terms.answers import Answer, Json, Row, place_of, plain
from fabwatch.terms.words import sentence


@dataclass(frozen=True)
class CurvePoint:
    """The cost per wafer of a check every `wafers` wafers."""

    wafers: int
    cost: float


@dataclass(frozen=True)
class Replay:
    """Quals, wafers contained and wafers run bad on record, and what the advised interval would have given."""

    days: float
    quals: int
    quals_advised: float
    contained: float
    contained_advised: float
    bad: float
    """Expected wafers that ran after the hidden failure."""
    bad_advised: float
    cost: float
    cost_advised: float


@dataclass(frozen=True)
class Advice:
    """How often to check one tool or chamber: the cheapest interval, the range that costs little more, and today's."""

    area: str | None
    tool_type: str | None
    tool: str
    chamber: str
    qual_type: str
    clock: str
    today_wafers: int | None
    today_days: float | None
    advised_wafers: int
    advised_days: float | None
    low_wafers: int
    high_wafers: int
    cost_today: float | None
    cost_advised: float
    cost_per_day_today: float | None
    cost_per_day_advised: float | None
    hours_per_week_today: float | None
    hours_per_week_advised: float | None
    """Hours of the tool that its quals take."""
    curve: tuple[CurvePoint, ...]
    replay: Replay | None

    @property
    def place(self) -> str:
        """The tool, with its chamber if there is one."""
        return place_of(self.tool, self.chamber)

    def sentence(self, language: str = "en") -> str:
        """The recommendation and today's interval."""
        values: dict[str, object] = {"place": self.place, "qual_type": self.qual_type, "advised": self.advised_wafers}
        values |= {"low": self.low_wafers, "high": self.high_wafers, "days": self.advised_days or 0.0}
        if self.advised_days is None:
            return sentence(language, "interval_idle", **values)
        if self.today_wafers is None:
            return sentence(language, "interval", **values)
        return sentence(language, "interval_today", today=self.today_wafers, gap=self.today_days, **values)


@dataclass(frozen=True, repr=False)
class Intervals(Answer):
    """How often to check each tool."""

    tools: tuple[Advice, ...] = ()
    costs_stated: bool = True
    """False: no costs are stated; default costs are used, in units of one qual."""
    qual_hours: float | None = None
    """Hours per week that the quals of this selection may take, if limited."""
    price_per_hour: float | None = None
    """What one more hour per week would be worth."""

    def to_dict(self) -> Json:
        """Plain data; each tool has its sentence."""
        return {**super().to_dict(), "tools": [plain(tool) | {"sentence": tool.sentence()} for tool in self.tools]}

    def rows(self) -> list[Row]:
        """One row per tool or chamber and qual type, without its curve."""
        rows = []
        for tool in self.tools:
            row = plain(tool)
            del row["curve"]
            replay = row.pop("replay") or {}
            rows.append({**row, **{f"replay_{name}": value for name, value in replay.items()}, "sentence": tool.sentence()})
        return rows

    def sentence(self, language: str = "en") -> str:
        """How many tools could be checked less often or should be checked more often, and the hours of quals."""
        often = sum(t.today_wafers is not None and t.today_wafers > t.high_wafers for t in self.tools)
        seldom = sum(t.today_wafers is not None and t.today_wafers < t.low_wafers for t in self.tools)
        text = sentence(language, "intervals", tools=len(self.tools), often=often, seldom=seldom)
        both = [t for t in self.tools if t.hours_per_week_today is not None and t.hours_per_week_advised is not None]
        if both:
            today = sum(t.hours_per_week_today or 0.0 for t in both)
            advised = sum(t.hours_per_week_advised or 0.0 for t in both)
            text += sentence(language, "intervals_hours", today=today, advised=advised)
        if self.qual_hours is not None:
            text += sentence(language, "intervals_limit", limit=self.qual_hours, price=self.price_per_hour or 0.0)
        return text + ("" if self.costs_stated else sentence(language, "costs_unstated"))


@dataclass(frozen=True)
class Tried:
    """What a check every `wafers` wafers would mean."""

    wafers: int
    """Between two checks; this many are at risk when the check comes."""
    days: float | None
    p_fail: float
    """Chance that the next check fails, if it comes this many wafers after the last one."""
    cost_per_1000: float
    """Per 1,000 wafers: quals, containment, scrap, failures and false alarms together."""
    cost_per_day: float | None
    quals_per_week: float | None


@dataclass(frozen=True)
class ToolCurve:
    """For one tool or chamber, what intervals much shorter to much longer than the advised one would mean."""

    tool: str
    chamber: str
    qual_type: str
    clock: str
    advised_wafers: int
    today_wafers: int | None
    points: tuple[Tried, ...]


@dataclass(frozen=True, repr=False)
class Curves(Answer):
    """What if we checked every N wafers?"""

    costs_stated: bool
    tools: tuple[ToolCurve, ...] = ()

    def rows(self) -> list[Row]:
        """One row per interval."""
        return [
            {"tool": tool.tool, "chamber": tool.chamber, "qual_type": tool.qual_type, **plain(point)}
            for tool in self.tools
            for point in tool.points
        ]

    def sentence(self, language: str = "en") -> str:
        """The advised interval and what it would mean."""
        text = "".join(
            sentence(
                language, "curve", place=place_of(tool.tool, tool.chamber), wafers=tool.advised_wafers, fail=point.p_fail
            )
            for tool in self.tools[:1]
            for point in tool.points
            if point.wafers == tool.advised_wafers
        )
        return text + ("" if self.costs_stated else sentence(language, "costs_unstated"))
