"""Control charts: limits, points that break rules, capability, and what several charts of a tool say together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import area_of, cache_of, key_of, needs, of_tool, seen
from fabwatch.fab.actions import FreezeLimits
from fabwatch.fab.answers import ChartPoint, ControlChart, SpreadChart
from fabwatch.fab.questions import SpcQuestion
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import BadQuestion, UnknownTool
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import PATIENCE, cached_page, pending, scale, within
from fabwatch.web.query_params import form_of, offset_of, params, question_of, sends, takes
from fabwatch.web.translation import with_zone

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 12
"""Charts on a page."""
DRAWN = 250
"""Points of a chart that are drawn, the latest; its table and the API have more."""
LISTED = 400
"""Points of a chart that its table lists."""
DOTTED = 90
"""Up to so many points each has its dot; more would be one band."""
LEFT, TOP, WIDTH, HEIGHT = 6, 10, 520, 150
NAMES = ("area", "tool", "chamber", "qual_type", "sensor", "metrology", "test", "wat", "lot")
FORM = (*NAMES, "chart", "rules", "since", "until")


@router.get("/spc", dependencies=[takes(SpcQuestion, "offset")])
async def spc(request: Request) -> Response:
    """The control charts, those out of control first."""

    async def make(page: Page) -> tuple[str, bool]:
        cache = cache_of(request)
        question = question_of(request, SpcQuestion)
        await seen(request, key_of(request), question.tool)
        question = replace(question, area=area_of(key_of(request), question.area))
        shown = params(request, *FORM)
        fault: str | None = None
        answer, waiting = None, False
        try:
            if set(shown) & set(NAMES):
                answer = await cache.answer(question)
            else:
                # The whole fab may take a while; the page fills in by itself.
                soon = await within(cache.ask(question), 4 * PATIENCE)
                answer, waiting = (soon[0].answer if soon[0] else None), pending(soon)
        except UnknownTool:
            raise
        except BadQuestion as stop:
            fault = f"{stop.what} {stop.hint}"
        offset = offset_of(request)
        charts = sorted(answer.charts, key=lambda chart: -chart.broken) if answer else []
        text = page.render(
            "spc.html",
            at="/spc",
            as_of=answer.as_of if answer else question.as_of if isinstance(question.as_of, datetime) else None,
            ended=answer.as_of_reason if answer else None,
            demo=cache.settings.fab.demo,
            answer=answer,
            pending=waiting,
            nothing=fault,
            form=form_of(question, FORM, page.zone),
            charts=[(chart, picture(chart, chart.points, page)) for chart in charts[offset : offset + SHOWN]],
            spread_picture=lambda chart, spread: picture(chart, spread.points(chart.points), page, spread),
            listed=LISTED,
            total=len(charts),
            limit=SHOWN,
            offset=offset,
            freezable=question.tool or question.test or question.wat,
            filters=shown,
        )
        return text, not waiting

    return await cached_page(request, make)


@router.get("/spc/short", dependencies=[takes(SpcQuestion)])
async def short(request: Request) -> Response:
    """What the control charts of one tool say, for its page: a sentence, and what several say together."""
    page, question = Page(request), question_of(request, SpcQuestion)
    await seen(request, key_of(request), question.tool)
    question = replace(question, area=area_of(key_of(request), question.area))
    try:
        answer = await cache_of(request).answer(question)
    except BadQuestion as fault:
        return page.show("spc_short.html", answer=None, fault=fault.what, tool=question.tool)
    stable = sum(chart.stable for chart in answer.charts)
    return page.show("spc_short.html", answer=answer, stable=stable, fault=None, tool=question.tool)


@router.post("/spc/freeze", dependencies=[needs("decide"), sends()])
async def freeze(
    request: Request,
    reason: Annotated[str, Form(max_length=2000)],
    tool: Annotated[str, Form(max_length=200)] = "",
    since: Annotated[str, Form(max_length=40)] = "",
    until: Annotated[str, Form(max_length=40)] = "",
    chamber: Annotated[str, Form(max_length=200)] = "",
    qual_type: Annotated[str, Form(max_length=200)] = "",
    sensor: Annotated[str, Form(max_length=200)] = "",
    metrology: Annotated[str, Form(max_length=20)] = "",
    test: Annotated[str, Form(max_length=200)] = "",
    wat: Annotated[str, Form(max_length=200)] = "",
    lot: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Freeze the limits of the charts that the page shows: of a tool, a test or a WAT parameter."""
    key = key_of(request)
    await of_tool(request, key, tool or None)
    place = {"tool": tool, "chamber": chamber, "qual_type": qual_type, "sensor": sensor, "metrology": metrology}
    named: Json = {**place, "test": test, "wat": wat, "lot": lot}
    zone = request.app.state.settings.fab.zone
    action = FreezeLimits(
        reason=reason,
        since=with_zone(since, zone) if since else None,
        until=with_zone(until, zone) if until else None,
        **{name: value for name, value in named.items() if value},
    )
    await cache_of(request).act(action, key.who)
    return RedirectResponse(Page(request).url("/spc", **named), 303)


