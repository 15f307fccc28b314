"""One tool: wafers at risk, when it fails, how often to check it, and how reliable that is."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, key_of, needs, seen
from fabwatch.api.answer_cache import CachedAnswer
from fabwatch.api.faults import Refused
from fabwatch.api.paths import part
from fabwatch.fab.actions import Decide
from fabwatch.fab.answers import Decision, Exposure, Forecast, Forecasts, History, Readings, ToolCurve
from fabwatch.fab.boards import board, causes_by_check, fails_within
from fabwatch.fab.questions import (
    CurveQuestion,
    DecisionsQuestion,
    ForecastQuestion,
    HistoryQuestion,
    IntervalQuestion,
    ReadingsQuestion,
    RiskQuestion,
    StatsQuestion,
    ToolsQuestion,
)
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import unknown
from fabwatch.terms.numbers import typed
from fabwatch.web import translation
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import Soon, cached_page, pending, within
from fabwatch.web.query_params import params, question_of, sends, takes, times_of

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
AHEAD_DAYS = 45.0
FAN = ((0.1, 0.9), (0.25, 0.75))
NORMAL = {0.1: -1.2816, 0.25: -0.6745, 0.75: 0.6745, 0.9: 1.2816}
READINGS_SHOWN = 400
SEVERITY = {"act": 0, "watch": 1, "none": 2, "ok": 3}


@router.get("/tools/{name:name}", dependencies=[takes(HistoryQuestion, "chamber", "view", "every", "step")])
async def tool(request: Request, name: str) -> Response:
    """The tool page."""

    async def make(page: Page) -> tuple[str, bool]:
        cache = cache_of(request)
        await seen(request, key_of(request), name)
        # From the address only the times: qual type and chamber only select what is shown.
        stated = times_of(request)
        risk = await cache.answer(RiskQuestion(tool=name, as_of=stated.as_of, known_at=stated.known_at))
        shown = params(request, "qual_type", "chamber", "view", "every", "step")
        rows: list[Exposure] = list(risk.tools)
        types = sorted({row.qual_type for row in rows if row.qual_type})
        kind = shown.get("qual_type") or max(rows, key=lambda row: (row.bounded, row.wafers)).qual_type
        if not types:
            # A tool that was never checked has no qual type, although the plan names that of its sister tools.
            kind = None
        if kind is not None and kind not in types:
            raise unknown(f"qual of {name} of type", kind, types)
        chambers = sorted({row.chamber for row in rows if row.qual_type == kind} - {"*"})
        chamber = shown.get("chamber", "*")
        row = next((row for row in rows if row.qual_type == kind and row.chamber == chamber), None)
        place: Json = {"tool": name, "qual_type": kind}
        question = question_of(request, HistoryQuestion, **place)
        question = replace(question, qual_type=kind, chamber=chamber if chamber != "*" else None)
        times: Json = {"as_of": question.as_of, "known_at": question.known_at}
        history, stats, readings = await asyncio.gather(
            cache.answer(question),
            cache.answer(StatsQuestion(by="chamber", **place, **times)),
            cache.answer(ReadingsQuestion(**place, **times)),
        )
        standing, forecasts, curves, intervals = await asyncio.gather(
            within(cache.ask(ToolsQuestion(**times))),
            within(cache.ask(ForecastQuestion(**place, **times))),
            within(cache.ask(CurveQuestion(**place, **times))),
            within(cache.ask(IntervalQuestion(**place, **times))),
        )
        forecast = _own(forecasts[0], chamber)
        curve: ToolCurve | None = _own(curves[0], chamber)
        step = _step(curve, shown) if curve else 0
        waiting = pending(standing, forecasts, intervals)
        decided = (await cache.answer(DecisionsQuestion(tool=name))).decisions
        settings = cache.settings.fab
        tools = standing[0].answer if standing[0] else board(risk, None, None, settings, 0.0)
        own = next(line for line in tools.tools if line.tool == name)
        every = await within(cache.ask(ForecastQuestion(tool=name, **times)))
        checks = causes_by_check(rows, every[0].answer.tools if every[0] else None, settings)
        text = page.render(
            "tool.html",
            at="",
            as_of=risk.as_of,
            ended=risk.as_of_reason,
            demo=risk.demo,
            name=name,
            area=rows[0].area,
            tool_type=rows[0].tool_type,
            types=types,
            qual_type=kind,
            chambers=chambers,
            chamber=chamber,
            row=row,
            standing=own,
            checks=sorted(checks, key=lambda check: (SEVERITY[check[1].status], check[0].qual_type or "", check[0].chamber)),
            forecast=forecast,
            fails=fails_within(forecast, settings.horizon_days) if forecast else None,
            horizon=settings.horizon_days,
            advice=_own(intervals[0], chamber),
            pending=waiting,
            no_forecast=_none(forecasts, forecast, page),
            decided=_latest(decided, kind),
            history=history,
            days=question.days if question.days != int(question.days) else int(question.days),
            view=shown.get("view"),
            chart=chart(history, forecast, page),
            stats=stats,
            readings=readings,
            readings_data=individuals(readings, forecast),
            readings_of=chambers_of(readings),
            curve=curve,
            curve_answer=curves[0].answer if curves[0] else None,
            curve_data=_curve_data(curve, page) if curve else None,
            chosen_step=step,
            shown=_shown(curve, step, page) if curve else None,
        )
        return text, not waiting and not pending(curves)

    return await cached_page(request, make)


def _own(cached: CachedAnswer[Any] | None, chamber: str) -> Any:
    """The row of the chamber; for a whole tool that is checked by chamber, the most urgent row."""
    if cached is None:
        return None
    rows = cached.answer.tools
    own = [row for row in rows if row.chamber == chamber]
    return own[0] if own else (rows[0] if rows and chamber == "*" else None)


def _none(forecasts: Soon[Forecasts], forecast: Forecast | None, page: Page) -> str | None:
    """Why there is no forecast."""
    cached, fault = forecasts
    if fault is not None:
        return f"{fault.what} {fault.hint}"
    return None if cached is None or forecast is not None else page.sentence(cached.answer)


def _latest(decisions: Sequence[Decision], kind: str | None) -> list[Decision]:
    latest: dict[tuple[str, str], Decision] = {}
    for decision in decisions:
        if decision.qual_type == kind:
            latest.setdefault((decision.name, decision.chamber), decision)
    return [decision for decision in latest.values() if decision.value is not None]


def chart(past: History, forecast: Forecast | None, page: Page) -> Json:
    """The data of the chart of a tool; times in seconds, wafers as counted."""
    drawn: Json = {
        "t": [_seconds(point.at) for point in past.points],
        "wafers": [point.wafers for point in past.points],
        "limit": past.limit,
        "now": _seconds(past.as_of),
        "marks": [{"t": _seconds(mark.at), "kind": mark.kind, "chamber": mark.chamber} for mark in past.marks],
        "lang": page.language,
    }
    if (
        forecast is not None
        and not forecast.failed_open
        and not forecast.window.due
        and forecast.window.from_days is not None
        and past.points
    ):
        window = forecast.window
        low, high = window.from_days or 0.0, min(window.to_days or AHEAD_DAYS, 3650.0)
        reach = min(max(high * 1.15, 3.0), max(AHEAD_DAYS, low * 1.3))
        drawn["window"] = [low, high]
        drawn["window_text"] = forecast.sentence(page.language).split("; ")[0].split(": ", 1)[-1]
        steps = [reach * n / 12 for n in range(13)]
        at_risk, pace, spread = past.points[-1].wafers, forecast.pace_per_day, forecast.why.pace_spread
        drawn["ahead"] = steps
        for low_chance, high_chance in FAN:
            for chance in (low_chance, high_chance):
                drawn[f"fan_{chance}"] = [round(at_risk + _ran(day, pace, spread, chance), 1) for day in steps]
    return drawn


def _ran(day: float, pace: float, spread: float, chance: float) -> float:
    """Wafers run in some days at a pace that varies from week to week: log-normal, weeks are independent."""
    weeks = max(day / 7, 1e-9)
    return day * pace * math.exp(NORMAL[chance] * spread / math.sqrt(max(weeks, 1.0)))


def _seconds(moment: datetime) -> float:
    """Seconds since 1970 of a naive UTC time."""
    return moment.replace(tzinfo=UTC).timestamp()


def individuals(answer: Readings, forecast: Forecast | None = None) -> Json:
    """The data of the individuals chart: the latest readings in order of time, a series for each chamber.

    Where readings tell how much of a life is over, the coming quals follow: between `low` and `high` lie four of five.
    """
    readings = sorted(answer.readings, key=lambda row: row.processed_at)[-READINGS_SHOWN:]
    ahead = [qual for qual in forecast.next_quals if qual.reading_high is not None] if forecast else []
    last = readings[-1] if readings and ahead else None
    past, coming = [None] * len(readings), [None] * len(ahead)
    return {
        "t": [*(_seconds(row.processed_at) for row in readings), *(_seconds(qual.at) for qual in ahead)],
        "series": [
            {"chamber": name, "reading": [*(row.reading if row.chamber == name else None for row in readings), *coming]}
            for name in chambers_of(answer)
        ],
        "low": [*past, *(qual.reading_low for qual in ahead)],
        "high": [*past, *(qual.reading_high for qual in ahead)],
        "lower": [*(row.lower for row in readings), *(last.lower for _ in ahead if last)],
        "upper": [*(row.upper for row in readings), *(last.upper for _ in ahead if last)],
        "failed": [*(None if row.passed else row.reading for row in readings), *coming],
        "unit": next((row.unit for row in readings if row.unit), ""),
    }


def chambers_of(answer: Readings) -> list[str]:
    """The chambers with readings, `*` for the whole tool first."""
    return sorted({row.chamber for row in answer.readings})


def _step(curve: ToolCurve, shown: dict[str, str]) -> int:
    """Which interval is shown: the requested one, else the advised one."""
    every = shown.get("every", "")
    wafers = float(every) if every.replace(".", "", 1).isdecimal() else curve.advised_wafers
    if shown.get("step", "").isdecimal() and not every:
        return min(int(shown["step"]), len(curve.points) - 1)
    return min(range(len(curve.points)), key=lambda n: abs(curve.points[n].wafers - wafers))


def _shown(curve: ToolCurve, step: int, page: Page) -> dict[str, str]:
    return dict(zip(("wafers", "risk", "fail", "cost", "quals"), _texts(curve, step, page), strict=True))


def _texts(curve: ToolCurve, step: int, page: Page) -> tuple[str, ...]:
    point, language = curve.points[step], page.language
    unit, days = translation.tongue(language).gettext("wafers"), translation.tongue(language).gettext("days")
    every = f"{translation.number(point.wafers, language)} {unit}"
    if point.days is not None:
        every += f" ≈ {translation.number(point.days, language, 1)} {days}"
    return (
        every,
        f"{translation.number(point.wafers, language)} {unit}",
        translation.percent(point.p_fail, language, 1),
        translation.figure(point.cost_per_1000, language),
        translation.number(point.quals_per_week, language, 1),
    )


def _curve_data(curve: ToolCurve, page: Page) -> Json:
    return {
        "wafers": [point.wafers for point in curve.points],
        "cost": [point.cost_per_1000 for point in curve.points],
        "fail": [point.p_fail for point in curve.points],
        "advised": curve.advised_wafers,
        "today": curve.today_wafers,
        "texts": [_texts(curve, step, page) for step in range(len(curve.points))],
        "lang": page.language,
    }


@router.post("/tools/{name:name}/decide", dependencies=[needs("decide"), sends()])
async def decide(
    request: Request,
    name: str,
    qual_type: Annotated[str, Form(max_length=200)],
    what: Annotated[str, Form(alias="name", max_length=40)],
    reason: Annotated[str, Form(max_length=2000)],
    value: Annotated[str, Form(max_length=12)] = "",
    chamber: Annotated[str, Form(max_length=200)] = "*",
) -> Response:
    """Record a limit or interval that was set on the page."""
    key = key_of(request)
    await seen(request, key, name)
    number = typed(value) if value.strip() else None
    if number is None and value.strip():
        raise Refused(422, "BadRequest", f"{value!r} is not a number.", "write it as 1400 or 9.5")
    stated: Any = what
    decision = Decide(tool=name, qual_type=qual_type, name=stated, value=number, reason=reason, chamber=chamber)
    await cache_of(request).act(decision, key.who)
    return RedirectResponse(Page(request).url(f"/tools/{part(name)}", qual_type=qual_type), 303)
