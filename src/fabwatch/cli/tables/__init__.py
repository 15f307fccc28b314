"""How each answer is printed for people; an answer without its own table is printed as a flat table."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fabwatch.cli import output
from fabwatch.cli.options import SET_ASIDE
from fabwatch.cli.tables import alerts, charts, decisions, files, models, polishing, quals, results, risk, traces
from fabwatch.fab.answers import Audit, ChartLimits, Decision, Decisions, Golden, Goldens, HoldList, HoldLists, ModelCard
from fabwatch.fab.questions import (
    AdvicesQuestion,
    AlertsQuestion,
    Answerable,
    AuditCheckQuestion,
    AuditQuestion,
    BacktestQuestion,
    ChartLimitsQuestion,
    CommonalityQuestion,
    ContainQuestion,
    DecisionsQuestion,
    FaultsQuestion,
    ForecastQuestion,
    GoldensQuestion,
    HoldsQuestion,
    IntervalQuestion,
    LoadsQuestion,
    ModelCardQuestion,
    ModelsQuestion,
    PlanQuestion,
    ProblemsQuestion,
    RatesQuestion,
    RiskQuestion,
    ScoreQuestion,
    SpcQuestion,
    SplitQuestion,
    ToolsQuestion,
)
from fabwatch.terms.errors import DiskFull, StoreBroken, StoreBusy

if TYPE_CHECKING:
    from fabwatch.fab import Fab

TABLES: dict[type[Answerable[Any]], Callable[..., None]] = {
    AlertsQuestion: alerts.cases,
    RiskQuestion: risk.risk,
    ToolsQuestion: risk.tools,
    ContainQuestion: risk.containment,
    ForecastQuestion: quals.forecast,
    ScoreQuestion: quals.score,
    IntervalQuestion: quals.intervals,
    PlanQuestion: quals.plan,
    FaultsQuestion: traces.faults,
    BacktestQuestion: traces.backtest,
    GoldensQuestion: traces.goldens,
    SpcQuestion: charts.control_charts,
    ChartLimitsQuestion: charts.limits,
    RatesQuestion: polishing.rates,
    AdvicesQuestion: polishing.advices,
    HoldsQuestion: decisions.holds,
    DecisionsQuestion: decisions.decisions,
    AuditQuestion: decisions.entries,
    AuditCheckQuestion: decisions.audit,
    CommonalityQuestion: results.commonality,
    SplitQuestion: results.split,
    LoadsQuestion: files.loads,
    ModelCardQuestion: models.card,
    ModelsQuestion: models.listed,
    ProblemsQuestion: files.problems,
}
LISTINGS: dict[type, Callable[..., None]] = {
    HoldLists: decisions.holds,
    Decisions: decisions.decisions,
    Goldens: traces.goldens,
    ChartLimits: charts.limits,
    ModelCard: models.card,
}


def show(question: Answerable[Any], answer: Any, language: str, **how: Any) -> None:
    """Print an answer for people."""
    TABLES.get(type(question), output.rows)(answer, language, **how)


def show_listing(answer: Any) -> None:
    """Print the result of a decision."""
    LISTINGS.get(type(answer), output.rows)(answer, "en")


def listing_of(result: Any) -> Any:
    """The result of a decision, as the list it belongs to."""
    if isinstance(result, HoldList):
        return HoldLists((result,))
    if isinstance(result, Decision):
        return Decisions((result,))
    return Goldens((result,)) if isinstance(result, Golden) else result


def after(fab: "Fab", question: Answerable[Any], answer: Any) -> Any:
    """The answer after its follow-up: live forecasts are recorded, to be scored later."""
    if not isinstance(question, ForecastQuestion) or answer.as_of_reason or question.as_of or question.known_at:
        return answer
    try:
        return fab.record(answer)
    except (StoreBusy, StoreBroken, DiskFull) as fault:
        output.note(f"these forecasts were not recorded for the score: {fault.what} {fault.hint}")
        return answer


def exit_code(answer: Any) -> int:
    """The exit code: 2 if a check found something wrong."""
    return SET_ASIDE if isinstance(answer, Audit) and not answer.whole else 0