def picture(chart: ControlChart, points: Sequence[ChartPoint], page: Page, spread: SpreadChart | None = None) -> Json | None:
    """The drawing of a chart: its line, its limits, and the points that break rules; None where nothing is to be drawn."""
    shown = points[-DRAWN:]
    if not shown:
        return None
    lines = spread or chart
    lower = [lines.lower if point.lower is None else point.lower for point in shown]
    upper = [lines.upper if point.upper is None else point.upper for point in shown]
    spec = () if spread is not None else _spec(chart)
    values = [point.value for point in shown]
    low, high = scale([*values, *(v for v in (*lower, *upper, lines.center) if v is not None), *_near(spec, values)])

    def x(n: int) -> float:
        return round(LEFT + (n + 0.5) / len(shown) * WIDTH, 1)

    def y(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * HEIGHT, 1)

    half = WIDTH / len(shown) / 2
    return {
        "line": "M" + "L".join(f"{x(n)},{y(value)}" for n, value in enumerate(values)),
        "limits": [_stepped(line, x, y, half) for line in (lower, upper)],
        "center": None if lines.center is None else y(lines.center),
        "labels": _labels(lines.center, lower[-1], upper[-1], y),
        "spec": [y(value) for value in spec if low <= value <= high],
        "dots": [(x(n), y(value)) for n, value in enumerate(values)] if len(shown) <= DOTTED else [],
        "broken": [(x(n), y(p.value), p, _at(p.at, page)) for n, p in enumerate(shown) if p.broken],
        "left": LEFT,
        "right": LEFT + WIDTH,
        "bottom": TOP + HEIGHT,
        "first": _at(shown[0].at, page),
        "last": _at(shown[-1].at, page),
        "cut": len(points) - len(shown),
    }


def _spec(chart: ControlChart) -> tuple[float, ...]:
    own = chart.capability
    drawn = chart.kind in ("imr", "between", "xbar-r", "xbar-s")
    return tuple(value for value in (own.lower, own.upper) if value is not None and drawn)


def _near(spec: Sequence[float], values: Sequence[float]) -> list[float]:
    """Specification limits that are not so far off that they would flatten the chart."""
    low, high = min(values), max(values)
    room = 1.5 * (high - low)
    return [value for value in spec if low - room <= value <= high + room]


def _stepped(line, x, y, half: float) -> str:  # type: ignore[no-untyped-def]
    """A limit that may differ from point to point, as steps; empty for none."""
    parts, previous = [], None
    for n, value in enumerate(line):
        if value is None:
            previous = None
        elif previous is None:
            parts.append(f"M{x(n) - half:.1f},{y(value)}H{x(n) + half:.1f}")
            previous = value
        else:
            parts.append(f"V{y(value)}H{x(n) + half:.1f}")
    return "".join(parts)


def _labels(center: float | None, lower: float | None, upper: float | None, y) -> list[tuple[float, str, float]]:  # type: ignore[no-untyped-def]
    """The names and values of the lines; names that would lie upon each other are moved apart."""
    found = [
        (y(value), name, value) for name, value in (("UCL", upper), ("CL", center), ("LCL", lower)) if value is not None
    ]
    spaced: list[tuple[float, str, float]] = []
    for place, name, value in found:
        above = spaced[-1][0] + 14 if spaced else place
        spaced.append((max(place, above), name, value))
    return spaced


def _at(at: datetime | str, page: Page) -> str:
    return page.moment(at) if isinstance(at, datetime) else at
