"""What the pages share: what is asked, waiting a moment for what lies ahead, and pages that were made already."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from fabwatch.api.answers import desk_of
from fabwatch.api.desk import Desk, Held
from fabwatch.api.gate import asker
from fabwatch.api.shapes import Shelf
from fabwatch.terms.clock import stated_time, utc_now
from fabwatch.terms.errors import FabwatchError, TooBusy, TooFewFailures
from fabwatch.web.look import Page

PATIENCE = 0.5
"""Seconds that a page waits for a forecast before it is shown without, to fill in by itself."""
STALE_DATA = timedelta(hours=24)
LONGEST = 200
Make = Callable[[Page], Awaitable[tuple[str, bool]]]


def moments(request: Request) -> dict[str, Any]:
    """The times that a page stands for. Raises UnknownTime."""
    return {
        name: stated_time(request.query_params[name]) for name in ("as_of", "known_at") if request.query_params.get(name)
    }


def asked(request: Request, *names: str) -> dict[str, str]:
    """Those of some parameters that are given and not empty."""
    found = {name: request.query_params.get(name, "")[:LONGEST] for name in names}
    return {name: value for name, value in found.items() if value}


def offset_of(given: dict[str, str]) -> int:
    """How many rows of a list stand before the page that is asked for."""
    return int(given["offset"]) if given.get("offset", "").isdecimal() else 0


Told = tuple[Held | None, FabwatchError | None]


def waits(*told: Told) -> bool:
    """Whether one of some answers is still being worked out, so that the page has to ask again."""
    return any(held is None and fault is None for held, fault in told)


def scale(values: Collection[float]) -> tuple[float, float]:
    """The lowest and highest value of a picture, with some room around what is drawn."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
    return low - room, high + room


async def soon(question: Awaitable[Held], patience: float = PATIENCE) -> Told:
    """An answer if it comes soon, or why there will be none; neither when it is still being worked out."""
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
        # The page is worth showing without; it asks again by itself.
        return None, None


async def shelved(request: Request, make: Make) -> Response:
    """A page, made once for the state of the fab, the moment, the language and what the reader may do."""
    page, desk = Page(request), desk_of(request)
    key = asker(request)
    shelf: Shelf = request.app.state.shelf
    mark = (
        request.url.path,
        request.url.query,
        page.language,
        (key.name, key.scope, key.area),
        await desk.state(),
        desk.now(),
        desk.made,
        request.url.netloc,
    )
    found = shelf.find(mark)
    if found is None:
        text, whole = await make(page)
        found = (text.encode(), {})
        if whole:
            shelf.put(mark, found)
    return page.finished(HTMLResponse(found[0]))


async def newest(request: Request, desk: Desk, as_of: datetime) -> datetime | None:
    """The latest record of the fab, where the page stands for a time so much later that there is little to see."""
    if request.query_params.get("as_of") or utc_now() - as_of > STALE_DATA:
        return None
    seen = await desk.ask("overview")
    last: datetime | None = seen.answer.last_event_at
    return last if last is not None and as_of - last > STALE_DATA else None
