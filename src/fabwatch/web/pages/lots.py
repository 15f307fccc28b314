"""One lot: what it passed, how the next quals there went, and the maps of its wafers."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from fabwatch.api.access import cache_of, needs, whole_fab
from fabwatch.fab.answers import FabMap
from fabwatch.fab.questions import LotQuestion, MapsQuestion
from fabwatch.web.page import Page
from fabwatch.web.pages.maps import MOST, drawn_first, name_of
from fabwatch.web.pages.page_cache import cached_page
from fabwatch.web.query_params import takes, times_of

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])


@router.get("/lots/{lot:name}", dependencies=[takes(), Depends(whole_fab)])
async def lot(request: Request, lot: str) -> Response:
    """The history of a lot. Refused with 404 for one of which nothing is known."""

    async def make(page: Page) -> tuple[str, bool]:
        times, cache = times_of(request), cache_of(request)
        answer = await cache.answer(LotQuestion(lot=lot, as_of=times.as_of, known_at=times.known_at))
        maps: Sequence[FabMap] = ()
        waiting = False
        if answer.result is not None:
            question = MapsQuestion(lot=lot, most=MOST, pictures=True, as_of=times.as_of, known_at=times.known_at)
            drawn, waiting = await drawn_first(request, question)
            maps = drawn.maps if drawn else ()
        text = page.render(
            "lot.html",
            at="/maps",
            as_of=answer.as_of,
            ended=answer.as_of_reason,
            demo=answer.demo,
            answer=answer,
            maps=maps,
            pending=waiting,
            name_of=name_of,
        )
        return text, not waiting

    return await cached_page(request, make)
