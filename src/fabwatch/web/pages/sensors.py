"""Sensors over many runs: in figures, chamber beside chamber, and the rules that watch them."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, key_of, needs, of_tool, whole_fab
from fabwatch.fab.actions import SwitchRule
from fabwatch.fab.questions import BacktestQuestion, ChambersQuestion, RulesQuestion, SensorStatsQuestion
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.rules import Chambers, ChamberTrace, chamber_sentence
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import cached_page, scale
from fabwatch.web.pages.run import HEIGHT, WIDTH
from fabwatch.web.query_params import Input, form_of, offset_of, params, question_of, times_of

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 200


@router.get("/sensors")
async def sensors(request: Request) -> Response:
    """Sensors in figures over many runs."""

    async def make(page: Page) -> tuple[str, bool]:
        wanted = question_of(request, SensorStatsQuestion)
        await of_tool(request, key_of(request), wanted.tool)
        answer = await cache_of(request).answer(wanted)
        offset = offset_of(request)
        text = page.render(
            "sensors.html",
            at="/runs",
            as_of=answer.as_of,
            ended=answer.as_of_reason,
            demo=answer.demo,
            answer=answer,
            form=form_of(wanted, ("by", "tool", "recipe", "step", "sensor", "since", "until")),
            groups=answer.groups[offset : offset + SHOWN],
            total=len(answer.groups),
            limit=SHOWN,
            offset=offset,
            filters=params(request, "tool", "recipe", "step", "sensor", "since", "until"),
        )
        return text, True

    return await cached_page(request, make)


@router.get("/chambers")
async def chambers(request: Request) -> Response:
    """One sensor in one step, chamber beside chamber."""

    async def make(page: Page) -> tuple[str, bool]:
        cache, times = cache_of(request), times_of(request)
        filters = params(request, "sensor", "step", "recipe", "tool")
        await of_tool(request, key_of(request), filters.get("tool"))
        stats = await cache.answer(SensorStatsQuestion(tool=filters.get("tool"), as_of=times.as_of, known_at=times.known_at))
        known = tuple(group.sensor for group in stats.groups)
        answer: Chambers | None = None
        form: list[Input] = []
        if known or "sensor" in filters:
            wanted = question_of(request, ChambersQuestion, **({} if "sensor" in filters else {"sensor": known[0]}))
            answer = await cache.answer(wanted)
            form = form_of(wanted, ("sensor", "step", "recipe", "tool"), {"sensor": known})
        text = page.render(
            "chambers.html",
            at="/runs",
            as_of=stats.as_of,
            ended=stats.as_of_reason,
            demo=stats.demo,
            answer=answer,
            form=form,
            filters=filters,
            pictures=multiples(answer) if answer else [],
            sentence=lambda chamber: (
                chamber_sentence(chamber, answer, page.language) if answer and chamber.z is not None else ""
            ),
        )
        return text, True

    return await cached_page(request, make)


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
            "chamber": one,
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
        cache, times, filters = cache_of(request), times_of(request), params(request, "rule", "tool")
        if "rule" in filters:
            await of_tool(request, key_of(request), filters.get("tool"))
        answer = await cache.answer(RulesQuestion(as_of=times.as_of, known_at=times.known_at))
        tried, fault = None, None
        if "rule" in filters:
            try:
                tried = await cache.answer(question_of(request, BacktestQuestion))
            except BadQuestion as stop:
                fault = stop
        text = page.render(
            "rules.html",
            at="/runs",
            as_of=answer.as_of,
            ended=answer.as_of_reason,
            demo=answer.demo,
            answer=answer,
            tried=tried,
            fault=fault,
            filters=filters,
        )
        return text, True

    return await cached_page(request, make)


@router.post("/rules", dependencies=[needs("decide"), Depends(whole_fab)])
async def switch(request: Request) -> Response:
    """Let a rule count, or no more."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    action = SwitchRule(rule=form.get("rule", ""), counts=form.get("act") == "on", reason=form.get("reason", ""))
    await cache_of(request).act(action, key_of(request).who)
    return RedirectResponse(Page(request).url("/rules"), 303)
