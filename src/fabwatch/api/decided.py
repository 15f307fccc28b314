"""The routes for decisions: hold, release, scrap; limits and intervals; the audit; the keys."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from fabwatch.api.answers import LONGEST_NAME, OneTool, Paged, desk_of, seen
from fabwatch.api.gate import Asker
from fabwatch.api.keys import Key
from fabwatch.api.routing import Routes
from fabwatch.api.shapes import ISO, listed
from fabwatch.terms.answers import plain
from fabwatch.terms.clock import stated_time
from fabwatch.terms.decisions import Audit, Decision, Entry, HoldList

routes = Routes("decisions")
MOST_NAMES = 100_000
HoldName = Annotated[str, Path(max_length=LONGEST_NAME, description="Name of the hold list, such as H-0001.")]
Reason = Annotated[str, Field(min_length=3, max_length=2000, description="Why.")]
Names = Annotated[list[str] | None, Field(max_length=MOST_NAMES, description="Wafers or lots; none given means all.")]


class Given(BaseModel):
    """What a decision is given as; nothing else may stand in it."""

    model_config = ConfigDict(extra="forbid")


class ToHold(Given):
    """What to hold of a containment, and why."""

    tool: Annotated[str, Field(max_length=LONGEST_NAME)]
    reason: Reason
    names: Names = None
    qual_type: Annotated[str | None, Field(max_length=LONGEST_NAME)] = None
    chamber: Annotated[str | None, Field(max_length=LONGEST_NAME)] = None
    at: Annotated[str | None, Field(max_length=40, json_schema_extra=ISO, description="Process time of the qual.")] = None
    as_of: Annotated[str | None, Field(max_length=40, json_schema_extra=ISO)] = None


class ToDispose(Given):
    """What to release or scrap, and why."""

    reason: Reason
    names: Names = None


class ToDecide(Given):
    """A limit or interval for a tool, and why; the value null takes it back."""

    tool: Annotated[str, Field(max_length=LONGEST_NAME)]
    qual_type: Annotated[str, Field(max_length=LONGEST_NAME)]
    name: Literal["warning", "inhibit", "interval_wafers", "interval_days"]
    value: Annotated[float | None, Field(gt=0, le=1e7)]
    reason: Reason
    chamber: Annotated[str, Field(max_length=LONGEST_NAME)] = "*"


@dataclass(frozen=True)
class Holds:
    """The hold lists, the latest first."""

    holds: list[HoldList]


@dataclass(frozen=True)
class Decisions:
    """Limits and intervals that were set, the latest first."""

    decisions: list[Decision]


@dataclass(frozen=True)
class Entries:
    """The audit, the latest first."""

    entries: list[Entry]


@dataclass(frozen=True)
class KeyList:
    """The keys that were made; never the keys themselves."""

    keys: list[Key]


def told(found: Any, status: int = 200) -> Response:
    """A plain object as JSON."""
    return JSONResponse(plain(found), status)


async def _of_area(request: Request, key: Key, found: list[Any]) -> list[Any]:
    if key.area is None:
        return found
    exposed = await desk_of(request).ask("risk", area=key.area)
    tools = {row.tool for row in exposed.answer.tools}
    return [one for one in found if one.tool in tools]


@routes.get("/holds", answer=Holds)
async def holds(request: Request, key: Asker, page: Paged, tool: OneTool = None) -> Response:
    """The hold lists: what is held, by whom and why, and what was released or scrapped."""
    found = await _of_area(request, key, await desk_of(request).look_up("holds", tool=tool))
    return listed(request, "holds", found, page.format, page.limit, page.offset)


@routes.get("/holds/{hold}", answer=HoldList)
async def hold(request: Request, key: Asker, hold: HoldName, page: Paged) -> Response:
    """One hold list, wafer by wafer."""
    (found,) = await desk_of(request).look_up("holds", hold=hold)
    await seen(request, key, found.tool)
    if page.format == "csv":
        common = {"hold": found.hold, "tool": found.tool, "qual_type": found.qual_type, "failed_at": found.failed_at}
        rows = [common | plain(item) for item in found.items]
        return listed(request, "items", rows, "csv", page.limit, page.offset)
    return told(found)


@routes.post("/holds", answer=HoldList, scope="decide", status=201)
async def put_on_hold(request: Request, key: Asker, wanted: ToHold) -> Response:
    """Put wafers of a containment on hold; written to the audit with who and why."""
    await seen(request, key, wanted.tool)
    asked = wanted.model_dump(exclude_none=True)
    for name in ("at", "as_of"):
        if name in asked:
            asked[name] = stated_time(asked[name])
    asked.setdefault("as_of", desk_of(request).now())
    return told(await desk_of(request).act("hold", **asked, who=key.who), 201)


async def _disposed(request: Request, key: Key, hold: str, act: str, wanted: ToDispose) -> Response:
    (found,) = await desk_of(request).look_up("holds", hold=hold)
    await seen(request, key, found.tool)
    asked = wanted.model_dump(exclude_none=True)
    return told(await desk_of(request).act("dispose", hold=hold, act=act, who=key.who, **asked))


@routes.post("/holds/{hold}/release", answer=HoldList, scope="decide")
async def release(request: Request, key: Asker, hold: HoldName, wanted: ToDispose) -> Response:
    """Release wafers of a hold list."""
    return await _disposed(request, key, hold, "release", wanted)


@routes.post("/holds/{hold}/scrap", answer=HoldList, scope="decide")
async def scrap(request: Request, key: Asker, hold: HoldName, wanted: ToDispose) -> Response:
    """Scrap wafers of a hold list."""
    return await _disposed(request, key, hold, "scrap", wanted)


@routes.get("/decisions", answer=Decisions)
async def decisions(request: Request, key: Asker, page: Paged, tool: OneTool = None) -> Response:
    """Limits and intervals that were set, the latest first."""
    found = await _of_area(request, key, await desk_of(request).look_up("decisions", tool=tool))
    return listed(request, "decisions", found, page.format, page.limit, page.offset)


@routes.post("/decisions", answer=Decision, scope="decide", status=201)
async def decide(request: Request, key: Asker, wanted: ToDecide) -> Response:
    """Set a limit or qual interval of a tool, or take it back; written to the audit with who and why."""
    await seen(request, key, wanted.tool)
    return told(await desk_of(request).act("decide", **wanted.model_dump(), who=key.who), 201)


@routes.get("/audit", answer=Entries, whole=True)
async def audit(request: Request, page: Paged) -> Response:
    """Every decision, who took it, when and why, each chained to the one before by its hash."""
    found = await desk_of(request).look_up("audit")
    return listed(request, "entries", found, page.format, page.limit, page.offset)


@routes.get("/audit/verify", answer=Audit, whole=True)
async def verify(
    request: Request,
    expected: Annotated[str | None, Query(max_length=64, description="A hash noted earlier.")] = None,
) -> Response:
    """Check the audit entry by entry."""
    return told(await desk_of(request).fresh("verify_audit", expected=expected))


@routes.get("/keys", answer=KeyList, scope="admin", whole=True)
async def keys(request: Request, page: Paged) -> Response:
    """The keys that were made: name, scope, area, end; never the keys themselves."""
    return listed(request, "keys", request.app.state.keys.all(), page.format, page.limit, page.offset)
