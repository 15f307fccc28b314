"""The answers about readings: their statistics, one after the other, and on control charts."""

from fabwatch.spc.answers.charts import (
    Capability,
    ChartPoint,
    ControlChart,
    ControlCharts,
    FrozenLimits,
    GaugeStudy,
    NotCharted,
    SpreadChart,
    Story,
    VarianceShare,
    Violation,
)
from fabwatch.spc.answers.readings import Reading, Readings, Stats, Summary

__all__ = [
    "Capability",
    "ChartPoint",
    "ControlChart",
    "ControlCharts",
    "FrozenLimits",
    "GaugeStudy",
    "NotCharted",
    "Reading",
    "Readings",
    "SpreadChart",
    "Stats",
    "Story",
    "Summary",
    "VarianceShare",
    "Violation",
]
