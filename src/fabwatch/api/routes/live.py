"""The route that takes the messages of live sources."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Header, Path, Request
from starlette.responses import JSONResponse, Response

from fabwatch.api.faults import Refused
from fabwatch.api.pushed import Pushed
from fabwatch.api.routing import Routes
from fabwatch.live.payloads import NotUnderstood, check
from fabwatch.terms.questions import LONGEST

routes = Routes("files")
SourceName = Annotated[str, Path(max_length=LONGEST, description="The live source, as fab.toml names it.")]
Identity = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=LONGEST, description="What the sender calls it: sent again, it counts once."),
]
OBJECT = {"type": "object"}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"anyOf": [OBJECT, {"type": "array", "items": OBJECT}]}},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}


@dataclass(frozen=True)
class Taken:
    """A live message that is on disk; what it says is in the fab some seconds later."""

    source: str
    new: bool
    """False for one that came before."""


@routes.post("/live/{source}", answer=Taken, scope="load", whole=True, extra=BODY)
async def push(request: Request, source: SourceName, identity: Identity = None) -> Response:
    """Send a message of a live source: an object, a list of them, or a line for each; it counts once."""
    body = await request.body()
    try:
        check(body)
    except NotUnderstood as fault:
        hint = "send an object, a list of objects, or an object in each line, as UTF-8"
        raise Refused(400, "NotUnderstood", f"That message cannot be read: {fault}.", hint) from None
    pushed: Pushed = request.app.state.pushed
    new = await pushed.keep(source, body, identity or "")
    return JSONResponse({"source": source, "new": new}, 202)
