"""The defects of inspected wafers: how many, how densely, in clusters, and how many of the dies they hit they kill."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from fabwatch.api.access import cache_of, needs, whole_fab
from fabwatch.fab.answers import InspectedWafer
from fabwatch.fab.questions import DefectsQuestion
from fabwatch.terms.answers import Json
from fabwatch.web.page import Page
from fabwatch.web.pages.dots import dots_over_time
from fabwatch.web.pages.page_cache import cached_page
from fabwatch.web.query_params import form_of, params, question_of, takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 300
FILTERS = ("lot", "wafer", "layer")


@router.get("/defects", dependencies=[takes(DefectsQuestion), Depends(whole_fab)])
async def defects(request: Request) -> Response:
    """Defects by inspection, the latest first, with their density over time."""

    async def make(page: Page) -> tuple[str, bool]:
        question = question_of(request, DefectsQuestion)
        answer = await cache_of(request).answer(question)
        text = page.render(
            "defects.html",
            at="/defects",
            as_of=answer.as_of,
            ended=answer.as_of_reason,
            demo=answer.demo,
            answer=answer,
            rows=answer.wafers[:SHOWN],
            trend=density_trend(answer.wafers),
            form=form_of(question, FILTERS, page.zone),
            filters=params(request, *FILTERS),
        )
        return text, True

    return await cached_page(request, make)


def density_trend(wafers: Sequence[InspectedWafer]) -> Json | None:
    """Density by the time of inspection, a dot an inspection; None with fewer than two that have both."""
    dated = [(row.inspected_at, row.density, row) for row in wafers if row.inspected_at and row.density is not None]
    return dots_over_time(dated, 0.0, max((density for _, density, _ in dated), default=1.0))
