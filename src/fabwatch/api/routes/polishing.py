"""The routes about polishing beside those of its questions: polish times, by a rate or a tool, and the ONNX file."""

from typing import Annotated, Any, Literal

from fastapi import Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from fabwatch.api.access import Asker, cache_of, of_tool, seen
from fabwatch.api.models import ISO, Strict, made, query_model, query_type
from fabwatch.api.routes.actions import add_actions
from fabwatch.api.routes.questions import routes_of
from fabwatch.fab.answers import PolishTime, PolishTimes, RateModel
from fabwatch.fab.polishing import WaferToPolish, times_by_rate
from fabwatch.fab.questions import PolishTimesQuestion, RateModelQuestion
from fabwatch.terms.errors import CannotPolish
from fabwatch.terms.questions import LONGEST

TAG = "polishing"
routes = routes_of(TAG)
add_actions(routes, TAG)
MOST_WAFERS = 10_000
ONNX = RateModelQuestion.spec.binary or ""
Name = Annotated[str | None, Field(max_length=LONGEST)]
Unit = Literal["angstrom", "nm", "um"]
Thickness = Annotated[float | None, Field(strict=True, ge=-1e9, le=1e9)]
Sites = Annotated[
    list[Annotated[float, Field(strict=True, ge=-1e9, le=1e9)]] | None,
    Field(
        min_length=1, max_length=500, fail_fast=True, description="Thickness before at each site, in place of `incoming`."
    ),
]
Spread = Annotated[float | None, Field(strict=True, ge=0, le=1e9)]


class Wafer(Strict):
    """One wafer to polish."""

    incoming: Thickness = None
    sites: Sites = None
    target: Thickness = None
    wafer: Name = None
    head: Annotated[str | None, Field(max_length=LONGEST, description="Where the lot is spread over heads.")] = None
    rework: bool = False
    lower: Thickness = None
    upper: Thickness = None
    incoming_sd: Spread = None


class PolishTimeBody(Strict):
    """Wafers to polish, on a tool of the fab or by a stated rate."""

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
    wafers: Annotated[
        list[Wafer] | None,
        Field(min_length=1, max_length=MOST_WAFERS, fail_fast=True, description="Several at once."),
    ] = None
    as_of: Annotated[str | None, Field(max_length=40, json_schema_extra=ISO)] = None


@routes.post("/cmp/polish-time", answer=PolishTime, or_answer=PolishTimes, scope="read")
async def polish(request: Request, key: Asker, body: PolishTimeBody) -> Response:
    """How long to polish a wafer, or each of `wafers` in that order: by a rate, or by what the fab knows of a tool."""
    if (body.rate is None) == (body.tool is None):
        raise CannotPolish(
            "Either a rate or a tool is needed.", 'send "rate": 40, or "tool": a tool whose metrology is loaded'
        )
    wafers = _wafers(body)
    if body.tool is None:
        # Ten thousand wafers take a while: others are answered meanwhile.
        by = (body.rate_unit, body.rate_sd, body.unit, body.coverage)
        times = await run_in_threadpool(times_by_rate, wafers, body.rate or 0.0, *by)
    else:
        await seen(request, key, body.tool)
        question = PolishTimesQuestion(
            tool=body.tool,
            wafers=wafers,
            unit=body.unit,
            head=body.head,
            product=body.product,
            stage=body.stage,
            changed=body.changed,
            coverage=body.coverage,
            as_of=body.as_of,
        )
        times = await cache_of(request).answer(question)
    return await run_in_threadpool(_answered, times, body.wafers is None)


def _wafers(body: PolishTimeBody) -> tuple[WaferToPolish, ...]:
    """The wafers; what a wafer leaves open is as it is stated for all."""
    if body.wafers is None:
        return (_wafer(body.model_dump(include=set(Wafer.model_fields) - {"head"})),)
    for_all = {name: getattr(body, name) for name in ("target", "lower", "upper", "incoming_sd", "rework")}
    return tuple(_wafer({**for_all, **wafer.model_dump(exclude_unset=True)}) for wafer in body.wafers)


def _wafer(values: dict[str, Any]) -> WaferToPolish:
    return WaferToPolish(**{**values, "sites": tuple(values.get("sites") or ())})


def _answered(times: PolishTimes, single: bool) -> Response:
    return JSONResponse(times.only().to_dict() if single else times.to_dict())


ModelQuery = query_type(query_model(RateModelQuestion, RateModelQuestion.spec.path, paged=False))


@routes.get("/cmp/model", answer=RateModel, binary=ONNX)
async def model(request: Request, key: Asker, query: ModelQuery) -> Response:  # type: ignore[valid-type]
    """The predicted removal rate of the next run of each group as an ONNX file, compared with what is said here."""
    question = made(RateModelQuestion, query.model_dump(exclude_unset=True))  # type: ignore[attr-defined]
    await of_tool(request, key, question.tool)
    answer = await cache_of(request).answer(question)
    headers = {"Content-Disposition": 'attachment; filename="removal-rate.onnx"', "X-Compared-Rows": str(answer.compared)}
    return Response(answer.onnx, media_type=ONNX, headers=headers)
