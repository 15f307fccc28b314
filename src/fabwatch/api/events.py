"""How far an upload is, as server-sent events: a word whenever that changes, until the upload ends."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from fabwatch.api.faults import RETRY_S, Refused
from fabwatch.api.uploads import Uploads
from fabwatch.terms.answers import Json

MOST_STREAMS = 16
"""So many are told at once: a stream holds the place of a request."""
LONGEST_S = 60.0
"""After so long a stream ends, and a browser asks again by itself: with its key, which may be revoked by then."""
EVERY_S, ALIVE_S = 0.25, 10.0
"""Seconds between two looks at an upload, and after which silence is broken: whoever has gone is noticed then."""
MEDIA_TYPE = "text/event-stream"


class Streams:
    """The streams of this server."""

    def __init__(self, uploads: Uploads, longest: float = LONGEST_S):
        self._uploads, self._longest = uploads, longest
        self.open = 0

    def follow(self, upload: str) -> StreamingResponse:
        """The stream of an upload. Raises Refused: 404, and 503 where too many are open."""
        self._uploads.find(upload)
        if self.open >= MOST_STREAMS:
            hint = "ask for the upload itself now and then: GET /api/v1/loads/uploads/UPLOAD"
            raise Refused(503, "TooBusy", "Too many follow an upload at once.", hint, {"Retry-After": RETRY_S})
        return StreamingResponse(self._events(upload), media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})

    async def _events(self, upload: str) -> AsyncIterator[str]:
        self.open += 1
        try:
            end = time.monotonic() + self._longest
            last: Json | None = None
            said = time.monotonic()
            while time.monotonic() < end:
                try:
                    job = self._uploads.find(upload)
                except Refused:
                    # It ended so long ago that it was forgotten.
                    return
                state = job.progress()
                if state != last or job.ended:
                    yield _event("end" if job.ended else "progress", state)
                    last, said = state, time.monotonic()
                elif time.monotonic() - said > ALIVE_S:
                    yield ": still here\n\n"
                    said = time.monotonic()
                if job.ended:
                    return
                await asyncio.sleep(EVERY_S)
        finally:
            self.open -= 1


def _event(name: str, value: Json) -> str:
    return f"event: {name}\ndata: {json.dumps(value)}\n\n"
