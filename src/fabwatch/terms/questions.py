"""What a question is: its fields, limits, help and cost, declared once.

Commands, routes, jobs of workers, keys of caches, forms and reference pages are made from such a declaration: a frozen
dataclass whose fields are `Annotated` with a `Param`, and a `Spec` that says where it is put.
"""

import types
from abc import ABC
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import datetime
from enum import Enum
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    Self,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from fabwatch.terms.clock import stated_time, to_utc
from fabwatch.terms.errors import BadQuestion, nearest

A = TypeVar("A", covariant=True)
K = TypeVar("K")
NOW = "now"
Moment = datetime | str | None
"""A time as stated: a datetime (without a zone: UTC), or ISO 8601 text. None if it is left open."""
LONGEST = 200
LONGEST_RUN = 4 * LONGEST
"""Longest name of a run, which is made of the names of tool, lot, wafer and stage."""


class Cost(Enum):
    """How long an answer takes, which decides when and by which worker it is computed."""

    QUICK = "quick"
    DEEP = "deep"
    """Reads the whole history; quick questions never wait for it."""
    AHEAD = "ahead"
    """Deep, and computed for the whole fab in advance."""
    LONG = "long"
    """Minutes in a large fab."""
    LIVE = "live"
    """Quick, never from a cache, and about the present moment even where the record has ended."""


class Reach(Enum):
    """The part of the fab that a question is about, which decides what a key of one area may ask."""

    AREA = "area"
    """It can be asked of an area or a tool."""
    TOOL = "tool"
    """It can be asked of a tool."""
    ROWS = "rows"
    """Each row of its answer names a tool: a key of one area sees those of its tools."""
    FAB = "fab"
    """Cannot be split by area: only keys of the whole fab may ask."""
    OPEN = "open"
    """It names no tool: every key may ask."""


class Kind(Enum):
    """The type of a field."""

    TEXT = "text"
    TEXTS = "texts"
    NUMBER = "number"
    NUMBERS = "numbers"
    WHOLE = "whole"
    FLAG = "flag"
    CHOICE = "choice"
    TIME = "time"


TYPES: dict[Kind, Any] = {
    Kind.TEXT: str,
    Kind.TIME: str,
    Kind.CHOICE: str,
    Kind.NUMBER: float,
    Kind.WHOLE: int,
    Kind.FLAG: bool,
    Kind.TEXTS: list[str],
    Kind.NUMBERS: list[float],
}
"""As what a field of each kind is entered at the command line and over HTTP."""


@dataclass(frozen=True)
class Param:
    """What describes a field: its help, its limits, and how it is entered."""

    help: str
    above: float | None = None
    below: float | None = None
    least: float | None = None
    most: float | None = None
    longest: int = LONGEST
    shortest: int = 0
    argument: bool = False
    """A positional of the command, and a part of the path of the route."""
    alias: str | None = None
    """Its name at the command line and over HTTP, if different from the name of the field."""
    option: str | None = None
    """Its option at the command line, if not made from its name."""


@dataclass(frozen=True)
class Spec:
    """Where a question can be asked, and what it costs."""

    command: str
    """The command, one or two words; empty if there is none."""
    path: str
    """The route under /api/v1; empty if there is none."""
    method: str
    """The method of `Fab`; empty where it is asked by `Fab.ask` alone."""
    rows: str | None = None
    """The list in the answer that is paged."""
    cost: Cost = Cost.QUICK
    reach: Reach = Reach.AREA
    scope: str = "read"
    working: str = "working …"
    """What the terminal shows while it is computed."""
    tag: str = "answers"
    """The group of routes it belongs to."""
    example: Mapping[str, str] = field(default_factory=dict)
    """Fields and values that work on any fab; {tool}, {run}, {sensor} stand for names in the fab."""
    scans: bool = False
    """It reads what grows with every wafer, which another engine can be asked to do."""
    binary: str | None = None
    """The media type, if the route returns a file."""


