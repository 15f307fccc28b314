"""The routes of all questions, made from their declarations: read the query, ask, and give the answer its form."""

from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from typing import Any, get_args

from fastapi import Request
from starlette.responses import Response

from fabwatch.api.access import Asker, area_of, cache_of, outside, seen
from fabwatch.api.keys import Key
from fabwatch.api.models import in_path, made, page_of, path_type, query_model, query_type
from fabwatch.api.responses import answered
from fabwatch.api.routing import Endpoint, Routes, signed
from fabwatch.fab import answers
from fabwatch.fab.questions import QUESTIONS, Answerable, RiskQuestion, RunsQuestion
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.questions import Declared, Reach, declared


def answer_type(kind: type[Declared]) -> Any:
    """The type of the answer to a question, or of what an action gives."""
    for base in kind.__orig_bases__:  # type: ignore[attr-defined]
        if get_args(base):
            # The answer is named, not imported, where it is declared: --help has no need of it.
            name = get_args(base)[0].__forward_arg__
            own = import_module(kind.__module__.rpartition(".")[0] + ".answers")
            return getattr(own, name, None) or getattr(answers, name)
    raise TypeError(f"{kind.__name__} does not say what its answer is")


async def allowed(request: Request, key: Key, question: Answerable[Any]) -> Answerable[Any]:
    """The question as far as the key may ask it. Raises Refused (403)."""
    reach = question.spec.reach
    if key.area is None or reach in (Reach.OPEN, Reach.FAB, Reach.ROWS):
        return question
    tool = getattr(question, "tool", None)
    if reach is Reach.AREA:
        await seen(request, key, tool)
        return replace(question, area=area_of(key, getattr(question, "area", None)))  # type: ignore[type-var]
    run = getattr(question, "run", None)
    if tool is None and run is not None:
        tool = await _tool_of(request, key, run)
    if tool is None:
        raise outside(key, "name a tool of that area: ?tool=")
    await seen(request, key, tool)
    return question


async def _tool_of(request: Request, key: Key, run: str) -> str:
    """The tool of a run; one that is not there is refused like one of another area."""
    try:
        return (await cache_of(request).answer(RunsQuestion(run=run))).runs[0].tool
    except BadQuestion:
        raise outside(key) from None


async def of_area(request: Request, key: Key, answer: Any, rows: str) -> Any:
    """An answer with the rows alone whose tools the key may see."""
    if key.area is None:
        return answer
    risk = await cache_of(request).answer(RiskQuestion(area=key.area))
    tools = {row.tool for row in risk.tools}
    return replace(answer, **{rows: tuple(row for row in getattr(answer, rows) if row.tool in tools)})


def _endpoint(kind: type[Answerable[Any]]) -> Endpoint:
    spec = kind.spec
    model = query_model(kind, spec.path)
    parts = {field.public: path_type(field) for field in declared(kind) if in_path(field, spec.path)}

    async def endpoint(request: Request, key: Asker, query: Any, **path: str) -> Response:
        values = {**query.model_dump(exclude_unset=True), **path}
        page = page_of(values)
        question = await allowed(request, key, made(kind, values, page))
        cached = await cache_of(request).ask(question)
        if spec.reach is Reach.ROWS and spec.rows:
            cached = replace(cached, answer=await of_area(request, key, cached.answer, spec.rows))
        return await answered(request, cached, spec.rows, page)

    own = {"request": Request, "key": Asker, **parts, "query": query_type(model)}
    return signed(endpoint, kind, model.model_fields, **own)


def routes_of(tag: str) -> Routes:
    """The routes of all questions of a group."""
    routes = Routes(tag)
    for kind in QUESTIONS:
        spec = kind.spec
        if spec.tag == tag and spec.path and spec.binary is None:
            whole = spec.reach is Reach.FAB
            routes.get(spec.path, answer=answer_type(kind), scope=spec.scope, whole=whole)(_endpoint(kind))
    return routes


def rows_are_known() -> bool:
    """Whether the list that each question names is a field of its answer; looked at by a test."""
    for kind in QUESTIONS:
        answer = answer_type(kind)
        if kind.spec.rows and not (is_dataclass(answer) and kind.spec.rows in {field.name for field in fields(answer)}):
            return False
    return True
