"""Signing in and out, and the reference of the API."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import COOKIE, SAFE, key_of, needs, sent_by_us, wrong_key
from fabwatch.api.examples import reference
from fabwatch.api.faults import Refused
from fabwatch.api.keys import Key
from fabwatch.api.paths import address
from fabwatch.web import translation
from fabwatch.web.page import Page
from fabwatch.web.query_params import sends, takes

router = APIRouter(include_in_schema=False)


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


NOT_VALID = _("That key is not valid or has expired.")


@router.get("/signin", dependencies=[takes("next", "out")])
async def ask(
    request: Request,
    next: Annotated[str, "where to go then"] = "/",  # noqa: A002
    out: Annotated[str, "1: somebody signed out who had signed in with an account"] = "",
) -> Response:
    """The page that asks for a key, or for an account."""
    return _page(request, next, out=out == "1")


@router.post("/signin", dependencies=[sends()])
async def enter(
    request: Request,
    key: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
) -> Response:
    """Start a session with a key."""
    keys = request.app.state.keys
    if not sent_by_us(request):
        raise Refused(
            403,
            "OtherOrigin",
            "Refused: a page of another site sent this request.",
            "open the sign-in page and type the key there",
        )
    known = keys.check(key.strip())
    if known is None:
        wrong_key(request, request.app.state.tries)
        return to_sign_in(request, NOT_VALID, 401, next)
    return with_session(request, known, next)


def with_session(request: Request, key: Key, then: str) -> Response:
    """To the page that was asked for, with a session of that key."""
    secret, ends = request.app.state.keys.sign_in(key)
    answer = RedirectResponse(local(then), 303)
    answer.set_cookie(
        COOKIE,
        secret,
        expires=translation.aware(ends),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    return answer


@router.post("/signout", dependencies=[needs("read")])
async def leave(request: Request) -> Response:
    """End a session."""
    request.app.state.keys.sign_out(request.cookies.get(COOKIE, ""))
    # Not straight to the provider: browsers let a form of this page end at this site only.
    with_account = key_of(request).account is not None and request.app.state.provider is not None
    answer = RedirectResponse("/signin?out=1" if with_account else "/signin", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def to_sign_in(request: Request, wrong: str, status: int, then: str = "/", more: str = "") -> Response:
    """The sign-in page again, with what went wrong and what else is known of that."""
    return _page(request, then, status, wrong=wrong, more=more)


def _page(
    request: Request, then: str, status: int = 200, wrong: str | None = None, more: str = "", out: bool = False
) -> Response:
    page = Page(request)
    page.stand_for("/signin", next=local(then))
    said = translation.tongue(page.language).gettext(wrong) if wrong else None
    provider = request.app.state.provider
    where = urlsplit(provider.stated.issuer).netloc if provider else None
    return page.show(
        "signin.html", status, next=local(then), wrong=said, more=more, accounts=where, out=out and where is not None
    )


@router.get("/reference", dependencies=[needs("read"), takes()])
async def routes(request: Request) -> Response:
    """Every route of the API with a working example."""
    page = Page(request)
    base = f"{request.url.scheme}://{request.url.netloc}"
    return page.show("reference.html", at="/reference", groups=reference(request.app.openapi(), base))


def local(path: str) -> str:
    """A path of this server; the first page for anything else."""
    split = urlsplit(path)
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and not split.netloc and not split.scheme
    return path if plain and "\n" not in path and "\r" not in path else "/"


def refusal_page(request: Request, fault: Refused) -> Response | None:
    """A refusal as a page, if a page was requested; a reader without a key goes to the sign-in page."""
    if not wants_page(request):
        return None
    page = Page(request)
    if fault.status == 401 and request.method in SAFE:
        there = address(request) + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(page.url("/signin", next=there, as_of=None, known_at=None), 303)
    return page.show("message.html", fault.status, fault.headers, fault=fault)


def wants_page(request: Request) -> bool:
    """True for a request of a browser for a page."""
    path = request.url.path
    return not path.startswith(("/api/", "/static/")) and "text/html" in request.headers.get("accept", "")
