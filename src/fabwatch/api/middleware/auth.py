"""Nobody passes without a key, and no body that is too long."""

from collections.abc import Callable

from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fabwatch.api.access import Tries, authenticated, is_open
from fabwatch.api.faults import Refused, refusal
from fabwatch.api.keys import Keys
from fabwatch.api.middleware.limits import (
    LIST_PATHS,
    LONGEST_BODY,
    LONGEST_LIST,
    LONGEST_LIVE,
    LONGEST_SIGN_IN,
    LONGEST_TABLE,
    UPLOAD_PATHS,
    takes_messages,
    takes_picture,
    takes_rows,
)
from fabwatch.api.paths import address

LONGEST_SHOWN = 400
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
            # The key first: whoever has none learns nothing else, and no byte of the body is read.
            if not is_open(request.url.path):
                scope.setdefault("state", {})["key"] = authenticated(request, self._keys, self._tries)
            limit_of(request, self._longest)
        except Refused as fault:
            await shown(request, fault)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def limit_of(request: Request, upload_bytes: int) -> int:
    """How long the body may be. Raises Refused (413) for one that says it is longer."""
    path = request.url.path
    limit = upload_bytes if path in UPLOAD_PATHS else LONGEST_LIST if path in LIST_PATHS else LONGEST_BODY
    if takes_rows(path) or takes_picture(path):
        limit = LONGEST_TABLE
    if takes_messages(path):
        limit = LONGEST_LIVE
    if is_open(path):
        limit = LONGEST_SIGN_IN
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limit:
        raise too_long(limit, path)
    return limit


def too_long(limit: int, path: str) -> Refused:
    """The refusal of a body to a path that is longer than `limit` bytes."""
    hint = "load large files on the machine itself: fabwatch ingest FILE; or raise upload_mb in fab.toml"
    if takes_rows(path):
        hint = "send the rows in parts, or predict on the machine itself: fabwatch model predict MODEL FILE"
    if takes_messages(path):
        hint = "send what it says in several messages"
    size = f"{limit >> 20:,} MB" if limit >= 1 << 20 else f"{limit >> 10} kB"
    return Refused(413, "TooLong", f"That is more than {size}.", hint, {"Connection": "close"})


def shown(request: Request, fault: Refused) -> Response:
    """A refusal as JSON, or as a page where a page was asked for."""
    page: RefusalPage | None = getattr(request.app.state, "refusal_page", None)
    answer = page(request, fault) if page is not None else None
    return answer or refusal(fault, address(request)[:LONGEST_SHOWN])
