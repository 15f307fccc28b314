"""The plan, and statistics of readings."""

from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from fabwatch.api.access import area_of, cache_of, key_of, needs, seen
from fabwatch.fab.questions import PlanQuestion, RiskQuestion, StatsQuestion
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import cached_page, pending, within
from fabwatch.web.query_params import form_of, offset_of, params, question_of, takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 200


@router.get("/plan", dependencies=[takes(PlanQuestion)])
async def plan(request: Request) -> Response:
    """What to check on which day."""

    async def make(page: Page) -> tuple[str, bool]:
        cache, key = cache_of(request), key_of(request)
        question = question_of(request, PlanQuestion)
        question = replace(question, area=area_of(key, question.area))
        answer = await within(cache.ask(question))
        cached, fault = answer
        risk = await cache.answer(RiskQuestion(as_of=question.as_of, known_at=question.known_at))
        text = page.render(
            "plan.html",
            at="/plan",
            as_of=risk.as_of,
            ended=risk.as_of_reason,
            demo=risk.demo,
            answer=cached.answer if cached else None,
            pending=pending(answer),
            nothing=fault and f"{fault.what} {fault.hint}",
            area=question.area,
            days=question.days,
            areas=sorted({row.area for row in risk.tools if row.area and key.area in (None, row.area)}),
        )
        return text, fault is not None or (cached is not None and not cached.stale)

    return await cached_page(request, make)


@router.get("/stats", dependencies=[takes(StatsQuestion, "offset")])
async def stats(request: Request) -> Response:
    """Statistics of readings."""

    async def make(page: Page) -> tuple[str, bool]:
        stated = {} if params(request, "by") else {"by": "area"}
        question = question_of(request, StatsQuestion, **stated)
        await seen(request, key_of(request), question.tool)
        question = replace(question, area=area_of(key_of(request), question.area))
        answer = await cache_of(request).answer(question)
        offset = offset_of(request)
        text = page.render(
            "stats.html",
            at="/stats",
            as_of=answer.as_of,
            ended=answer.as_of_reason,
            demo=answer.demo,
            answer=answer,
            form=form_of(question, ("by", "area", "tool", "qual_type", "since", "until"), page.zone),
            groups=answer.groups[offset : offset + SHOWN],
            total=len(answer.groups),
            limit=SHOWN,
            offset=offset,
            filters=params(request, "area", "tool", "qual_type", "since", "until"),
        )
        return text, True

    return await cached_page(request, make)
