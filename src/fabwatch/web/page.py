"""Rendering pages: templates, the texts and links they use, and the context of each page."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse, Response

from fabwatch.api.access import SAFE
from fabwatch.api.keys import Key
from fabwatch.api.paths import address, part
from fabwatch.api.routing import BASE
from fabwatch.terms.answers import plain
from fabwatch.terms.reasons import Reason
from fabwatch.terms.version import VERSION
from fabwatch.terms.words import STATUS_SHAPE
from fabwatch.web import translation

CARRIED = ("as_of", "known_at")
"""Query parameters that links carry from page to page."""
SELECTIONS = {
    "/yield": ("lot", "wafer", "product"),
    "/maps": ("lot", "wafer", "product"),
    "/defects": ("lot", "wafer"),
    "/commonality": ("lot", "wafer", "product"),
    "/yield/screens": ("lot", "wafer", "product"),
}
"""Pages about results, and what they can be narrowed to: links between them keep it."""
LANG_COOKIE = "fabwatch_lang"
YEAR_S = 365 * 86400


def _(text: str) -> str:
    """Mark a text for translation; the template translates it."""
    return text


NAV = (
    ("/", _("Fab")),
    ("/plan", _("Plan")),
    ("/contain", _("Containment")),
    ("/holds", _("Holds")),
    ("/alerts", _("Alerts")),
    ("/yield", _("Yield")),
    ("/maps", _("Maps")),
    ("/defects", _("Defects")),
    ("/commonality", _("Commonality")),
    ("/stats", _("Readings")),
    ("/spc", _("Control charts")),
    ("/runs", _("Runs")),
    ("/cmp", _("Polish")),
    ("/models", _("Models")),
    ("/record", _("Record")),
    ("/load", _("Load")),
    ("/connections", _("Connections")),
    ("/reference", _("API")),
)


@cache
def environment() -> Environment:
    """The templates: everything is escaped, and an undefined name is an error."""
    templates = Environment(
        loader=PackageLoader("fabwatch.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals |= {"shapes": STATUS_SHAPE, "version": VERSION, "static": static, "base": BASE, "nav": NAV}
    templates.filters |= {"machine": translation.machine, "json": as_json, "part": part}
    return templates


@cache
def static(name: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may cache the file."""
    content = files("fabwatch.web").joinpath("static", *name.split("/")).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def as_json(value: Any) -> Markup:
    """Data inside a page; no text in it can close the element that contains it."""
    text = json.dumps(plain(value), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


class Page:
    """One page: its reader, its language and its links."""

    def __init__(self, request: Request):
        self.request = request
        self.key: Key | None = getattr(request.state, "key", None)
        # What a form is sent to is no page to come back to.
        self.path = address(request) if request.method in SAFE else "/"
        self._stated = request.query_params
        self._lang_param = request.query_params.get("lang")
        cookie, accepted = request.cookies.get(LANG_COOKIE), request.headers.get("accept-language", "")
        self.zone: str = request.app.state.settings.fab.zone
        self.language = translation.language_of(self._lang_param, cookie, accepted)

    def url(self, path: str, **parameters: Any) -> str:
        """A link to another page, which keeps the times of this one."""
        carried = {name: self.request.query_params[name] for name in CARRIED if name in self.request.query_params}
        return _joined(path, {**carried, **parameters})

    @property
    def selection(self) -> dict[str, str]:
        """The lot, wafer and product that a page about results is narrowed to."""
        names = SELECTIONS.get(self.request.url.path, ())
        return {name: value for name in names if (value := self.request.query_params.get(name))}

    def to_page(self, path: str) -> str:
        """A link to a page of the menu; between pages about results it keeps lot, wafer and product."""
        known = SELECTIONS.get(path, ())
        return self.url(path, **{name: value for name, value in sorted(self.selection.items()) if name in known})

    def stand_for(self, path: str, **parameters: str) -> None:
        """Let links to this page lead to another one that asks the same: an answer of another site is shown once only."""
        self.path, self._stated = path, QueryParams(parameters)

    def here(self, **parameters: Any) -> str:
        """This page with changed parameters, of which one may stand several times; None removes one."""
        stated = self._stated
        kept = {name: [text for text in stated.getlist(name) if text] for name in stated}
        return _joined(self.path, {**kept, **parameters})

    def api(self, path: str, **parameters: Any) -> str:
        """The same question to the API."""
        return self.url(f"{BASE}{path}", **parameters)

    def call(self, path: str, **parameters: Any) -> str:
        """The same question as a line for a terminal."""
        where = f"{self.request.url.scheme}://{self.request.url.netloc}{self.api(path, **parameters)}"
        return f"curl -H \"Authorization: Bearer $FABWATCH_KEY\" '{where}'"

    def sentence(self, answer: Any) -> str:
        """The sentence of an answer."""
        return self.text(answer.sentence(self.language))

    def text(self, text: str) -> str:
        """A text of an answer in the language of the page, its times as on the rest of the page."""
        said = text.sentence(self.language) if isinstance(text, Reason) else text
        return translation.moments_in(said, self.language, self.zone)

    def moment(self, value: datetime | str | None, year: bool = True) -> str:
        """A time on the clocks of the fab."""
        return translation.moment(value, self.language, year, self.zone)

    def exact(self, text: str) -> str:
        """What stands in a cell: a time on the clocks of the fab with its seconds, anything else as it is."""
        return translation.exact(text, self.language, self.zone)

    def may(self, act: str) -> bool:
        """True if the reader may do that."""
        return self.key is not None and self.key.may(act)

    def render(self, template: str, status: int = 200, **context: Any) -> str:
        """The page as text."""
        tongue = translation.tongue(self.language)
        language = self.language
        own = {
            "page": self,
            "url": self.url,
            "here": self.here,
            "lang": language,
            "languages": translation.LANGUAGES,
            "_": tongue.gettext,
            "gettext": tongue.gettext,
            "ngettext": tongue.ngettext,
            "number": lambda value, digits=0: translation.number(value, language, digits),
            "figure": lambda value: translation.figure(value, language),
            "percent": lambda value, digits=0: translation.percent(value, language, digits),
            "moment": lambda value, year=False: self.moment(value, year),
            "day": lambda value: translation.day(value, language),
            "zone": self.zone,
        }
        return environment().get_template(template).render({**own, "status_code": status, **context})

    def show(self, template: str, status: int = 200, headers: dict[str, str] | None = None, **context: Any) -> Response:
        """The page as a response."""
        answer = HTMLResponse(self.render(template, status, **context), status, headers)
        return self.finished(answer)

    def finished(self, answer: Response) -> Response:
        """Remembers a language that was chosen by the `lang` parameter."""
        if self._lang_param == self.language:
            answer.set_cookie(LANG_COOKIE, self.language, max_age=YEAR_S, samesite="lax", httponly=True, path="/")
        return answer


def _joined(path: str, parameters: Mapping[str, object]) -> str:
    query = {name: value for name, value in parameters.items() if value not in (None, "")}
    return quote(path, safe="/%") + (f"?{urlencode(query, doseq=True)}" if query else "")
