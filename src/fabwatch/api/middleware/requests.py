"""The ring around all others: each request gets a name, and its answer is counted and, where stated, written to the log."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from fabwatch.api.metrics.counts import Counts
from fabwatch.api.middleware.limits import App, Message, Receive, Scope, Send
from fabwatch.api.request_id import HEADER, begin

NOTE = "served"


@dataclass
class Served:
    """What became of a request."""

    request_id: str
    method: str
    route: str = ""
    status: int = 500
    """What a client gets if nothing was sent at all."""
    key: str = ""
    """The id of the key, never the key itself."""
    ms: float = 0.0


class Requests:
    """Names, counts and tells of every request."""

    def __init__(self, app: App, counts: Counts, tell: Callable[[Served], None] | None = None):
        self._app, self._counts, self._tell = app, counts, tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        note = Served(begin(_stated(scope)), scope["method"])
        state = scope.setdefault("state", {})
        state[NOTE] = note
        began = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                note.status = message["status"]
                named = (HEADER.lower().encode(), note.request_id.encode())
                message = {**message, "headers": [*message.get("headers", []), named]}
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - began
            # Health is answered before any router is asked.
            note.route = note.route or ("/health" if scope["path"] == "/health" else "")
            note.ms = round(seconds * 1000, 1)
            note.key = state["key"].id if state.get("key") is not None else ""
            self._counts.request(note.route, note.method, note.status, seconds)
            if self._tell is not None:
                self._tell(note)


class NoteRoute:
    """Notes which route a request met: its pattern, such as /api/v1/contain/{tool}, never what was filled in."""

    def __init__(self, app: App):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        try:
            await self._app(scope, receive, send)
        finally:
            note = scope.get("state", {}).get(NOTE)
            if note is not None:
                path = getattr(scope.get("route"), "path", "")
                note.route = path or ("/static" if scope.get("path", "").startswith("/static/") else "")


def _stated(scope: Scope) -> str | None:
    name = HEADER.lower().encode()
    values = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else None
