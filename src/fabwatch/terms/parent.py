"""Ends a process together with the one that started it, however that one ended."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from multiprocessing import connection, parent_process

PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """End this process, which `multiprocessing` started, as soon as its parent is gone, also after a SIGKILL."""
    parent = parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        # The kernel sees to it even while this process is deep in a library that lets no other thread run.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(parent.sentinel,), name="end-with-parent", daemon=True).start()


def _watch(sentinel: int) -> None:
    # Where the parent was gone before this began, the sentinel is ready at once.
    connection.wait([sentinel])
    os._exit(1)
