"""Load files: upload them, follow the progress, see rows set aside and files not recognised yet."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, needs, whole_fab
from fabwatch.api.routes.files import received, uploads_of
from fabwatch.fab.questions import InboxQuestion, LoadsQuestion, ProblemsQuestion
from fabwatch.web.page import Page
from fabwatch.web.query_params import offset_of, params, takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read"), Depends(whole_fab)])
SHOWN = 50
PROBLEMS = 100


@router.get("/load", dependencies=[takes("upload", "offset")])
async def load(request: Request) -> Response:
    """The load page."""
    page, cache = Page(request), cache_of(request)
    upload = params(request, "upload").get("upload")
    offset = offset_of(request)
    rows = (await cache.answer(LoadsQuestion())).loads
    job = uploads_of(request).find(upload).report() if upload else None
    return page.show(
        "load.html",
        at="/load",
        demo=cache.settings.fab.demo,
        job=job,
        loads=rows[offset : offset + SHOWN],
        total=len(rows),
        limit=SHOWN,
        offset=offset,
        problems=(await cache.answer(ProblemsQuestion(limit=PROBLEMS))).problems,
        inbox=(await cache.answer(InboxQuestion())).files,
    )


@router.post("/load", dependencies=[needs("load")])
async def send(request: Request) -> Response:
    """Files that were dropped on the page."""
    job = await received(request)
    return RedirectResponse(Page(request).url("/load", upload=job.upload), 303)


@router.get("/load/uploads/{upload}", dependencies=[takes()])
async def progress(request: Request, upload: str) -> Response:
    """The progress of an upload, as a part of the page."""
    return Page(request).show("upload.html", job=uploads_of(request).find(upload).report())


@router.post("/load/retry", dependencies=[needs("load")])
async def retry(request: Request) -> Response:
    """Try files that are not recognised yet again, after fab.toml was changed."""
    job = uploads_of(request).begin_retry()
    return RedirectResponse(Page(request).url("/load", upload=job.upload), 303)
