"""What a key of one area sees: it is narrowed before anything is looked up, so that what is not there and what belongs to
another area are answered alike."""

from dataclasses import replace
from fnmatch import fnmatch
from typing import Any

from fastapi import Request

from fabwatch.api.access import cache_of, outside
from fabwatch.api.keys import Key
from fabwatch.fab.answers import HoldList, Run
from fabwatch.fab.questions import HoldsQuestion, RiskQuestion, RunsQuestion
from fabwatch.terms.errors import BadQuestion, unknown


async def own_tools(request: Request, key: Key) -> set[str]:
    """The tools of the area of a key."""
    risk = await cache_of(request).answer(RiskQuestion())
    return {row.tool for row in risk.tools if row.tool is not None and row.area == key.area}


async def of_area(request: Request, key: Key, answer: Any, rows: str) -> Any:
    """An answer with the rows alone whose tools the key may see."""
    if key.area is None:
        return answer
    tools = await own_tools(request, key)
    return replace(answer, **{rows: tuple(row for row in getattr(answer, rows) if row.tool in tools)})


async def hold_of(request: Request, key: Key, name: str) -> HoldList:
    """A hold list that the key may see. Raises NotOnHold, and Refused (403) for a key of one area."""
    if key.area is None:
        (hold,) = (await cache_of(request).answer(HoldsQuestion(hold=name))).holds
        return hold
    lists = (await of_area(request, key, await cache_of(request).answer(HoldsQuestion()), "holds")).holds
    own: HoldList | None = next((hold for hold in lists if hold.hold == name), None)
    if own is None:
        raise outside(key, "GET /api/v1/holds lists those of the area")
    return own


async def run_of(request: Request, key: Key, name: str, **times: Any) -> Run:
    """A run that the key may see. Raises UnknownTool, and Refused (403) for a key of one area."""
    question = RunsQuestion(run=name, **times)
    if key.area is None:
        return (await cache_of(request).answer(question)).runs[0]
    try:
        run = (await cache_of(request).answer(question)).runs[0]
    except BadQuestion:
        run = None
    if run is None or run.tool not in await own_tools(request, key):
        raise outside(key, "name a run of a tool of that area")
    return run


async def rules_of(request: Request, key: Key) -> set[str] | None:
    """The rules of fab.toml that watch a tool which the key may see; None for a key of the whole fab."""
    if key.area is None:
        return None
    tools = await own_tools(request, key)
    rules = cache_of(request).settings.rules
    return {name for name, rule in rules.items() if any(fnmatch(tool, rule.tool) for tool in tools)}


async def with_rules_of_area(request: Request, key: Key, answer: Any) -> Any:
    """The rules without those that watch only tools of other areas."""
    own = await rules_of(request, key)
    if own is None:
        return answer
    known = set(cache_of(request).settings.rules)
    return replace(answer, rules=tuple(rule for rule in answer.rules if rule.rule in own or rule.rule not in known))


async def check_rule(request: Request, key: Key, name: str) -> None:
    """A rule that watches only tools of other areas is not there for a key of one area. Raises UnknownTool."""
    own = await rules_of(request, key)
    if own is not None and name in set(cache_of(request).settings.rules) - own:
        raise unknown("rule", name, ())
