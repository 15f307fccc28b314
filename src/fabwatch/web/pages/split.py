"""Split lots: groups of wafers that were treated differently, against a control."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, needs, whole_fab
from fabwatch.fab.questions import SplitQuestion
from fabwatch.fab.results import groups_in
from fabwatch.terms.errors import BadQuestion
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import cached_page, pending, within
from fabwatch.web.pages.wafer_pictures import difference_picture
from fabwatch.web.query_params import params, question_of, takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 60


@router.get("/yield/split", dependencies=[takes(SplitQuestion, "lines"), Depends(whole_fab)])
async def split(request: Request) -> Response:
    """The comparison of groups; lines that were pasted become a part of the address."""
    lines = request.query_params.get("lines", "").strip()
    if lines:
        page = Page(request)
        return page.finished(RedirectResponse(page.url("/yield/split", wafers=groups_in(lines)), 303))

    async def make(page: Page) -> tuple[str, bool]:
        answer, waiting, refusal = None, False, None
        wafers = [text for text in request.query_params.getlist("wafers") if text]
        if wafers:
            try:
                question = question_of(request, SplitQuestion)
                asked = await within(cache_of(request).ask(question))
                answer, waiting = asked[0].answer if asked[0] else None, pending(asked)
            except BadQuestion as fault:
                refusal = f"{fault.what} {fault.hint}"
        text = page.render(
            "split.html",
            at="/maps",
            as_of=answer.as_of if answer else None,
            ended=answer.as_of_reason if answer else None,
            demo=bool(answer and answer.demo),
            answer=answer,
            rows=answer.differences[:SHOWN] if answer else (),
            pending=waiting,
            refusal=refusal,
            lines="\n".join(entry.replace("=", " ", 1) for entry in wafers),
            pictures={row.group: difference_picture(answer.dies, row.group) for row in answer.groups} if answer else {},
            filters={"wafers": wafers, **params(request, "control")},
        )
        return text, not waiting

    return await cached_page(request, make)
