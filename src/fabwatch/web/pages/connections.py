"""Connections: how the fab stands with databases, storage, live sources and channels of alerts."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from fabwatch.api.access import cache_of, needs, whole_fab
from fabwatch.fab.questions import ConnectionsQuestion
from fabwatch.web.page import Page
from fabwatch.web.query_params import takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read"), Depends(whole_fab)])


@router.get("/connections", dependencies=[takes(ConnectionsQuestion)])
async def connections(request: Request) -> Response:
    """Each connection with its state, and what is wrong."""
    answer = await cache_of(request).answer(ConnectionsQuestion())
    return Page(request).show(
        "connections.html", at="/connections", as_of=answer.as_of, ended=None, demo=answer.demo, answer=answer
    )
