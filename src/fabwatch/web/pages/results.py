"""What came out: yield over time with its bins and tests, and what the bad wafers share."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, key_of, needs, whole_fab
from fabwatch.fab.answers import Commonality, Finding, YieldGroup
from fabwatch.fab.questions import BinsQuestion, CommonalityQuestion, StackedMapQuestion, TestsQuestion, YieldQuestion
from fabwatch.fab.results import low_limit, names_in
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import BadQuestion
from fabwatch.web.page import SELECTIONS, Page
from fabwatch.web.pages.dots import dots_over_time
from fabwatch.web.pages.page_cache import cached_page, pending, within
from fabwatch.web.pages.wafer_pictures import wafer_picture
from fabwatch.web.query_params import form_of, params, question_of, takes, times_of

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 60
TESTS_SHOWN = 12
LEFT, TOP, WIDTH, HEIGHT = 44, 10, 560, 150
WEEK = timedelta(days=7)
PASTED = {"bad_names": "bad", "good_names": "good"}
"""Fields of lines, and the parameters that they are made into."""
SELECTED = SELECTIONS["/commonality"]
"""What the other pages about results may be narrowed to: here the lot or wafer stands ready as the bad one."""
NOTHING: Json = {
    **dict.fromkeys(("trend", "change", "low", "wafer", "stack")),
    "bins": [],
    "tests": [],
    "all_tests": 0,
}
"""What the page of yield shows without results."""


@router.get("/yield", dependencies=[takes(YieldQuestion), Depends(whole_fab)])
async def yields(request: Request) -> Response:
    """Yield by day and group, its bins and tests, and what changed."""

    async def make(page: Page) -> tuple[str, bool]:
        stated = {} if params(request, "by") else {"by": "product"}
        question = question_of(request, YieldQuestion, **stated)
        cache = cache_of(request)
        names = ("lot", "wafer", "product", "as_of", "known_at")
        named: dict[str, Any] = {name: getattr(question, name) for name in names}
        answer = await cache.answer(question)
        rest: dict[str, Any] = {}
        if answer.total.parts:
            by_day, by_wafer, bins, tests, stack = await asyncio.gather(
                cache.answer(replace(question, by="day")),
                cache.answer(replace(question, by="wafer")),
                cache.answer(BinsQuestion(**named, retests=question.retests)),
                cache.answer(TestsQuestion(**named)),
                cache.answer(StackedMapQuestion(**named, retests=question.retests)),
            )
            rest = {
                "trend": trend(by_day.groups),
                "change": change(by_day.groups),
                "low": low_wafers(by_wafer.groups),
                "bins": [row for row in bins.bins if row.kind == "hard"],
                "tests": tests.tests[:TESTS_SHOWN],
                "all_tests": len(tests.tests),
                "stack": stack,
                "wafer": wafer_picture(stack.dies),
            }
        text = page.render(
            "yield.html",
            at="/yield",
            as_of=answer.as_of,
            ended=answer.as_of_reason,
            demo=answer.demo,
            answer=answer,
            form=form_of(question, ("by", "lot", "wafer", "product", "retests"), page.zone),
            groups=sorted(answer.groups, key=lambda group: group.yield_)[:SHOWN],
            filters=params(request, "lot", "wafer", "product", "retests"),
            **{**NOTHING, **rest},
        )
        return text, True

    return await cached_page(request, make)


@router.get("/yield/short", dependencies=[takes()])
async def short(request: Request) -> Response:
    """The yield of the last week against that of the week before, in one sentence."""
    page, times = Page(request), times_of(request)
    if key_of(request).area is not None:
        return page.show("yield_short.html", change=None, total=None)
    answer = await cache_of(request).answer(YieldQuestion(by="day", as_of=times.as_of, known_at=times.known_at))
    return page.show("yield_short.html", change=change(answer.groups), total=answer.total)


@router.get("/commonality", dependencies=[takes(CommonalityQuestion, *PASTED, *SELECTED), Depends(whole_fab)])
async def commonality(request: Request) -> Response:
    """What the bad wafers share, and since when; names that were pasted become a part of the address."""
    if params(request, *PASTED):
        return _named(request)

    async def make(page: Page) -> tuple[str, bool]:
        cache, times = cache_of(request), times_of(request)
        stated = params(request, "below", "bad", "value")
        wafers = await cache.answer(YieldQuestion(by="wafer", as_of=times.as_of, known_at=times.known_at))
        answer, waiting, nothing = None, False, None
        if stated:
            try:
                found = await within(cache.ask(question_of(request, CommonalityQuestion)))
                cached, fault = found
                waiting = pending(found)
                answer = cached.answer if cached else None
                nothing = fault and f"{fault.what} {fault.hint}"
            except BadQuestion as fault_of:
                nothing = f"{fault_of.what} {fault_of.hint}"
        text = page.render(
            "commonality.html",
            at="/commonality",
            as_of=wafers.as_of,
            ended=wafers.as_of_reason,
            demo=wafers.demo,
            answer=answer,
            pending=waiting,
            nothing=nothing,
            low=low_wafers(wafers.groups),
            below=stated.get("below", ""),
            timeline=timeline(answer) if answer else None,
            value=stated.get("value", ""),
            direction=params(request, "direction").get("direction", ""),
            filters=params(request, "below", "value", "direction") | _several(request, "bad", "good"),
            stated=bool(stated),
            selected=",".join(params(request, "lot", "wafer").values()),
        )
        return text, not waiting

    return await cached_page(request, make)


def _named(request: Request) -> Response:
    """The same page, with pasted names as `bad` and `good`. Raises BadQuestion for a heading without rows."""
    page = Page(request)
    names = {to: names_in(text) for source, to in PASTED.items() if (text := request.query_params.get(source, "").strip())}
    return page.finished(RedirectResponse(page.url("/commonality", **names), 303))


def _several(request: Request, *names: str) -> dict[str, list[str]]:
    """The named parameters that may stand several times, as far as they do."""
    values = {name: [text for text in request.query_params.getlist(name) if text] for name in names}
    return {name: texts for name, texts in values.items() if texts}


def change(days: Sequence[YieldGroup]) -> Json | None:
    """The yield of the last seven days on record and of the seven before; None without both."""
    dated = [(datetime.fromisoformat(group.day), group) for group in days if group.day]
    if not dated:
        return None
    last = max(day for day, _ in dated)
    now = [group for day, group in dated if day > last - WEEK]
    before = [group for day, group in dated if last - 2 * WEEK < day <= last - WEEK]
    if not now or not before:
        return None
    shares = [sum(group.good for group in rows) / sum(group.parts for group in rows) for rows in (now, before)]
    return {"now": shares[0], "before": shares[1], "difference": shares[0] - shares[1], "until": last.date().isoformat()}


def low_wafers(wafers: Sequence[YieldGroup]) -> Json | None:
    """How many wafers are far below the others, and a round yield that parts them from the rest; None for none."""
    shares = sorted(group.yield_ for group in wafers)
    if len(shares) < 2:
        return None
    below = low_limit(shares)
    count = sum(share < below for share in shares)
    return {"below": below, "wafers": count, "of": len(shares)} if count else None


def trend(days: Sequence[YieldGroup]) -> Json | None:
    """The picture of yield by day: a line with a dot a day, from the lowest that is needed up to 1."""
    dated = [(datetime.fromisoformat(group.day), group.yield_, group) for group in days if group.day]
    lowest = min((share for _, share, _ in dated), default=0.0)
    drawn = dots_over_time(dated, max(0.0, int(lowest * 10) / 10 - 0.1), 1.0)
    return drawn and {**drawn, "first": drawn["first"].date().isoformat(), "last": drawn["last"].date().isoformat()}


def timeline(answer: Commonality) -> Json | None:
    """The findings as bars on one axis of time, with what happened to their tools; None without any."""
    times = [time for row in answer.findings for time in (row.from_, row.to, *(event.at for event in row.events)) if time]
    if not times:
        return None
    first, last = min(times) - timedelta(days=2), max(times) + timedelta(days=2)
    span = (last - first).total_seconds()

    def x(at: datetime) -> float:
        return round(LEFT + WIDTH * (at - first).total_seconds() / span, 1)

    return {
        "left": LEFT,
        "right": LEFT + WIDTH,
        "height": 20 + 46 * len(answer.findings),
        "rows": [_bar(row, n, x, first, last) for n, row in enumerate(answer.findings)],
        "first": first,
        "last": last,
    }


def _bar(row: Finding, number: int, x: Any, first: datetime, last: datetime) -> Json:
    begin, end = x(row.from_ or first), x(row.to or last)
    marks = [(x(event.at), event) for event in row.events if event.kind in ("failed", "restore")]
    return {"row": row, "y": 12 + 46 * number, "x": begin, "width": max(end - begin, 2.0), "marks": marks}
