"""The shape of an answer over HTTP: JSON or CSV, a page of its rows, and a tag by which the same answer is known again."""

import asyncio
import hashlib
import json
import re
from collections import OrderedDict
from typing import Any
from urllib.parse import unquote, urlencode

from fastapi import Request
from starlette.responses import JSONResponse, Response

from fabwatch.api.access import key_of
from fabwatch.api.answer_cache import CachedAnswer
from fabwatch.api.models import Page
from fabwatch.api.paths import address
from fabwatch.fab.answers import FeatureRows, Features
from fabwatch.terms.answers import Json, plain
from fabwatch.terms.tabular import csv_text

LONGEST_FILE_NAME = 100
KEPT_BYTES = 32 << 20
BESIDE_A_BODY = 2_000
"""Bytes that a body takes beside its own: what it is kept under, and its headers."""


class Bodies:
    """Bodies that were made already, the latest ones, up to so many bytes."""

    def __init__(self, most: int = KEPT_BYTES):
        self._most, self._bytes = most, 0
        self._bodies: OrderedDict[Any, tuple[bytes, dict[str, str]]] = OrderedDict()

    def find(self, key: Any) -> tuple[bytes, dict[str, str]] | None:
        """A body that is there."""
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    def put(self, key: Any, body: tuple[bytes, dict[str, str]]) -> tuple[bytes, dict[str, str]]:
        """Keep a body with its headers."""
        if key not in self._bodies:
            self._bodies[key] = body
            self._bytes += len(body[0]) + BESIDE_A_BODY
        while self._bytes > self._most:
            self._bytes -= len(self._bodies.popitem(last=False)[1][0]) + BESIDE_A_BODY
        return body


async def answered(request: Request, cached: CachedAnswer[Any], rows: str | None, page: Page) -> Response:
    """An answer in the form that is asked for; `rows` names its list. 304 when the asker has it already."""
    answer = cached.answer
    # Of the area too that the key sees: the same question of another key may have another answer.
    about = (key_of(request).area, request.url.path, page.format, page.limit, page.offset, cached.state, cached.ahead)
    text = json.dumps([*about, str(getattr(answer, "as_of", "")), *_query(request)])
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'
    headers = {"ETag": tag, "X-Fabwatch-State": cached.state}
    if cached.stale:
        # The fab has changed since; what lies ahead is being worked out again.
        headers["X-Fabwatch-Stale"] = "1"
    if tag in (known.strip() for known in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    bodies: Bodies = request.app.state.bodies
    body, links = bodies.find(tag) or bodies.put(tag, await asyncio.to_thread(_body, request, answer, rows, page))
    kind = "text/csv; charset=utf-8" if page.format == "csv" else "application/json"
    if page.format == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{file_name(request)}.csv"'
    return Response(body, media_type=kind, headers=headers | links)


def listed(request: Request, name: str, items: list[Any], page: Page) -> Response:
    """A plain list in the form that is asked for."""
    rows = plain(items)
    if page.format == "csv":
        return Response(csv_text(rows), media_type="text/csv; charset=utf-8")
    body, links = _json(request, {name: rows}, name, page)
    return Response(body, media_type="application/json", headers=links)


def plain_json(value: Any, status: int = 200) -> Response:
    """A plain object as JSON."""
    return JSONResponse(value.to_dict() if hasattr(value, "to_dict") else plain(value), status)


def file_name(request: Request) -> str:
    """What a table is called when it is saved: its path in signs that every system takes in a name."""
    plain_path = unquote(address(request)).encode("ascii", "replace").decode()
    return re.sub(r"[^A-Za-z0-9._]+", "-", plain_path).strip("-.")[:LONGEST_FILE_NAME] or "table"


def _body(request: Request, answer: Any, rows: str | None, page: Page) -> tuple[bytes, dict[str, str]]:
    if isinstance(answer, Features):
        # Its rows are made page by page: all at once they would take gigabytes.
        return (answer.csv(), {}) if page.format == "csv" else _json(request, answer.described(), rows, page, answer.table)
    if page.format == "csv":
        return csv_text(answer.rows()).encode(), {}
    return _json(request, answer.to_dict(), rows, page)


def _query(request: Request) -> list[str]:
    return sorted(f"{name}={value}" for name, value in request.query_params.multi_items())


def _json(
    request: Request, answer: Json, rows: str | None, page: Page, table: FeatureRows | None = None
) -> tuple[bytes, dict[str, str]]:
    headers: dict[str, str] = {}
    if rows is not None:
        every = answer[rows] if table is None else table
        end = page.offset + page.limit
        answer = {**answer, rows: every[page.offset : end]}
        headers["X-Total-Count"] = str(len(every))
        if end < len(every):
            stated = [pair for pair in request.query_params.multi_items() if pair[0] not in ("limit", "offset")]
            query = [*stated, ("limit", str(page.limit)), ("offset", str(end))]
            headers["Link"] = f'<{address(request)}?{urlencode(query)}>; rel="next"'
    return json.dumps(answer, ensure_ascii=False, allow_nan=False).encode(), headers
