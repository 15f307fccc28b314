"""Every tool in one line: exposure, forecast and plan of the same moment, put together."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fabwatch.quals.answers import Forecast, Forecasts
from fabwatch.quals.combining import by_check
from fabwatch.risk.answers import Area, Areas, Exposure, Plan, Planned, Risk, Standing, Tools
from fabwatch.risk.exposure import WORST_FIRST
from fabwatch.risk.status import any_of, cause_of
from fabwatch.terms.errors import unknown
from fabwatch.terms.settings.place import FabSettings

METHOD = (
    "Of each tool the qual type with the most wafers at risk, all of whose chambers count; the chance that any of its "
    "checks finds it bad within the horizon, taken as independent; the first check that the plan has for it. Its status is "
    "the worse of what is on record and of the chance to be out of spec (docs/rules.md)."
)


def board(
    risk: Risk, forecasts: Forecasts | None, plan: Plan | None, stated: FabSettings, horizon: float, area: str | None = None
) -> Tools:
    """Every tool of `risk`, or of one area, in one line, by area, the worst first.

    Without forecasts and plan those columns are empty. `stated` says from which chance on a tool is to be watched or
    checked; `horizon` is in days. The three answers are of one moment and of the whole fab, because a plan shares the
    hours of all. Raises UnknownTool for an area that is not there.
    """
    known = {row.area for row in risk.tools}
    if area is not None and area not in known:
        raise unknown("area", area, {name for name in known if name})
    by_tool: dict[str, list[Exposure]] = defaultdict(list)
    for row in risk.tools:
        if area in (None, row.area):
            by_tool[row.tool or ""].append(row)
    ahead: dict[str, list[Forecast]] = defaultdict(list)
    for forecast in forecasts.tools if forecasts else ():
        ahead[forecast.tool].append(forecast)
    checks: dict[str, Planned] = {}
    for item in plan.items if plan else ():
        if item.tool not in checks or item.due_day < checks[item.tool].due_day:
            checks[item.tool] = item
    rows = [
        _standing(exposures, None if forecasts is None else ahead[tool], checks.get(tool), stated, horizon)
        for tool, exposures in by_tool.items()
    ]
    rows.sort(key=lambda row: (row.area or "", WORST_FIRST[row.status], -(row.p_bad_now or 0.0), -row.wafers, row.tool))
    how = replace(risk.how, method=f"{METHOD} {risk.how.method}")
    total = sum(row.wafers for row in rows if row.since is not None)
    never = sum(row.since is None for row in rows)
    return Tools(*replace(risk, how=how).header, horizon, total, never, tuple(rows))


def areas(risk: Risk, forecasts: Forecasts | None, stated: FabSettings) -> Areas:
    """Every area in one line: the tools of the board summed up, with their status there."""
    tools = board(risk, forecasts, None, stated, 0.0)
    rows = tuple(area for area, _ in by_area(tools))
    return Areas(*tools.header, tools.wafers, tools.never, rows)


def by_area(tools: Tools) -> list[tuple[Area, list[Standing]]]:
    """Each area in one line, with its tools in their order."""
    groups: dict[str | None, list[Standing]] = defaultdict(list)
    for row in tools.tools:
        groups[row.area].append(row)
    return [(_area(area, rows), rows) for area, rows in groups.items()]


def _area(area: str | None, rows: list[Standing]) -> Area:
    bounded = [row for row in rows if row.since is not None]
    return Area(
        area=area,
        tools=len(rows),
        wafers=sum(row.wafers for row in bounded),
        never=len(rows) - len(bounded),
        act=sum(row.status == "act" for row in rows),
        watch=sum(row.status == "watch" for row in rows),
        most=max((row.wafers for row in bounded), default=0),
    )


def _standing(
    rows: list[Exposure], forecasts: list[Forecast] | None, check: Planned | None, stated: FabSettings, horizon: float
) -> Standing:
    whole = [row for row in rows if row.chamber == "*"]
    first = max(whole, key=lambda row: (row.bounded, row.wafers))
    ahead = [forecast for forecast in by_check(forecasts or ()) if forecast.grounded]
    # By the chance to be bad already, not to fail soon: where every tool is checked twice a week, most fail within one.
    cause = cause_of(rows, forecasts, stated)
    return Standing(
        area=first.area,
        tool_type=first.tool_type,
        tool=first.tool or "",
        chambers=len({row.chamber for row in rows} - {"*"}),
        qual_type=first.qual_type,
        wafers=first.wafers,
        limit=first.limit,
        status=cause.status,
        since=first.since,
        failed_at=max((row.failed_at for row in whole if row.failed_at), default=None),
        suspect_quals=sum(row.suspect_quals for row in whole),
        p_bad_now=any_of([forecast.p_bad_now for forecast in ahead]),
        p_fails=any_of([fails_within(forecast, horizon) for forecast in ahead]),
        next_check_day=check.due_day if check else None,
        next_check_reason=check.reason if check else None,
        expected_loss=check.expected_loss if check else None,
        cause=cause,
    )


def fails_within(forecast: Forecast, days: float) -> float:
    """The chance that the hidden failure lies within `days` from now, between the quantiles that the forecast gives."""
    quantiles: Mapping[str, float] = forecast.days_quantiles
    if forecast.failed_open or not quantiles:
        return forecast.p_bad_now
    at = np.array([0.0, *(max(day, 0.0) for day in quantiles.values())])
    chances = np.array([forecast.p_bad_now, *(max(float(name), forecast.p_bad_now) for name in quantiles)])
    return float(np.interp(days, at, chances))
