"""Access: who asks, and what they may. Every path needs a key unless it is named here."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request

from fabwatch.api.answer_cache import AnswerCache
from fabwatch.api.area_cache import AreaCache
from fabwatch.api.faults import Refused
from fabwatch.api.keys import Key, Keys
from fabwatch.fab.questions import RiskQuestion

OPEN = ("/health", "/signin", "/signin/oidc", "/signin/oidc/back", "/signin/oidc/end", "/favicon.ico")
"""What needs no key: whether the server lives, and the way in. Static files are the other."""
STATIC = "/static/"
COOKIE = "fabwatch"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TRIES, MANY_TRIES, MINUTE = 10, 300, 60.0
"""Wrong keys a minute from one address: for one path, and for all paths together."""
MANY_ADDRESSES = 10_000


class Tries:
    """How often a wrong key was shown, by address and path; of the latest addresses and paths."""

    def __init__(self, now: Callable[[], float] = time.monotonic):
        self._now = now
        self._wrong: OrderedDict[tuple[str, int], deque[float]] = OrderedDict()

    def wrong(self, address: str, path: str = "") -> None:
        """Count a wrong key. Raises Refused (429) after ten in a minute for one path, 300 for all."""
        self._count((address, 0), MANY_TRIES)
        # Of the path only a number is kept: it may be as long as whoever tries likes.
        self._count((address, hash(path or "/") or 1), TRIES)

    def _count(self, mark: tuple[str, int], most: int) -> None:
        seen, now = self._wrong.setdefault(mark, deque()), self._now()
        self._wrong.move_to_end(mark)
        while len(self._wrong) > MANY_ADDRESSES:
            self._wrong.popitem(last=False)
        while seen and seen[0] < now - MINUTE:
            seen.popleft()
        if len(seen) >= most:
            wait = str(max(int(seen[0] + MINUTE - now) + 1, 1))
            hint = f"wait {wait} s; a right key is let in all the same"
            what = f"{most} wrong keys came from this address within a minute."
            raise Refused(429, "TooManyTries", what, hint, {"Retry-After": wait})
        seen.append(now)


def is_open(path: str) -> bool:
    """True for a path that needs no key."""
    return path in OPEN or path.startswith(STATIC)


def authenticated(request: Request, keys: Keys, tries: Tries) -> Key:
    """The key that a request carries, in its header or behind its session. Raises Refused: 401, 403, 429."""
    header = request.headers.get("authorization", "")
    if header:
        kind, _, token = header.partition(" ")
        token = token.strip()
        key = keys.check(token) if kind.casefold() == "bearer" else None
        if key is None:
            # A key that was valid once is no guess: it is told so, and not counted.
            if keys.find(token) is None:
                wrong_key(request, tries)
            raise _unknown("That key is not valid, or not any more.")
        return key
    secret = request.cookies.get(COOKIE)
    key = keys.signed_in(secret) if secret else None
    if key is None:
        raise _unknown("This needs a key.")
    if request.method not in SAFE and not sent_by_us(request):
        raise Refused(
            403, "OtherOrigin", "Refused: a page of another site sent this request.", "send it from a page of this server"
        )
    return key


def _unknown(what: str) -> Refused:
    hint = "send the header 'Authorization: Bearer KEY'; fabwatch key create makes a key"
    return Refused(401, "NoKey", what, hint, {"WWW-Authenticate": "Bearer"})


def wrong_key(request: Request, tries: Tries) -> None:
    """Count a wrong key of whoever sent this. Raises Refused (429) after ten in a minute."""
    tries.wrong(_address(request), request.url.path)


def _address(request: Request) -> str:
    return request.client.host if request.client else "-"


def sent_by_us(request: Request) -> bool:
    """True when a browser says that the page which sent this was one of ours."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


def key_of(request: Request) -> Key:
    """The key that a request was let in with."""
    key: Key = request.state.key
    return key


Asker = Annotated[Key, Depends(key_of)]


def needs(act: str) -> Any:
    """The dependency of a route: the key has to cover `act`. Raises Refused (403)."""

    def check(key: Asker) -> None:
        if not key.may(act):
            hint = f"ask for a key with the scope {act}"
            raise Refused(403, "OutsideScope", f"The scope of this key, {key.scope}, does not cover {act}.", hint)

    return Depends(check)


def whole_fab(key: Asker) -> None:
    """The dependency of a route that cannot be told apart by area. Raises Refused (403)."""
    if key.area is not None:
        raise outside(key, "ask for a key of the whole fab")


def cache_of(request: Request) -> AnswerCache:
    """The answer cache of this server, as the key of the request sees it."""
    cache: AnswerCache = request.app.state.cache
    key: Key | None = getattr(request.state, "key", None)
    return cast("AnswerCache", AreaCache(cache)) if key is not None and key.area is not None else cache


def outside(key: Key, hint: str = "ask for a tool of that area") -> Refused:
    """The refusal of what a key of one area does not see."""
    return Refused(403, "OutsideArea", f"This key sees only the area {key.area}.", hint)


async def seen(request: Request, key: Key, tool: str | None) -> None:
    """A key of one area sees only the tools of that area. Raises Refused (403)."""
    if key.area is None or tool is None:
        return
    risk = await cache_of(request).answer(RiskQuestion())
    if tool not in {row.tool for row in risk.tools if row.area == key.area}:
        raise outside(key)


async def of_tool(request: Request, key: Key, tool: str | None) -> None:
    """A key of one area names the tool that it asks for. Raises Refused (403)."""
    if key.area is not None and tool is None:
        raise outside(key, "name a tool of that area: ?tool=")
    await seen(request, key, tool)


def area_of(key: Key, area: str | None) -> str | None:
    """The area that a question is about, for what the key may see. Raises Refused (403)."""
    if key.area is not None and area not in (None, key.area):
        raise outside(key, f"ask for area={key.area}")
    return key.area or area
