"""Load files: upload them, follow the progress, see how each is read, rows set aside and files not recognised yet."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, needs, whole_fab
from fabwatch.api.routes.files import received, uploads_of
from fabwatch.fab.questions import InboxQuestion, LoadsQuestion, ProblemsQuestion
from fabwatch.ingest.answers import Load
from fabwatch.ingest.explaining import is_kept
from fabwatch.terms.answers import Json
from fabwatch.web.page import Page
from fabwatch.web.query_params import offset_of, params, takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read"), Depends(whole_fab)])
SHOWN = 50
PROBLEMS = 100
OPENED = 3
"""So many files are shown column by column at once; the others are a link away."""


@router.get("/load", dependencies=[takes("upload", "offset")])
async def load(request: Request) -> Response:
    """The load page."""
    page, cache = Page(request), cache_of(request)
    upload = params(request, "upload").get("upload")
    offset = offset_of(request)
    rows = (await cache.answer(LoadsQuestion())).loads
    job = uploads_of(request).find(upload).report() if upload else None
    inbox = (await cache.answer(InboxQuestion())).files
    shown = rows[offset : offset + SHOWN]
    files = _with_loads(job, rows)
    sent = [(load, file["path"]) for file, load in files if load is not None]
    return page.show(
        "load.html",
        at="/load",
        demo=cache.settings.fab.demo,
        job=job,
        job_files=files,
        polled=False,
        loads=shown,
        kept={row.load for row in shown if is_kept(row.path or "", row.status or "")},
        total=len(rows),
        limit=SHOWN,
        offset=offset,
        problems=(await cache.answer(ProblemsQuestion(limit=PROBLEMS))).problems,
        inbox=inbox,
        opened=(sent if job else [(file.load, file.path or "") for file in inbox])[:OPENED],
        zones=sorted(available_timezones()),
    )


@router.post("/load", dependencies=[needs("load")])
async def send(request: Request) -> Response:
    """Files that were dropped on the page."""
    job = await received(request)
    return RedirectResponse(Page(request).url("/load", upload=job.upload), 303)


@router.get("/load/uploads/{upload}", dependencies=[takes("polled")])
async def progress(request: Request, upload: str) -> Response:
    """The progress of an upload, as a part of the page."""
    job = uploads_of(request).find(upload)
    # At its end the whole page is another one: what was loaded, what waits, how each file is read.
    headers = {"HX-Refresh": "true"} if job.ended and "HX-Request" in request.headers else None
    rows = (await cache_of(request).answer(LoadsQuestion())).loads if job.summary else ()
    report = job.report()
    return Page(request).show("upload.html", headers=headers, job=report, job_files=_with_loads(report, rows), polled=True)


@router.post("/load/retry", dependencies=[needs("load")])
async def retry(request: Request) -> Response:
    """Try files that are not recognised yet again, after fab.toml was changed."""
    job = uploads_of(request).begin_retry()
    return RedirectResponse(Page(request).url("/load", upload=job.upload), 303)


def _with_loads(job: Json | None, rows: Sequence[Load]) -> list[tuple[Json, str | None]]:
    """The files of an upload that has ended, each with its load in the ledger."""
    if not job or not job["summary"]:
        return []
    by_path = {row.path: row.load for row in reversed(rows) if is_kept(row.path or "", row.status or "")}
    by_content = {row.sha256: by_path[row.path] for row in rows if row.path in by_path and row.sha256}
    files: list[dict[str, Any]] = job["summary"]["files"]
    return [(file, by_path.get(file["path"]) or by_content.get(file["sha256"])) for file in files]
