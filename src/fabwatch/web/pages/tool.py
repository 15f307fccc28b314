"""One tool: what is at risk, when it fails, how often to check it, and whether to believe that."""

import asyncio
import math
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.answers import desk_of, seen
from fabwatch.api.faults import Refused
from fabwatch.api.gate import asker, needs
from fabwatch.risk.board import board, fails_within
from fabwatch.terms.advice import ToolCurve
from fabwatch.terms.answers import Exposure
from fabwatch.terms.boards import History, Readings
from fabwatch.terms.errors import BadQuestion, unknown
from fabwatch.terms.forecasts import Forecast
from fabwatch.web import tongue as words
from fabwatch.web.look import Page, part
from fabwatch.web.pages.common import asked, moments, newest, shelved, soon, waits

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
DAYS = 30.0
AHEAD_DAYS = 45.0
FAN = ((0.1, 0.9), (0.25, 0.75))
NORMAL = {0.1: -1.2816, 0.25: -0.6745, 0.75: 0.6745, 0.9: 1.2816}
READINGS_SHOWN = 400


@router.get("/tools/{name}")
async def tool(request: Request, name: str) -> Response:
    """The tool page."""

    async def make(page: Page) -> tuple[str, bool]:
        desk, when = desk_of(request), moments(request)
        await seen(request, asker(request), name)
        exposed = (await desk.ask("risk", tool=name, **when)).answer
        given = asked(request, "qual_type", "chamber", "days", "view", "every", "step")
        rows: list[Exposure] = list(exposed.tools)
        types = sorted({row.qual_type for row in rows if row.qual_type})
        kind = given.get("qual_type") or max(rows, key=lambda row: (row.bounded, row.wafers)).qual_type
        if not types:
            # A tool that was never checked has no type of its own, though the plan names that of its sisters.
            kind = None
        if kind is not None and kind not in types:
            raise unknown(f"qual of {name} of the type", kind, types)
        chambers = sorted({row.chamber for row in rows if row.qual_type == kind} - {"*"})
        chamber = given.get("chamber", "*")
        row = next((row for row in rows if row.qual_type == kind and row.chamber == chamber), None)
        place = {"tool": name, "qual_type": kind}
        chambered = {"chamber": chamber} if chamber != "*" else {}
        span = _days(given.get("days"))
        figures, series = (desk.ask(question, **place, **when) for question in ("stats", "readings"))
        ahead = (soon(desk.ask(question, **place, **when)) for question in ("forecast", "curve", "interval"))
        past_held, *told = await asyncio.gather(
            desk.ask("history", **place, **chambered, days=span, **when), figures, series
        )
        of_forecast, of_curves, of_interval = await asyncio.gather(*ahead)
        (foretold, fault), curves, advised = of_forecast, of_curves[0], of_interval[0]
        past = past_held.answer
        forecast = _own(foretold, chamber)
        curve: ToolCurve | None = _own(curves, chamber)
        step = _step(curve, given) if curve else 0
        pending = waits(of_forecast, of_interval)
        decided = await desk.look_up("decisions", tool=name)
        text = page.render(
            "tool.html",
            at="",
            as_of=exposed.as_of,
            demo=exposed.demo,
            newest=await newest(request, desk, exposed.as_of),
            name=name,
            area=rows[0].area,
            tool_type=rows[0].tool_type,
            types=types,
            qual_type=kind,
            chambers=chambers,
            chamber=chamber,
            row=row,
            stands=board(exposed, foretold.answer if foretold else None, None, desk.settings.fab, 0.0).tools[0].status,
            forecast=forecast,
            fails=fails_within(forecast, desk.settings.fab.horizon_days) if forecast else None,
            horizon=desk.settings.fab.horizon_days,
            advice=_own(advised, chamber),
            pending=pending,
            no_forecast=_none(fault, foretold, forecast, page),
            decided=_latest(decided, kind),
            history=past,
            days=span if span != int(span) else int(span),
            view=given.get("view"),
            chart=chart(past, forecast, page),
            stats=told[0].answer,
            readings=told[1].answer,
            readings_data=individuals(told[1].answer),
            curve=curve,
            curve_answer=curves.answer if curves else None,
            curve_data=_curve_data(curve, page) if curve else None,
            chosen_step=step,
            shown=_shown(curve, step, page) if curve else None,
        )
        return text, not pending and not waits(of_curves)

    return await shelved(request, make)


def _own(held: Any, chamber: str) -> Any:
    """Of a tool's rows that of the chamber; for a whole tool that is checked chamber by chamber the most doubtful."""
    if held is None:
        return None
    rows = held.answer.tools
    own = [row for row in rows if row.chamber == chamber]
    return own[0] if own else (rows[0] if rows and chamber == "*" else None)


def _none(fault: Any, held: Any, forecast: Any, page: Page) -> str | None:
    if fault is not None:
        return f"{fault.what} {fault.hint}"
    return None if held is None or forecast is not None else page.said(held.answer)


