"""What outlier screens would cost in good parts."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from fabwatch.api.access import cache_of, needs, whole_fab
from fabwatch.fab.questions import ScreensQuestion
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import cached_page, pending, within
from fabwatch.web.query_params import form_of, params, question_of, takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 200
FILTERS = ("lot", "wafer", "product", "neighbours")


@router.get("/yield/screens", dependencies=[takes(ScreensQuestion), Depends(whole_fab)])
async def screens(request: Request) -> Response:
    """Each screen with its limits and the good parts that it would reject; fills in by itself."""

    async def make(page: Page) -> tuple[str, bool]:
        question = question_of(request, ScreensQuestion)
        asked = await within(cache_of(request).ask(question))
        answer = asked[0].answer if asked[0] else None
        text = page.render(
            "screens.html",
            at="/yield",
            as_of=answer.as_of if answer else None,
            ended=answer.as_of_reason if answer else None,
            demo=bool(answer and answer.demo),
            answer=answer,
            rows=[row for row in answer.screens if row.parts][:SHOWN] if answer else [],
            pending=pending(asked),
            form=form_of(question, FILTERS, page.zone),
            filters=params(request, *FILTERS),
        )
        return text, not pending(asked)

    return await cached_page(request, make)
