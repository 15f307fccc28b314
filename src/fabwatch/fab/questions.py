"""Every question that the fab answers: what commands, routes, pages and reference pages are made from."""

from typing import Any

from fabwatch.alerts import questions as alerts
from fabwatch.alerts.questions import AlertsQuestion
from fabwatch.cmp import questions as cmp
from fabwatch.cmp.questions import (
    PolishTimesQuestion,
    PredictedRatesQuestion,
    RateModelQuestion,
    RatesQuestion,
    RateTrendsQuestion,
    ReplayQuestion,
)
from fabwatch.connections import questions as connections
from fabwatch.connections.questions import ConnectionsQuestion
from fabwatch.decisions import questions as decisions
from fabwatch.decisions.questions import (
    AdvicesQuestion,
    AuditCheckQuestion,
    AuditQuestion,
    ChartLimitsQuestion,
    DecisionsQuestion,
    HoldsQuestion,
)
from fabwatch.ingest import questions as ingest
from fabwatch.ingest.questions import ExplainQuestion, InboxQuestion, LoadsQuestion, ProblemsQuestion
from fabwatch.live import questions as live
from fabwatch.live.questions import LiveQuestion
from fabwatch.models import questions as models
from fabwatch.models.features import questions as features
from fabwatch.models.features.questions import FeaturesQuestion
from fabwatch.models.questions import ModelCardQuestion, ModelCompareQuestion, ModelsQuestion
from fabwatch.models.watching import questions as watching
from fabwatch.models.watching.questions import ModelWatchQuestion
from fabwatch.quals import questions as quals
from fabwatch.quals.questions import CurveQuestion, ForecastQuestion, IntervalQuestion, ScoreQuestion
from fabwatch.risk import questions as risk
from fabwatch.risk.questions import (
    AreasQuestion,
    ContainQuestion,
    HistoryQuestion,
    OverviewQuestion,
    PlanQuestion,
    RiskQuestion,
    ToolsQuestion,
)
from fabwatch.spc import questions as spc
from fabwatch.spc.questions import ReadingsQuestion, SpcQuestion, StatsQuestion
from fabwatch.store.view import Answerable, Composed
from fabwatch.trace import questions as trace
from fabwatch.trace.questions import (
    BacktestQuestion,
    ChambersQuestion,
    FaultsQuestion,
    GoldensQuestion,
    RulesQuestion,
    RunsQuestion,
    SamplesQuestion,
    SensorsQuestion,
    SensorStatsQuestion,
    StepSummaryQuestion,
    TraceQuestion,
)
from fabwatch.yields import questions as yields
from fabwatch.yields.questions import (
    BinsQuestion,
    CommonalityQuestion,
    DefectsQuestion,
    DrawnMapsQuestion,
    LotQuestion,
    MapsQuestion,
    ScreensQuestion,
    SplitQuestion,
    StackedMapQuestion,
    TestsQuestion,
    YieldQuestion,
)

__all__ = [
    "QUESTIONS",
    "AdvicesQuestion",
    "AlertsQuestion",
    "Answerable",
    "AreasQuestion",
    "AuditCheckQuestion",
    "AuditQuestion",
    "BacktestQuestion",
    "BinsQuestion",
    "ChambersQuestion",
    "ChartLimitsQuestion",
    "CommonalityQuestion",
    "Composed",
    "ConnectionsQuestion",
    "ContainQuestion",
    "CurveQuestion",
    "DecisionsQuestion",
    "DefectsQuestion",
    "DrawnMapsQuestion",
    "ExplainQuestion",
    "FaultsQuestion",
    "FeaturesQuestion",
    "ForecastQuestion",
    "GoldensQuestion",
    "HistoryQuestion",
    "HoldsQuestion",
    "InboxQuestion",
    "IntervalQuestion",
    "LiveQuestion",
    "LoadsQuestion",
    "LotQuestion",
    "MapsQuestion",
    "ModelCardQuestion",
    "ModelCompareQuestion",
    "ModelWatchQuestion",
    "ModelsQuestion",
    "OverviewQuestion",
    "PlanQuestion",
    "PolishTimesQuestion",
    "PredictedRatesQuestion",
    "ProblemsQuestion",
    "RateModelQuestion",
    "RateTrendsQuestion",
    "RatesQuestion",
    "ReadingsQuestion",
    "ReplayQuestion",
    "RiskQuestion",
    "RulesQuestion",
    "RunsQuestion",
    "SamplesQuestion",
    "ScoreQuestion",
    "ScreensQuestion",
    "SensorStatsQuestion",
    "SensorsQuestion",
    "SpcQuestion",
    "SplitQuestion",
    "StackedMapQuestion",
    "StatsQuestion",
    "StepSummaryQuestion",
    "TestsQuestion",
    "ToolsQuestion",
    "TraceQuestion",
    "YieldQuestion",
]

ROOMS = (risk, quals, spc, trace, cmp, yields, models, watching, features, decisions, alerts, live, connections, ingest)
QUESTIONS: tuple[type[Answerable[Any]], ...] = tuple(kind for room in ROOMS for kind in room.QUESTIONS)
