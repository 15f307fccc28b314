"""The service: access, routes, answer cache and uploads joined to one application."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response

from fabwatch.api.access import Tries
from fabwatch.api.alerting import alerting
from fabwatch.api.answer_cache import AnswerCache
from fabwatch.api.area_cache import narrowed
from fabwatch.api.events import Streams
from fabwatch.api.exporting import exporting
from fabwatch.api.faults import Fault, Refused, of_error, unknown_parameter
from fabwatch.api.keys import Keys
from fabwatch.api.metrics.counts import Counts
from fabwatch.api.metrics.figures import Known
from fabwatch.api.metrics.route import router as metrics
from fabwatch.api.middleware.auth import Auth, shown
from fabwatch.api.middleware.bodies import ReadBodies
from fabwatch.api.middleware.limits import MOST_AT_ONCE, Places
from fabwatch.api.middleware.quotas import Quotas
from fabwatch.api.middleware.requests import NoteRoute
from fabwatch.api.oidc.provider import Provider
from fabwatch.api.on_schedule import on_schedule
from fabwatch.api.pushed import Pushed
from fabwatch.api.receiving import receiving
from fabwatch.api.responses import Bodies
from fabwatch.api.routes import files, live, models, polishing
from fabwatch.api.routes.answers import answers, decisions, results, traces
from fabwatch.api.routing import BASE, Routes
from fabwatch.api.schemas import schemas
from fabwatch.api.upkeep import upkeep
from fabwatch.api.uploads import Uploads
from fabwatch.terms.answers import Json
from fabwatch.terms.clock import Clock, utc_now
from fabwatch.terms.errors import FabwatchError
from fabwatch.terms.settings import Settings
from fabwatch.terms.version import VERSION

ROUTES: tuple[Routes, ...] = (
    answers,
    results,
    traces,
    polishing.routes,
    models.routes,
    files.routes,
    live.routes,
    decisions,
)
LOG = logging.getLogger("fabwatch")
TITLE = "fabwatch"
ABOUT = "Which wafers are at risk now, when each tool fails its next qual, how often to check, what to hold."


@dataclass(frozen=True)
class Parts:
    """What the service is made of."""

    folder: Path
    settings: Settings
    as_of: datetime | None = None
    clock: Clock = utc_now
    most_at_once: int = MOST_AT_ONCE
    works: bool = True
    """Whether it tells people, pulls from databases and receives live messages, beside answering."""


def service(parts: Parts, pages: Sequence[APIRouter] = ()) -> FastAPI:
    """The application over the fab in a folder, with the pages of other rooms. Raises NoFab and BadSettings."""
    keys = Keys(parts.folder, parts.clock)
    cache = AnswerCache(parts.folder, parts.clock, parts.as_of)
    uploads, pushed = Uploads(cache), Pushed(parts.folder, parts.clock)
    counts = Counts()

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        uploads.resume()
        tasks = [asyncio.create_task(cache.warm())]
        if parts.works:
            tasks += [asyncio.create_task(alerting(cache)), asyncio.create_task(on_schedule(cache, counts))]
            tasks += [asyncio.create_task(receiving(parts.folder)), asyncio.create_task(exporting(cache))]
            tasks.append(asyncio.create_task(upkeep(cache)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            cache.close()
            keys.close()
            pushed.close()

    app = FastAPI(
        title=TITLE,
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=living,
    )
    app.state.cache, app.state.keys, app.state.uploads, app.state.tries = cache, keys, uploads, Tries()
    stated = parts.settings.server.oidc
    app.state.provider = None if stated is None else Provider(stated)
    app.state.folder, app.state.pushed = parts.folder, pushed
    app.state.counts, app.state.known = counts, Known(cache)
    app.state.settings, app.state.bodies, app.state.streams = parts.settings, Bodies(), Streams(uploads)
    for routes in ROUTES:
        app.include_router(routes.router)
    for router in (metrics, *pages):
        app.include_router(router)
    _describe(app)
    app.add_exception_handler(FabwatchError, _of_the_fab)
    app.add_exception_handler(Refused, _of_the_gate)
    app.add_exception_handler(RequestValidationError, _of_the_question)
    app.add_exception_handler(HTTPException, _of_the_path)
    app.add_exception_handler(Exception, _unexpected)
    longest = parts.settings.server.upload_mb << 20
    # The last one added is the outermost: the key is checked, then what it may ask, then the body is read, then the request
    # takes its place.
    app.add_middleware(NoteRoute)
    app.add_middleware(Places, most=parts.most_at_once)
    app.add_middleware(ReadBodies, upload_bytes=longest)
    app.add_middleware(Quotas, keys=keys, stated=parts.settings.server, clock=parts.clock)
    app.add_middleware(Auth, keys=keys, tries=app.state.tries, longest=longest)
    return app


async def _of_the_fab(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, FabwatchError)  # noqa: S101 - it is registered for this
    key = getattr(request.state, "key", None)
    refused = of_error(fault if key is None or key.area is None else narrowed(fault))
    if refused.status >= 500:
        LOG.warning("%s %s: %s", refused.status, request.url.path, fault.what)
    return shown(request, refused)


async def _of_the_gate(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Refused)  # noqa: S101 - it is registered for this
    return shown(request, fault)


async def _of_the_question(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)  # noqa: S101 - it is registered for this
    first = fault.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    hint = f"see {BASE}/openapi.json, or the page /reference"
    if first["type"] == "extra_forbidden":
        known = getattr(request.scope["route"].endpoint, "known", ())
        *place, name = (str(part) for part in first["loc"])
        return shown(request, unknown_parameter(".".join(place), name, known))
    return shown(request, Refused(422, "BadRequest", f"{where}: {first['msg']}", hint))


async def _of_the_path(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)  # noqa: S101 - it is registered for this
    names = {404: "NotThere", 405: "NotThatWay", 400: "BadRequest"}
    hints = {404: f"the routes are listed under {BASE}/openapi.json", 405: "see the header Allow"}
    headers = dict(fault.headers or {})
    if fault.status_code == 405:
        headers["Allow"] = _allowed(request) or headers.get("Allow", "")
    hint = hints.get(fault.status_code, "see the page /reference")
    code = names.get(fault.status_code, "Refused")
    return shown(request, Refused(fault.status_code, code, str(fault.detail), hint, headers))


def _allowed(request: Request) -> str:
    """The methods that a path of the API has."""
    for path, methods in request.app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.scope["path"]):
            return ", ".join(sorted(method.upper() for method in methods))
    return ""


async def _unexpected(request: Request, fault: Exception) -> Response:
    """What nobody thought of: answered in the same shape; the traceback goes to the log of the server."""
    what = f"Something unexpected: {type(fault).__name__}."
    return shown(request, Refused(500, "Unexpected", what, "report what the log of the server says"))


def _describe(app: FastAPI) -> None:
    """Serve the description of the API, with the schemas of the answers."""
    kinds = [kind for routes in ROUTES for kind in routes.answers]

    def described() -> Json:
        if app.openapi_schema is None:
            made = get_openapi(title=TITLE, version=VERSION, description=ABOUT, routes=app.routes)
            parts = made.setdefault("components", {})
            parts.setdefault("schemas", {}).update(schemas([*kinds, Fault]))
            parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            made["security"] = [{"key": []}]
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


@answers.get("/openapi.json", answer=Fault)
async def description(request: Request) -> Response:
    """This description of the API (OpenAPI 3.1)."""
    return Response(json.dumps(request.app.openapi()), media_type="application/json")
