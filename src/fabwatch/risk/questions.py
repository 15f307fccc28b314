"""The questions about what is at stake: wafers at risk, containment, the plan, boards of tools and areas."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from fabwatch.quals.questions import ForecastQuestion, Priced
from fabwatch.store.view import Answerable, Composed, View
from fabwatch.terms.questions import (
    Area,
    Chamber,
    Cost,
    Moment,
    Param,
    QualType,
    Reach,
    Selected,
    Spec,
    Timed,
    ToolName,
    as_stated,
    declaration,
)

if TYPE_CHECKING:
    from fabwatch.risk.answers import Areas, Containment, History, Overview, Plan, Risk, Tools
    from fabwatch.terms.settings.place import FabSettings

SuspectAt = Annotated[
    Moment, Param("Process time of the failed or suspect qual; without it the latest failed one.", longest=40)
]


@declaration
class RiskQuestion(Selected, Answerable["Risk"]):
    """Wafers at risk: run since the last good qual, per tool, chamber and qual type."""

    spec: ClassVar = Spec("risk", "/risk", "risk", "tools", example={"by": "area"}, scans=True)
    by: Annotated[Literal["tool", "area", "tool_type"], Param("One row per tool, area or tool_type.")] = "tool"

    def answer(self, view: View) -> "Risk":
        """The wafers at risk. Raises UnknownTool."""
        from fabwatch.equipment.tools import Selection
        from fabwatch.risk.exposure import risk

        return risk(view, Selection(self.area, self.tool, self.qual_type), self.by)

    def whole(self) -> Self | None:
        """The risk of all tools costs as much as that of one."""
        return self.of_all() if self.by == "tool" else None

    def part(self, whole: "Risk") -> "Risk | None":
        """The rows of one area, tool or qual type."""
        from fabwatch.risk.exposure import narrowed

        return narrowed(whole, self)


@declaration
class ContainQuestion(Timed, Answerable["Containment"]):
    """Containment: the wafers between the last good qual and the failed one, those after it, and where they are now."""

    spec: ClassVar = Spec(
        "contain",
        "/contain/{tool}",
        "contain",
        "items",
        reach=Reach.TOOL,
        working="containing …",
        example={"tool": "{tool}", "format": "csv"},
        scans=True,
    )
    tool: Annotated[str, Param("The tool whose qual failed.", argument=True)]
    qual_type: QualType = None
    chamber: Chamber = None
    at: SuspectAt = None

    def answer(self, view: View) -> "Containment":
        """The containment. Raises UnknownTool, NothingThen and NothingFailed."""
        from fabwatch.risk.containment import Suspicion, contain

        return contain(view, Suspicion(self.tool, self.qual_type, self.chamber, as_stated(self.at)))


@declaration
class HistoryQuestion(Timed, Answerable["History"]):
    """Wafers at risk of a tool over time, with its quals and restores."""

    spec: ClassVar = Spec(
        "history",
        "/history/{tool}",
        "history",
        "points",
        reach=Reach.TOOL,
        example={"tool": "{tool}", "days": "30"},
        scans=True,
    )
    tool: ToolName
    qual_type: QualType = None
    chamber: Chamber = None
    days: Annotated[float, Param("How many days back.", above=0, most=3660)] = 30.0

    def answer(self, view: View) -> "History":
        """The history. Raises UnknownTool."""
        from fabwatch.risk.history import history

        return history(view, self.tool, self.qual_type, self.chamber, self.days)


@declaration
class PlanQuestion(Priced, Selected, Answerable["Plan"]):
    """What to check on each of the coming days, the largest expected loss first."""

    spec: ClassVar = Spec("plan", "/plan", "plan", "items", cost=Cost.AHEAD, working="planning …", example={"days": "7"})
    days: Annotated[int, Param("How many days ahead.", least=1, most=366)] = 7

    def answer(self, view: View) -> "Plan":
        """The plan. Raises UnknownTool and TooFewFailures."""
        from fabwatch.equipment.tools import Selection
        from fabwatch.risk.outlook import plan

        selection = Selection(self.area, self.tool, self.qual_type)
        return plan(view, selection, self.costs(view), self.priced(view), self.days)


@declaration
class ToolsQuestion(Timed, Composed["Tools"]):
    """Every tool in one line: status and its cause, wafers at risk, limit, chance that it fails soon, next check."""

    spec: ClassVar = Spec("tools", "/tools", "tools", "tools", example={"horizon": "7"})
    area: Area = None
    horizon: Annotated[
        float | None,
        Param("Days ahead for the chance that it fails; else that of fab.toml.", above=0, most=366),
    ] = None

    def parts(self) -> tuple[Answerable[Any], ...]:
        """Of the whole fab: a plan shares the hours of all."""
        as_of, known_at = self.as_of, self.known_at
        return (
            RiskQuestion(as_of=as_of, known_at=known_at),
            ForecastQuestion(as_of=as_of, known_at=known_at),
            PlanQuestion(as_of=as_of, known_at=known_at),
        )

    def compose(self, settings: "FabSettings", answers: Sequence[Any]) -> "Tools":
        """The board. Raises UnknownTool for an area that is not there."""
        from fabwatch.risk.board import board

        days = settings.horizon_days if self.horizon is None else self.horizon
        risk, forecasts, plan = answers
        return board(risk, forecasts, plan, settings, days, self.area)


@declaration
class AreasQuestion(Timed, Composed["Areas"]):
    """Every area in one line; their wafers add up to those of the tools."""

    spec: ClassVar = Spec("areas", "/areas", "areas", "areas", reach=Reach.FAB)

    def parts(self) -> tuple[Answerable[Any], ...]:
        """Those that give the tools their status."""
        as_of, known_at = self.as_of, self.known_at
        return RiskQuestion(as_of=as_of, known_at=known_at), ForecastQuestion(as_of=as_of, known_at=known_at)

    def compose(self, settings: "FabSettings", answers: Sequence[Any]) -> "Areas":
        """The areas."""
        from fabwatch.risk.board import areas

        return areas(answers[0], answers[1], settings)


@declaration
class OverviewQuestion(Timed, Answerable["Overview"]):
    """The fab as a whole: what was loaded, until when it is known, how many wafers are at risk."""

    spec: ClassVar = Spec("overview", "/fab", "overview", reach=Reach.FAB)

    def answer(self, view: View) -> "Overview":
        """The overview."""
        from fabwatch.risk.overview import overview

        return overview(view)


QUESTIONS: tuple[type[Answerable[Any]], ...] = (
    RiskQuestion,
    ContainQuestion,
    HistoryQuestion,
    PlanQuestion,
    ToolsQuestion,
    AreasQuestion,
    OverviewQuestion,
)
