"""What the questions of this room are answered with."""

from fabwatch.quals.answers.forecasts import (
    FEW_FAILURES,
    Combined,
    Forecast,
    Forecasts,
    NextQual,
    PlannedRestore,
    Signalled,
    Why,
    Window,
    grounded,
)
from fabwatch.quals.answers.intervals import Advice, CurvePoint, Curves, Intervals, Replay, ToolCurve, Tried
from fabwatch.quals.answers.scores import AdviceValue, Bin, Change, Score, Slope, Tenth, Value, Windows, Yardstick

__all__ = [
    "FEW_FAILURES",
    "Advice",
    "AdviceValue",
    "Bin",
    "Change",
    "Combined",
    "CurvePoint",
    "Curves",
    "Forecast",
    "Forecasts",
    "Intervals",
    "NextQual",
    "PlannedRestore",
    "Replay",
    "Score",
    "Signalled",
    "Slope",
    "Tenth",
    "ToolCurve",
    "Tried",
    "Value",
    "Why",
    "Window",
    "Windows",
    "Yardstick",
    "grounded",
]
