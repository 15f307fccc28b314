"""One run beside the good ones: drawn sensor by sensor, with zoom, and the row behind each moment."""

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.answers import desk_of
from fabwatch.api.gate import asker, needs
from fabwatch.api.traces import of_tool
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.traces import Faults, Run, StepTrace, Trace
from fabwatch.trace.envelope import laid
from fabwatch.trace.faults import reason, sensor_sentence
from fabwatch.web.look import Page
from fabwatch.web.pages.common import asked, moments, scale, shelved, soon, waits

router = APIRouter(include_in_schema=False, dependencies=[needs("read")])
DRAWN = 6
"""Sensors that are drawn of a run, those that moved most; one that is named stands alone."""
FIRST = 3
LARGE = 200_000
"""Samples from which a run is drawn alone before anything else is asked."""
WIDTH, HEIGHT = 1000.0, 100.0
PATIENCE = 0.15
"""Seconds that the page waits for the good runs before the run is shown alone."""


@dataclass(frozen=True)
class Asked:
    """Which run, sensors and seconds the page stands for."""

    run: Run
    sensors: tuple[str, ...]
    step: str | None
    since: float | None
    until: float | None
    when: dict[str, Any]

    @property
    def seconds(self) -> tuple[float, float]:
        """The stretch of the run that is drawn."""
        return self.since or 0.0, self.until if self.until is not None else (self.run.seconds or 1.0)


async def _known(request: Request) -> Run:
    """The run that the page names. Raises BadQuestion, UnknownTool and Refused."""
    name = asked(request, "run").get("run")
    if name is None:
        raise BadQuestion("No run is named.", "choose one from the list of runs")
    run: Run = (await desk_of(request).ask("runs", run=name, **moments(request))).answer.runs[0]
    await of_tool(request, asker(request), run.tool)
    return run


def _second(given: dict[str, str], name: str) -> float | None:
    try:
        return max(float(given[name]), 0.0) if name in given else None
    except ValueError:
        raise BadQuestion(
            f"{given[name]} is no number of seconds.", "seconds after the begin of the run, such as 12.5"
        ) from None


async def _asked(request: Request, run: Run, faults: Faults | None, sensors: list[str]) -> Asked:
    given = asked(request, "sensor", "step", "since", "until")
    if "sensor" in given:
        chosen = [given["sensor"]]
    else:
        found = faults.runs[0] if faults and faults.runs else None
        chosen = list(dict.fromkeys(told.sensor for told in found.sensors))[:DRAWN] if found else []
        # As long as nobody knows what moved, a few pictures that are there at once.
        chosen = chosen or (sensors or await desk_of(request).look_up("sensors", run=run.run))[: DRAWN if faults else FIRST]
    since, until = _second(given, "since"), _second(given, "until")
    return Asked(run, tuple(chosen), given.get("step"), since, until, moments(request))


async def _alone(request: Request, wanted: Asked) -> Trace:
    """The run without others around it."""
    asked: dict[str, Any] = {"run": wanted.run.run, "sensors": wanted.sensors, "step": wanted.step, **wanted.when}
    cut = {"since": wanted.since, "until": wanted.until, "beside": False}
    found: Trace = (await desk_of(request).ask("trace", **asked, **cut)).answer
    return found


async def _drawn(request: Request, wanted: Asked) -> tuple[Trace, bool]:
    """The run with the good ones around it, or alone as long as they are being read; and whether they still are."""
    desk = desk_of(request)
    common: dict[str, Any] = {"run": wanted.run.run, "sensors": wanted.sensors, "step": wanted.step, **wanted.when}
    whole = await soon(desk.ask("trace", **common), PATIENCE)
    if whole[0] is not None and wanted.since is None and wanted.until is None:
        return whole[0].answer, False
    alone = await _alone(request, wanted)
    if whole[0] is None:
        return alone, waits(whole)
    around: Trace = whole[0].answer
    steps = tuple(laid(alone.steps, around.steps))
    return Trace(
        around.as_of, around.known_at, around.demo, around.how, around.run, around.golden, steps, around.alarms
    ), False


