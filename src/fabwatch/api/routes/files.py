"""The routes for files beside those of its questions: send them, and see what became of them."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from fabwatch.api.faults import Refused
from fabwatch.api.routes.questions import routes_of
from fabwatch.api.uploads import Upload, Uploads
from fabwatch.terms.answers import Json

routes = routes_of("files")
MOST_FILES = 1000


@dataclass(frozen=True)
class UploadAnswer:
    """What became of files that were sent: the summary is that of `fabwatch ingest --json`."""

    upload: str
    state: str
    files: list[str]
    done: int
    total: int
    summary: Json | None
    error: dict[str, str] | None


FILES = {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
FORM = {"type": "object", "required": ["file"], "properties": {"file": FILES}}
BODY = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}}
Wait = Annotated[float, Query(ge=0, le=300, description="Seconds to wait for the end of loading; else 202.")]


def uploads_of(request: Request) -> Uploads:
    """The uploads of this server."""
    uploads: Uploads = request.app.state.uploads
    return uploads


async def received(request: Request) -> Upload:
    """Keep the files of a request and have them loaded. Raises Refused: 415, 422."""
    uploads = uploads_of(request)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refused(415, "NotAForm", "Files come as multipart/form-data.", "curl -F file=@moves.csv …/api/v1/loads")
    async with request.form(max_files=MOST_FILES, max_fields=20) as form:
        files = [upload for _, upload in form.multi_items() if isinstance(upload, UploadFile) and upload.filename]
        if not files:
            raise Refused(422, "NoFile", "No file came with that.", "curl -F file=@moves.csv …/api/v1/loads")
        # All of them are looked at before one is loaded.
        # Copied and hashed in a thread: others are answered meanwhile.
        paths = [await asyncio.to_thread(uploads.files.store, upload.filename or "", upload.file) for upload in files]
    return uploads.begin(paths)


@routes.post("/loads", answer=UploadAnswer, scope="load", whole=True, extra=BODY)
async def load(request: Request, wait: Wait = 30.0) -> Response:
    """Load files into the fab, each exactly once."""
    return await _report(request, await received(request), wait)


@routes.get("/loads/uploads/{upload}", answer=UploadAnswer, scope="load", whole=True)
async def upload(request: Request, upload: str) -> Response:
    """How far an upload is."""
    return JSONResponse(uploads_of(request).find(upload).report())


@routes.post("/inbox/retry", answer=UploadAnswer, scope="load", whole=True)
async def retry(request: Request, wait: Wait = 30.0) -> Response:
    """Try the files that are not recognised yet again, after fab.toml was changed."""
    return await _report(request, uploads_of(request).begin_retry(), wait)


async def _report(request: Request, job: Upload, wait: float) -> Response:
    """What there is to say of a job, after waiting for its end."""
    job = await uploads_of(request).wait(job, wait)
    return JSONResponse(job.report(), 200 if job.ended else 202)
