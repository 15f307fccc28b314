"""One run with the good runs: drawn sensor by sensor, with zoom, and the log rows of each moment."""

import asyncio
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, key_of, needs
from fabwatch.api.area import run_of
from fabwatch.fab.actions import ChooseGolden
from fabwatch.fab.answers import Faults, Run, StepTrace, Trace
from fabwatch.fab.questions import (
    FaultsQuestion,
    SamplesQuestion,
    SensorsQuestion,
    StepSummaryQuestion,
    TraceQuestion,
)
from fabwatch.fab.sentences import laid, reason, sensor_sentence
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import BadQuestion
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import cached_page, pending, scale, within
from fabwatch.web.query_params import question_of, sends, takes, times_of

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
DRAWN = 6
"""How many sensors of a run are drawn, those that moved most; a named one is drawn alone."""
FIRST = 3
LARGE = 200_000
"""A run with more samples is drawn alone before anything else is computed."""
WIDTH, HEIGHT = 1000.0, 100.0
PATIENCE = 0.15
"""Seconds that the page waits for the good runs before it shows the run alone."""


@dataclass(frozen=True)
class Selection:
    """The run, sensors and seconds that the page shows."""

    run: Run
    question: TraceQuestion

    @property
    def seconds(self) -> tuple[float, float]:
        """The stretch of the run that is drawn."""
        until = self.question.until
        return self.question.since or 0.0, until if until is not None else (self.run.seconds or 1.0)

    @property
    def whole(self) -> bool:
        """True if the whole run is drawn."""
        return self.question.since is None and self.question.until is None


async def _run_of(request: Request, name: str | None) -> Run:
    """The named run. Raises BadQuestion, UnknownTool and Refused."""
    if not name:
        raise BadQuestion("No run is named.", "choose one from the list of runs")
    times = times_of(request)
    return await run_of(request, key_of(request), name, as_of=times.as_of, known_at=times.known_at)


async def _selection(request: Request, run: Run, faults: Faults | None, sensors: list[str]) -> Selection:
    question = replace(question_of(request, TraceQuestion, run=run.run), tool=None)
    if not question.sensors:
        judged = faults.runs[0] if faults and faults.runs else None
        moved = list(dict.fromkeys(sensor.sensor for sensor in judged.sensors))[:DRAWN] if judged else []
        # Until it is known what moved, a few pictures that are ready at once.
        known = sensors or list((await cache_of(request).answer(SensorsQuestion(run=run.run))).sensors)
        question = replace(question, sensors=tuple(moved or known[: DRAWN if faults else FIRST]))
    return Selection(run, question)


async def _alone(request: Request, selection: Selection) -> Trace:
    """The run without the envelope of the good runs."""
    return await cache_of(request).answer(replace(selection.question, beside=False))


async def _drawn(request: Request, selection: Selection) -> tuple[Trace, bool]:
    """The run with the good runs around it, or alone while those are still being read; and whether they are."""
    all_of_it = replace(selection.question, since=None, until=None)
    around = await within(cache_of(request).ask(all_of_it), PATIENCE)
    cached, _ = around
    if cached is not None and selection.whole:
        return cached.answer, False
    alone = await _alone(request, selection)
    if cached is None:
        return alone, pending(around)
    return replace(cached.answer, steps=tuple(laid(alone.steps, cached.answer.steps))), False


@router.get("/run", dependencies=[takes(TraceQuestion)])
async def run(request: Request) -> Response:
    """One run with the good runs."""

    async def make(page: Page) -> tuple[str, bool]:
        cache, times = cache_of(request), times_of(request)
        shown = await _run_of(request, request.query_params.get("run"))
        if shown.rows > LARGE and "hx-request" not in request.headers:
            # With both processors to itself the run is ready at once; slow questions come after it.
            await _alone(request, await _selection(request, shown, None, []))
        of = {"run": shown.run, "as_of": times.as_of, "known_at": times.known_at}
        judged, summary = await asyncio.gather(
            within(cache.ask(question_of(request, FaultsQuestion, **of)), PATIENCE),
            within(cache.ask(question_of(request, StepSummaryQuestion, **of)), PATIENCE),
        )
        faults = judged[0].answer if judged[0] else None
        steps = summary[0].answer.steps if summary[0] else ()
        sensors = list(dict.fromkeys(row.sensor for row in steps))
        selection = await _selection(request, shown, faults, sensors)
        trace, waiting = await _drawn(request, selection)
        waiting = waiting or pending(judged, summary)
        text = page.render(
            "run.html",
            at="/runs",
            as_of=trace.as_of,
            ended=trace.as_of_reason,
            demo=trace.demo,
            answer=trace,
            run=shown,
            judged=faults.runs[0] if faults and faults.runs else None,
            judging=faults is None,
            pending=waiting,
            unjudged=faults.unjudged if faults else (),
            steps=steps,
            sensors=sensors,
            chosen=request.query_params.get("sensor"),
            moved=lambda sensor: sensor_sentence(sensor, page.language),
            reason=lambda run: reason(run, page.language),
            **_pictured(trace, selection),
        )
        return text, not waiting

    return await cached_page(request, make)


