"""The routes of what people decide, made from the declarations of actions; one hold list; the keys."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Body, Path, Request
from starlette.responses import Response

from fabwatch.api.access import Asker, cache_of, of_tool, seen
from fabwatch.api.area import hold_of, run_of
from fabwatch.api.keys import Key
from fabwatch.api.models import body_model, in_path, made, page_of, path_type, query_model, query_type
from fabwatch.api.responses import listed, plain_json
from fabwatch.api.routes.questions import answer_type
from fabwatch.api.routing import Routes, signed
from fabwatch.fab.actions import (
    ACTIONS,
    Action,
    ChooseGolden,
    Decide,
    FreezeLimits,
    Hold,
    KeepPolish,
    RetireModel,
    SwitchRule,
    UseModel,
)
from fabwatch.fab.answers import HoldList
from fabwatch.terms.answers import plain
from fabwatch.terms.questions import LONGEST, Declared, declared

CREATED = (Hold, Decide, FreezeLimits, ChooseGolden, KeepPolish)
OF_THE_WHOLE_FAB = (SwitchRule, UseModel, RetireModel)
HoldName = Annotated[str, Path(max_length=LONGEST, description="Name of the hold list, such as H-0001.")]


@dataclass(frozen=True)
class KeyList:
    """The keys that were made; never the keys themselves."""

    keys: list[Key]


@dataclass(frozen=True)
class _Paged(Declared):
    """A list without fields of its own."""


async def _may_act(request: Request, key: Key, action: Action[Any]) -> None:
    """A key of one area decides about its tools, holds and runs alone. Raises Refused (403)."""
    if key.area is None:
        return
    hold = getattr(action, "hold", None)
    if hold is not None:
        await hold_of(request, key, hold)
    for run in getattr(action, "runs", ()):
        await run_of(request, key, run)
    if isinstance(action, FreezeLimits):
        # Limits of tests are those of the whole fab.
        await of_tool(request, key, action.tool)
    await seen(request, key, getattr(action, "tool", None))


def _endpoint(kind: type[Action[Any]], status: int) -> Any:
    model = body_model(kind, kind.spec.path)
    parts = {field.public: path_type(field) for field in declared(kind) if in_path(field, kind.spec.path)}

    async def endpoint(request: Request, key: Asker, body: Any, **path: str) -> Response:
        action = made(kind, {**body.model_dump(exclude_unset=True), **path})
        await _may_act(request, key, action)
        if isinstance(action, Hold) and action.as_of is None:
            action = made(kind, {**body.model_dump(exclude_unset=True), "as_of": cache_of(request).now()})
        return plain_json(await cache_of(request).act(action, key.who), status)

    own = {"request": Request, "key": Asker, **parts, "body": Annotated[model, Body()]}
    return signed(endpoint, kind, model.model_fields, **own)


def add_actions(routes: Routes, tag: str) -> None:
    """Add the routes of all actions of a group."""
    for kind in ACTIONS:
        if kind.spec.tag == tag and kind.spec.path:
            status = 201 if kind in CREATED else 200
            add = routes.post(
                kind.spec.path,
                answer=answer_type(kind),
                scope=kind.spec.scope,
                whole=kind in OF_THE_WHOLE_FAB,
                status=status,
            )
            add(_endpoint(kind, status))


def add_decisions(routes: Routes) -> None:
    """Add the routes beside those of the declarations: one hold list, and the keys."""
    page_query = query_type(query_model(_Paged, ""))

    @routes.get("/holds/{hold}", answer=HoldList)
    async def hold(request: Request, key: Asker, hold: HoldName, query: page_query) -> Response:  # type: ignore[valid-type]
        """One hold list, wafer by wafer."""
        page = page_of(query.model_dump())  # type: ignore[attr-defined]
        found = await hold_of(request, key, hold)
        if page.format == "csv":
            common = {"hold": found.hold, "tool": found.tool, "qual_type": found.qual_type, "failed_at": found.failed_at}
            return listed(request, "items", [common | plain(item) for item in found.items], page)
        return plain_json(found)

    @routes.get("/keys", answer=KeyList, scope="admin", whole=True)
    async def keys(request: Request, query: page_query) -> Response:  # type: ignore[valid-type]
        """The keys that were made: name, scope, area, end; never the keys themselves."""
        return listed(request, "keys", request.app.state.keys.all(), page_of(query.model_dump()))  # type: ignore[attr-defined]
