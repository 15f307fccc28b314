"""Runs of tool logs: which left the path of the good ones."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from fabwatch.api.answers import desk_of
from fabwatch.api.gate import asker, needs
from fabwatch.api.traces import of_tool
from fabwatch.terms.traces import Faults
from fabwatch.trace.faults import reason, sensor_sentence
from fabwatch.web.look import Page
from fabwatch.web.pages.common import asked, moments, offset_of, shelved

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 60


@router.get("/runs")
async def runs(request: Request) -> Response:
    """All runs, those that left the path on top."""

    async def make(page: Page) -> tuple[str, bool]:
        desk, given = desk_of(request), asked(request, "tool", "offset")
        await of_tool(request, asker(request), given.get("tool"))
        answer: Faults = (await desk.ask("faults", tool=given.get("tool"), **moments(request))).answer
        listed = (await desk.ask("runs", tool=given.get("tool"), **moments(request))).answer
        judged = {run.run: run for run in answer.runs}
        every = [(run, judged.get(run.run)) for run in listed.runs]
        # Faulty runs in the order of the answer, then the others as they are listed.
        rank = {run.run: place for place, run in enumerate(answer.runs) if run.faulty}
        every.sort(key=lambda pair: rank.get(pair[0].run, len(rank)))
        offset = offset_of(given)
        text = page.render(
            "runs.html",
            at="/runs",
            as_of=answer.as_of,
            demo=answer.demo,
            answer=answer,
            listed=listed,
            rows=every[offset : offset + SHOWN],
            total=len(every),
            limit=SHOWN,
            offset=offset,
            tool=given.get("tool"),
            moved=lambda told: sensor_sentence(told, page.language),
            reason=lambda found: reason(found, page.language),
        )
        return text, True

    return await shelved(request, make)
