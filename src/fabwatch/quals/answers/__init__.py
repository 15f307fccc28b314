"""What the questions of this room are answered with."""

from fabwatch.quals.answers.forecasts import Combined, Forecast, Forecasts, NextQual, Why, Window
from fabwatch.quals.answers.intervals import Advice, CurvePoint, Curves, Intervals, Replay, ToolCurve, Tried
from fabwatch.quals.answers.scores import Score, Tenth, Windows, Yardstick

__all__ = [
    "Advice",
    "Combined",
    "CurvePoint",
    "Curves",
    "Forecast",
    "Forecasts",
    "Intervals",
    "NextQual",
    "Replay",
    "Score",
    "Tenth",
    "ToolCurve",
    "Tried",
    "Why",
    "Window",
    "Windows",
    "Yardstick",
]
