"""The routes for files: send them, see what became of them, what was set aside, and what waits for a word."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from fabwatch.api.answers import Paged, desk_of
from fabwatch.api.faults import Refused
from fabwatch.api.routing import Routes
from fabwatch.api.shapes import listed
from fabwatch.api.uploads import Upload, Uploads
from fabwatch.terms.answers import plain

routes = Routes("files")
MOST_FILES = 1000


@dataclass(frozen=True)
class UploadAnswer:
    """What became of files that were sent: the summary is that of `fabwatch ingest --json`."""

    upload: str
    state: str
    files: list[str]
    done: int
    total: int
    summary: dict[str, Any] | None
    error: dict[str, str] | None


@dataclass(frozen=True)
class Load:
    """One row of the ledger (docs/tables.md)."""

    load: str
    path: str | None
    kind: str | None
    status: str | None
    rows: int | None
    duplicates: int | None
    set_aside: int | None
    loaded_at: datetime | None


@dataclass(frozen=True)
class Loads:
    """The ledger, newest first."""

    loads: list[Load]


@dataclass(frozen=True)
class SetAside:
    """One row that was set aside (docs/problems.md)."""

    load: str
    path: str | None
    line: int | None
    byte_offset: int | None
    rule: str
    why: str | None
    hint: str | None
    raw: str | None


@dataclass(frozen=True)
class Problems:
    """What was set aside, newest load first."""

    problems: list[SetAside]


@dataclass(frozen=True)
class Waiting:
    """The files that wait for a word in fab.toml."""

    files: list[dict[str, Any]]


FILES = {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
FORM = {"type": "object", "required": ["file"], "properties": {"file": FILES}}
BODY = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}}
Wait = Annotated[float, Query(ge=0, le=300, description="Seconds to wait for the end of loading; else 202.")]


def uploads_of(request: Request) -> Uploads:
    """The uploads of this server."""
    uploads: Uploads = request.app.state.uploads
    return uploads


async def taken(request: Request) -> Upload:
    """Keep the files of a request and have them loaded. Raises Refused: 415, 422."""
    uploads = uploads_of(request)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refused(415, "NotAForm", "Files come as multipart/form-data.", "curl -F file=@moves.csv …/api/v1/loads")
    async with request.form(max_files=MOST_FILES, max_fields=20) as form:
        files = [each for _, each in form.multi_items() if isinstance(each, UploadFile) and each.filename]
        if not files:
            raise Refused(422, "NoFile", "No file came with that.", "curl -F file=@moves.csv …/api/v1/loads")
        # All of them are looked at before one is loaded.
        paths = [uploads.store(each.filename or "", each.file) for each in files]
    return uploads.begin(paths)


@routes.post("/loads", answer=UploadAnswer, scope="load", whole=True, extra=BODY)
async def load(request: Request, wait: Wait = 30.0) -> Response:
    """Load files into the fab, each exactly once."""
    uploads = uploads_of(request)
    job = await uploads.wait(await taken(request), wait)
    return JSONResponse(job.told(), 200 if job.state in ("done", "failed") else 202)


@routes.get("/loads/uploads/{upload}", answer=UploadAnswer, scope="load", whole=True)
async def upload(request: Request, upload: str) -> Response:
    """How far an upload is."""
    return JSONResponse(uploads_of(request).find(upload).told())


@routes.get("/loads", answer=Loads, whole=True)
async def loads(request: Request, page: Paged) -> Response:
    """The ledger: every file that was taken in, newest first."""
    return listed(request, "loads", await desk_of(request).look_up("loads"), page.format, page.limit, page.offset)


@routes.get("/problems", answer=Problems, whole=True)
async def problems(
    request: Request,
    page: Paged,
    rule: Annotated[str | None, Query(max_length=60, description="Only this rule.")] = None,
) -> Response:
    """What was set aside: file, line, byte, rule, reason, way out and the raw line."""
    most = 100_000 if page.format == "csv" else min(page.offset + page.limit, 100_000)
    found = await desk_of(request).look_up("problems", rule=rule, limit=most)
    return listed(request, "problems", found, page.format, page.limit, page.offset)


@routes.get("/inbox", answer=Waiting, whole=True)
async def inbox(request: Request, page: Paged) -> Response:
    """Files that wait for a word in fab.toml, and what to write there."""
    return listed(request, "files", await desk_of(request).look_up("inbox"), page.format, page.limit, page.offset)


@routes.post("/inbox/retry", answer=UploadAnswer, scope="load", whole=True)
async def retry(request: Request) -> Response:
    """Try the waiting files again, after fab.toml was mended."""
    summary = await desk_of(request).load("retry", progress="")
    return JSONResponse(plain(Upload("retry", "done", [], summary=summary).told()))
