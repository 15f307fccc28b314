"""The routes about tool logs: runs, what each sensor did, which runs left the path."""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from fabwatch.api.answers import LONGEST_NAME, OneTool, Paged, When, desk_of, seen, told
from fabwatch.api.faults import Refused
from fabwatch.api.gate import Asker
from fabwatch.api.keys import Key
from fabwatch.api.routing import Routes
from fabwatch.terms.traces import Faults, Runs, StepSummary, Trace

routes = Routes("traces")
OneRun = Annotated[str | None, Query(max_length=4 * LONGEST_NAME, description="Only this run.")]


async def of_tool(request: Request, key: Key, tool: str | None) -> None:
    """A key of one area names the tool that it asks for. Raises Refused (403)."""
    if key.area is not None and tool is None:
        raise Refused(403, "OutsideArea", f"This key sees the area {key.area} alone.", "name a tool of that area: ?tool=")
    await seen(request, key, tool)


@routes.get("/trace/runs", answer=Runs)
async def runs(request: Request, key: Asker, when: When, page: Paged, tool: OneTool = None, run: OneRun = None) -> Response:
    """The runs that tool logs tell of: each wafer on each tool, with its samples and alarms."""
    await of_tool(request, key, tool)
    asked: dict[str, Any] = {"tool": tool, "run": run}
    return await told(request, page, "runs", "runs", **asked, **when.asked())


@routes.get("/trace/summary", answer=StepSummary)
async def summary(
    request: Request, key: Asker, when: When, page: Paged, tool: OneTool = None, run: OneRun = None
) -> Response:
    """What each sensor did in each step of a run: n, mean, std, min, max, slope, seconds off its setpoint."""
    await of_tool(request, key, tool)
    asked: dict[str, Any] = {"tool": tool, "run": run}
    return await told(request, page, "steps", "step_summary", **asked, **when.asked())


@routes.get("/trace/faults", answer=Faults)
async def faults(
    request: Request, key: Asker, when: When, page: Paged, tool: OneTool = None, run: OneRun = None
) -> Response:
    """Runs that left the path of the good ones, the sensors that did in words, and how many wafers that touches."""
    await of_tool(request, key, tool)
    asked: dict[str, Any] = {"tool": tool, "run": run}
    return await told(request, page, "runs", "faults", **asked, **when.asked())


@routes.get("/trace/run", answer=Trace)
async def trace(
    request: Request,
    key: Asker,
    when: When,
    page: Paged,
    run: Annotated[str, Query(max_length=4 * LONGEST_NAME, description="The run.")],
    tool: OneTool = None,
    sensor: Annotated[str | None, Query(max_length=LONGEST_NAME, description="Only this sensor; else all.")] = None,
    step: Annotated[str | None, Query(max_length=LONGEST_NAME, description="Only this step.")] = None,
) -> Response:
    """One run beside the good ones: each sensor over each step with the envelope, and the alarms on the same clock."""
    known = (await desk_of(request).ask("runs", run=run, tool=tool, **when.asked())).answer.runs
    await of_tool(request, key, known[0].tool)
    asked: dict[str, Any] = {"run": run, "sensors": (sensor,) if sensor else (), "step": step}
    return await told(request, page, "steps", "trace", **asked, **when.asked())
