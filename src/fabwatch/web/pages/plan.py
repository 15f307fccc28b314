"""The plan, the record of past forecasts, and statistics of readings."""

from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from fabwatch.api.access import area_of, cache_of, key_of, needs, seen
from fabwatch.fab.questions import PlanQuestion, RiskQuestion, ScoreQuestion, StatsQuestion
from fabwatch.terms.errors import TooFewFailures
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import cached_page, pending, within
from fabwatch.web.query_params import form_of, offset_of, params, question_of, takes, times_of

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


@router.get("/record", dependencies=[takes(ScoreQuestion)])
async def record(request: Request) -> Response:
    """How accurate past forecasts were."""
    page, cache = Page(request), cache_of(request)
    question = question_of(request, ScoreQuestion)
    await seen(request, key_of(request), question.tool)
    question = replace(question, area=area_of(key_of(request), question.area))
    present = cache.present()
    if question.as_of is None:
        # The past does not change within the hour: a new time every minute would never hit the cache.
        live = cache.as_of is None and present.reason is None
        question = replace(question, as_of=present.at.replace(minute=0, second=0) if live else present.at)
    answer = await within(cache.ask(question))
    cached, fault = answer
    return page.show(
        "record.html",
        at="/record",
        as_of=question.as_of,
        demo=cache.settings.fab.demo,
        answer=cached.answer if cached else None,
        pending=pending(answer),
        nothing=fault and f"{fault.what} {fault.hint}",
        tool=question.tool,
        area=question.area,
    )


@router.get("/record/short", dependencies=[takes(ScoreQuestion)])
async def short(request: Request) -> Response:
    """How accurate past forecasts of the whole fab were, in one sentence."""
    page, cache, times = Page(request), cache_of(request), times_of(request)
    if key_of(request).area is not None or times.known_at is not None:
        return page.show("sentence.html", sentence="")
    try:
        sentence = page.sentence((await cache.daily(ScoreQuestion(as_of=times.as_of))).answer)
    except TooFewFailures as fault:
        sentence = fault.what
    return page.show("sentence.html", sentence=sentence)


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
