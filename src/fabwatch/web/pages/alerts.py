"""Alerts: the open cases, who was told and who has seen them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, key_of, needs, whole_fab
from fabwatch.fab.actions import AckAlert
from fabwatch.fab.questions import AlertsQuestion
from fabwatch.web.page import Page
from fabwatch.web.query_params import question_of, sends, takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read"), Depends(whole_fab)])


@router.get("/alerts", dependencies=[takes(AlertsQuestion)])
async def alerts(request: Request) -> Response:
    """The cases, open ones first."""
    question = question_of(request, AlertsQuestion)
    answer = await cache_of(request).answer(question)
    page = Page(request)
    return page.show(
        "alerts.html", at="/alerts", as_of=answer.as_of, ended=None, demo=answer.demo, answer=answer, closed=question.closed
    )


@router.post("/alerts/{case:name}/ack", dependencies=[needs("decide"), sends()])
async def ack(request: Request, case: str, reason: Annotated[str, Form(max_length=2000)]) -> Response:
    """Say that a case was seen."""
    await cache_of(request).act(AckAlert(case=case, reason=reason), key_of(request).who)
    return RedirectResponse(Page(request).url("/alerts"), 303)
