"""Workers: processes that hold the fab open and answer, so that the server itself never waits for the engine."""

import asyncio
import contextlib
import logging
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fabwatch.api.jobs import Job
from fabwatch.store.skip_pandas import without_pandas
from fabwatch.terms.errors import FabwatchError, StoreBroken, TooBusy, WorkerLost
from fabwatch.terms.log_lines import log_as
from fabwatch.terms.parent import end_with_parent
from fabwatch.terms.settings import read_settings

if TYPE_CHECKING:
    from fabwatch.fab import Fab

LOG = logging.getLogger("fabwatch")
R = TypeVar("R")


class Pool:
    """Some workers for one kind of job, and how many jobs may wait for them."""

    def __init__(self, folder: Path, workers: int, waiting: int, nice: int = 0):
        self._folder, self._workers, self._waiting, self._nice = folder, workers, waiting, nice
        self._busy = 0
        self._closed = False
        self._pool = self._started()

    @property
    def workers(self) -> int:
        """How many processes there are."""
        return self._workers

    @property
    def jobs(self) -> int:
        """How many jobs are worked on or wait."""
        return self._busy

    async def run(self, job: Job[R]) -> R:
        """What the job gives. Raises TooBusy, WorkerLost, and what the job raises."""
        if self._busy >= self._waiting:
            raise TooBusy("Too many questions are waiting for an answer.")
        self._busy += 1
        try:
            for last in (False, True):
                pool = self._pool
                try:
                    return await asyncio.get_running_loop().run_in_executor(pool, _run, job)
                except BrokenProcessPool:
                    # A worker was killed, by its memory limit or by hand: the next one starts from nothing.
                    if self._closed:
                        raise TooBusy("The server is being stopped.") from None
                    if pool is self._pool:
                        self._pool = self._started()
                    if last:
                        raise WorkerLost("The process that worked on it was stopped twice.") from None
            raise AssertionError("the last try either returns or raises")
        finally:
            self._busy -= 1

    def close(self) -> None:
        """Stop the workers."""
        self._closed = True
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            # What they write is one transaction each: killed, they leave nothing half-done.
            process.kill()

    def _started(self) -> ProcessPoolExecutor:
        # Spawned, not forked: the engine's threads do not survive a fork.
        arguments = (str(self._folder), self._nice)
        return ProcessPoolExecutor(self._workers, get_context("spawn"), initializer=_begin, initargs=arguments)


_folder = Path()
_open: "Fab | None" = None
_settings_read: float = 0.0


def _begin(folder: str, nice: int) -> None:
    global _folder
    end_with_parent()
    without_pandas()
    _folder = Path(folder)
    with contextlib.suppress(FabwatchError):
        log_as(read_settings(_folder).server.log)
    with contextlib.suppress(OSError):
        os.nice(nice)


def _run(job: Job[R]) -> R:
    try:
        return job.run(_fab())
    except StoreBroken as fault:
        # A connection that met a fault may be of no use any more, though the fab is well: once more with a new one.
        LOG.warning("%s: %s; the fab is opened again", type(job).__name__, fault.what)
        _close()
        return job.run(_fab())


def _close() -> None:
    global _open
    if _open is not None:
        with contextlib.suppress(Exception):
            _open.close()
    _open = None


def _fab() -> "Fab":
    """The fab, opened again after fab.toml was changed."""
    global _open, _settings_read
    from fabwatch.fab import Fab
    from fabwatch.terms.settings import FILE

    path = _folder / FILE
    changed = path.stat().st_mtime if path.exists() else 0.0
    if _open is None or changed != _settings_read:
        fab = Fab(_folder)
        if _open is not None:
            _open.close()
        _open, _settings_read = fab, changed
    return _open
