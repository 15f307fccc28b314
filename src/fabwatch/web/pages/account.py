"""Signing in with an account at the fab's provider: there, back again, and out of it."""

import logging
from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from fabwatch.api.access import wrong_key
from fabwatch.api.faults import Refused
from fabwatch.api.oidc.begun import LASTS_S, Begun
from fabwatch.api.oidc.people import NO_GROUP, REVOKED, NotLetIn, signed_in
from fabwatch.api.oidc.provider import Provider, ProviderFails
from fabwatch.databases.notes import ACCOUNTS, SIGN_IN, note
from fabwatch.terms.clock import utc_now
from fabwatch.web.pages.sign_in import local, to_sign_in, with_session
from fabwatch.web.query_params import takes

router = APIRouter(include_in_schema=False)
LOG = logging.getLogger("fabwatch")
BACK = "/signin/oidc/back"
COOKIE = "fabwatch_signin"
"""What the browser keeps while its person is at the provider. Lax: it comes back from another site."""


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


UNKNOWN = _("This sign-in was begun in another window, or more than ten minutes ago. Begin it again.")
REFUSED = _("The provider did not let you in.")
FAILS = _("The provider of the accounts does not answer as it should. A key still works.")

OUT = {
    NO_GROUP: _("Your account is in no group that may see this fab."),
    REVOKED: _("Your account may not sign in here any more."),
}


@router.get("/signin/oidc", dependencies=[takes("next")])
async def go(request: Request, next: Annotated[str, "where to go then"] = "/") -> Response:  # noqa: A002
    """Send the browser to the provider."""
    provider, begun = _provider(request), Begun.now(local(next))
    try:
        url = await provider.begin(begun, _base(request) + BACK)
    except ProviderFails as fault:
        return _failed(request, fault, begun.next)
    answer = RedirectResponse(url, 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, begun.cookie, LASTS_S, path="/signin/oidc", secure=secure, httponly=True, samesite="lax")
    return answer


@router.get(BACK)
async def back(request: Request) -> Response:
    """What the provider sends the browser back with; it may say more than is asked for, and that is not read."""
    provider, said = _provider(request), request.query_params
    begun = Begun.of(request.cookies.get(COOKIE, ""))
    if begun is None or not begun.is_answered_by(said.get("state", "")):
        wrong_key(request, request.app.state.tries)
        return to_sign_in(request, UNKNOWN, 400)
    if said.get("iss", provider.stated.issuer) != provider.stated.issuer or "code" not in said:
        told = said.get("error_description") or said.get("error") or ""
        return _ended(to_sign_in(request, REFUSED, 403, begun.next, told[:300]))
    try:
        claims = await provider.claims(said["code"], begun, _base(request) + BACK)
    except ProviderFails as fault:
        return _ended(_failed(request, fault, begun.next))
    _note(request, None)
    try:
        key = signed_in(request.app.state.keys, provider.stated, claims)
    except NotLetIn as fault:
        return _ended(to_sign_in(request, OUT[fault.why], 403, begun.next, ", ".join(fault.groups)[:300]))
    return _ended(with_session(request, key, begun.next))


@router.get("/signin/oidc/end", dependencies=[takes()])
async def end(request: Request) -> Response:
    """Send the browser to where its session at the provider ends; the one here has ended before."""
    place = await _provider(request).leave(_base(request) + "/signin")
    return RedirectResponse(place or "/signin", 303)


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        hint = "sign in with a key; [server.oidc] in fab.toml names the provider of accounts"
        raise Refused(404, "NotThere", "People do not sign in with an account here.", hint)
    return provider


def _base(request: Request) -> str:
    """The address of this service as the browser knows it; the provider sends nobody to one that it was not told."""
    stated = _provider(request).stated.address.rstrip("/")
    return stated or f"{request.url.scheme}://{request.url.netloc}"


def _failed(request: Request, fault: ProviderFails, then: str) -> Response:
    """Said to the person, in the log, on the page of connections, and after the second time by an alert."""
    LOG.warning("sign-in with an account: %s", fault)
    _note(request, str(fault))
    return to_sign_in(request, FAILS, 502, then)


def _note(request: Request, error: str | None) -> None:
    note(request.app.state.folder, SIGN_IN, ACCOUNTS, utc_now(), 1, error)


def _ended(answer: Response) -> Response:
    answer.delete_cookie(COOKIE, path="/signin/oidc")
    return answer
