"""Every answer, by name: what an API is described by, and what faces import."""

from fabwatch.ingest.answers import InboxFile, InboxFiles, Load, Loads, Problems, SetAside
from fabwatch.terms.advice import Curves, Intervals, Plan
from fabwatch.terms.answers import Containment, Risk
from fabwatch.terms.boards import Areas, History, Overview, Readings, Stats, Tools
from fabwatch.terms.decisions import Audit, Decision, Decisions, Entries, HoldList, HoldLists
from fabwatch.terms.forecasts import Forecasts
from fabwatch.terms.polishing import Advices, PolishTime, PolishTimes, PredictedRates, RateModel, Rates, RateTrends, Replayed
from fabwatch.terms.rules import Backtest, Chambers, Golden, Goldens, Rules, SensorStats
from fabwatch.terms.scores import Score
from fabwatch.terms.traces import Faults, Runs, Samples, Sensors, StepSummary, Trace

__all__ = [
    "Advices",
    "Areas",
    "Audit",
    "Backtest",
    "Chambers",
    "Containment",
    "Curves",
    "Decision",
    "Decisions",
    "Entries",
    "Faults",
    "Forecasts",
    "Golden",
    "Goldens",
    "History",
    "HoldList",
    "HoldLists",
    "InboxFile",
    "InboxFiles",
    "Intervals",
    "Load",
    "Loads",
    "Overview",
    "Plan",
    "PolishTime",
    "PolishTimes",
    "PredictedRates",
    "Problems",
    "RateModel",
    "RateTrends",
    "Rates",
    "Readings",
    "Replayed",
    "Risk",
    "Rules",
    "Runs",
    "Samples",
    "Score",
    "SensorStats",
    "Sensors",
    "SetAside",
    "Stats",
    "StepSummary",
    "Tools",
    "Trace",
]
