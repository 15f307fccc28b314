"""Runs of tool logs: which of them deviate from the reference runs."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from fabwatch.api.access import cache_of, key_of, needs, of_tool
from fabwatch.fab.questions import FaultsQuestion, RunsQuestion
from fabwatch.fab.sentences import reason, sensor_sentence
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import cached_page
from fabwatch.web.query_params import form_of, offset_of, question_of, takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 60


@router.get("/runs", dependencies=[takes(FaultsQuestion, "offset")])
async def runs(request: Request) -> Response:
    """All runs, the faulty ones on top."""

    async def make(page: Page) -> tuple[str, bool]:
        cache, question = cache_of(request), question_of(request, FaultsQuestion)
        await of_tool(request, key_of(request), question.tool)
        answer = await cache.answer(FaultsQuestion(tool=question.tool, as_of=question.as_of, known_at=question.known_at))
        listed = await cache.answer(RunsQuestion(tool=question.tool, as_of=question.as_of, known_at=question.known_at))
        judged = {run.run: run for run in answer.runs}
        every = [(run, judged.get(run.run)) for run in listed.runs]
        # Faulty runs in the order of the answer, then the others as listed.
        rank = {run.run: place for place, run in enumerate(answer.runs) if run.faulty}
        every.sort(key=lambda pair: rank.get(pair[0].run, len(rank)))
        offset = offset_of(request)
        text = page.render(
            "runs.html",
            at="/runs",
            as_of=answer.as_of,
            ended=answer.as_of_reason,
            demo=answer.demo,
            answer=answer,
            listed=listed,
            rows=every[offset : offset + SHOWN],
            total=len(every),
            limit=SHOWN,
            offset=offset,
            tool=question.tool,
            form=form_of(question, ("tool",), page.zone),
            moved=lambda sensor: sensor_sentence(sensor, page.language),
            reason=lambda run: reason(run, page.language),
        )
        return text, True

    return await cached_page(request, make)
