"""One file that was sent or that waits: how it is read, and what it is said to be instead, tried and written down."""

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import cache_of, key_of, needs, whole_fab
from fabwatch.api.jobs import TrySource, WriteSource
from fabwatch.api.routes.files import uploads_of
from fabwatch.fab.questions import ExplainQuestion
from fabwatch.ingest.answers import Explanation
from fabwatch.ingest.explaining import kinds
from fabwatch.ingest.stating import Statement
from fabwatch.terms.answers import Json
from fabwatch.terms.errors import BadQuestion, CannotState
from fabwatch.terms.settings.files import TIMES_AS_NUMBERS
from fabwatch.web.page import Page
from fabwatch.web.query_params import takes

router = APIRouter(include_in_schema=False, dependencies=[needs("read"), Depends(whole_fab)])
TEXTS = ("kind", "zone", "ambiguous", "decimal", "time_format", "encoding")
"""Keys of a source that are one text each."""
MOST_COLUMNS = 300
"""So many columns can be chosen on the page; fab.toml and the API take all."""
LONGEST = 1000
FORMATS = ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", *TIMES_AS_NUMBERS)


@router.get("/load/files/{load}", dependencies=[takes("part")])
async def file(request: Request, load: str) -> Response:
    """How the file is read; with `part` as a part of another page."""
    explanation = await cache_of(request).answer(ExplainQuestion(load=load))
    return _shown(request, explanation, bool(request.query_params.get("part")))


@router.post("/load/files/{load}/try", dependencies=[needs("load")])
async def try_source(request: Request, load: str) -> Response:
    """How it would be read with what was chosen; nothing is stored."""
    form = await request.form()
    part = "HX-Request" in request.headers
    try:
        explanation = await cache_of(request).read_file(TrySource(load, statement_of(form)))
    except BadQuestion as fault:
        return await _refused(request, load, form, fault, part)
    return _shown(request, explanation, part, form, tried=True)


@router.post("/load/files/{load}/source", dependencies=[needs("load")])
async def write_source(request: Request, load: str) -> Response:
    """Write what was chosen into fab.toml, and have the file read by it."""
    form = await request.form()
    try:
        job = WriteSource(load, statement_of(form), key_of(request).who, _text(form, "reason"), _text(form, "seen") or None)
        explanation = await cache_of(request).read_file(job)
    except BadQuestion as fault:
        return await _refused(request, load, form, fault, False)
    upload = uploads_of(request).begin_with_source(explanation)
    return RedirectResponse(Page(request).url("/load", upload=upload.upload), 303)


def statement_of(form: FormData) -> Statement:
    """What a form states. Raises CannotState."""
    # What was chosen among the columns of one kind of file says nothing about those of another.
    same = _text(form, "kind") == _text(form, "shown")
    keys: Json = {name: _text(form, name) or None for name in TEXTS if name in form}
    if "delimiter" in form:
        keys["delimiter"] = str(form["delimiter"])[:1] or None
    if "missing" in form:
        keys["missing"] = [_sentinel(word) for word in _words(_text(form, "missing"))]
    if "words" in form:
        keys["words"] = {**dict.fromkeys(_words(_text(form, "words_before"))), **_meanings(_text(form, "words"))}
    constants = {name.partition(".")[2]: _text(form, name) or None for name in form if name.startswith("constant.")}
    if constants and same:
        keys["constants"] = constants
    files = tuple(_words(_text(form, "files")))
    return Statement(_text(form, "source") or None, files, keys, _columns(form) if same else {})


def _columns(form: FormData) -> dict[str, str | None]:
    columns: dict[str, str | None] = {}
    for number in range(MOST_COLUMNS):
        if f"h{number}" not in form:
            break
        name, column = str(form[f"h{number}"]), _text(form, f"c{number}") or None
        if columns.get(name, column) != column:
            raise CannotState(f"Several columns of the file are called {name!r}.", "give each a name of its own first")
        columns[name] = column
    return columns


def _text(form: Mapping[str, Any], name: str) -> str:
    return str(form.get(name, "")).strip()[:LONGEST]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _sentinel(word: str) -> str | int | float:
    if re.fullmatch(r"[+-]?\d{1,15}", word):
        return int(word)
    return float(word) if re.fullmatch(r"[+-]?\d{1,15}\.\d{1,15}", word) else word


def _meanings(text: str) -> dict[str, str]:
    meanings = {}
    for pair in _words(text):
        word, equals, meaning = (part.strip() for part in pair.partition("="))
        if not (word and equals and meaning):
            raise CannotState(f"{pair!r} does not say what a word means.", "write words as GREEN = pass, ENGR = test")
        meanings[word] = meaning
    return meanings


def _shown(
    request: Request,
    explanation: Explanation,
    part: bool,
    form: Mapping[str, Any] | None = None,
    tried: bool = False,
    fault: BadQuestion | None = None,
) -> Response:
    page = Page(request)
    status = 422 if fault is not None and not part else 200
    return page.show(
        "reading.html" if part else "file.html",
        status,
        at="/load",
        demo=cache_of(request).settings.fab.demo,
        file=explanation,
        chosen=Chosen(explanation, form if fault is not None else None),
        reason=_text(form or {}, "reason"),
        tried=tried,
        fault=fault,
        kinds=kinds(),
        formats=FORMATS,
        zones=sorted(available_timezones()) if not part else (),
        fields=explanation.columns[:MOST_COLUMNS],
    )


async def _refused(request: Request, load: str, form: FormData, fault: BadQuestion, part: bool) -> Response:
    """The form again with what was chosen, and why that is refused. Raises the fault where there is no such file."""
    try:
        explanation = await cache_of(request).answer(ExplainQuestion(load=load))
    except BadQuestion:
        raise fault from None
    return _shown(request, explanation, part, {name: str(value) for name, value in form.items()}, fault=fault)


class Chosen:
    """What the inputs of the form begin with: what was sent and refused, else what holds or was tried."""

    def __init__(self, explanation: Explanation, form: Mapping[str, Any] | None):
        self._file, self._form = explanation, form
        self._stated = explanation.stated

    def text(self, name: str) -> str:
        """A key that is one text."""
        if self._form is not None:
            return _text(self._form, name)
        own = {"kind": self._file.kind, "source": self._file.source}
        return str(own.get(name) or self._stated.get(name) or "")

    def raw(self, name: str) -> str:
        """The same with its blanks: a tab is a separator."""
        return str(self._form.get(name, "")) if self._form is not None else str(self._stated.get(name) or "")

    def listed(self, name: str) -> str:
        """A key that is a list of words, or words and their meanings."""
        if self._form is not None:
            return _text(self._form, name)
        value = self._stated.get(name) or ()
        if isinstance(value, Mapping):
            return ", ".join(f"{word} = {meaning}" for word, meaning in value.items())
        return value if isinstance(value, str) else ", ".join(map(str, value))

    def names(self, name: str) -> str:
        """The words of a key that says their meanings."""
        return ", ".join(self._stated.get(name) or ())

    def column(self, number: int, header: str, column: str | None) -> str:
        """What a column is."""
        if self._form is not None and self._form.get(f"h{number}") == header:
            return _text(self._form, f"c{number}")
        return column or ""

    def constant(self, name: str) -> str:
        """The value of a column that the file does not have."""
        if self._form is not None:
            return _text(self._form, f"constant.{name}")
        return str(self._stated.get("constants", {}).get(name) or "")

    @property
    def per_column(self) -> bool:
        """Whether what is missing is stated column by column, which one line of words cannot show."""
        return isinstance(self._stated.get("missing"), Mapping)
