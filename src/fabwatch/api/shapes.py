"""The shape of an answer over HTTP: JSON or CSV, a page of its rows, and a tag by which the same answer is known again."""

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Query, Request
from starlette.responses import Response

from fabwatch.api.desk import Held
from fabwatch.api.gate import asker
from fabwatch.terms.answers import plain
from fabwatch.terms.tabular import csv_text

MOST_ROWS = 10_000
KEPT_BYTES = 64 << 20
_MONTHS = r"(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31"
_CLOCK = r"T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{3}|\.\d{6})?)?(Z|[+-](0\d|1[0-3]):[0-5]\d)?"
ISO = {"pattern": rf"^(19[8-9]\d|20\d\d|21[0-8]\d)-({_MONTHS})({_CLOCK})?$", "examples": ["2026-03-17T06:30:00Z"]}
"""How a time is described; what is read is wider (see `stated_time`)."""
Format = Annotated[Literal["json", "csv"], Query(description="json, or csv: the flat table, all of its rows.")]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows on this page.")]
Offset = Annotated[int, Query(ge=0, le=10**9, description="Rows before this page.")]


async def shaped(
    request: Request, held: Held, rows: str | None, form: str = "json", limit: int = MOST_ROWS, offset: int = 0
) -> Response:
    """An answer as it was asked for; `rows` names its list. 304 when the asker has it already."""
    # Of the area too that the key sees: the same question of another key may have another answer.
    about = (asker(request).area, request.url.path, form, limit, offset, held.state, str(held.answer.as_of))
    text = json.dumps([*about, *_asked(request)])
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'
    headers = {"ETag": tag, "X-Fabwatch-State": held.state}
    if held.stale:
        # The fab has changed since; what lies ahead is being worked out anew.
        headers["X-Fabwatch-Stale"] = "1"
    if tag in (known.strip() for known in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/json"
    shelf: Shelf = request.app.state.bodies
    found = shelf.find(tag)
    links: dict[str, str] = {}
    if found is None:
        if form == "csv":
            body = await asyncio.to_thread(lambda: csv_text(held.answer.rows()).encode())
        else:
            body, links = await asyncio.to_thread(lambda: _json(request, held.answer.to_dict(), rows, limit, offset))
        found = shelf.put(tag, (body, links))
    body, links = found
    if form == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{request.url.path.strip("/").replace("/", "-")}.csv"'
    return Response(body, media_type=kind, headers=headers | links)


class Shelf:
    """Bodies that were made already, the latest ones, up to so many bytes."""

    def __init__(self, most: int = KEPT_BYTES):
        self._most, self._bytes = most, 0
        self._kept: OrderedDict[Any, tuple[bytes, dict[str, str]]] = OrderedDict()

    def find(self, key: Any) -> tuple[bytes, dict[str, str]] | None:
        """A body that is there."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Any, made: tuple[bytes, dict[str, str]]) -> tuple[bytes, dict[str, str]]:
        """Keep a body with its headers."""
        if key not in self._kept:
            self._kept[key] = made
            self._bytes += len(made[0])
        while self._bytes > self._most:
            self._bytes -= len(self._kept.popitem(last=False)[1][0])
        return made


def listed(request: Request, name: str, items: list[Any], form: str, limit: int, offset: int) -> Response:
    """A plain list as it was asked for."""
    found = plain(items)
    if form == "csv":
        return Response(csv_text(found), media_type="text/csv; charset=utf-8")
    body, links = _json(request, {name: found}, name, limit, offset)
    return Response(body, media_type="application/json", headers=links)


def _asked(request: Request) -> list[str]:
    return sorted(f"{name}={value}" for name, value in request.query_params.multi_items())


def _json(
    request: Request, answer: dict[str, Any], rows: str | None, limit: int, offset: int
) -> tuple[bytes, dict[str, str]]:
    headers: dict[str, str] = {}
    if rows is not None:
        every = answer[rows]
        answer = {**answer, rows: every[offset : offset + limit]}
        headers["X-Total-Count"] = str(len(every))
        if offset + limit < len(every):
            asked: Mapping[str, Any] = {**request.query_params, "limit": limit, "offset": offset + limit}
            headers["Link"] = f'<{request.url.path}?{urlencode(asked)}>; rel="next"'
    return json.dumps(answer, ensure_ascii=False, allow_nan=False).encode(), headers
