"""The routes for files beside those of its questions: send them, and see what became of them."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Body, Path, Query, Request
from pydantic import Field, JsonValue
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from fabwatch.api.access import Asker, cache_of
from fabwatch.api.events import MEDIA_TYPE, Streams
from fabwatch.api.faults import Refused
from fabwatch.api.jobs import TrySource, WriteSource
from fabwatch.api.models import Strict
from fabwatch.api.responses import plain_json
from fabwatch.api.routes.questions import routes_of
from fabwatch.api.uploads import Upload, Uploads
from fabwatch.ingest.answers import Explanation
from fabwatch.ingest.stating import Statement
from fabwatch.terms.answers import Json
from fabwatch.terms.questions import LONGEST

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
    read: int
    size: int
    storing: bool
    bytes_per_s: int | None
    left_s: float | None
    summary: Json | None
    error: dict[str, str] | None


FILES = {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
FORM = {"type": "object", "required": ["file"], "properties": {"file": FILES}}
BODY = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}}
Wait = Annotated[float, Query(ge=0, le=300, description="Seconds to wait for the end of loading; else 202.")]


LoadName = Annotated[str, Path(max_length=LONGEST, description="The load, as GET /loads and GET /inbox name it.")]
Text = Annotated[str, Field(max_length=LONGEST)]
Header = Annotated[str, Field(max_length=1000)]
MOST_COLUMNS = 10_000


class SourceBody(Strict):
    """What somebody states of a file."""

    source: Annotated[
        str | None, Field(max_length=60, description="Its source in fab.toml; else the one that covers it, or a new one.")
    ] = None
    files: list[Text] = Field([], max_length=20, description="Patterns of the files of the source.")
    keys: dict[Text, JsonValue] = Field(
        {}, max_length=40, description="Keys of [sources.NAME] such as kind, zone, decimal; null takes one back."
    )
    columns: dict[Header, Text | None] = Field(
        {}, max_length=MOST_COLUMNS, description="{header: column}; null for one that is not used."
    )

    def statement(self) -> Statement:
        """The statement."""
        return Statement(self.source or None, tuple(self.files), self.keys, self.columns)


class WriteBody(SourceBody):
    """The same, with what the audit needs."""

    reason: Annotated[str, Field(min_length=3, max_length=2000, description="Why; it stands in the audit.")]
    seen: Annotated[
        str | None, Field(max_length=60, description="`seen` of the explanation: if it has changed since, 409.")
    ] = None


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


@routes.get("/loads/uploads/{upload}/events", answer=str, scope="load", whole=True, binary=MEDIA_TYPE)
async def events(request: Request, upload: str) -> Response:
    """How far an upload is, as server-sent events until it ends: files, bytes, bytes a second, seconds left."""
    streams: Streams = request.app.state.streams
    return streams.follow(upload)


@routes.post("/inbox/retry", answer=UploadAnswer, scope="load", whole=True)
async def retry(request: Request, wait: Wait = 30.0) -> Response:
    """Try the files that are not recognised yet again, after fab.toml was changed."""
    return await _report(request, uploads_of(request).begin_retry(), wait)


@routes.post("/loads/{load}/try", answer=Explanation, scope="load", whole=True)
async def try_source(request: Request, load: LoadName, body: Annotated[SourceBody, Body()]) -> Response:
    """See how a file would be read with a statement for fab.toml; nothing is stored or written."""
    return plain_json(await cache_of(request).read_file(TrySource(load, body.statement())))


@routes.post("/loads/{load}/source", answer=UploadAnswer, scope="load", whole=True)
async def write_source(
    request: Request, key: Asker, load: LoadName, body: Annotated[WriteBody, Body()], wait: Wait = 30.0
) -> Response:
    """Write a statement about a file into fab.toml, and have the file read by it; who and why stand in the audit."""
    job = WriteSource(load, body.statement(), key.who, body.reason, body.seen)
    explanation = await cache_of(request).read_file(job)
    return await _report(request, uploads_of(request).begin_with_source(explanation), wait)


async def _report(request: Request, job: Upload, wait: float) -> Response:
    """What there is to say of a job, after waiting for its end."""
    job = await uploads_of(request).wait(job, wait)
    return JSONResponse(job.report(), 200 if job.ended else 202)
