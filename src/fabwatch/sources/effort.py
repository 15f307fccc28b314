"""Effort: how much processor time and memory a reader may take before it is ended."""

import contextlib
import signal
from collections.abc import Callable

SECONDS = 10.0
"""Processor time without any progress after which reading is ended."""
MEMORY = 640 << 20
"""Bytes of memory that reading may take beyond what a reader begins with. Files of 100 MB take 84 MB (moves as text), 246 MB
(a log), 319 MB (1,250,000 moves as Parquet) and 401 MB (a log of 1,800 columns)."""


def _nothing() -> None:
    return


def _unheard(part: float) -> None:
    del part


_tell: Callable[[], None] = _nothing
_hear: Callable[[float], None] = _unheard


def progress(part: float | None = None) -> None:
    """Say that reading goes on: the time that it may take until the next word begins anew.

    `part` says how much of the file has been read in this pass, from 0 to 1.
    """
    _tell()
    if part is not None:
        _hear(part)


def listen(hear: Callable[[float], None]) -> None:
    """From now on `hear` is told how much of a file has been read; in whichever thread reads it."""
    global _hear
    _hear = hear


def limit(seconds: float = SECONDS, memory: int = MEMORY) -> None:
    """From now on the engine of the system ends this process when it takes more than that; where it has no such means,
    nothing is limited.
    """
    global _tell

    def rewind() -> None:
        signal.setitimer(signal.ITIMER_PROF, seconds)

    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        _tell = rewind
        rewind()
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_address_space() + memory, hard))


def _address_space() -> int:
    """Bytes of address space that this process has now."""
    import resource

    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - no path of a file that is read
        return int(statm.read().split()[0]) * resource.getpagesize()