@router.get("/run")
async def run(request: Request) -> Response:
    """One run beside the good ones."""

    async def make(page: Page) -> tuple[str, bool]:
        desk, when, known = desk_of(request), moments(request), await _known(request)
        name = known.run
        if known.rows > LARGE and "hx-request" not in request.headers:
            # With both processors to itself the run is there at once; what takes seconds is asked for after it.
            await _alone(request, await _asked(request, known, None, []))
        judged, summed = await asyncio.gather(
            soon(desk.ask("faults", run=name, **when), PATIENCE), soon(desk.ask("step_summary", run=name, **when), PATIENCE)
        )
        faults: Faults | None = judged[0].answer if judged[0] else None
        steps = summed[0].answer.steps if summed[0] else ()
        sensors = list(dict.fromkeys(row.sensor for row in steps))
        wanted = await _asked(request, known, faults, sensors)
        traced, pending = await _drawn(request, wanted)
        pending = pending or waits(judged, summed)
        text = page.render(
            "run.html",
            at="/runs",
            as_of=traced.as_of,
            demo=traced.demo,
            answer=traced,
            run=known,
            found=faults.runs[0] if faults and faults.runs else None,
            judging=faults is None,
            pending=pending,
            unjudged=faults.unjudged if faults else (),
            steps=steps,
            sensors=sensors,
            chosen=request.query_params.get("sensor"),
            moved=lambda told: sensor_sentence(told, page.language),
            reason=lambda found: reason(found, page.language),
            **_pictured(traced, wanted),
        )
        return text, not pending

    return await shelved(request, make)


@router.get("/run/pictures")
async def pictures(request: Request) -> Response:
    """The pictures alone, of another stretch of the run."""
    page, desk, known = Page(request), desk_of(request), await _known(request)
    judged = await soon(desk.ask("faults", run=known.run, **moments(request)), PATIENCE)
    wanted = await _asked(request, known, judged[0].answer if judged[0] else None, [])
    traced, _ = await _drawn(request, wanted)
    return page.show("run_pictures.html", answer=traced, **_pictured(traced, wanted))


@router.get("/run/row")
async def row(request: Request) -> Response:
    """The rows of the log around one moment of a run, as they stand in the file."""
    known = await _known(request)
    at = _second(asked(request, "at"), "at") or 0.0
    found = await desk_of(request).look_up("samples", run=known.run, at=at)
    return Page(request).show("run_row.html", rows=found, second=at)


@router.post("/run/golden", dependencies=[needs("decide")])
async def golden(request: Request) -> Response:
    """Make the good runs of the kind of a run its golden ones, or this one alone."""
    given = {name: str(value) for name, value in (await request.form()).items()}
    desk = desk_of(request)
    known: Run = (await desk.ask("runs", run=given.get("run", ""))).answer.runs[0]
    await of_tool(request, asker(request), known.tool)
    said = {"who": asker(request).who, "reason": given.get("reason", "")}
    if given.get("act") == "drop":
        await desk.act("drop_golden", run=known.run, **said)
    else:
        await desk.act("choose_golden", runs=[known.run], automatic=True, **said)
    return RedirectResponse(Page(request).url("/run", run=known.run), 303)


def _pictured(traced: Trace, wanted: Asked) -> dict[str, Any]:
    drawn = list(dict.fromkeys(step.sensor for step in traced.steps))
    since, until = wanted.seconds
    return {
        "pictures": [picture(sensor, traced, since, until) for sensor in drawn],
        "since": since,
        "until": until,
        "whole": wanted.since is None and wanted.until is None,
        "seconds": wanted.run.seconds or 0.0,
    }


def picture(sensor: str, traced: Trace, since: float, until: float) -> dict[str, Any]:
    """One sensor over a stretch of seconds as paths of a picture of WIDTH × HEIGHT."""
    mine = [step for step in traced.steps if step.sensor == sensor]
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

    heard = [one for one in traced.alarms if one["kind"] in ("alarm", "warning")]
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
            {"x": across(second), **one} for one in heard if since <= (second := max(one["seconds"] or 0.0, 0.0)) <= until
        ],
    }
