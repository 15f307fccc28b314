"""The routes about tool logs: runs, what each sensor did, which runs left the path, the rules that watch them."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from fabwatch.api.answers import LONGEST_NAME, OneTool, Paged, Time, When, desk_of, seen, told
from fabwatch.api.decided import Given, Reason
from fabwatch.api.decided import told as decided
from fabwatch.api.faults import Refused
from fabwatch.api.gate import Asker
from fabwatch.api.keys import Key
from fabwatch.api.routing import Routes
from fabwatch.api.shapes import listed
from fabwatch.terms.clock import stated_time
from fabwatch.terms.rules import Backtest, Chambers, Golden, Rules, SensorStats
from fabwatch.terms.traces import Faults, Runs, StepSummary, Trace

routes = Routes("traces")
OneStep = Annotated[str | None, Query(max_length=LONGEST_NAME, description="Only this step.")]
OneRecipe = Annotated[str | None, Query(max_length=LONGEST_NAME, description="Only this recipe.")]
OneSensor = Annotated[str | None, Query(max_length=LONGEST_NAME, description="Only this sensor.")]
OneRun = Annotated[str | None, Query(max_length=4 * LONGEST_NAME, description="Only this run.")]


class ToSwitch(Given):
    """Which rule is to count or not, and why."""

    rule: Annotated[str, Field(max_length=LONGEST_NAME)]
    counts: bool
    reason: Reason


class ToChoose(Given):
    """Which runs are to be golden, and why."""

    runs: Annotated[list[str], Field(min_length=1, max_length=10_000)]
    reason: Reason
    automatic: Annotated[bool, Field(description="All good runs of that kind, as they are found today.")] = False
    drop: Annotated[bool, Field(description="Take the choice for the kind of the first run back.")] = False


@dataclass(frozen=True)
class Goldens:
    """Golden runs that were chosen, the latest first."""

    goldens: list[Golden]


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
    step: OneStep = None,
    since: Annotated[float | None, Query(ge=0, le=1e9, description="From this second of the run on.")] = None,
    until: Annotated[float | None, Query(ge=0, le=1e9, description="Up to this second of the run.")] = None,
) -> Response:
    """One run beside the good ones: each sensor over each step with the envelope, and the alarms on the same clock."""
    known = (await desk_of(request).ask("runs", run=run, tool=tool, **when.asked())).answer.runs
    await of_tool(request, key, known[0].tool)
    asked: dict[str, Any] = {
        "run": run,
        "sensors": (sensor,) if sensor else (),
        "step": step,
        "since": since,
        "until": until,
    }
    return await told(request, page, "steps", "trace", **asked, **when.asked())


@routes.get("/trace/stats", answer=SensorStats)
async def stats(
    request: Request,
    key: Asker,
    when: When,
    page: Paged,
    by: Annotated[
        Literal["tool", "chamber", "area", "recipe", "step", "sensor", "lot", "day", "week", "month"],
        Query(description="One row a group of this kind and sensor."),
    ] = "sensor",
    tool: OneTool = None,
    recipe: OneRecipe = None,
    step: OneStep = None,
    sensor: OneSensor = None,
    since: Time = None,
    until: Time = None,
) -> Response:
    """Sensors in figures over many runs: n, mean, std, min, max, range, seconds off the setpoint."""
    await of_tool(request, key, tool)
    asked: dict[str, Any] = {"by": by, "tool": tool, "recipe": recipe, "step": step, "sensor": sensor}
    period = {"since": since and stated_time(since), "until": until and stated_time(until)}
    return await told(request, page, "groups", "sensor_stats", **asked, **period, **when.asked())


@routes.get("/trace/chambers", answer=Chambers)
async def chambers(
    request: Request,
    key: Asker,
    when: When,
    page: Paged,
    sensor: Annotated[str, Query(max_length=LONGEST_NAME, description="The sensor.")],
    step: OneStep = None,
    recipe: OneRecipe = None,
    tool: OneTool = None,
) -> Response:
    """One sensor in one step, chamber beside chamber, the one that stands apart first."""
    await of_tool(request, key, tool)
    asked: dict[str, Any] = {"sensor": sensor, "step": step, "recipe": recipe, "tool": tool}
    return await told(request, page, "chambers", "chambers", **asked, **when.asked())


@routes.get("/trace/rules", answer=Rules)
async def rules(request: Request, when: When, page: Paged) -> Response:
    """The rules that watch logs, which of them count, and with which figure they were switched on."""
    return await told(request, page, "rules", "rules", **when.asked())


@routes.get("/trace/backtest", answer=Backtest)
async def backtest(
    request: Request,
    key: Asker,
    when: When,
    page: Paged,
    rule: Annotated[str, Query(max_length=LONGEST_NAME, description="The rule.")],
    tool: OneTool = None,
) -> Response:
    """Try a rule on the record before it counts: alarms and false alarms per 1,000 wafers."""
    await of_tool(request, key, tool)
    return await told(request, page, "tools", "backtest", rule=rule, tool=tool, **when.asked())


@routes.post("/trace/rules", answer=Rules, scope="decide", whole=True)
async def switch(request: Request, key: Asker, wanted: ToSwitch) -> Response:
    """Let a rule count, with what it does on the record, or no more; written to the audit with who and why."""
    return decided(await desk_of(request).act("switch_rule", **wanted.model_dump(), who=key.who))


@routes.get("/trace/goldens", answer=Goldens, whole=True)
async def goldens(request: Request, page: Paged) -> Response:
    """Every version of golden runs that was chosen, by whom and why."""
    found = await desk_of(request).look_up("goldens")
    return listed(request, "goldens", found, page.format, page.limit, page.offset)


@routes.post("/trace/goldens", answer=Golden, scope="decide", status=201, whole=True)
async def choose(request: Request, key: Asker, wanted: ToChoose) -> Response:
    """Choose golden runs that others of their kind are compared with, as a new version; none gives the choice back."""
    asked = wanted.model_dump()
    if wanted.drop:
        said = {"run": wanted.runs[0], "reason": wanted.reason}
        return decided(await desk_of(request).act("drop_golden", **said, who=key.who), 201)
    del asked["drop"]
    return decided(await desk_of(request).act("choose_golden", **asked, who=key.who), 201)
