"""Receives from the live sources of a fab and loads what comes, again and again, until it is stopped."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from fabwatch.fab import Fab
from fabwatch.ingest.summary import IngestSummary
from fabwatch.live.queue import FOLDER
from fabwatch.live.receiving import ALIVE_EVERY_S, begin
from fabwatch.terms.clock import seconds_of, utc_now
from fabwatch.terms.errors import BadQuestion, FabwatchError, StoreBusy, unknown
from fabwatch.terms.log_lines import log_as
from fabwatch.terms.settings import read_settings

LOOK_S = 0.05
PATIENCE_S = 2.0
"""Seconds until it is tried again to be the one that receives."""
LONGEST_S = 60.0
"""Longest pause of a source whose batches cannot be loaded."""
Told = Callable[[str, IngestSummary], None]


def receive(
    fab: Fab,
    names: Sequence[str] = (),
    *,
    seconds: float | None = None,
    stop: threading.Event | None = None,
    told: Told = lambda name, summary: None,
) -> None:
    """Receive from all live sources, or from some, for `seconds` or until `stop`; then load what has come.

    Raises BadQuestion where fab.toml names none, and StoreBusy where another process receives.
    """
    sources = fab.settings.live
    if not sources:
        raise BadQuestion("fab.toml names no live source.", "write [live.NAME] with a kind; see docs/live.md")
    for name in names:
        if name not in sources:
            raise unknown("live source", name, sources)
    own = {name: one for name, one in sources.items() if not names or name in names or one.of in names}
    (fab.path / FOLDER).mkdir(exist_ok=True)
    ended = stop or threading.Event()
    try:
        with FileLock(fab.path / FOLDER / ".lock", timeout=0):
            receivers = begin(fab.path, own, utc_now, ended)
            try:
                _load_on(fab, list(own), ended, seconds, told)
            finally:
                receivers.end()
                for name in own:
                    fab.live_queue(name).note(alive_at=None)
            for name in own:
                _drained(fab, name, told)
    except Timeout:
        raise StoreBusy("Another process receives from the live sources of this fab.") from None


def _load_on(fab: Fab, names: Sequence[str], stop: threading.Event, seconds: float | None, told: Told) -> None:
    end = None if seconds is None else time.monotonic() + seconds
    pauses = {name: _Pause(fab, name) for name in names}
    alive = float("-inf")
    while not stop.is_set() and (end is None or time.monotonic() < end):
        if time.monotonic() - alive > ALIVE_EVERY_S:
            alive = time.monotonic()
            for name in names:
                fab.live_queue(name).note(alive_at=repr(seconds_of(utc_now())))
        for pause in pauses.values():
            if pause.is_over():
                pause.load(told)
        stop.wait(LOOK_S)


class _Pause:
    """When a source is loaded next: some time after its oldest message, and later where the last batch failed."""

    def __init__(self, fab: Fab, name: str):
        self._fab, self._name = fab, name
        self._every = fab.settings.live[name].every_s
        self._not_before, self._longer, self._looked = 0.0, self._every, 0.0
        self._failing = False

    def is_over(self) -> bool:
        """Whether it is time to load."""
        now = time.monotonic()
        if now < self._not_before:
            return False
        oldest = self._fab.live_queue(self._name).oldest()
        return oldest is not None and seconds_of(utc_now()) - oldest >= self._every

    def load(self, told: Told) -> None:
        """Load a batch; what goes wrong is noted, and tried again after a longer and longer while."""
        queue = self._fab.live_queue(self._name)
        try:
            summary = self._fab.load_live(self._name)
        except FabwatchError as fault:
            queue.note(error=f"{fault.what} hint: {fault.hint}")
            self._fail()
            return
        told(self._name, summary)
        if summary.failed:
            queue.note(error="; ".join(file.message for file in summary.files)[:400])
            self._fail()
        elif self._failing:
            queue.note(error=None)
            self._failing, self._longer = False, self._every

    def _fail(self) -> None:
        self._failing = True
        self._longer = min(max(self._longer * 2, 1.0), LONGEST_S)
        self._not_before = time.monotonic() + self._longer


def _drained(fab: Fab, name: str, told: Told) -> None:
    """Load what is left of a source, as far as that goes."""
    try:
        while fab.live_queue(name).oldest() is not None:
            summary = fab.load_live(name)
            told(name, summary)
            if summary.failed:
                return
    except FabwatchError:
        # It stays in the queue for the next time.
        return


def receive_for_service(folder: str) -> None:
    """The process that a service starts: receive until it is ended, as soon as no other process does."""
    from fabwatch.terms.parent import end_with_parent

    end_with_parent()
    with suppress(FabwatchError):
        log_as(read_settings(Path(folder)).server.log)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while not stop.is_set():
        try:
            with Fab(Path(folder)) as fab:
                receive(fab, stop=stop)
        except StoreBusy:
            stop.wait(PATIENCE_S)
