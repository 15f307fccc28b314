"""The routes about models beside those of their questions: rows in, predictions out."""

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from fabwatch.api.access import cache_of
from fabwatch.api.faults import Refused
from fabwatch.api.jobs import Job
from fabwatch.api.middleware.limits import MOST_ROWS
from fabwatch.api.routes.actions import add_actions
from fabwatch.api.routes.questions import routes_of
from fabwatch.fab.answers import Predictions, Watched
from fabwatch.fab.models import (
    AnyReady,
    Header,
    Looked,
    Tally,
    file_header,
    frame_of_bytes,
    look_bytes,
    predict_bytes,
    ready_of,
    registry_of,
)

if TYPE_CHECKING:
    from fabwatch.fab import Fab

TAG = "models"
routes = routes_of(TAG)
add_actions(routes, TAG)
HERE = 50_000
"""Bytes of rows that are answered on the spot; more go to a worker, so that others are answered meanwhile."""
KEPT = 32
"""Models that are kept loaded."""
KINDS = {
    "application/json": "rows.json",
    "text/csv": "rows.csv",
    "application/vnd.apache.parquet": "rows.parquet",
}
PICTURES = {f"image/{kind}": f"picture.{kind}" for kind in ("png", "jpeg", "bmp", "tiff", "gif", "webp")}
ROW = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
ROWS = {
    "type": "object",
    "required": ["rows"],
    "additionalProperties": False,
    "properties": {
        "rows": {"type": "array", "minItems": 1, "maxItems": MOST_ROWS, "items": ROW},
        "contributions": {"type": "boolean", "default": False},
    },
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": ROWS},
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
            **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in PICTURES},
        },
    }
}
ModelPath = Annotated[str, Path(max_length=80, description="MODEL or MODEL@VERSION; without a version the one in use.")]
Parts = Annotated[bool, Query(description="What each column adds, or each place of a picture.")]


class Loaded:
    """Models that are ready, by the file they came from; the one that was asked for longest ago is let go."""

    def __init__(self) -> None:
        self._ready: OrderedDict[tuple[str, tuple[int, ...]], AnyReady] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, folder: Any, stated: str) -> AnyReady:
        """A version with its file loaded. Raises UnknownModel and BadQuestion."""
        version = registry_of(folder).find(stated)
        key = str(version.folder), version.marks
        with self._lock:
            if key not in self._ready:
                self._ready[key] = ready_of(version)
                while len(self._ready) > KEPT:
                    self._ready.popitem(last=False)
            self._ready.move_to_end(key)
            return self._ready[key]


LOADED = Loaded()
ASKED = Tally()
"""What this process was asked; it writes that to the folders of the versions."""


@dataclass(frozen=True)
class Predict(Job[bytes]):
    """Predict many rows."""

    model: str
    content: bytes
    name: str
    contributions: bool
    header: Header

    def run(self, fab: "Fab") -> bytes:
        """The answer as JSON."""
        return self.answered(fab.path)

    def answered(self, folder: Any) -> bytes:
        """The answer by the models in a folder."""
        ready = LOADED.of(folder, self.model)
        answer = predict_bytes(ready, self.content, self.name, self.header, self.contributions, seen=ASKED.add)
        return rendered(answer)


@dataclass(frozen=True)
class Watch(Job[bytes]):
    """Score a version on rows whose outcome came in."""

    model: str
    content: bytes
    name: str

    def run(self, fab: "Fab") -> bytes:
        """The answer as JSON."""
        return rendered(fab.watch_model(self.model, frame_of_bytes(self.content, self.name)))


@dataclass(frozen=True)
class LookAt(Job[Looked]):
    """Look at a picture for a page."""

    model: str
    content: bytes
    name: str
    header: Header
    language: str

    def run(self, fab: "Fab") -> Looked:
        """The answer with what the page draws."""
        return look_bytes(LOADED.of(fab.path, self.model), self.content, self.name, self.header, self.language)


def rendered(answer: Predictions | Watched) -> bytes:
    """An answer as JSON."""
    return json.dumps(answer.to_dict(), ensure_ascii=False).encode()


@routes.post("/models/{model}/predict", answer=Predictions, scope="read", whole=True, extra=BODY)
async def predict(request: Request, model: ModelPath, contributions: Parts = False) -> Response:
    """What a model says of rows, sent as JSON, CSV or Parquet, or of a picture; what is odd about each is named."""
    content, name = await _sent(request, {**KINDS, **PICTURES})
    cache = cache_of(request)
    header = file_header(cache.now(), request.app.state.settings.fab.demo)
    job = Predict(model, content, name, contributions, header)
    if name == "rows.json" and len(content) <= HERE:
        answer = await run_in_threadpool(job.answered, request.app.state.folder)
    else:
        answer = await cache.read_file(job)
    return Response(answer, media_type="application/json")


@routes.post("/models/{model}/outcomes", answer=Watched, scope="load", whole=True, extra=BODY)
async def outcomes(request: Request, model: ModelPath) -> Response:
    """How a model does on rows that came after it, sent with what came out; drifts are named, the score is kept."""
    content, name = await _sent(request, KINDS)
    answer = await cache_of(request).read_file(Watch(model, content, name))
    return Response(answer, media_type="application/json")


async def _sent(request: Request, kinds: Mapping[str, str]) -> tuple[bytes, str]:
    """The body, and the name of a file that says what it is. Raises Refused (415)."""
    content = await request.body()
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().casefold()
    name = kinds.get(kind)
    if name is None:
        raise Refused(415, "NoRows", f"Rows and pictures do not come as {kind[:60]}.", f"send them as {', '.join(kinds)}")
    return content, name
