"""Sensors over many runs: in figures, chamber beside chamber, and the rules that watch them."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.answers import desk_of
from fabwatch.api.gate import asker, needs, whole_fab
from fabwatch.api.traces import of_tool
from fabwatch.terms.clock import stated_time
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.rules import Chambers, ChamberTrace, chamber_sentence
from fabwatch.trace.figures import BY
from fabwatch.web.look import Page
from fabwatch.web.pages.common import asked, moments, offset_of, scale, shelved
from fabwatch.web.pages.run import HEIGHT, WIDTH

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 200


@router.get("/sensors")
async def sensors(request: Request) -> Response:
    """Sensors in figures over many runs."""

    async def make(page: Page) -> tuple[str, bool]:
        desk = desk_of(request)
        given = asked(request, "by", "tool", "recipe", "step", "sensor", "since", "until", "offset")
        await of_tool(request, asker(request), given.get("tool"))
        part = {name: given[name] for name in ("tool", "recipe", "step", "sensor") if name in given}
        period = {name: stated_time(given[name]) for name in ("since", "until") if name in given}
        by = given.get("by", "sensor")
        answer = (await desk.ask("sensor_stats", by=by, **part, **period, **moments(request))).answer
        offset = offset_of(given)
        text = page.render(
            "sensors.html",
            at="/runs",
            as_of=answer.as_of,
            demo=answer.demo,
            answer=answer,
            kinds=BY,
            groups=answer.groups[offset : offset + SHOWN],
            total=len(answer.groups),
            limit=SHOWN,
            offset=offset,
            asked={**part, **asked(request, "since", "until")},
        )
        return text, True

    return await shelved(request, make)


@router.get("/chambers")
async def chambers(request: Request) -> Response:
    """One sensor in one step, chamber beside chamber."""

    async def make(page: Page) -> tuple[str, bool]:
        desk, given, when = desk_of(request), asked(request, "sensor", "step", "recipe", "tool"), moments(request)
        await of_tool(request, asker(request), given.get("tool"))
        figures = (await desk.ask("sensor_stats", by="sensor", tool=given.get("tool"), **when)).answer
        known = [group.sensor for group in figures.groups]
        answer: Chambers | None = None
        if known or "sensor" in given:
            wanted = {**given, "sensor": given.get("sensor") or known[0]}
            answer = (await desk.ask("chambers", **wanted, **when)).answer
        text = page.render(
            "chambers.html",
            at="/runs",
            as_of=figures.as_of,
            demo=figures.demo,
            answer=answer,
            sensors=known,
            asked=given,
            pictures=multiples(answer) if answer else [],
            said=lambda one: chamber_sentence(one, answer, page.language) if answer and one.z is not None else "",
        )
        return text, True

    return await shelved(request, make)


def multiples(answer: Chambers) -> list[dict[str, Any]]:
    """A small picture of each chamber, all on the same axes."""
    values = [v for one in answer.chambers for p in one.points for v in (p.low, p.high) if v is not None]
    low, high = scale(values)
    seconds = max((p.t for one in answer.chambers for p in one.points), default=0.0) or 1.0

    def path(one: ChamberTrace, name: str) -> list[str]:
        return [
            f"{p.t / seconds * WIDTH:.1f},{(high - value) / (high - low) * HEIGHT:.1f}"
            for p in one.points
            if (value := getattr(p, name)) is not None
        ]

    return [
        {
            "one": one,
            "line": "M" + "L".join(path(one, "middle")) if one.points else "",
            "band": "M" + "L".join([*path(one, "low"), *reversed(path(one, "high"))]) + "Z" if one.points else "",
            "low": min(values, default=0.0),
            "high": max(values, default=1.0),
            "seconds": seconds,
        }
        for one in answer.chambers
    ]


@router.get("/rules")
async def rules(request: Request) -> Response:
    """The rules that watch logs, and one of them tried on the record."""

    async def make(page: Page) -> tuple[str, bool]:
        desk, given, when = desk_of(request), asked(request, "rule", "tool"), moments(request)
        if "rule" in given:
            await of_tool(request, asker(request), given.get("tool"))
        answer = (await desk.ask("rules", **when)).answer
        tried, fault = None, None
        if "rule" in given:
            try:
                tried = (await desk.ask("backtest", **given, **when)).answer
            except BadQuestion as stop:
                fault = stop
        text = page.render(
            "rules.html",
            at="/runs",
            as_of=answer.as_of,
            demo=answer.demo,
            answer=answer,
            tried=tried,
            fault=fault,
            asked=given,
        )
        return text, True

    return await shelved(request, make)


@router.post("/rules", dependencies=[needs("decide"), Depends(whole_fab)])
async def switch(request: Request) -> Response:
    """Let a rule count, or no more."""
    given = {name: str(value) for name, value in (await request.form()).items()}
    rule, counts = given.get("rule", ""), given.get("act") == "on"
    await desk_of(request).act(
        "switch_rule", rule=rule, counts=counts, who=asker(request).who, reason=given.get("reason", "")
    )
    return RedirectResponse(Page(request).url("/rules"), 303)
