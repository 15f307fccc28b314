"""What the pages share: waiting a moment for slow answers, and a cache of rendered pages."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from fabwatch.api.access import cache_of, key_of
from fabwatch.api.answer_cache import CachedAnswer
from fabwatch.api.responses import Bodies
from fabwatch.terms.errors import FabwatchError, TooBusy, TooFewFailures, UnknownTool
from fabwatch.web.page import Page

PATIENCE = 0.5
"""Seconds that a page waits for a forecast before it is shown without it, and fills it in later."""
Make = Callable[[Page], Awaitable[tuple[str, bool]]]
A = TypeVar("A")
Soon = tuple[CachedAnswer[A] | None, FabwatchError | None]
"""An answer, or why there is none; neither while it is still being computed."""


def pending(*answers: Soon[Any]) -> bool:
    """True if one of the answers is still being computed, so that the page has to ask again."""
    return any(cached is None and fault is None for cached, fault in answers)


def scale(values: Collection[float]) -> tuple[float, float]:
    """The lowest and highest value of a picture, with some margin."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
    return low - room, high + room


async def within(question: Awaitable[CachedAnswer[A]], patience: float = PATIENCE) -> Soon[A]:
    """An answer if it comes within `patience` seconds, or why there is none; neither if it takes longer."""
    task = asyncio.ensure_future(question)
    await asyncio.wait([task], timeout=patience)
    if not task.done():
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return None, None
    try:
        return task.result(), None
    except TooFewFailures as fault:
        return None, fault
    except TooBusy:
        # The page is useful without it, and asks again by itself.
        return None, None


async def cached_page(request: Request, make: Make) -> Response:
    """A page, made once per state of the fab, time, language and rights of the reader."""
    page, cache = Page(request), cache_of(request)
    key = key_of(request)
    pages: Bodies = request.app.state.pages
    mark = (
        request.url.path,
        request.url.query,
        page.language,
        (key.name, key.scope, key.area),
        await cache.state(),
        cache.now(),
        cache.made,
        request.url.netloc,
    )
    body = pages.find(mark)
    if body is None:
        try:
            text, whole = await make(page)
        except UnknownTool as fault:
            if not page.selection:
                raise
            # Links between pages about results keep what is chosen, and not every lot is on each of them.
            text, whole = page.render("nothing.html", at=request.url.path, fault=fault), False
        body = (text.encode(), {})
        if whole:
            pages.put(mark, body)
    return page.finished(HTMLResponse(body[0]))
