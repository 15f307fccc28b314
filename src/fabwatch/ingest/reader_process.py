"""The process in which files are read: whatever a file does to it, the fab and the other files are out of its reach."""

import os
import signal
import sys
import threading
import time
import traceback
from typing import IO

from fabwatch.ingest.pipe import receive, send
from fabwatch.ingest.reading import Desk, Task
from fabwatch.sources.effort import MEMORY, SECONDS, limit, listen, progress
from fabwatch.sources.opening import CannotRead
from fabwatch.terms.problems import OverBudget, Problem, ReadingFailed

BETWEEN = 0.1
"""Seconds between two words about how far a file is read."""


class Outgoing:
    """Sends answers; a file may be read by several threads, each of which says how far it is."""

    def __init__(self, pipe: IO[bytes]):
        self._pipe, self._lock, self._said = pipe, threading.Lock(), 0.0

    def answer(self, word: str, value: object) -> None:
        """One whole answer."""
        with self._lock:
            send(self._pipe, (word, value))

    def heard(self, part: float) -> None:
        """How much of the file is read; some times a second, and never where it would have to wait for an answer."""
        now = time.monotonic()
        if now - self._said >= BETWEEN and self._lock.acquire(blocking=False):
            try:
                self._said = now
                send(self._pipe, ("part", part))
            finally:
                self._lock.release()


def main() -> None:
    """Do what comes in, until nothing more can come."""
    # Ctrl-C is for the process that this one works for.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming = os.fdopen(os.dup(0), "rb", buffering=0)
    outgoing = Outgoing(os.fdopen(os.dup(1), "wb", buffering=0))
    # A word that a library prints must not get among the answers.
    os.dup2(2, 1)
    desk = Desk()
    limit()
    listen(outgoing.heard)
    try:
        while True:
            _do(*_received(incoming), desk, outgoing)
    except (EOFError, BrokenPipeError):
        os._exit(0)


def _received(incoming: IO[bytes]) -> tuple[str | None, Task]:
    """The folder that names of files begin at, and what to do."""
    request = receive(incoming)
    assert isinstance(request, tuple)  # noqa: S101 - nothing else is sent
    here, task = request
    return here, task


def _do(here: str | None, task: Task, desk: Desk, outgoing: Outgoing) -> None:
    progress()
    try:
        if here is not None:
            os.chdir(here)
        for piece in task.run(desk):
            outgoing.answer("piece", piece)
            progress()
        outgoing.answer("done", None)
    except CannotRead as stop:
        outgoing.answer("problem", stop.problem)
    except MemoryError:
        why = f"reading it takes more than {MEMORY >> 20:,} MB of memory"
        outgoing.answer("problem", Problem(OverBudget, why, desk.line))
    except (BrokenPipeError, EOFError):
        raise
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is this file's failure
        where = traceback.extract_tb(fault.__traceback__)[-1]
        why = f"{type(fault).__name__}: {str(fault)[:200]} ({os.path.basename(where.filename)}:{where.lineno})"  # noqa: PTH119
        outgoing.answer("problem", Problem(ReadingFailed, why, desk.line))


def overdue() -> Problem:
    """The problem of a file at which the process was ended."""
    return Problem(OverBudget, f"reading it took over {SECONDS:.0f} s of processor time at one place, or too much memory")


if __name__ == "__main__":
    sys.setrecursionlimit(2_000)
    main()