def _latest(decided: list[Any], kind: str | None) -> list[Any]:
    latest: dict[tuple[str, str], Any] = {}
    for one in decided:
        if one.qual_type == kind:
            latest.setdefault((one.name, one.chamber), one)
    return [one for one in latest.values() if one.value is not None]


def _days(given: str | None) -> float:
    try:
        days = float(given) if given else DAYS
    except ValueError:
        days = math.nan
    if not 0 < days <= 3660:
        raise BadQuestion(f"A history of {given} days is none.", "give a number above 0, up to 3660")
    return days


def chart(past: History, forecast: Forecast | None, page: Page) -> dict[str, Any]:
    """What the picture of a tool is drawn from; times in seconds, wafers as counted."""
    drawn: dict[str, Any] = {
        "t": [_seconds(point.at) for point in past.points],
        "wafers": [point.wafers for point in past.points],
        "limit": past.limit,
        "now": _seconds(past.as_of),
        "marks": [{"t": _seconds(mark.at), "kind": mark.kind, "chamber": mark.chamber} for mark in past.marks],
        "lang": page.language,
    }
    if forecast is not None and not forecast.failed_open and forecast.window.from_days is not None and past.points:
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
    """Wafers run in some days at a pace that differs from week to week: its log is normal, weeks are independent."""
    weeks = max(day / 7, 1e-9)
    return day * pace * math.exp(NORMAL[chance] * spread / math.sqrt(max(weeks, 1.0)))


def _seconds(moment: datetime) -> float:
    """Seconds since 1970 of a naive UTC time."""
    return moment.replace(tzinfo=UTC).timestamp()


def individuals(found: Readings) -> dict[str, Any]:
    """What the individuals chart is drawn from: the latest readings of one chamber after the other."""
    some = sorted(found.readings, key=lambda row: row.processed_at)[-READINGS_SHOWN:]
    return {
        "t": [_seconds(row.processed_at) for row in some],
        "reading": [row.reading for row in some],
        "lower": [row.lower for row in some],
        "upper": [row.upper for row in some],
        "passed": [row.passed for row in some],
        "unit": next((row.unit for row in some if row.unit), ""),
    }


def _step(curve: ToolCurve, given: dict[str, str]) -> int:
    """Which interval is shown: the one that is asked for by its wafers, else the advised one."""
    asked_for = given.get("every", "")
    wanted = float(asked_for) if asked_for.replace(".", "", 1).isdecimal() else curve.advised_wafers
    if given.get("step", "").isdecimal() and not asked_for:
        return min(int(given["step"]), len(curve.points) - 1)
    return min(range(len(curve.points)), key=lambda n: abs(curve.points[n].wafers - wanted))


def _shown(curve: ToolCurve, step: int, page: Page) -> dict[str, str]:
    return dict(zip(("wafers", "risk", "fail", "cost", "quals"), _texts(curve, step, page), strict=True))


def _texts(curve: ToolCurve, step: int, page: Page) -> tuple[str, ...]:
    point, language = curve.points[step], page.language
    unit, days = words.tongue(language).gettext("wafers"), words.tongue(language).gettext("days")
    every = f"{words.number(point.wafers, language)} {unit}"
    if point.days is not None:
        every += f" ≈ {words.number(point.days, language, 1)} {days}"
    return (
        every,
        f"{words.number(point.wafers, language)} {unit}",
        words.percent(point.p_fail, language, 1),
        words.figure(point.cost_per_1000, language),
        words.number(point.quals_per_week, language, 1),
    )


def _curve_data(curve: ToolCurve, page: Page) -> dict[str, Any]:
    return {
        "wafers": [point.wafers for point in curve.points],
        "cost": [point.cost_per_1000 for point in curve.points],
        "fail": [point.p_fail for point in curve.points],
        "advised": curve.advised_wafers,
        "today": curve.today_wafers,
        "texts": [_texts(curve, step, page) for step in range(len(curve.points))],
        "lang": page.language,
    }


@router.post("/tools/{name}/decide", dependencies=[needs("decide")])
async def decide(
    request: Request,
    name: str,
    qual_type: Annotated[str, Form(max_length=200)],
    what: Annotated[str, Form(alias="name", max_length=40)],
    reason: Annotated[str, Form(max_length=2000)],
    value: Annotated[str, Form(max_length=12)] = "",
    chamber: Annotated[str, Form(max_length=200)] = "*",
) -> Response:
    """A limit or interval that was decided on the page."""
    key = asker(request)
    await seen(request, key, name)
    try:
        number = float(value.replace(",", ".")) if value.strip() else None
    except ValueError:
        raise Refused(422, "BadRequest", f"{value!r} is no number.", "write it as 1400 or 9.5") from None
    said: dict[str, Any] = {"who": key.who, "reason": reason, "chamber": chamber}
    await desk_of(request).act("decide", tool=name, qual_type=qual_type, name=what, value=number, **said)
    return RedirectResponse(Page(request).url(f"/tools/{part(name)}", qual_type=qual_type), 303)
