"""How pages are made: templates, the words and links they use, and what each page needs to know."""

import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from fabwatch.api.keys import Key
from fabwatch.api.routing import BASE
from fabwatch.terms.answers import plain
from fabwatch.terms.version import VERSION
from fabwatch.terms.words import STATUS_SHAPE
from fabwatch.web import translation

KEPT_IN_LINKS = ("as_of", "known_at")
"""What stays the same while a reader goes from page to page."""
LANG_COOKIE = "fabwatch_lang"
YEAR_S = 365 * 86400


def _(text: str) -> str:
    """Marks a text for translation; the template translates it."""
    return text


NAV = (
    ("/", _("Fab")),
    ("/plan", _("Plan")),
    ("/contain", _("Containment")),
    ("/holds", _("Holds")),
    ("/stats", _("Readings")),
    ("/runs", _("Runs")),
    ("/cmp", _("Polish")),
    ("/record", _("Record")),
    ("/load", _("Load")),
    ("/reference", _("API")),
)


@cache
def environment() -> Environment:
    """The templates, with everything escaped and nothing undefined let through."""
    made = Environment(
        loader=PackageLoader("fabwatch.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"shapes": STATUS_SHAPE, "version": VERSION, "static": static, "base": BASE, "nav": NAV}
    made.filters |= {"machine": translation.machine, "json": as_json}
    return made


@cache
def static(name: str) -> str:
    """The address of a static file, which changes with its content so that browsers may keep it."""
    content = files("fabwatch.web").joinpath("static", *name.split("/")).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def as_json(value: Any) -> Markup:
    """Data inside a page: no text in it can end the element that holds it."""
    text = json.dumps(plain(value), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


class Page:
    """One page being made: who reads it, in which language, and the links of it."""

    def __init__(self, request: Request):
        self.request = request
        self.key: Key | None = getattr(request.state, "key", None)
        asked = request.query_params.get("lang")
        kept, accepted = request.cookies.get(LANG_COOKIE), request.headers.get("accept-language", "")
        self.language = translation.language_of(asked, kept, accepted)
        self._asked = asked

    def url(self, path: str, **asked: Any) -> str:
        """A link to another page, which keeps the times that this one stands for."""
        kept = {name: self.request.query_params[name] for name in KEPT_IN_LINKS if name in self.request.query_params}
        return _joined(path, {**kept, **asked})

    def here(self, **asked: Any) -> str:
        """This page with something changed; None takes it out."""
        return _joined(self.request.url.path, {**self.request.query_params, **asked})

    def api(self, path: str, **asked: Any) -> str:
        """The same question to the API."""
        return self.url(f"{BASE}{path}", **asked)

    def call(self, path: str, **asked: Any) -> str:
        """The same question as a line for a terminal."""
        where = f"{self.request.url.scheme}://{self.request.url.netloc}{self.api(path, **asked)}"
        return f"curl -H \"Authorization: Bearer $FABWATCH_KEY\" '{where}'"

    def said(self, answer: Any) -> str:
        """The sentence of an answer."""
        return str(answer.sentence(self.language))

    def may(self, act: str) -> bool:
        """True when the reader may do that."""
        return self.key is not None and self.key.may(act)

    def render(self, template: str, status: int = 200, **given: Any) -> str:
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
            "moment": lambda value, year=False: translation.moment(value, language, year),
        }
        return environment().get_template(template).render({**own, "status_code": status, **given})

    def show(self, template: str, status: int = 200, headers: dict[str, str] | None = None, **given: Any) -> Response:
        """The page as an answer."""
        answer = HTMLResponse(self.render(template, status, **given), status, headers)
        return self.finished(answer)

    def finished(self, answer: Response) -> Response:
        """Remembers the language that was asked for."""
        if self._asked == self.language:
            answer.set_cookie(LANG_COOKIE, self.language, max_age=YEAR_S, samesite="lax", httponly=True, path="/")
        return answer


def _joined(path: str, asked: dict[str, Any]) -> str:
    given = {name: value for name, value in asked.items() if value not in (None, "")}
    return quote(path, safe="/%") + (f"?{urlencode(given)}" if given else "")


def part(name: str) -> str:
    """A name as one part of a path, whatever it holds."""
    return quote(name, safe="")