@dataclass(frozen=True)
class Field:
    """One field of a question as it was declared."""

    name: str
    kind: Kind
    param: Param
    required: bool
    default: Any
    choices: tuple[str, ...] = ()

    @property
    def public(self) -> str:
        """Its name over HTTP."""
        return self.param.alias or self.name

    @property
    def option(self) -> str:
        """Its option at the command line."""
        return self.param.option or "--" + self.public.replace("_", "-")

    def checked(self, value: Any) -> Any:
        """The value as the question stores it. Raises BadQuestion and UnknownTime for an invalid value."""
        if value is None:
            if self.required:
                raise BadQuestion(f"{self.name} is missing.", f"state {self.name}: {self.param.help}")
            return None
        return _CHECKS[self.kind](self, value)

    def _number(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
            raise BadQuestion(f"{self.name} must be a number (got {value!r}).", self.param.help)
        if not self._within(value):
            raise BadQuestion(f"{self.name} must be {self.limits} (got {value:g}).", self.param.help)
        return value

    def _whole(self, value: Any) -> int:
        number = self._number(value)
        if number != int(number):
            raise BadQuestion(f"{self.name} must be a whole number (got {value!r}).", self.param.help)
        return int(number)

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise BadQuestion(f"{self.name} must be text (got {value!r}).", self.param.help)
        if len(value) > self.param.longest:
            raise BadQuestion(f"{self.name} has {len(value):,} characters; at most {self.param.longest}.", self.param.help)
        if len(value) < self.param.shortest:
            raise BadQuestion(f"{self.name} needs at least {self.param.shortest} characters.", self.param.help)
        return value

    def _several(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self._within(len(values)):
            raise BadQuestion(f"{self.name} must be {self.limits} values (got {len(values):,}).", self.param.help)
        return values

    def _choice(self, value: Any) -> str:
        if value not in self.choices:
            near = nearest(str(value), self.choices, 1)
            hint = f"did you mean {near[0]}?" if near else self.param.help
            raise BadQuestion(f"{self.name} must be one of {', '.join(self.choices)} (got {value}).", hint)
        return str(value)

    def _time(self, value: Any) -> datetime | str:
        if value == NOW:
            return NOW
        return stated_time(value) if isinstance(value, str) else to_utc(value)

    def _within(self, value: float) -> bool:
        limit = self.param
        return (
            (limit.above is None or value > limit.above)
            and (limit.below is None or value < limit.below)
            and (limit.least is None or value >= limit.least)
            and (limit.most is None or value <= limit.most)
        )

    @property
    def limits(self) -> str:
        """The valid numbers, in words."""
        limit = self.param
        low = limit.above if limit.above is not None else limit.least
        high = limit.below if limit.below is not None else limit.most
        if low is not None and high is not None:
            return f"between {low:g} and {high:g}" if limit.above is not None else f"from {low:g} to {high:g}"
        if low is not None:
            return f"above {low:g}" if limit.above is not None else f"{low:g} or more"
        return f"below {high:g}" if limit.below is not None else f"{high:g} or less"


_CHECKS: dict[Kind, Any] = {
    Kind.TEXT: Field._text,
    Kind.NUMBER: Field._number,
    Kind.WHOLE: Field._whole,
    Kind.CHOICE: Field._choice,
    Kind.TIME: Field._time,
    Kind.FLAG: lambda _, value: bool(value),
    Kind.TEXTS: lambda self, value: self._several(tuple(self._text(text) for text in value)),
    # The numbers in a list are checked where they are used: what is valid depends on the question.
    Kind.NUMBERS: lambda self, value: self._several(tuple(value)),
}


def as_stated(moment: Moment) -> datetime | None:
    """A checked time as a datetime; None if it is left open."""
    return moment if isinstance(moment, datetime) else None


@dataclass_transform(frozen_default=True, kw_only_default=True)
def declaration(kind: type[K]) -> type[K]:
    """Makes a class a declaration: a frozen dataclass whose fields are stated by name.

    What no declaration needs is left out, because --help makes all of them.
    """
    return dataclass(frozen=True, kw_only=True, repr=False, match_args=False)(kind)


class Declared:
    """Declared by fields with a `Param`; each value is checked when the object is made."""

    def __repr__(self) -> str:
        stated = {field.name: getattr(self, field.name) for field in declared(type(self))}
        shown = ", ".join(f"{name}={value!r}" for name, value in stated.items() if value not in (None, (), False))
        return f"{type(self).__name__}({shown})"

    def __post_init__(self) -> None:
        for member in declared(type(self)):
            object.__setattr__(self, member.name, member.checked(getattr(self, member.name)))


class Question(Declared, ABC, Generic[A]):
    """A question whose answer is an `A`; declared as a frozen dataclass."""

    spec: ClassVar[Spec]

    def whole(self) -> "Self | None":
        """The question for the whole fab whose answer contains this one, if it costs no more; else None."""
        return None

    def part(self, whole: Any) -> Any:
        """The answer to this question taken from that of `whole()`; None if it would differ."""
        return None


AsOf = Annotated[
    Moment, Param("Count what had happened by this time (ISO 8601, UTC if no zone); `now` for now.", longest=40)
]
KnownAt = Annotated[Moment, Param("Count what had been loaded by this time.", longest=40)]
Area = Annotated[str | None, Param("Only this area.")]
Tool = Annotated[str | None, Param("Only this tool.")]
QualType = Annotated[str | None, Param("Only this qual type.")]
Chamber = Annotated[str | None, Param("Only this chamber; * for the whole tool.")]
ToolName = Annotated[str, Param("The tool.", argument=True)]
Since = Annotated[Moment, Param("From this time on.", longest=40)]
Until = Annotated[Moment, Param("Up to this time.", longest=40)]
Coverage = Annotated[float, Param("Chance that a window holds.", above=0, below=1)]
WearClock = Annotated[str, Param("What wear counts in: auto, wafers, days or the name of a counter.", longest=60)]
Run = Annotated[str | None, Param("Only this run.", longest=LONGEST_RUN)]
Step = Annotated[str | None, Param("Only this step of the recipe.")]
Recipe = Annotated[str | None, Param("Only this recipe.")]
Sensor = Annotated[str | None, Param("Only this sensor.")]


@declaration
class Timed(Declared):
    """The two times that most questions have."""

    as_of: AsOf = None
    known_at: KnownAt = None


@declaration
class Selected(Timed):
    """The part of the fab that a question is about."""

    area: Area = None
    tool: Tool = None
    qual_type: QualType = None

    def of_all(self) -> Self | None:
        """The same question about the whole fab; None if this is it."""
        whole = replace(self, area=None, tool=None, qual_type=None)
        return None if whole == self else whole

    def selects(self, row: Any) -> bool:
        """Whether a row of an answer is of that part."""
        return all(getattr(self, name) in (None, getattr(row, name)) for name in ("area", "tool", "qual_type"))


_DECLARED: dict[type, tuple[Field, ...]] = {}


def declared(kind: type) -> tuple[Field, ...]:
    """The fields of a declaration, arguments first and times last; fields without a `Param` are left out."""
    if kind not in _DECLARED:
        _DECLARED[kind] = _fields_of(kind)
    return _DECLARED[kind]


def _fields_of(kind: type) -> tuple[Field, ...]:
    hints = get_type_hints(kind, include_extras=True)
    members = [_field(member, hints[member.name]) for member in fields(kind)]
    known = [member for member in members if member is not None]
    return tuple(sorted(known, key=lambda member: (not member.param.argument, member.name in ("as_of", "known_at"))))


def _field(member: Any, hint: Any) -> Field | None:
    if get_origin(hint) is not Annotated:
        return None
    inner, *notes = get_args(hint)
    param = next((note for note in notes if isinstance(note, Param)), None)
    if param is None:
        return None
    required = member.default is MISSING and member.default_factory is MISSING
    kind, choices = _kind(inner)
    return Field(member.name, kind, param, required, None if required else member.default, choices)


def _kind(hint: Any) -> tuple[Kind, tuple[str, ...]]:
    if get_origin(hint) in (Union, types.UnionType):
        parts = [part for part in get_args(hint) if part is not type(None)]
        return (Kind.TIME, ()) if datetime in parts else _kind(parts[0])
    if get_origin(hint) is Literal:
        return Kind.CHOICE, tuple(str(choice) for choice in get_args(hint))
    if get_origin(hint) is tuple:
        return (Kind.TEXTS if get_args(hint)[0] is str else Kind.NUMBERS), ()
    return {str: Kind.TEXT, float: Kind.NUMBER, int: Kind.WHOLE, bool: Kind.FLAG}[hint], ()
