"""Pydantic models made from declarations: what a route takes as its query or its body."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, create_model, model_validator
from pydantic import Field as PydanticField
from pydantic_core import InitErrorDetails, ValidationError

from fabwatch.terms.answers import Json
from fabwatch.terms.questions import TYPES, Declared, Field, Kind, declared

D = TypeVar("D", bound=Declared)
SHOWN_OF_A_NAME = 80
MOST_ROWS = 10_000
MOST_IN_CSV = 100_000
_MONTHS = r"(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31"
_CLOCK = r"T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{3}|\.\d{6})?)?(Z|[+-](0\d|1[0-3]):[0-5]\d)?"
ISO = {"pattern": rf"^(19[8-9]\d|20\d\d|21[0-8]\d)-({_MONTHS})({_CLOCK})?$", "examples": ["2026-03-17T06:30:00Z"]}
"""How a time is described; what is read is wider (see `stated_time`)."""


class Stated(BaseModel):
    """What a request may state. Anything else is refused by the first name that is not known, however many there are."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _names_are_known(cls, values: Any) -> Any:
        if isinstance(values, dict):
            unknown = next((name for name in values if name not in cls.model_fields), None)
            if unknown is not None:
                # Half a million unknown names would otherwise be half a million errors, each with its input.
                line = InitErrorDetails(type="extra_forbidden", loc=(str(unknown)[:SHOWN_OF_A_NAME],), input=None)
                raise ValidationError.from_exception_data(cls.__name__, [line])
        return values


class Strict(Stated):
    """A body, in which 0 is not false either."""

    model_config = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class Page:
    """Which rows of a list, and in which form."""

    format: str = "json"
    limit: int = MOST_ROWS
    offset: int = 0


Format = Annotated[Literal["json", "csv"], PydanticField(description="json, or csv: the flat table, all of its rows.")]
Limit = Annotated[int, PydanticField(ge=1, le=MOST_ROWS, description="Rows on this page.")]
Offset = Annotated[int, PydanticField(ge=0, le=10**9, description="Rows before this page.")]
PAGE: Json = {"format": (Format, "json"), "limit": (Limit, MOST_ROWS), "offset": (Offset, 0)}


def in_path(field: Field, path: str) -> bool:
    """Whether a field is a part of the path of its route."""
    return "{" + field.public + "}" in path


def query_model(kind: type[Declared], path: str, paged: bool = True) -> type[BaseModel]:
    """What the query of a question may hold: its fields, and which rows. Anything else is refused."""
    own = _members((field for field in declared(kind) if not in_path(field, path)), strict=False)
    if paged:
        own = {**own, **PAGE}
    made: type[BaseModel] = create_model(f"{kind.__name__}Query", __base__=Stated, **own)
    return made


def body_model(kind: type[Declared], path: str) -> type[BaseModel]:
    """What the body of an action may hold. Anything else is refused, and so is 0 for false."""
    own = _members((field for field in declared(kind) if not in_path(field, path)), strict=True)
    made: type[BaseModel] = create_model(f"{kind.__name__}Body", __base__=Strict, __doc__=kind.__doc__, **own)
    return made


def path_type(field: Field) -> Any:
    """The annotation of a part of a path."""
    return Annotated[str, Path(max_length=field.param.longest, description=field.param.help)]


def query_type(model: type[BaseModel]) -> Any:
    """The annotation of a whole query."""
    return Annotated[model, Query()]


def made(kind: type[D], values: Mapping[str, Any], page: Page | None = None) -> D:
    """The question or action from the values of its model. Raises BadQuestion and UnknownTime."""
    fields = {field.name: values[field.public] for field in declared(kind) if values.get(field.public) is not None}
    if page is not None and any(field.name == "limit" for field in declared(kind)):
        # Not more is read than is shown.
        fields["limit"] = MOST_IN_CSV if page.format == "csv" else min(page.offset + page.limit, MOST_IN_CSV)
    return kind(**fields)


def page_of(values: Mapping[str, Any]) -> Page:
    """Which rows a query asks for."""
    return Page(values.get("format", "json"), values.get("limit", MOST_ROWS), values.get("offset", 0))


def _members(fields: Iterable[Field], strict: bool) -> Json:
    return {field.public: _member(field, strict) for field in fields}


def _member(field: Field, strict: bool) -> tuple[Any, Any]:
    limits = field.param
    about: Json = {}
    kind: Any = Literal[field.choices] if field.kind is Kind.CHOICE else TYPES[field.kind]
    if field.kind in (Kind.NUMBER, Kind.WHOLE):
        about |= {"gt": limits.above, "lt": limits.below, "ge": limits.least, "le": limits.most}
    elif field.kind in (Kind.TEXT, Kind.TIME):
        about |= {"max_length": limits.longest, "min_length": limits.shortest or None}
    elif field.kind is Kind.TEXTS:
        kind = list[Annotated[str, PydanticField(max_length=limits.longest)]]
        about |= {"min_length": _whole(limits.least), "max_length": _whole(limits.most), "fail_fast": True}
    elif field.kind is Kind.NUMBERS:
        about |= {"min_length": _whole(limits.least), "max_length": _whole(limits.most), "fail_fast": True}
    if field.kind is Kind.TIME:
        about["json_schema_extra"] = ISO
    about = {name: value for name, value in about.items() if value is not None}
    optional = not field.required and (field.default is None or field.kind in (Kind.TEXTS, Kind.NUMBERS))
    kind = Annotated[kind, PydanticField(**about)] if about else kind
    default = ... if field.required else None if optional else field.default
    return (kind | None if optional else kind), PydanticField(default, description=limits.help)


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)
