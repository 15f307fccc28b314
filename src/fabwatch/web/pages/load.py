"""Load files: send them, see how far they are, what was set aside and what waits."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.answers import desk_of
from fabwatch.api.gate import needs, whole_fab
from fabwatch.api.loads import taken, uploads_of
from fabwatch.web.look import Page
from fabwatch.web.pages.common import asked, offset_of

router = APIRouter(include_in_schema=False, dependencies=[needs("read"), Depends(whole_fab)])
SHOWN = 50
PROBLEMS = 100


@router.get("/load")
async def load(request: Request) -> Response:
    """The load page."""
    page, desk = Page(request), desk_of(request)
    given = asked(request, "upload", "offset")
    offset = offset_of(given)
    rows = await desk.look_up("loads")
    job = uploads_of(request).find(given["upload"]).told() if "upload" in given else None
    return page.show(
        "load.html",
        at="/load",
        demo=desk.settings.fab.demo,
        job=job,
        loads=rows[offset : offset + SHOWN],
        total=len(rows),
        limit=SHOWN,
        offset=offset,
        problems=await desk.look_up("problems", limit=PROBLEMS),
        inbox=await desk.look_up("inbox"),
    )


@router.post("/load", dependencies=[needs("load")])
async def send(request: Request) -> Response:
    """Files that were dropped on the page."""
    job = await taken(request)
    return RedirectResponse(Page(request).url("/load", upload=job.upload), 303)


@router.get("/load/uploads/{upload}")
async def progress(request: Request, upload: str) -> Response:
    """How far an upload is, as a part of the page."""
    return Page(request).show("upload.html", job=uploads_of(request).find(upload).told())


@router.post("/load/retry", dependencies=[needs("load")])
async def retry(request: Request) -> Response:
    """Try what waits again, after fab.toml was mended."""
    await desk_of(request).load("retry", progress="")
    return RedirectResponse("/load", 303)
