"""The routes that answer: each reads what is asked, asks the desk, and shapes what it says."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query, Request
from starlette.responses import Response

from fabwatch.api.desk import Desk, Held
from fabwatch.api.faults import Refused
from fabwatch.api.gate import Asker, area_of
from fabwatch.api.keys import Key
from fabwatch.api.routing import Routes
from fabwatch.api.shapes import ISO, MOST_ROWS, Format, Limit, Offset, shaped
from fabwatch.terms.advice import Curves, Intervals, Plan
from fabwatch.terms.answers import Containment, Risk
from fabwatch.terms.boards import Areas, History, Overview, Readings, Stats, Tools
from fabwatch.terms.clock import stated_time
from fabwatch.terms.forecasts import Forecasts
from fabwatch.terms.scores import Score

routes = Routes("answers")
LONGEST_NAME = 200
Name = Query(max_length=LONGEST_NAME)
Area = Annotated[str | None, Query(max_length=LONGEST_NAME, description="Only this area.")]
OneTool = Annotated[str | None, Query(max_length=LONGEST_NAME, description="Only this tool.")]
QualType = Annotated[str | None, Query(max_length=LONGEST_NAME, description="Only this qual type.")]
Chamber = Annotated[str | None, Query(max_length=LONGEST_NAME, description="Only this chamber.")]
ToolName = Annotated[str, Path(max_length=LONGEST_NAME, description="Name of the tool.")]
Time = Annotated[str | None, Query(max_length=40, json_schema_extra=ISO, description="ISO 8601; without a zone UTC.")]
AsOf = Query(max_length=40, json_schema_extra=ISO, description="Count what had happened by this time (ISO 8601).")
KnownAt = Query(max_length=40, json_schema_extra=ISO, description="Count what had been loaded by this time.")
QualTime = Query(max_length=40, json_schema_extra=ISO, description="Process time of the failed or suspect qual.")
Coverage = Annotated[float, Query(ge=0.01, le=0.99, description="Chance that a window holds.")]
Days = Annotated[float, Query(gt=0, le=3660, description="How many days back.")]


@dataclass(frozen=True)
class Moments:
    """The times that every question may name."""

    as_of: Annotated[
        str | None,
        AsOf,
    ] = None
    known_at: Annotated[str | None, KnownAt] = None

    def asked(self) -> dict[str, Any]:
        """The times as the Fab takes them. Raises UnknownTime."""
        given = {"as_of": self.as_of, "known_at": self.known_at}
        return {name: stated_time(text) for name, text in given.items() if text is not None}


@dataclass(frozen=True)
class Page:
    """Which rows, and in which form."""

    format: Format = "json"
    limit: Limit = MOST_ROWS
    offset: Offset = 0


@dataclass(frozen=True)
class Part:
    """Which part of the fab."""

    area: Area = None
    tool: OneTool = None
    qual_type: QualType = None


When = Annotated[Moments, Depends()]
Paged = Annotated[Page, Depends()]
Chosen = Annotated[Part, Depends()]


def desk_of(request: Request) -> Desk:
    """The desk of this server."""
    desk: Desk = request.app.state.desk
    return desk


async def seen(request: Request, key: Key, tool: str | None) -> None:
    """A key of one area sees the tools of that area alone. Raises Refused (403)."""
    if key.area is None or tool is None:
        return
    exposed = await desk_of(request).ask("risk")
    if tool not in {row.tool for row in exposed.answer.tools if row.area == key.area}:
        hint = "ask for a tool of that area"
        raise Refused(403, "OutsideArea", f"This key sees the area {key.area} alone.", hint)


async def chosen_of(request: Request, key: Key, part: Part) -> dict[str, Any]:
    """The part of the fab that is asked for, as far as the key may see it."""
    await seen(request, key, part.tool)
    return {"area": area_of(key, part.area), "tool": part.tool, "qual_type": part.qual_type}


async def told(request: Request, page: Page, rows: str | None, question: str, **asked: Any) -> Response:
    """The answer to one question, in the shape that is asked for."""
    held: Held = await desk_of(request).ask(question, **asked)
    return await shaped(request, held, rows, page.format, page.limit, page.offset)


@routes.get("/fab", answer=Overview, whole=True)
async def fab(request: Request, when: When, page: Paged) -> Response:
    """The fab as a whole: what was loaded, until when it is known, how many wafers are at risk."""
    return await told(request, page, None, "overview", **when.asked())


@routes.get("/areas", answer=Areas, whole=True)
async def areas(request: Request, when: When, page: Paged) -> Response:
    """Every area in one line; their wafers add up to those of the tools."""
    return await told(request, page, "areas", "areas", **when.asked())


@routes.get("/tools", answer=Tools)
async def tools(
    request: Request,
    key: Asker,
    when: When,
    page: Paged,
    area: Area = None,
    horizon: Annotated[float | None, Query(gt=0, le=366, description="Days ahead for the chance that it fails.")] = None,
) -> Response:
    """Every tool in one line: wafers at risk, limit, chance that it fails within the horizon, next check."""
    return await told(request, page, "tools", "tools", area=area_of(key, area), horizon=horizon, **when.asked())


@routes.get("/risk", answer=Risk)
async def risk(
    request: Request,
    key: Asker,
    part: Chosen,
    when: When,
    page: Paged,
    by: Annotated[Literal["tool", "area", "tool_type"], Query(description="One row a tool, area or type.")] = "tool",
) -> Response:
    """Wafers at risk: run since the last good qual, per tool, chamber and qual type."""
    chosen = await chosen_of(request, key, part)
    return await told(request, page, "tools", "risk", **chosen, by=by, **when.asked())


@routes.get("/contain/{tool}", answer=Containment)
async def contain(
    request: Request,
    key: Asker,
    tool: ToolName,
    when: When,
    page: Paged,
    qual_type: QualType = None,
    chamber: Chamber = None,
    at: Annotated[str | None, QualTime] = None,
) -> Response:
    """Containment: the wafers between the last good qual and the failed one, and where they are now."""
    await seen(request, key, tool)
    asked: dict[str, Any] = {"qual_type": qual_type, "chamber": chamber, "at": at and stated_time(at)}
    return await told(request, page, "items", "contain", tool=tool, **asked, **when.asked())


@routes.get("/history/{tool}", answer=History)
async def history(
    request: Request,
    key: Asker,
    tool: ToolName,
    when: When,
    page: Paged,
    qual_type: QualType = None,
    chamber: Chamber = None,
    days: Days = 30.0,
) -> Response:
    """Wafers at risk of a tool over time, with its quals and restores."""
    await seen(request, key, tool)
    asked: dict[str, Any] = {"qual_type": qual_type, "chamber": chamber, "days": days}
    return await told(request, page, "points", "history", tool=tool, **asked, **when.asked())


@routes.get("/forecast", answer=Forecasts)
async def forecast(
    request: Request,
    key: Asker,
    part: Chosen,
    when: When,
    page: Paged,
    coverage: Coverage | None = None,
    clock: Annotated[str | None, Query(max_length=60, description="auto, wafers, days or the name of a counter.")] = None,
) -> Response:
    """When each tool will fail its next qual: the window, the chance that it is bad already, the coming quals."""
    chosen = await chosen_of(request, key, part)
    return await told(request, page, "tools", "forecast", **chosen, coverage=coverage, clock=clock, **when.asked())


@routes.get("/forecast/score", answer=Score)
async def score(
    request: Request,
    key: Asker,
    part: Chosen,
    when: When,
    page: Paged,
    coverage: Coverage | None = None,
) -> Response:
    """How past forecasts turned out."""
    chosen = await chosen_of(request, key, part)
    return await told(request, page, None, "score", **chosen, coverage=coverage, **when.asked())


@routes.get("/interval", answer=Intervals)
async def interval(
    request: Request,
    key: Asker,
    part: Chosen,
    when: When,
    page: Paged,
    qual_hours: Annotated[float | None, Query(gt=0, le=1e6, description="Hours a week for all quals together.")] = None,
) -> Response:
    """How often to check each tool: the interval of least cost, as a range, beside today's."""
    chosen = await chosen_of(request, key, part)
    return await told(request, page, "tools", "interval", **chosen, qual_hours=qual_hours, **when.asked())


