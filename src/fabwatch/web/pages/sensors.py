"""Sensors over many runs: statistics, comparison of chambers, and the rules that watch them."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, key_of, needs, of_tool, whole_fab
from fabwatch.api.area import check_rule, with_rules_of_area
from fabwatch.fab.actions import SwitchRule
from fabwatch.fab.answers import Chambers, ChamberTrace, chamber_sentence
from fabwatch.fab.questions import BacktestQuestion, ChambersQuestion, RulesQuestion, SensorStatsQuestion
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import BadQuestion
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import cached_page, scale
from fabwatch.web.pages.run import HEIGHT, WIDTH
from fabwatch.web.query_params import Input, form_of, offset_of, params, question_of, sends, takes, times_of

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 200


@router.get("/sensors", dependencies=[takes(SensorStatsQuestion, "offset")])
async def sensors(request: Request) -> Response:
    """Statistics of sensors over many runs."""

    async def make(page: Page) -> tuple[str, bool]:
        question = question_of(request, SensorStatsQuestion)
        await of_tool(request, key_of(request), question.tool)
        answer = await cache_of(request).answer(question)
        offset = offset_of(request)
        text = page.render(
            "sensors.html",
            at="/runs",
            as_of=answer.as_of,
            ended=answer.as_of_reason,
            demo=answer.demo,
            answer=answer,
            form=form_of(question, ("by", "tool", "recipe", "step", "sensor", "since", "until"), page.zone),
            groups=answer.groups[offset : offset + SHOWN],
            total=len(answer.groups),
            limit=SHOWN,
            offset=offset,
            filters=params(request, "tool", "recipe", "step", "sensor", "since", "until"),
        )
        return text, True

    return await cached_page(request, make)


@router.get("/chambers", dependencies=[takes(ChambersQuestion)])
async def chambers(request: Request) -> Response:
    """One sensor in one step, compared between chambers."""

    async def make(page: Page) -> tuple[str, bool]:
        cache, times = cache_of(request), times_of(request)
        filters = params(request, "sensor", "step", "recipe", "tool")
        await of_tool(request, key_of(request), filters.get("tool"))
        stats = await cache.answer(SensorStatsQuestion(tool=filters.get("tool"), as_of=times.as_of, known_at=times.known_at))
        known = tuple(group.sensor for group in stats.groups)
        answer: Chambers | None = None
        form: list[Input] = []
        if known or "sensor" in filters:
            question = question_of(request, ChambersQuestion, **({} if "sensor" in filters else {"sensor": known[0]}))
            answer = await cache.answer(question)
            form = form_of(question, ("sensor", "step", "recipe", "tool"), page.zone, {"sensor": known})
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


def multiples(answer: Chambers) -> list[Json]:
    """A small picture per chamber, all on the same axes."""
    values = [v for chamber in answer.chambers for p in chamber.points for v in (p.low, p.high) if v is not None]
    low, high = scale(values)
    seconds = max((p.t for chamber in answer.chambers for p in chamber.points), default=0.0) or 1.0

    def path(chamber: ChamberTrace, name: str) -> list[str]:
        return [
            f"{p.t / seconds * WIDTH:.1f},{(high - value) / (high - low) * HEIGHT:.1f}"
            for p in chamber.points
            if (value := getattr(p, name)) is not None
        ]

    return [
        {
            "chamber": chamber,
            "line": "M" + "L".join(path(chamber, "middle")) if chamber.points else "",
            "band": "M" + "L".join([*path(chamber, "low"), *reversed(path(chamber, "high"))]) + "Z"
            if chamber.points
            else "",
            "low": min(values, default=0.0),
            "high": max(values, default=1.0),
            "seconds": seconds,
        }
        for chamber in answer.chambers
    ]


@router.get("/rules", dependencies=[takes(BacktestQuestion)])
async def rules(request: Request) -> Response:
    """The rules that watch logs, and one of them tested on the record."""

    async def make(page: Page) -> tuple[str, bool]:
        cache, times, filters = cache_of(request), times_of(request), params(request, "rule", "tool")
        if "rule" in filters:
            await of_tool(request, key_of(request), filters.get("tool"))
        every = await cache.answer(RulesQuestion(as_of=times.as_of, known_at=times.known_at))
        answer = await with_rules_of_area(request, key_of(request), every)
        backtest, fault = None, None
        if "rule" in filters:
            try:
                await check_rule(request, key_of(request), filters["rule"])
                backtest = await cache.answer(question_of(request, BacktestQuestion))
            except BadQuestion as stop:
                fault = stop
        text = page.render(
            "rules.html",
            at="/runs",
            as_of=answer.as_of,
            ended=answer.as_of_reason,
            demo=answer.demo,
            answer=answer,
            backtest=backtest,
            fault=fault,
            filters=filters,
        )
        return text, True

    return await cached_page(request, make)


@router.post("/rules", dependencies=[needs("decide"), Depends(whole_fab), sends("rule", "act", "reason")])
async def switch(request: Request) -> Response:
    """Switch a rule on or off."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    action = SwitchRule(rule=form.get("rule", ""), counts=form.get("act") == "on", reason=form.get("reason", ""))
    await cache_of(request).act(action, key_of(request).who)
    return RedirectResponse(Page(request).url("/rules"), 303)
