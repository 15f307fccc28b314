"""Routes that say what they need: a route without a scope cannot be made."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter, Depends

from fabwatch.api.access import needs, whole_fab
from fabwatch.api.faults import Fault
from fabwatch.api.paths import named
from fabwatch.terms.answers import Json
from fabwatch.terms.questions import Declared

Endpoint = Callable[..., Any]
BASE = "/api/v1"
FAULTS: dict[int, str] = {
    400: "The body cannot be parsed.",
    401: "No key, or a wrong one.",
    403: "Outside the scope or the area of the key.",
    404: "Nothing of that name, or nothing to answer with.",
    422: "The question cannot be read.",
    429: "Too many wrong keys, too many requests of the key, or its quota of the day is used; see Retry-After.",
    405: "The route has no such method; Allow says which.",
    409: "It was decided before, or cannot be done.",
    413: "The body is too long.",
    503: "Too busy, or the fab cannot be read now; come back after Retry-After seconds.",
}


LOADING: dict[int, str] = {415: "Not a form, or no data.", 507: "The disk is full."}


def signed(endpoint: Endpoint, kind: type[Declared], known: Iterable[str], **own: Any) -> Endpoint:
    """An endpoint made for a declaration, with the parameters `own` and, in `known`, the names a request may state."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, keyword, annotation=annotation) for name, annotation in own.items()]
    )
    endpoint.__doc__ = kind.__doc__
    endpoint.__name__ = kind.__name__
    endpoint.known = tuple(known)  # type: ignore[attr-defined]
    return endpoint


def _body(*answers: Any) -> Json:
    schemas = [{"$ref": f"#/components/schemas/{answer.__name__}"} for answer in answers]
    return {"application/json": {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}


class Routes:
    """Some routes of the API."""

    def __init__(self, tag: str):
        self.router = APIRouter(prefix=BASE, tags=[tag])
        self.answers: list[Any] = []

    def get(
        self, path: str, answer: Any, scope: str = "read", whole: bool = False, binary: str | None = None
    ) -> Callable[[Endpoint], Endpoint]:
        """A route that answers; `whole` where it cannot be told apart by area, `binary` the kind of a file it gives."""
        return self._route("GET", path, answer, scope, whole, binary=binary)

    def post(
        self,
        path: str,
        answer: Any,
        scope: str,
        whole: bool = False,
        status: int = 200,
        extra: Json | None = None,
        or_answer: Any = None,
    ) -> Callable[[Endpoint], Endpoint]:
        """A route that changes something, or takes what is asked in its body; `or_answer` is its other kind of answer."""
        return self._route("POST", path, answer, scope, whole, status, extra, or_answer)

    def _route(
        self,
        method: str,
        path: str,
        answer: Any,
        scope: str,
        whole: bool,
        status: int = 200,
        extra: Json | None = None,
        or_answer: Any = None,
        binary: str | None = None,
    ) -> Callable[[Endpoint], Endpoint]:
        answers = [answer] if or_answer is None else [answer, or_answer]
        responses: dict[int | str, Json] = {code: {"model": Fault, "description": FAULTS[code]} for code in FAULTS}
        if status == 200 and extra:
            responses[202] = {"description": "Taken in; the loading goes on.", "content": _body(answer)}
            responses |= {code: {"model": Fault, "description": LOADING[code]} for code in LOADING}
        content = _body(*answers)
        if binary is not None:
            content = {binary: {"schema": {"type": "string", "format": "binary"}}}
        else:
            self.answers += answers
        responses[status] = {"content": content, "description": "The answer."}
        if method == "GET" and binary is None:
            content["text/csv"] = {"schema": {"type": "string"}}
            responses[304] = {"description": "As it was: the tag in If-None-Match still fits."}

        def made(endpoint: Endpoint) -> Endpoint:
            self.router.add_api_route(
                named(path),
                endpoint,
                methods=[method],
                dependencies=[needs(scope), *([Depends(whole_fab)] if whole else [])],
                responses=responses,
                status_code=status,
                response_model=None,
                openapi_extra={"x-scope": scope, **(extra or {})},
                summary=(endpoint.__doc__ or "").strip().splitlines()[0],
            )
            return endpoint

        return made
