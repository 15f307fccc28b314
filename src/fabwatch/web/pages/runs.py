"""Runs of tool logs: which left the path, and one run beside the good ones."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from fabwatch.api.answers import desk_of
from fabwatch.api.gate import asker, needs
from fabwatch.api.traces import of_tool
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.traces import Faults, StepTrace, Trace
from fabwatch.trace.faults import reason, sensor_sentence
from fabwatch.web.look import Page
from fabwatch.web.pages.common import asked, moments, offset_of, shelved

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
SHOWN = 60
DRAWN = 6
"""Sensors that are drawn of a run, those that moved most; one that is named stands alone."""
WIDTH, HEIGHT = 1000.0, 100.0


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


@router.get("/run")
async def run(request: Request) -> Response:
    """One run beside the good ones."""

    async def make(page: Page) -> tuple[str, bool]:
        desk, given, when = desk_of(request), asked(request, "run", "sensor", "step", "tool"), moments(request)
        name = given.get("run")
        if name is None:
            raise BadQuestion("No run is named.", "choose one from the list of runs")
        known = (await desk.ask("runs", run=name, **when)).answer.runs
        await of_tool(request, asker(request), known[0].tool)
        answer: Faults = (await desk.ask("faults", run=name, **when)).answer
        found = answer.runs[0] if answer.runs else None
        sensors = (
            [given["sensor"]] if "sensor" in given else [told.sensor for told in found.sensors[:DRAWN]] if found else []
        )
        traced: Trace = (await desk.ask("trace", run=name, sensors=tuple(sensors), step=given.get("step"), **when)).answer
        seconds = max((s.begin_s + p.t for s in traced.steps for p in s.points), default=0.0) or 1.0
        drawn = list(dict.fromkeys(step.sensor for step in traced.steps))
        if not sensors:
            drawn = drawn[:DRAWN]
        summary = (await desk.ask("step_summary", run=name, **when)).answer
        text = page.render(
            "run.html",
            at="/runs",
            as_of=answer.as_of,
            demo=answer.demo,
            answer=traced,
            run=known[0],
            found=found,
            unjudged=answer.unjudged,
            pictures=[picture(sensor, traced, seconds) for sensor in drawn],
            seconds=seconds,
            steps=summary.steps,
            sensors=list(dict.fromkeys(row.sensor for row in summary.steps)),
            chosen=given.get("sensor"),
            moved=lambda told: sensor_sentence(told, page.language),
            reason=lambda found: reason(found, page.language),
        )
        return text, True

    return await shelved(request, make)


def picture(sensor: str, traced: Trace, seconds: float) -> dict[str, Any]:
    """One sensor over the whole run as paths of a picture of WIDTH × HEIGHT."""
    mine = [step for step in traced.steps if step.sensor == sensor]
    values = [v for s in mine for p in s.points for v in (p.low, p.high, p.least, p.most) if v is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
    low, high = low - room, high + room

    def place(step: StepTrace, t: float, value: float) -> str:
        x = (step.begin_s + t) / seconds * WIDTH
        return f"{x:.1f},{(high - value) / (high - low) * HEIGHT:.1f}"

    def band(step: StepTrace, below: str, above: str) -> str:
        points = [p for p in step.points if getattr(p, below) is not None and getattr(p, above) is not None]
        there = [place(step, p.t, getattr(p, above)) for p in points]
        back = [place(step, p.t, getattr(p, below)) for p in reversed(points)]
        return "M" + "L".join([*there, *back]) + "Z" if points else ""

    return {
        "sensor": sensor,
        "unit": mine[0].unit if mine else None,
        "low": low + room,
        "high": high - room,
        "bands": [path for step in mine if (path := band(step, "low", "high"))],
        "spikes": [path for step in mine if (path := band(step, "least", "most"))],
        "lines": ["M" + "L".join(place(s, p.t, p.mean) for p in s.points if p.mean is not None) for s in mine],
        "steps": [
            {"x": f"{step.begin_s / seconds * WIDTH:.1f}", "step": step.step, "chamber": step.chamber} for step in mine
        ],
        "alarms": [
            {"x": f"{max(one['seconds'] or 0.0, 0.0) / seconds * WIDTH:.1f}", **one}
            for one in traced.alarms
            if one["kind"] in ("alarm", "warning")
        ],
    }
