"""What the service does by itself, beside answering: again and again, in a process of its own, whatever goes wrong once."""

import asyncio
import logging
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


async def by_itself(folder: Path, what: str, turn: Turn) -> None:
    """Take turns for as long as the service lives; one that fails is logged as `what`, and the next is taken."""
    pool: Pool | None = None
    settings, read_at = Settings(), -1.0

    def started() -> Pool:
        nonlocal pool
        pool = pool or Pool(folder, workers=1, waiting=1, nice=5)
        return pool

    try:
        while True:
            try:
                path = folder / FILE
                changed = path.stat().st_mtime if path.exists() else 0.0
                if changed != read_at:
                    settings, read_at = read_settings(folder), changed
                await turn(settings, started)
            except FabwatchError as fault:
                LOG.warning("%s: %s", what, fault.what)
            except Exception:
                LOG.exception(what)
            await asyncio.sleep(LOOK_S)
    finally:
        if pool is not None:
            pool.close()
