"""Nobody passes without a key, and no body that is too long."""

from collections.abc import Callable

from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fabwatch.api.access import Tries, authenticated, is_open
from fabwatch.api.faults import Refused, refusal
from fabwatch.api.keys import Keys
from fabwatch.api.middleware.limits import LONGEST_BODY
from fabwatch.api.routing import BASE

UPLOAD_PATHS = (f"{BASE}/loads", "/load")
LIST_PATHS = (f"{BASE}/cmp/polish-time",)
"""Where ten thousand wafers may be sent at once."""
LONGEST_LIST = 8 << 20
DRAINED = 1 << 30
"""So many bytes of a body that is too long are read all the same, to be able to say so."""
RefusalPage = Callable[[Request, Refused], Response | None]
"""How a refusal is shown where a page was asked for; None where none was."""


class Auth:
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
                scope.setdefault("state", {})["key"] = authenticated(request, self._keys, self._tries)
        except Refused as fault:
            if fault.status == 413:
                await _drained(request, receive)
            await shown(request, fault)(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, limit), send)

    def _limit(self, request: Request) -> int:
        """How long the body may be. Raises Refused (413) for one that says it is longer, 411 for one that is silent."""
        path = request.url.path
        limit = self._longest if path in UPLOAD_PATHS else LONGEST_LIST if path in LIST_PATHS else LONGEST_BODY
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > limit:
            raise too_long(limit)
        return limit


async def _drained(request: Request, receive: Receive) -> None:
    """Take in what comes, unless it is far too much: a client that still sends does not listen."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) <= DRAINED and not request.headers.get("expect"):
        while (await receive()).get("more_body"):
            pass


def too_long(limit: int) -> Refused:
    """The refusal of a body that is longer than `limit` bytes."""
    hint = "load large files on the machine itself: fabwatch ingest FILE; or raise upload_mb in fab.toml"
    return Refused(413, "TooLong", f"That is more than {limit >> 20:,} MB.", hint, {"Connection": "close"})


def _bounded(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise too_long(limit)
        return message

    return receiving


def shown(request: Request, fault: Refused) -> Response:
    """A refusal as JSON, or as a page where a page was asked for."""
    page: RefusalPage | None = getattr(request.app.state, "refusal_page", None)
    answer = page(request, fault) if page is not None else None
    return answer or refusal(fault, request.url.path)
