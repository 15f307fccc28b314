"""The questions about readings: their statistics, and the readings in order of time."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import (
    Param,
    QualType,
    Reach,
    Selected,
    Since,
    Spec,
    Timed,
    ToolName,
    Until,
    as_stated,
    declaration,
)

if TYPE_CHECKING:
    from fabwatch.spc.answers import Readings, Stats


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


QUESTIONS: tuple[type[Answerable[Any]], ...] = (StatsQuestion, ReadingsQuestion)
