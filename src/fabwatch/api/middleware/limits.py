"""The outermost ring: health, too many at once, HEAD, and the headers that every answer carries."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import JSONResponse

from fabwatch.api.faults import RETRY_S
from fabwatch.terms.version import VERSION

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_AT_ONCE = 64
LONGEST_BODY = 1 << 20
"""Bytes of a body that is no upload."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Limits:
    """Answers at most so many requests at once; the rest are told when to come back, and health is always answered."""

    def __init__(self, app: App, most: int = MOST_AT_ONCE):
        self._app, self._most = app, most
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        outward = _headed(send, scope["method"] == "HEAD")
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        if scope["path"] == "/health":
            await JSONResponse({"status": "ok", "version": VERSION})(scope, receive, outward)
            return
        if self._inside >= self._most:
            body = {"code": "TooBusy", "what": "Too many requests at once.", "where": scope["path"]}
            answer = JSONResponse(body | {"hint": f"ask again in {RETRY_S} s"}, 503, {"Retry-After": RETRY_S})
            await answer(scope, receive, outward)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, outward)
        finally:
            self._inside -= 1


def _headed(send: Send, bare: bool) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message.get("headers", [])}
            message["headers"] = [*message.get("headers", []), *(pair for pair in HEADERS if pair[0] not in there)]
            if b"cache-control" not in there:
                message["headers"].append((b"cache-control", b"private, no-cache"))
        elif bare and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return sending
