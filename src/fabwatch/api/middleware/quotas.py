"""What one key may ask of the service: requests a minute, and bytes to load a day."""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil

from fastapi import Request

from fabwatch.api.faults import Refused
from fabwatch.api.keys import Key, Keys
from fabwatch.api.middleware.auth import shown
from fabwatch.api.middleware.limits import UPLOAD_PATHS, App, Message, Receive, Scope, Send, takes_messages
from fabwatch.terms.clock import Clock, utc_now
from fabwatch.terms.settings.service import ServerSettings

MINUTE_S = 60.0
MANY_KEYS = 10_000
MB = 1_000_000


class Pace:
    """How many requests each key has left: up to a minute's worth at once, filled again all the time."""

    def __init__(self, a_minute: int, now: Callable[[], float] = time.monotonic):
        self._a_minute, self._now = a_minute, now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one request; 0 where there was one, else the seconds until there is."""
        now = self._now()
        left, at = self._left.pop(key, (float(self._a_minute), now))
        left = min(left + (now - at) * self._a_minute / MINUTE_S, float(self._a_minute))
        taken = left >= 1
        self._left[key] = (left - 1 if taken else left, now)
        while len(self._left) > MANY_KEYS:
            self._left.popitem(last=False)
        return 0.0 if taken else (1 - left) * MINUTE_S / self._a_minute


class Quotas:
    """Refuses a key that asks too often or has loaded too much today, and tells it when to come back."""

    def __init__(self, app: App, keys: Keys, stated: ServerSettings, clock: Clock = utc_now):
        self._app, self._keys, self._clock = app, keys, clock
        self._stated = stated
        self._pace = Pace(stated.requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        key: Key | None = scope.get("state", {}).get("key")
        if scope["type"] != "http" or key is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            self._check_pace(key)
            counted = self._counted(request, key, receive)
        except Refused as fault:
            await shown(request, fault)(scope, receive, send)
            return
        await self._app(scope, counted, send)

    def _check_pace(self, key: Key) -> None:
        """Raises Refused (429) for a key that has asked too often within a minute."""
        most = self._stated.requests_per_minute
        wait = self._pace.take(key.id) if most else 0.0
        if wait:
            after = str(ceil(wait))
            what = f"This key has sent more than {most:,} requests within a minute."
            hint = f"wait {after} s; requests_per_minute in fab.toml says how many there may be"
            raise Refused(429, "TooOften", what, hint, {"Retry-After": after})

    def _counted(self, request: Request, key: Key, receive: Receive) -> Receive:
        """The body of a load, counted as it comes. Raises Refused (429) where that is more than is left of today."""
        most = int(self._stated.load_mb_per_day * MB)
        if not most or request.method != "POST" or not _loads(request.url.path):
            return receive
        length = request.headers.get("content-length", "0")
        used = self._keys.loaded(key.id)
        if used >= most or used + (int(length) if length.isdecimal() else 0) > most:
            raise self._too_much(used, most)

        async def receiving() -> Message:
            message = await receive()
            self._keys.note_loaded(key.id, len(message.get("body", b"")))
            return message

        return receiving

    def _too_much(self, used: int, most: int) -> Refused:
        now = self._clock()
        midnight = datetime(now.year, now.month, now.day) + timedelta(days=1)  # noqa: DTZ001 - naive UTC, as everywhere inside
        what = f"With this, the key would have loaded more than {most / MB:,g} MB today ({used / MB:,.1f} MB so far)."
        hint = "send it after midnight (UTC), raise load_mb_per_day in fab.toml, or load it on the machine: fabwatch ingest"
        headers = {"Retry-After": str(ceil((midnight - now).total_seconds())), "Connection": "close"}
        return Refused(429, "QuotaUsed", what, hint, headers)


def _loads(path: str) -> bool:
    return path in UPLOAD_PATHS or takes_messages(path)
