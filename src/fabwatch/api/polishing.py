"""The routes about polishing: times, rates, replay, predicted rates, and what was kept."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from fabwatch.api.answers import LONGEST_NAME, OneTool, Paged, When, desk_of, seen, told
from fabwatch.api.decided import Given, Reason
from fabwatch.api.gate import Asker
from fabwatch.api.routing import Routes
from fabwatch.api.shapes import ISO, listed
from fabwatch.api.traces import of_tool
from fabwatch.cmp.polish import Rate, film_of, polish_times
from fabwatch.terms.clock import stated_time
from fabwatch.terms.errors import CannotPolish
from fabwatch.terms.polishing import PolishTime, PolishTimes, PredictedRates, RateModel, Rates, Replayed

routes = Routes("polishing")
MOST_WAFERS = 10_000
ONNX = "application/octet-stream"
Name = Annotated[str | None, Field(max_length=LONGEST_NAME)]
Unit = Literal["angstrom", "nm", "um"]
Thickness = Annotated[float | None, Field(strict=True, ge=-1e9, le=1e9)]
Sites = Annotated[
    list[Annotated[float, Field(strict=True, ge=-1e9, le=1e9)]] | None,
    Field(min_length=1, max_length=500, description="Thickness before at each site, in place of `incoming`."),
]
Spread = Annotated[float | None, Field(strict=True, ge=0, le=1e9)]
PLACE = {"tool", "unit", "head", "product", "stage", "coverage", "changed"}


class Wafer(Given):
    """One wafer to polish."""

    model_config = ConfigDict(strict=True)

    incoming: Thickness = None
    sites: Sites = None
    target: Thickness = None
    wafer: Name = None
    head: Annotated[str | None, Field(max_length=LONGEST_NAME, description="Where the lot is spread over heads.")] = None
    rework: bool = False
    lower: Thickness = None
    upper: Thickness = None
    incoming_sd: Spread = None


class ToPolish(Given):
    """Wafers to polish, on a tool of the fab or by a rate that is given."""

    model_config = ConfigDict(strict=True)

    incoming: Thickness = None
    sites: Sites = None
    target: Thickness = None
    unit: Unit = "angstrom"
    tool: Name = None
    head: Name = None
    product: Name = None
    stage: Name = None
    wafer: Name = None
    rework: bool = False
    lower: Thickness = None
    upper: Thickness = None
    incoming_sd: Spread = None
    changed: Annotated[bool, Field(description="A consumable has just been changed, which no file says yet.")] = False
    rate: Annotated[float | None, Field(strict=True, ge=-1e9, le=1e9)] = None
    rate_unit: Annotated[str | None, Field(pattern="^(angstrom|nm|um)/(s|min)$")] = None
    rate_sd: Spread = None
    coverage: Annotated[float | None, Field(strict=True, gt=0, lt=1)] = None
    wafers: Annotated[list[Wafer] | None, Field(min_length=1, max_length=MOST_WAFERS, description="Several at once.")] = None
    as_of: Annotated[str | None, Field(max_length=40, json_schema_extra=ISO)] = None


class ToKeep(Given):
    """An advice to keep, or the time that was chosen instead, and why."""

    model_config = ConfigDict(strict=True)

    incoming: Annotated[float, Field(strict=True, gt=0, le=1e9)]
    target: Annotated[float, Field(strict=True, ge=0, le=1e9)]
    tool: Annotated[str, Field(max_length=LONGEST_NAME)]
    reason: Reason
    unit: Unit = "angstrom"
    chosen_s: Annotated[float | None, Field(strict=True, ge=0, le=7200)] = None
    head: Name = None
    product: Name = None
    stage: Name = None
    wafer: Name = None
    lot: Name = None
    rework: bool = False
    changed: bool = False


@dataclass(frozen=True)
class Advices:
    """Polish times that were kept, the latest first."""

    advices: list[dict[str, Any]]


@routes.post("/cmp/polish-time", answer=PolishTime, or_answer=PolishTimes, scope="read")
async def polish(request: Request, key: Asker, wanted: ToPolish) -> Response:
    """How long to polish a wafer, or each of `wafers` in that order: by a rate, or by what the fab knows of a tool."""
    as_of = stated_time(wanted.as_of) if wanted.as_of is not None else desk_of(request).now()
    if (wanted.rate is None) == (wanted.tool is None):
        raise CannotPolish(
            "Either a rate or a tool is needed.", 'send "rate": 40, or "tool": a tool whose metrology is loaded'
        )
    wafers = _wafers(wanted)
    if wanted.rate is not None:
        rate = Rate(wanted.rate, wanted.rate_unit or f"{wanted.unit}/s", wanted.rate_sd)
        films = (film_of(one, wanted.unit) for one in wafers)
        # Ten thousand wafers take a while: others are answered meanwhile.
        found = await run_in_threadpool(polish_times, films, rate, wanted.coverage or 0.9)
    else:
        await seen(request, key, wanted.tool)
        place = wanted.model_dump(include=PLACE, exclude_none=True)
        found = await desk_of(request).fresh("polish_times", wafers=wafers, as_of=as_of, **place)
    return await run_in_threadpool(_answered, found, wanted.wafers is None)


def _wafers(wanted: ToPolish) -> list[dict[str, Any]]:
    """The wafers; what each does not say for itself is as it is said for all."""
    if wanted.wafers is None:
        return [wanted.model_dump(include=set(Wafer.model_fields) - {"head"})]
    for_all = {name: getattr(wanted, name) for name in ("target", "lower", "upper", "incoming_sd", "rework")}
    return [{**for_all, **one.model_dump(exclude_unset=True)} for one in wanted.wafers]


def _answered(found: PolishTimes, alone: bool) -> Response:
    return JSONResponse(found.only().to_dict() if alone else found.to_dict())


@routes.get("/cmp/rate", answer=Rates)
async def rate(request: Request, key: Asker, when: When, page: Paged, tool: OneTool = None) -> Response:
    """The removal rate of every tool, head, product and stage as it stands, with its reason and its doubts."""
    await of_tool(request, key, tool)
    return await told(request, page, "groups", "rates", tool=tool, **when.asked())


@routes.get("/cmp/replay", answer=Replayed)
async def replay(request: Request, key: Asker, when: When, page: Paged, tool: OneTool = None) -> Response:
    """What each controller would have made of the fab's own history, beside what happened."""
    await of_tool(request, key, tool)
    return await told(request, page, "controllers", "replay", tool=tool, **when.asked())


