"""The questions about quals: when each tool will fail, how past forecasts turned out, how often to check."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import (
    Cost,
    Coverage,
    Declared,
    Param,
    QualType,
    Reach,
    Selected,
    Spec,
    Timed,
    WearClock,
    declaration,
)

if TYPE_CHECKING:
    from fabwatch.quals.answers import Curves, Forecasts, Intervals, Score
    from fabwatch.stats.renewal import Costs


@declaration
class Priced(Declared):
    """Costs that replace those of fab.toml."""

    cost_qual: Annotated[float | None, Param("Cost of one qual.", least=1e-6, most=1e12)] = None
    cost_contain: Annotated[float | None, Param("Cost of one wafer contained.", least=1e-6, most=1e12)] = None
    cost_scrap: Annotated[float | None, Param("Cost of one wafer that ran on a bad tool.", least=1e-6, most=1e12)] = None
    cost_fail: Annotated[float | None, Param("Cost of one failure.", least=1e-6, most=1e12)] = None
    cost_false: Annotated[float | None, Param("Cost of one false alarm.", least=1e-6, most=1e12)] = None

    def _stated(self) -> dict[str, float | None]:
        return {name: getattr(self, f"cost_{name}") for name in ("qual", "contain", "scrap", "fail", "false")}

    def costs(self, view: View) -> "Costs":
        """The costs to use."""
        from fabwatch.quals.interval import costs_of

        return costs_of(view.lake.settings.costs, self._stated())

    def priced(self, view: View) -> bool:
        """Whether the costs are the user's own."""
        own = any(value is not None for value in self._stated().values())
        return own or "costs" in view.lake.settings.model_fields_set


@declaration
class ForecastQuestion(Selected, Answerable["Forecasts"]):
    """When each tool will fail its next qual: the window, the chance that it is already out of spec, the coming quals."""

    spec: ClassVar = Spec(
        "forecast", "/forecast", "forecast", "tools", Cost.AHEAD, working="forecasting …", example={"tool": "{tool}"}
    )
    coverage: Coverage = 0.8
    clock: WearClock = "auto"

    def answer(self, view: View) -> "Forecasts":
        """The forecasts. Raises UnknownTool, TooFewFailures, and BadQuestion for an unknown clock."""
        from fabwatch.equipment.tools import Selection
        from fabwatch.quals.forecast import ForecastOptions, forecast

        selection = Selection(self.area, self.tool, self.qual_type)
        return forecast(view, selection, ForecastOptions(self.coverage, self.clock))

    def whole(self) -> Self | None:
        """The forecasts of all tools."""
        return self.of_all()

    def part(self, whole: "Forecasts") -> "Forecasts | None":
        """The rows of one area, tool or qual type; None where there are none, so that the error says why."""
        from fabwatch.quals.combining import combined

        rows = tuple(filter(self.selects, whole.tools))
        if not rows:
            return None
        return replace(whole, tools=rows, combined=combined(rows, whole.coverage))


@declaration
class ScoreQuestion(Selected, Answerable["Score"]):
    """How past forecasts turned out: replayed from what was known then, and the live ones."""

    spec: ClassVar = Spec(
        "forecast score",
        "/forecast/score",
        "score",
        None,
        Cost.LONG,
        working="forecasting the past …",
        example={"tool": "{tool}"},
    )
    coverage: Coverage = 0.8
    clock: WearClock = "auto"
    every_days: Annotated[
        float | None,
        Param(
            "Days between two forecasts of the replay; without it six are spread over the record.",
            least=1,
            most=3660,
        ),
    ] = None

    def answer(self, view: View) -> "Score":
        """The score. Raises UnknownTool and TooFewFailures."""
        from fabwatch.equipment.tools import Selection
        from fabwatch.quals.forecast import ForecastOptions
        from fabwatch.quals.ledger import score

        selection = Selection(self.area, self.tool, self.qual_type)
        return score(view, selection, ForecastOptions(self.coverage, self.clock), self.every_days)


@declaration
class IntervalQuestion(Priced, Selected, Answerable["Intervals"]):
    """How often to check each tool: the interval of least cost, as a range, beside today's."""

    spec: ClassVar = Spec(
        "interval",
        "/interval",
        "interval",
        "tools",
        Cost.AHEAD,
        working="weighing intervals …",
        example={"tool": "{tool}"},
    )
    clock: WearClock = "auto"
    qual_hours: Annotated[
        float | None, Param("Hours a week that all quals of the selection may take together.", above=0, most=1e6)
    ] = None

    def answer(self, view: View) -> "Intervals":
        """The intervals. Raises UnknownTool and TooFewFailures."""
        from fabwatch.equipment.tools import Selection
        from fabwatch.quals.forecast import ForecastOptions
        from fabwatch.quals.interval import interval

        selection, options = Selection(self.area, self.tool, self.qual_type), ForecastOptions(clock=self.clock)
        return interval(view, selection, options, self.costs(view), self.priced(view), self.qual_hours)

    def whole(self) -> Self | None:
        """The intervals of all tools; None with shared hours, which depend on the selection."""
        return self.of_all() if self.qual_hours is None else None

    def part(self, whole: "Intervals") -> "Intervals | None":
        """The rows of one area, tool or qual type."""
        rows = tuple(filter(self.selects, whole.tools))
        return replace(whole, tools=rows) if rows else None


@declaration
class CurveQuestion(Priced, Timed, Answerable["Curves"]):
    """What if we checked every so many wafers: wafers at risk, chance to fail, cost."""

    spec: ClassVar = Spec("curve", "/curve/{tool}", "curve", "tools", Cost.AHEAD, Reach.TOOL, example={"tool": "{tool}"})
    tool: Annotated[str | None, Param("The tool; without it all tools.", argument=True)] = None
    qual_type: QualType = None

    def answer(self, view: View) -> "Curves":
        """The curves. Raises UnknownTool and TooFewFailures."""
        from fabwatch.equipment.tools import Selection
        from fabwatch.quals.curve import curve

        return curve(view, Selection(None, self.tool, self.qual_type), self.costs(view), self.priced(view))

    def whole(self) -> Self | None:
        """The curves of all tools."""
        return None if (self.tool, self.qual_type) == (None, None) else replace(self, tool=None, qual_type=None)

    def part(self, whole: "Curves") -> "Curves | None":
        """The rows of one tool or qual type."""
        rows = tuple(row for row in whole.tools if self.tool in (None, row.tool) and self.qual_type in (None, row.qual_type))
        return replace(whole, tools=rows) if rows else None


QUESTIONS: tuple[type[Answerable[Any]], ...] = (
    ForecastQuestion,
    ScoreQuestion,
    IntervalQuestion,
    CurveQuestion,
)
