"""Workers: processes that hold the fab open and answer, so that the server itself never waits for the engine."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from fabwatch.store.skip_pandas import without_pandas
from fabwatch.terms.advice import Curves, Intervals, Plan
from fabwatch.terms.errors import StoreBroken, TooBusy, TooFewFailures
from fabwatch.terms.forecasts import Forecasts

LOG = logging.getLogger("fabwatch")


class Pool:
    """Some workers for one kind of question, and how many may wait for them."""

    def __init__(self, folder: Path, workers: int, waiting: int, nice: int = 0):
        self._folder, self._workers, self._waiting, self._nice = folder, workers, waiting, nice
        self._busy = 0
        self._closed = False
        self._pool = self._fresh()

    async def run(self, method: str, asked: dict[str, Any]) -> Any:
        """What a method of the Fab gives. Raises TooBusy, and what the method raises."""
        if self._busy >= self._waiting:
            raise TooBusy("Too many questions wait for an answer.")
        self._busy += 1
        try:
            for last in (False, True):
                pool = self._pool
                try:
                    return await asyncio.get_running_loop().run_in_executor(pool, _answer, method, asked)
                except BrokenProcessPool:
                    # A worker was killed, by its memory limit or by hand: the next one starts from nothing.
                    if self._closed:
                        raise TooBusy("The server is being stopped.") from None
                    if pool is self._pool:
                        self._pool = self._fresh()
                    if last:
                        raise TooBusy("The worker that looked for the answer was stopped twice.") from None
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

    def _fresh(self) -> ProcessPoolExecutor:
        # Spawned, not forked: the engine's threads do not survive a fork.
        given = (str(self._folder), self._nice)
        return ProcessPoolExecutor(self._workers, get_context("spawn"), initializer=_begin, initargs=given)


_folder = Path()
_held: Any = None
_stated: float = 0.0


def _begin(folder: str, nice: int) -> None:
    global _folder
    without_pandas()
    _folder = Path(folder)
    with contextlib.suppress(OSError):
        os.nice(nice)


def _answer(method: str, asked: dict[str, Any]) -> Any:
    try:
        return _asked(method, asked)
    except StoreBroken as fault:
        # A connection that met a fault may be of no use any more, though the fab is well: once more with a new one.
        LOG.warning("%s: %s; the fab is opened anew", method, fault.what)
        _let_go()
        return _asked(method, asked)


def _asked(method: str, asked: dict[str, Any]) -> Any:
    fab = _fab()
    return JOBS[method](fab, **asked) if method in JOBS else getattr(fab, method)(**asked)


def _let_go() -> None:
    global _held
    if _held is not None:
        with contextlib.suppress(Exception):
            _held.close()
    _held = None


def _fab() -> Any:
    """The fab, opened anew after fab.toml was changed."""
    global _held, _stated
    from fabwatch.fab import Fab
    from fabwatch.terms.settings import FILE

    path = _folder / FILE
    stated = path.stat().st_mtime if path.exists() else 0.0
    if _held is None or stated != _stated:
        fresh = Fab(_folder)
        if _held is not None:
            _held.close()
        _held, _stated = fresh, stated
    return _held


def _outlook(fab: Any, as_of: datetime | None, moment: datetime) -> dict[str, Any]:
    """What lies ahead of one moment, for all tools; the forecasts are kept for the score when `as_of` is not given."""
    try:
        intervals: Intervals = fab.interval(as_of=moment)
        curves: Curves = fab.curve(as_of=moment)
        plan: Plan = fab.plan(as_of=moment)
        told: Forecasts = fab.forecast(as_of=moment)
    except TooFewFailures as fault:
        return {"fault": fault}
    if as_of is None:
        told = fab.keep(told)
    return {"interval": intervals, "plan": plan, "forecast": told, "curve": curves}


def _ingest(fab: Any, paths: list[str], progress: str) -> dict[str, Any]:
    """Load files; how far it is stands in the file `progress`."""
    mark = Path(progress)

    def step(result: Any, done: int, total: int) -> None:
        mark.write_text(f"{done} {total}", encoding="utf-8")

    summary: dict[str, Any] = fab.ingest(paths, progress=step).to_dict()
    return summary


def _retry(fab: Any, progress: str) -> dict[str, Any]:
    summary: dict[str, Any] = fab.retry().to_dict()
    return summary


JOBS: dict[str, Callable[..., Any]] = {"outlook": _outlook, "ingest": _ingest, "retry": _retry}
