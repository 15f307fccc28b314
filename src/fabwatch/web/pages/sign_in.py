"""Signing in and out, and the reference of the API."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import COOKIE, SAFE, needs, sent_by_us, wrong_key
from fabwatch.api.examples import reference
from fabwatch.api.faults import Refused
from fabwatch.api.paths import address
from fabwatch.web import translation
from fabwatch.web.page import Page
from fabwatch.web.query_params import sends, takes

router = APIRouter(include_in_schema=False)


@router.get("/signin", dependencies=[takes("next")])
async def ask(request: Request, next: Annotated[str, "where to go then"] = "/") -> Response:  # noqa: A002
    """The page that asks for a key."""
    return Page(request).show("signin.html", next=local(next), wrong=None)


@router.post("/signin", dependencies=[sends()])
async def enter(
    request: Request,
    key: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
) -> Response:
    """Start a session with a key."""
    page, keys = Page(request), request.app.state.keys
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
        message = translation.tongue(page.language).gettext("That key is not valid or has expired.")
        return page.show("signin.html", 401, next=local(next), wrong=message)
    secret, ends = keys.sign_in(known)
    answer = RedirectResponse(local(next), 303)
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
    answer = RedirectResponse("/signin", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


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
