"""How live sources stand, from what their queues say; nothing is received or changed by that."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from fabwatch.live.answers import LiveSource
from fabwatch.live.queue import FOLDER, PLACES, Queue
from fabwatch.terms.clock import moment_at
from fabwatch.terms.errors import FabwatchError
from fabwatch.terms.settings.outside import LiveSettings

ALIVE_S = 15.0
"""Seconds without a sign of the receiver after which nothing is taken to receive."""


def standing(folder: Path, sources: Mapping[str, LiveSettings], now: datetime) -> list[LiveSource]:
    """How each source stands at a moment."""
    return [_one(folder, name, stated, sources, now) for name, stated in sources.items()]


def _one(folder: Path, name: str, stated: LiveSettings, sources: Mapping[str, LiveSettings], now: datetime) -> LiveSource:
    counts, words, fault = _noted(folder, name, stated)
    url = stated.url if stated.of is None else sources[stated.of].url
    by = (url or "http").partition("://")[0]
    alive = _time(words.get("alive_at"))
    receiving = alive is not None and abs(now - alive) <= timedelta(seconds=ALIVE_S)
    connected = _time(words.get("connected_since")) if receiving else None
    error = fault or words.get("error")
    last = _time(words.get("last_at"))
    numbers = {place: counts.get(place, 0) for place in PLACES}
    return LiveSource(
        source=name,
        kind=stated.kind or "",
        by=by,
        state="failing" if error else "connected" if connected else "waiting" if receiving else "stopped",
        connected_since=connected,
        last_message_at=last,
        **numbers,
        quiet=is_quiet(stated, last, now),
        error=error,
    )


def is_quiet(stated: LiveSettings, last: datetime | None, now: datetime) -> bool:
    """Whether a source that once spoke is silent for longer than it may be."""
    return bool(stated.quiet_minutes) and last is not None and now - last > timedelta(minutes=stated.quiet_minutes)


def _noted(folder: Path, name: str, stated: LiveSettings) -> tuple[dict[str, int], dict[str, str], str | None]:
    """The counts and words of a queue, or why it cannot be read."""
    if not (folder / FOLDER / name / "queue.sqlite").exists():
        return {}, {}, None
    try:
        queue = Queue(folder, name, stated.most_bytes)
        try:
            return queue.counts(), queue.words(), None
        finally:
            queue.close()
    except FabwatchError as fault:
        return {}, {}, fault.what


def _time(text: str | None) -> datetime | None:
    return None if text is None else moment_at(float(text))
