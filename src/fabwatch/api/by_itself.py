"""What the service does by itself, beside answering: again and again, in a process of its own, whatever goes wrong once."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from fabwatch.api.workers import Pool
from fabwatch.terms.errors import FabwatchError
from fabwatch.terms.settings import FILE, Settings, read_settings

LOG = logging.getLogger("fabwatch")
LOOK_S = 1.0
"""What is stated is looked at more often than anything is done: who switches something on does not wait."""
Started = Callable[[], Pool]
"""Gives the process, which is started at the first need."""
Turn = Callable[[Settings, Started], Awaitable[None]]


class Stated:
    """fab.toml, which is read again when it has changed; one that is faulty is said once, and the one before counts."""

    def __init__(self, folder: Path):
        self._path, self._read_at, self._settings = folder / FILE, -1.0, Settings()

    def settings(self) -> Settings:
        """What it states now. Raises BadSettings once for each faulty state of it."""
        changed = self._path.stat().st_mtime if self._path.exists() else 0.0
        if changed != self._read_at:
            self._read_at = changed
            self._settings = read_settings(self._path.parent)
        return self._settings


class Due:
    """When each of several things was last begun."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def now(self, name: str, every_s: float) -> bool:
        """Whether its time has come; it is noted then that it was begun."""
        moment = time.monotonic()
        due = moment - self._last.get(name, float("-inf")) >= every_s
        if due:
            self._last[name] = moment
        return due


async def by_itself(folder: Path, what: str, turn: Turn) -> None:
    """Take turns for as long as the service lives; one that fails is logged as `what`, and the next is taken."""
    pool: Pool | None = None
    stated = Stated(folder)

    def started() -> Pool:
        nonlocal pool
        pool = pool or Pool(folder, workers=1, waiting=1, nice=5)
        return pool

    try:
        while True:
            try:
                await turn(stated.settings(), started)
            except FabwatchError as fault:
                LOG.warning("%s: %s", what, fault.what)
            except Exception:
                LOG.exception(what)
            await asyncio.sleep(LOOK_S)
    finally:
        if pool is not None:
            pool.close()
