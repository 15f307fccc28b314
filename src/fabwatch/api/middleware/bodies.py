"""Bodies are read before a request takes its place among those that are answered: within limits, and in time."""

import asyncio
import time
from collections.abc import Callable

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fabwatch.api.access import is_open
from fabwatch.api.faults import Refused
from fabwatch.api.middleware.auth import limit_of, shown, too_long
from fabwatch.api.middleware.limits import LONGEST_BODY, MOST_CELLS, UPLOAD_PATHS, takes_messages, takes_picture, takes_rows

GRACE_S, LEAST_BYTES_PER_S = 10.0, 16 << 10
"""A body may take so long, and longer by its length at that rate."""
OPEN_S = 5.0
"""Without a key, that is for the sign-in form, there is no more than this."""
MOST_HELD = 64 << 20
"""Bytes of bodies that are held at once."""
MOST_FIELDS = 1_000
MOST_PARTS, MOST_NAMES = 30_000, 130_000
"""Objects and lists, and names of fields: of ten thousand wafers with their sites."""


class ReadBodies:
    """Reads the whole body of a request, but for uploads, which their route reads bit by bit."""

    def __init__(self, app: ASGIApp, upload_bytes: int, clock: Callable[[], float] = time.monotonic):
        self._app, self._upload_bytes, self._clock = app, upload_bytes, clock
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        limit = limit_of(request, self._upload_bytes)
        timed = self._timed(receive, limit, request.url.path)
        if request.url.path in UPLOAD_PATHS:
            await self._app(scope, timed, send)
            return
        body = b""
        try:
            check_form(request)
            body = await self._whole(timed)
            check_fields(request, body)
        except Refused as fault:
            self._held -= len(body)
            await shown(request, fault)(scope, receive, send)
            return
        try:
            await self._app(scope, _again(body, receive), send)
        finally:
            self._held -= len(body)

    def _timed(self, receive: Receive, limit: int, path: str) -> Receive:
        """The body as it comes. Raises Refused: 408 if it comes too slowly, 413 if it is too long."""
        began, seen, open_path = self._clock(), 0, is_open(path)

        async def receiving() -> Message:
            nonlocal seen
            allowed = OPEN_S if open_path else GRACE_S + seen / LEAST_BYTES_PER_S
            try:
                message = await asyncio.wait_for(receive(), max(began + allowed - self._clock(), 0.001))
            except TimeoutError:
                hint = "send it faster, or load large files on the machine itself: fabwatch ingest FILE"
                raise Refused(408, "TooSlow", "The body did not come in time.", hint, {"Connection": "close"}) from None
            seen += len(message.get("body", b""))
            if seen > limit:
                raise too_long(limit, path)
            return message

        return receiving

    async def _whole(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        held = 0
        try:
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Refused(400, "BadRequest", "The client left before its body was complete.", "send it again")
                part = message.get("body", b"")
                parts.append(part)
                held += len(part)
                self._held += len(part)
                if self._held > MOST_HELD:
                    headers = {"Retry-After": "2", "Connection": "close"}
                    raise Refused(503, "TooBusy", "Too many long requests at once.", "send it again in 2 s", headers)
                if not message.get("more_body"):
                    return b"".join(parts)
        except BaseException:
            self._held -= held
            raise


class SayClose:
    """Says in an answer that comes before the body was read that the connection ends: a client would use it again."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http" or not _sends_body(scope):
            await self._app(scope, receive, send)
            return
        whole = False

        async def receiving() -> Message:
            nonlocal whole
            message = await receive()
            whole = whole or (message["type"] == "http.request" and not message.get("more_body", False))
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and not whole:
                others = [(name, value) for name, value in message["headers"] if name.lower() != b"connection"]
                message = {**message, "headers": [*others, (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receiving, sending)


def _has_body(scope: Scope) -> bool:
    return scope["method"] not in ("GET", "HEAD", "OPTIONS") and _sends_body(scope)


def _sends_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return headers.get(b"content-length", b"0").strip() not in (b"0", b"") or b"transfer-encoding" in headers


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, and after it what comes."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return left.pop() if left else await receive()

    return receiving


def check_form(request: Request) -> None:
    """Only files come as multipart. Raises Refused (415)."""
    multipart = request.headers.get("content-type", "").strip().casefold().startswith("multipart/")
    if multipart and not takes_picture(request.url.path):
        hint = "send a form as application/x-www-form-urlencoded, JSON as application/json"
        raise Refused(415, "NotAForm", "Only files are sent as multipart/form-data.", hint, {"Connection": "close"})


def check_fields(request: Request, body: bytes) -> None:
    """A form or a list has no more fields than it can use: they are read while others wait. Raises Refused (413)."""
    kind = request.headers.get("content-type", "").strip().casefold()
    if kind.startswith("application/x-www-form-urlencoded") and body.count(b"&") + body.count(b";") >= MOST_FIELDS:
        hint = f"send at most {MOST_FIELDS:,} fields at once"
        raise Refused(413, "TooManyFields", f"The form has more than {MOST_FIELDS:,} fields.", hint)
    if takes_messages(request.url.path):
        # It is kept as it came, and read by another process.
        return
    if takes_rows(request.url.path):
        if body.count(b":") > MOST_CELLS and kind.startswith("application/json"):
            raise Refused(413, "TooManyFields", "The rows have too many fields.", "send them in parts, or as CSV or Parquet")
        return
    if len(body) > LONGEST_BODY and (body.count(b"[") + body.count(b"{") > MOST_PARTS or body.count(b":") > MOST_NAMES):
        raise Refused(413, "TooManyFields", "The list has too many parts.", "send it in several parts of 10,000 wafers")