@routes.get("/curve/{tool}", answer=Curves)
async def curve(
    request: Request, key: Asker, tool: ToolName, when: When, page: Paged, qual_type: QualType = None
) -> Response:
    """What if we checked every so many wafers: wafers at risk, chance to fail, cost."""
    await seen(request, key, tool)
    return await told(request, page, "tools", "curve", tool=tool, qual_type=qual_type, **when.asked())


@routes.get("/plan", answer=Plan)
async def plan(
    request: Request,
    key: Asker,
    part: Chosen,
    when: When,
    page: Paged,
    days: Annotated[int, Query(ge=1, le=366, description="Days ahead.")] = 7,
) -> Response:
    """What to check on each of the coming days, the largest expected loss first."""
    chosen = await chosen_of(request, key, part)
    ahead = {} if days == 7 else {"days": days}
    return await told(request, page, "items", "plan", **chosen, **ahead, **when.asked())


@routes.get("/stats", answer=Stats)
async def stats(
    request: Request,
    key: Asker,
    part: Chosen,
    when: When,
    page: Paged,
    by: Annotated[
        Literal["tool", "chamber", "area", "tool_type", "qual_type", "day", "week", "month"],
        Query(description="One row a group of this kind, qual type and unit."),
    ] = "tool",
    since: Time = None,
    until: Time = None,
) -> Response:
    """Readings in figures: n, mean, std, min, max, range, and Cpk where they have limits."""
    chosen = await chosen_of(request, key, part)
    period = {"since": since and stated_time(since), "until": until and stated_time(until)}
    return await told(request, page, "groups", "stats", **chosen, by=by, **period, **when.asked())


@routes.get("/readings/{tool}", answer=Readings)
async def readings(
    request: Request,
    key: Asker,
    tool: ToolName,
    when: When,
    page: Paged,
    qual_type: QualType = None,
    since: Time = None,
    until: Time = None,
) -> Response:
    """The readings of one tool in order of time, with moving ranges."""
    await seen(request, key, tool)
    period = {"since": since and stated_time(since), "until": until and stated_time(until)}
    return await told(request, page, "readings", "readings", tool=tool, qual_type=qual_type, **period, **when.asked())