@router.get("/run/pictures", dependencies=[takes(TraceQuestion)])
async def pictures(request: Request) -> Response:
    """Only the pictures, of another stretch of the run."""
    page, times = Page(request), times_of(request)
    shown = await _run_of(request, request.query_params.get("run"))
    question = FaultsQuestion(run=shown.run, as_of=times.as_of, known_at=times.known_at)
    cached, _ = await within(cache_of(request).ask(question), PATIENCE)
    selection = await _selection(request, shown, cached.answer if cached else None, [])
    trace, _ = await _drawn(request, selection)
    return page.show("run_pictures.html", answer=trace, **_pictured(trace, selection))


@router.get("/run/row", dependencies=[takes(SamplesQuestion, "tool", "sensor", "since", "until")])
async def row(request: Request) -> Response:
    """The rows of the log around one moment of a run, as they are in the file."""
    shown = await _run_of(request, request.query_params.get("run"))
    question = question_of(request, SamplesQuestion, run=shown.run)
    rows = (await cache_of(request).answer(question)).samples
    return Page(request).show("run_row.html", rows=rows, second=question.at)


@router.post("/run/golden", dependencies=[needs("decide"), sends("run", "act", "reason")])
async def golden(request: Request) -> Response:
    """Freeze the good runs of the kind of a run as golden runs, or drop them."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    shown = await _run_of(request, form.get("run"))
    drop = form.get("act") == "drop"
    action = ChooseGolden(runs=(shown.run,), reason=form.get("reason", ""), automatic=not drop, drop=drop)
    await cache_of(request).act(action, key_of(request).who)
    return RedirectResponse(Page(request).url("/run", run=shown.run), 303)


def _pictured(trace: Trace, selection: Selection) -> Json:
    drawn = list(dict.fromkeys(step.sensor for step in trace.steps))
    since, until = selection.seconds
    return {
        "pictures": [picture(sensor, trace, since, until) for sensor in drawn],
        "since": since,
        "until": until,
        "whole": selection.whole,
        "seconds": selection.run.seconds or 0.0,
    }


def picture(sensor: str, trace: Trace, since: float, until: float) -> Json:
    """One sensor over a stretch of seconds as paths of a picture of WIDTH × HEIGHT."""
    mine = [step for step in trace.steps if step.sensor == sensor]
    values = [v for s in mine for p in s.points for v in (p.low, p.high, p.least, p.most) if v is not None]
    low, high = scale(values)
    span = until - since or 1.0

    def across(second: float) -> str:
        return f"{(second - since) / span * WIDTH:.1f}"

    def place(step: StepTrace, t: float, value: float) -> str:
        return f"{across(step.begin_s + t)},{(high - value) / (high - low) * HEIGHT:.1f}"

    def band(step: StepTrace, below: str, above: str) -> str:
        points = [p for p in step.points if getattr(p, below) is not None and getattr(p, above) is not None]
        there = [place(step, p.t, getattr(p, above)) for p in points]
        back = [place(step, p.t, getattr(p, below)) for p in reversed(points)]
        return "M" + "L".join([*there, *back]) + "Z" if points else ""

    alarms = [alarm for alarm in trace.alarms if alarm.kind in ("alarm", "warning")]
    return {
        "sensor": sensor,
        "unit": mine[0].unit if mine else None,
        "low": min(values, default=0.0),
        "high": max(values, default=1.0),
        "bands": [path for step in mine if (path := band(step, "low", "high"))],
        "spikes": [path for step in mine if (path := band(step, "least", "most"))],
        "lines": ["M" + "L".join(place(s, p.t, p.mean) for p in s.points if p.mean is not None) for s in mine],
        "steps": [{"x": across(step.begin_s), "step": step.step, "chamber": step.chamber} for step in mine],
        "alarms": [
            {"x": across(second), **vars(alarm)}
            for alarm in alarms
            if since <= (second := max(alarm.seconds or 0.0, 0.0)) <= until
        ],
    }
