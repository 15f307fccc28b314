"""The query parameters of a page, read by the declaration of its question."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from fastapi import Depends, Request

from fabwatch.api.faults import unknown_parameter
from fabwatch.terms.errors import BadQuestion
from fabwatch.terms.questions import Declared, Field, Kind, Timed, declared
from fabwatch.web.translation import local, with_zone

Q = TypeVar("Q", bound=Declared)
LONGEST = 800
EVERYWHERE = ("as_of", "known_at", "lang")
"""What every page may be asked for."""


def takes(*kinds: "type[Declared] | str") -> Any:
    """The dependency of a page: what its address may state, by declarations and by name. Raises Refused (422) for more."""
    names = {kind for kind in kinds if isinstance(kind, str)}
    names |= {field.public for kind in kinds if not isinstance(kind, str) for field in declared(kind)}
    known = frozenset(names | set(EVERYWHERE))

    def check(request: Request) -> None:
        unknown = next((name for name in request.query_params if name not in known), None)
        if unknown is not None:
            raise unknown_parameter("query", unknown, known)

    check.known = known  # type: ignore[attr-defined]
    return Depends(check)


def sends(*names: str) -> Any:
    """The dependency of a form: its fields are those of its route, and `names`. Raises Refused (422) for more."""

    async def check(request: Request) -> None:
        own = {field.alias for field in request.scope["route"].dependant.body_params}
        known = own | set(names)
        unknown = next((name for name in await request.form() if name not in known), None)
        if unknown is not None:
            raise unknown_parameter("form", unknown, known)

    return Depends(check)


def params(request: Request, *names: str) -> dict[str, str]:
    """The named parameters that are present and not empty."""
    values = {name: request.query_params.get(name, "")[:LONGEST] for name in names}
    return {name: value for name, value in values.items() if value}


def offset_of(request: Request) -> int:
    """How many rows of a list come before the requested page."""
    offset = request.query_params.get("offset", "")
    return int(offset) if offset.isascii() and offset.isdecimal() else 0


def question_of(request: Request, kind: type[Q], **stated: Any) -> Q:
    """The question in an address; `stated` fields are not read from it. Raises BadQuestion and UnknownTime."""
    values: dict[str, Any] = {}
    for field in declared(kind):
        texts = [text for text in request.query_params.getlist(field.public) if text]
        if field.name not in stated and texts:
            text = with_zone(texts[-1], request.app.state.settings.fab.zone) if field.kind is Kind.TIME else texts[-1]
            values[field.name] = tuple(texts) if field.kind is Kind.TEXTS else _value(field, text)
    return kind(**values, **{name: value for name, value in stated.items() if value is not None})


def times_of(request: Request) -> Timed:
    """The times that a page is for. Raises UnknownTime."""
    return question_of(request, Timed)


def _value(field: Field, text: str) -> Any:
    if field.kind not in (Kind.NUMBER, Kind.WHOLE):
        return text
    try:
        return float(text)
    except ValueError:
        raise BadQuestion(f"{field.name} must be a number (got {text!r}).", field.param.help) from None


def _(text: str) -> str:
    """Mark a text for translation; the template translates it."""
    return text


LABELS = {
    "area": _("area"),
    "by": _("one row per"),
    "chamber": _("chamber"),
    "chart": _("kind of chart"),
    "days": _("days"),
    "layer": _("layer"),
    "like": _("most like wafer"),
    "lot": _("lot"),
    "retests": _("retests"),
    "metrology": _("metrology"),
    "most": _("at most"),
    "neighbours": _("failing neighbours of 8"),
    "pattern": _("pattern"),
    "product": _("product"),
    "qual_type": _("qual type"),
    "recipe": _("recipe"),
    "rules": _("rules"),
    "sensor": _("sensor"),
    "since": _("from"),
    "step": _("step"),
    "test": _("test"),
    "tool": _("tool"),
    "until": _("until"),
    "wafer": _("wafer"),
    "wat": _("WAT parameter"),
}


@dataclass(frozen=True)
class Input:
    """One input of a form, made from a field of a question."""

    name: str
    label: str
    value: str
    choices: tuple[str, ...]
    """The possible values; empty for any text."""
    optional: bool
    longest: int
    placeholder: str = ""
    zone: str = ""
    """The zone of a time."""


def form_of(
    question: Declared, names: tuple[str, ...], zone: str, choices: dict[str, tuple[str, ...]] | None = None
) -> list[Input]:
    """The inputs for some fields of a question; `choices` are those that depend on the fab, times are in its zone."""
    fields = {field.name: field for field in declared(type(question))}
    return [_input(fields[name], getattr(question, name), zone, (choices or {}).get(name)) for name in names]


def _input(field: Field, value: Any, zone: str, choices: tuple[str, ...] | None) -> Input:
    time = field.kind is Kind.TIME
    text = "" if value is None else str(value)
    if isinstance(value, datetime):
        text = local(value, zone).isoformat(timespec="minutes")
    return Input(
        field.public,
        LABELS[field.name],
        text,
        choices or field.choices,
        not field.required and field.default is None,
        field.param.longest,
        "2026-03-01" if time else "",
        zone if time else "",
    )
