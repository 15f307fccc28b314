"""The outermost ring: health, limits of headers, HEAD, and the headers that every answer carries; and places for answers."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import JSONResponse

from fabwatch.api.faults import RETRY_S, Refused, refusal
from fabwatch.api.paths import readable
from fabwatch.api.routing import BASE
from fabwatch.terms.version import VERSION

UPLOAD_PATHS = (f"{BASE}/loads", "/load")
LIST_PATHS = (f"{BASE}/cmp/polish-time",)
"""Where ten thousand wafers may be sent at once."""
LONGEST_LIST = 4 << 20
MOST_ROWS = 100_000
LONGEST_TABLE, MOST_CELLS = 32 << 20, 3_000_000
"""Bytes of rows to predict, and names of fields in them."""

LIVE_PATHS = f"{BASE}/live/"
LONGEST_LIVE = 32 << 20
"""Bytes of a live message; what its source allows may be less."""

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_AT_ONCE, MOST_UPLOADS = 64, 8
LONGEST_ADDRESS, MOST_PARAMETERS = 32 << 10, 1_000
"""Bytes of path and query; the lines of a lot sheet may be part of an address."""
MOST_HEADERS, LONGEST_HEADER, LONGEST_HEADERS = 100, 8 << 10, 32 << 10
LONGEST_BODY = 1 << 20
"""Bytes of a body that is no upload."""
LONGEST_SIGN_IN = 4 << 10
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


def takes_rows(path: str) -> bool:
    """Whether a path takes the rows of a model."""
    return path.startswith(f"{BASE}/models/") and path.endswith(("/predict", "/outcomes"))


def takes_messages(path: str) -> bool:
    """Whether a path takes messages of a live source."""
    return path.startswith(LIVE_PATHS)


def takes_picture(path: str) -> bool:
    """Whether a path takes a picture to look at, as a form sends it."""
    return path.startswith("/models/") and path.endswith("/picture")


class Limits:
    """Answers health at once, refuses headers beyond all measure, and gives every answer its headers."""

    def __init__(self, app: App):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        outward = _headed(send, scope["method"] == "HEAD")
        scope = {**scope, "method": "GET"} if scope["method"] == "HEAD" else {**scope}
        refused = too_much(scope)
        if refused is not None:
            await refused(scope, receive, outward)
            return
        if scope.get("raw_path"):
            scope["path"] = readable(scope["raw_path"])
        if scope["path"] == "/health":
            await JSONResponse({"status": "ok", "version": VERSION})(scope, receive, outward)
        else:
            await self._app(scope, receive, outward)


def too_much(scope: Scope) -> JSONResponse | None:
    """The refusal of an address or of headers that no page and no program sends: 414 or 431; None for all others."""
    query, headers = scope.get("query_string", b""), scope["headers"]
    if len(scope.get("raw_path") or b"") + len(query) > LONGEST_ADDRESS:
        return _refused(414, "AddressTooLong", "The address is too long.", f"at most {LONGEST_ADDRESS >> 10} kB")
    if query.count(b"&") >= MOST_PARAMETERS:
        return _refused(414, "TooManyParameters", "The address has too many parameters.", f"at most {MOST_PARAMETERS:,}")
    longest = max((len(value) for _, value in headers), default=0)
    total = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > MOST_HEADERS or longest > LONGEST_HEADER or total > LONGEST_HEADERS:
        hint = f"at most {MOST_HEADERS} headers of {LONGEST_HEADER >> 10} kB, and {LONGEST_HEADERS >> 10} kB in all"
        return _refused(431, "HeaderTooLong", "The headers of the request are too long, or too many.", hint)
    return None


def _refused(status: int, code: str, what: str, hint: str) -> JSONResponse:
    return refusal(Refused(status, code, what, hint, {"Connection": "close"}), "")


class Places:
    """Answers at most so many requests at once, and takes at most so many uploads; the rest are told when to come back.

    A request comes here with its key checked and its body read: nobody holds a place by being slow.
    """

    def __init__(self, app: App, most: int = MOST_AT_ONCE, most_uploads: int = MOST_UPLOADS):
        self._app = app
        self._most = {True: most_uploads, False: most}
        self._inside = {True: 0, False: 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        upload = scope["method"] == "POST" and scope["path"] in UPLOAD_PATHS
        if self._inside[upload] >= self._most[upload]:
            what = "Too many uploads at once." if upload else "Too many requests at once."
            fault = Refused(503, "TooBusy", what, f"ask again in {RETRY_S} s", {"Retry-After": RETRY_S})
            await refusal(fault, scope["path"])(scope, receive, send)
            return
        self._inside[upload] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside[upload] -= 1


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
