"""The questions about readings: their statistics, the readings in order of time, and their control charts."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import (
    Area,
    Chamber,
    Cost,
    Param,
    QualType,
    Reach,
    Selected,
    Since,
    Spec,
    Timed,
    Tool,
    ToolName,
    Until,
    as_stated,
    declaration,
)

if TYPE_CHECKING:
    from fabwatch.spc.answers import ControlCharts, Readings, Stats


@declaration
class StatsQuestion(Selected, Answerable["Stats"]):
    """Statistics of readings: n, mean, std, min, max, range, and Cpk where they have limits."""

    spec: ClassVar = Spec("stats", "/stats", "stats", "groups", example={"by": "tool_type"})
    by: Annotated[
        Literal["tool", "chamber", "area", "tool_type", "qual_type", "day", "week", "month"],
        Param("One row per group of this kind, qual type and unit."),
    ] = "tool"
    since: Since = None
    until: Until = None

    def answer(self, view: View) -> "Stats":
        """The statistics. Raises UnknownTool."""
        from fabwatch.equipment.tools import Selection
        from fabwatch.spc.summary import Period, stats

        selection = Selection(self.area, self.tool, self.qual_type)
        return stats(view, selection, self.by, Period(as_stated(self.since), as_stated(self.until)))


@declaration
class ReadingsQuestion(Timed, Answerable["Readings"]):
    """The readings of one tool in order of time, with moving ranges."""

    spec: ClassVar = Spec(
        "readings", "/readings/{tool}", "readings", "readings", reach=Reach.TOOL, example={"tool": "{tool}"}
    )
    tool: ToolName
    qual_type: QualType = None
    since: Since = None
    until: Until = None

    def answer(self, view: View) -> "Readings":
        """The readings. Raises UnknownTool."""
        from fabwatch.equipment.tools import Selection
        from fabwatch.spc.summary import Period, readings

        period = Period(as_stated(self.since), as_stated(self.until))
        return readings(view, Selection(None, self.tool, self.qual_type), period)


ChartKind = Literal["imr", "between", "xbar-r", "xbar-s", "ewma", "cusum", "t2"]
RuleSet = Literal["nelson", "weco"]
SensorName = Annotated[str | None, Param("The mean of this sensor in each step of each run; `all` for every sensor.")]
Metrology = Annotated[
    Literal["rate", "after", "incoming", "removed"] | None,
    Param("Metrology of wafers: removal rate, thickness after, thickness before, or what was removed."),
]
TestName = Annotated[str | None, Param("Means of wafers of this test of parts, by its number or name.")]
WatName = Annotated[str | None, Param("Means of wafers of this parameter of electrical tests (WAT, PCM).")]
LotName = Annotated[str | None, Param("Of tests and electrical tests only the wafers of this lot.")]


@declaration
class SpcQuestion(Timed, Answerable["ControlCharts"]):
    """Control charts of quals, sensors, metrology, tests or WAT: limits, points that break rules, and capability."""

    spec: ClassVar = Spec("spc", "/spc", "control_charts", "charts", cost=Cost.DEEP, example={"tool": "{tool}"})
    area: Area = None
    tool: Tool = None
    chamber: Chamber = None
    qual_type: QualType = None
    sensor: SensorName = None
    metrology: Metrology = None
    test: TestName = None
    wat: WatName = None
    lot: LotName = None
    chart: Annotated[
        ChartKind | None,
        Param(
            "Kind of chart; else imr for one reading a time, between for wafers of several readings, xbar-r or xbar-s for "
            "other subgroups, or that of frozen limits."
        ),
    ] = None
    rules: Annotated[RuleSet, Param("Rules that points are judged by: Nelson 1 to 8, or Western Electric.")] = "nelson"
    since: Since = None
    until: Until = None

    def answer(self, view: View) -> "ControlCharts":
        """The charts. Raises UnknownTool and BadQuestion."""
        from fabwatch.spc.charting import Options
        from fabwatch.spc.control_charts import control_charts
        from fabwatch.spc.records import Wanted
        from fabwatch.spc.summary import Period

        period = Period(as_stated(self.since), as_stated(self.until))
        names = (self.area, self.tool, self.chamber, self.qual_type, self.sensor, self.metrology)
        wanted = Wanted(*names, period, self.test, self.wat, self.lot)
        return control_charts(view, wanted, Options(self.chart, self.rules))


QUESTIONS: tuple[type[Answerable[Any]], ...] = (StatsQuestion, ReadingsQuestion, SpcQuestion)
