"""The service: gate, routes, desk and uploads joined to one application."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fabwatch.api import answers, decided, loads, polishing, traces
from fabwatch.api.crowd import LONGEST_BODY, MOST_AT_ONCE
from fabwatch.api.desk import Desk
from fabwatch.api.faults import Fault, Refused, refused, told
from fabwatch.api.gate import Tries, is_open, whoever_asks
from fabwatch.api.keys import Keys
from fabwatch.api.routing import BASE, Routes
from fabwatch.api.schemas import schemas
from fabwatch.api.shapes import Shelf
from fabwatch.api.uploads import Uploads
from fabwatch.terms.clock import Clock, utc_now
from fabwatch.terms.errors import FabwatchError
from fabwatch.terms.settings import Settings
from fabwatch.terms.version import VERSION

ROUTES: tuple[Routes, ...] = (answers.routes, traces.routes, polishing.routes, loads.routes, decided.routes)
UPLOAD_PATHS = (f"{BASE}/loads", "/load")
LIST_PATHS = (f"{BASE}/cmp/polish-time",)
"""Where ten thousand wafers may be sent at once."""
LONGEST_LIST = 8 << 20
LOG = logging.getLogger("fabwatch")
DRAINED = 1 << 30
"""So many bytes of a body that is too long are read all the same, to be able to say so."""
TITLE = "fabwatch"
Turned = Callable[[Request, Refused], Response | None]
"""How a refusal is shown where a page was asked for; None where none was."""
ABOUT = "Which wafers are at risk now, when each tool fails its next qual, how often to check, what to hold."


@dataclass(frozen=True)
class Parts:
    """What the service is made of."""

    folder: Path
    settings: Settings
    as_of: datetime | None = None
    clock: Clock = utc_now
    most_at_once: int = MOST_AT_ONCE


def service(parts: Parts, pages: Sequence[APIRouter] = ()) -> FastAPI:
    """The application over the fab in a folder, with the pages of other rooms. Raises NoFab and BadSettings."""
    keys = Keys(parts.folder, parts.clock)
    desk = Desk(parts.folder, parts.clock, parts.as_of)
    uploads = Uploads(desk, parts.settings.server)

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        uploads.resume()
        warming = asyncio.create_task(desk.warm())
        try:
            yield
        finally:
            warming.cancel()
            desk.close()
            keys.close()

    app = FastAPI(
        title=TITLE,
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=living,
    )
    app.state.desk, app.state.keys, app.state.uploads, app.state.tries = desk, keys, uploads, Tries()
    app.state.settings, app.state.bodies = parts.settings, Shelf()
    for routes in ROUTES:
        app.include_router(routes.router)
    for router in pages:
        app.include_router(router)
    _describe(app)
    app.add_exception_handler(FabwatchError, _of_the_fab)
    app.add_exception_handler(Refused, _of_the_gate)
    app.add_exception_handler(RequestValidationError, _of_the_question)
    app.add_exception_handler(HTTPException, _of_the_path)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(Gate, keys=keys, tries=app.state.tries, longest=parts.settings.server.upload_mb << 20)
    return app


class Gate:
    """Lets nobody past without a key, and no body that is too long."""

    def __init__(self, app: ASGIApp, keys: Keys, tries: Tries, longest: int):
        self._app, self._keys, self._tries, self._longest = app, keys, tries, longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            limit = self._limit(request)
            if not is_open(request.url.path):
                scope.setdefault("state", {})["key"] = whoever_asks(request, self._keys, self._tries)
        except Refused as fault:
            if fault.status == 413:
                await _drained(request, receive)
            await _shown(request, fault)(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, limit), send)

    def _limit(self, request: Request) -> int:
        """How long the body may be. Raises Refused (413) for one that says it is longer, 411 for one that is silent."""
        path = request.url.path
        limit = self._longest if path in UPLOAD_PATHS else LONGEST_LIST if path in LIST_PATHS else LONGEST_BODY
        said = request.headers.get("content-length", "0")
        if not said.isdecimal() or int(said) > limit:
            raise _too_long(limit)
        return limit


async def _drained(request: Request, receive: Receive) -> None:
    """Take in what comes, unless it is far too much: a client that still sends does not listen."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) <= DRAINED and not request.headers.get("expect"):
        while (await receive()).get("more_body"):
            pass


def _too_long(limit: int) -> Refused:
    hint = "load large files on the machine itself: fabwatch ingest FILE; or raise upload_mb in fab.toml"
    return Refused(413, "TooLong", f"That is more than {limit >> 20:,} MB.", hint, {"Connection": "close"})


def _bounded(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _too_long(limit)
        return message

    return receiving


def _shown(request: Request, fault: Refused) -> Response:
    """A refusal as JSON, or as a page where a page was asked for."""
    turned: Turned | None = getattr(request.app.state, "turned_away", None)
    answer = turned(request, fault) if turned is not None else None
    return answer or told(fault, request.url.path)


async def _of_the_fab(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, FabwatchError)  # noqa: S101 - it is registered for this
    told = refused(fault)
    if told.status >= 500:
        LOG.warning("%s %s: %s", told.status, request.url.path, fault.what)
    return _shown(request, told)


async def _of_the_gate(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Refused)  # noqa: S101 - it is registered for this
    return _shown(request, fault)


async def _of_the_question(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)  # noqa: S101 - it is registered for this
    first = fault.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    hint = f"see {BASE}/openapi.json, or the page /reference"
    return _shown(request, Refused(422, "BadRequest", f"{where}: {first['msg']}", hint))


async def _of_the_path(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)  # noqa: S101 - it is registered for this
    names = {404: "NotThere", 405: "NotThatWay", 400: "BadRequest"}
    hints = {404: f"the routes are listed under {BASE}/openapi.json", 405: "see the header Allow"}
    headers = dict(fault.headers or {})
    if fault.status_code == 405:
        headers["Allow"] = _allowed(request) or headers.get("Allow", "")
    hint = hints.get(fault.status_code, "see the page /reference")
    code = names.get(fault.status_code, "Refused")
    return _shown(request, Refused(fault.status_code, code, str(fault.detail), hint, headers))


def _allowed(request: Request) -> str:
    """The methods that a path of the API has."""
    for path, methods in request.app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.url.path):
            return ", ".join(sorted(method.upper() for method in methods))
    return ""


async def _unexpected(request: Request, fault: Exception) -> Response:
    """What nobody thought of: told in the same shape; the traceback goes to the log of the server."""
    said = f"Something unexpected: {type(fault).__name__}."
    return _shown(request, Refused(500, "Unexpected", said, "report what the log of the server says"))


def _describe(app: FastAPI) -> None:
    """Serve the description of the API, with the schemas of the answers."""
    kinds = [kind for routes in ROUTES for kind in routes.answers]

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=TITLE, version=VERSION, description=ABOUT, routes=app.routes)
            parts = made.setdefault("components", {})
            parts.setdefault("schemas", {}).update(schemas([*kinds, Fault]))
            parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            made["security"] = [{"key": []}]
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


@answers.routes.get("/openapi.json", answer=Fault)
async def description(request: Request) -> Response:
    """This description of the API (OpenAPI 3.1)."""
    return Response(json.dumps(request.app.openapi()), media_type="application/json")
