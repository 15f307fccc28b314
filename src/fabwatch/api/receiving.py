"""The process that receives for the service: started where fab.toml names live sources, and again whenever it ends."""

import asyncio
import logging
import time
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from fabwatch.api.by_itself import LOOK_S, Stated
from fabwatch.fab.receiving import receive_for_service
from fabwatch.terms.errors import FabwatchError
from fabwatch.terms.settings import Settings

LOG = logging.getLogger("fabwatch")
AGAIN_S = 5.0
"""Seconds before a process that ended is started again."""
LEAVE_S = 8.0
"""Seconds that it has to load what has come, when the service is stopped."""


async def receiving(folder: Path) -> None:
    """Keep a process that receives, for as long as the service lives; it begins anew when fab.toml has changed."""
    process: BaseProcess | None = None
    stated, current, not_before = Stated(folder), Settings(), 0.0
    try:
        while True:
            try:
                settings = stated.settings()
            except FabwatchError as fault:
                LOG.warning("live messages are received as before: %s", fault.what)
                settings = current
            if settings != current:
                current = settings
                await _ended(process)
                process = None
            if current.live and (process is None or not process.is_alive()) and time.monotonic() >= not_before:
                if process is not None:
                    LOG.warning("the process that receives live messages has ended; it is started again")
                not_before = time.monotonic() + AGAIN_S
                process = _started(folder)
            await asyncio.sleep(LOOK_S)
    finally:
        await _ended(process)


def _started(folder: Path) -> BaseProcess:
    process = get_context("spawn").Process(target=receive_for_service, args=(str(folder),), name="live", daemon=True)
    process.start()
    return process


async def _ended(process: BaseProcess | None) -> None:
    """End it in good order; what it has not loaded stays in its queue."""
    if process is None or not process.is_alive():
        return
    process.terminate()
    end = time.monotonic() + LEAVE_S
    while process.is_alive() and time.monotonic() < end:
        await asyncio.sleep(0.05)
    if process.is_alive():
        process.kill()
    process.join(1)
