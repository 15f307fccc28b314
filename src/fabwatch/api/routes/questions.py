"""The routes of all questions, made from their declarations: read the query, ask, and give the answer its form."""

from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from typing import Any, get_args

from fastapi import Request
from starlette.responses import Response

from fabwatch.api.access import Asker, area_of, cache_of, of_tool, seen
from fabwatch.api.area import check_rule, hold_of, of_area, run_of, with_rules_of_area
from fabwatch.api.keys import Key
from fabwatch.api.models import in_path, made, page_of, path_type, query_model, query_type
from fabwatch.api.responses import answered
from fabwatch.api.routing import Endpoint, Routes, signed
from fabwatch.fab import answers
from fabwatch.fab.questions import QUESTIONS, Answerable, BacktestQuestion, HoldsQuestion, RulesQuestion
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
    if key.area is not None and isinstance(question, HoldsQuestion) and question.hold is not None:
        await hold_of(request, key, question.hold)
    if key.area is None or reach in (Reach.OPEN, Reach.FAB, Reach.ROWS):
        return question
    tool = getattr(question, "tool", None)
    if reach is Reach.AREA:
        await seen(request, key, tool)
        return replace(question, area=area_of(key, getattr(question, "area", None)))  # type: ignore[type-var]
    for name in ("run", "first", "last"):
        run = getattr(question, name, None)
        if run is not None and not (run.isdecimal() and name != "run"):
            of_run = (await run_of(request, key, run)).tool
            tool = tool or of_run
    await of_tool(request, key, tool)
    if isinstance(question, BacktestQuestion):
        await check_rule(request, key, question.rule)
    return question


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
        elif kind is RulesQuestion:
            cached = replace(cached, answer=await with_rules_of_area(request, key, cached.answer))
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
