"""What changed from one version of a model to another."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from fabwatch.api.access import cache_of, needs, whole_fab
from fabwatch.fab.answers import Models
from fabwatch.fab.questions import ModelCardQuestion, ModelCompareQuestion, ModelsQuestion
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import BadQuestion
from fabwatch.web.page import Page
from fabwatch.web.pages.page_cache import pending, within
from fabwatch.web.query_params import takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read"), Depends(whole_fab)])


@router.get("/models/{model:name}/compare", dependencies=[takes("against", "causes")])
async def compare(request: Request, model: str) -> Response:
    """One version against another, on the rows that the later one was tried on. Refused with 404 for an unknown one."""
    page, cache = Page(request), cache_of(request)
    card = await cache.answer(ModelCardQuestion(model=model))
    name = f"{card.model}@{card.version}"
    others = others_of(await cache.answer(ModelsQuestion()), card.model, card.version)
    against = request.query_params.get("against", "")[:80] or (others[0] if others else "")
    causes = request.query_params.get("causes") == "1"
    answer, waiting, refusal = None, False, None
    if against:
        try:
            asked = await within(cache.ask(ModelCompareQuestion(model=name, against=against, causes=causes)))
            answer, waiting = asked[0].answer if asked[0] else None, pending(asked)
        except BadQuestion as fault:
            refusal = f"{fault.what} {fault.hint}"
    return page.show(
        "compare_models.html",
        at="/models",
        as_of=card.as_of,
        ended=None,
        demo=card.demo,
        name=name,
        others=others,
        against=against,
        causes=causes,
        answer=answer,
        pending=waiting,
        refusal=refusal,
        sizes=_sizes(answer.causes) if answer else {},
    )


def others_of(models: Models, model: str, version: int) -> list[str]:
    """The other versions that can be read, by name: of the same model first, and of it the one before."""
    found = [one for one in models.versions if one.stage != "unreadable" and (one.model, one.version) != (model, version)]
    found.sort(key=lambda one: (one.model != model, one.version > version, -one.version))
    return [f"{one.model}@{one.version}" for one in found]


def _sizes(causes: Any) -> Json:
    """The share of each cause of the largest one, for its bar."""
    most = max((abs(one.points) for one in causes if one.points is not None), default=0.0) or 1.0
    return {one.cause + one.detail: abs(one.points or 0.0) / most for one in causes}