@routes.get("/cmp/predict", answer=PredictedRates)
async def predict(
    request: Request,
    key: Asker,
    when: When,
    page: Paged,
    tool: OneTool = None,
    first: Annotated[str | None, Query(max_length=4 * LONGEST_NAME, description="First run, by name or number.")] = None,
    last: Annotated[str | None, Query(max_length=4 * LONGEST_NAME, description="Last run, by name or number.")] = None,
) -> Response:
    """The removal rate of each run from its log and the metrology that had arrived before it ended."""
    await of_tool(request, key, tool)
    return await told(request, page, "runs", "predicted_rates", tool=tool, first=first, last=last, **when.asked())


@routes.get("/cmp/model", answer=RateModel, binary=ONNX)
async def model(request: Request, key: Asker, when: When, tool: OneTool = None) -> Response:
    """The predicted removal rate of the next run of each group as an ONNX file, compared with what is said here."""
    await of_tool(request, key, tool)
    found: RateModel = (await desk_of(request).ask("rate_model", tool=tool, **when.asked())).answer
    headers = {"Content-Disposition": 'attachment; filename="removal-rate.onnx"', "X-Compared-Rows": str(found.compared)}
    return Response(found.onnx, media_type=ONNX, headers=headers)


@routes.get("/cmp/advices", answer=Advices)
async def advices(request: Request, key: Asker, page: Paged, tool: OneTool = None) -> Response:
    """Polish times that were kept: what was asked, answered, known, and chosen instead."""
    await of_tool(request, key, tool)
    found = await desk_of(request).look_up("advices", tool=tool)
    return listed(request, "advices", found, page.format, page.limit, page.offset)


@routes.post("/cmp/advices", answer=PolishTime, scope="decide", status=201)
async def keep(request: Request, key: Asker, wanted: ToKeep) -> Response:
    """Keep an advice with all that was known, or the time that was chosen instead and why; written to the audit."""
    await seen(request, key, wanted.tool)
    found: PolishTime = await desk_of(request).act("keep_polish", **wanted.model_dump(), who=key.who)
    return JSONResponse(found.to_dict(), 201)
