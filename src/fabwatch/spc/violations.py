"""Violations of the control charts of a tool as events, for rooms that explain what happened to it."""

from collections.abc import Sequence
from datetime import datetime

from fabwatch.spc.answers import ControlChart
from fabwatch.spc.charting import Options
from fabwatch.spc.control_charts import control_charts
from fabwatch.spc.records import Wanted
from fabwatch.store.view import ToolEvent, View
from fabwatch.terms.errors import BadQuestion

KIND = "violation"
MOST = 5
"""So many charts of a tool are named, those with most points that break rules first."""


def violations_of(view: View, tool: str, since: datetime, until: datetime) -> Sequence[ToolEvent]:
    """The charts of a tool that broke their rules between two moments, each as an event at the first such point."""
    try:
        charts = control_charts(view, Wanted(tool=tool), Options()).charts
    except BadQuestion:
        # A tool without readings has no charts.
        return ()
    broken = [(chart, _broken(chart, since, until)) for chart in charts]
    worst = sorted((pair for pair in broken if pair[1]), key=lambda pair: -len(pair[1]))
    return [_event(chart, points) for chart, points in worst[:MOST]]


def _broken(chart: ControlChart, since: datetime, until: datetime) -> list[tuple[datetime, tuple[str, ...]]]:
    """When points of a chart broke rules in that time, and which."""
    return [
        (point.at, point.broken)
        for point in chart.points
        if point.broken and isinstance(point.at, datetime) and since <= point.at <= until
    ]


def _event(chart: ControlChart, points: Sequence[tuple[datetime, tuple[str, ...]]]) -> ToolEvent:
    rules = ", ".join(sorted({rule for _, broken in points for rule in broken}))
    chamber = None if chart.chamber == "*" else chart.chamber
    return ToolEvent(points[0][0], chamber, KIND, f"{chart.name}: {rules} ({len(points)})")
