"""What receives: for each source a thread that connects, keeps what comes, and connects again whatever goes wrong."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fabwatch.live.queue import Queue
from fabwatch.live.source import Receiver, Source
from fabwatch.terms.clock import Clock, seconds_of
from fabwatch.terms.errors import FabwatchError
from fabwatch.terms.settings.outside import LiveSettings

FIRST_S, LONGEST_S = 0.5, 60.0
"""Seconds before it is tried again, twice as long each time."""
ALIVE_EVERY_S = 5.0
JOIN_S = 5.0
"""Seconds that a thread has to end; it ends with the process at the latest."""


def receiver_of(stated: LiveSettings) -> Receiver | None:
    """What receives from an address; None for a source that only others push to."""
    scheme = (stated.url or "").partition("://")[0]
    if scheme.startswith("mqtt"):
        from fabwatch.live.mqtt import receive as receive_mqtt

        return receive_mqtt
    if scheme == "hsms":
        from fabwatch.live.equipment import receive as receive_hsms

        return receive_hsms
    return None


@dataclass(frozen=True)
class Receivers:
    """The threads that receive, and the queues that they fill."""

    sources: Mapping[str, Source]
    threads: tuple[threading.Thread, ...]
    stop: threading.Event

    def end(self) -> None:
        """Stop them, each at the end of what it does."""
        self.stop.set()
        for thread in self.threads:
            thread.join(JOIN_S)
        if not any(thread.is_alive() for thread in self.threads):
            for source in self.sources.values():
                source.queue.close()


def begin(folder: Path, sources: Mapping[str, LiveSettings], clock: Clock, stop: threading.Event) -> Receivers:
    """Start a thread for each source that connects somewhere."""

    def now() -> float:
        return seconds_of(clock())

    own = {name: Source(name, one, Queue(folder, name, one.most_bytes), now, stop) for name, one in sources.items()}
    threads = []
    for source in own.values():
        receiver = receiver_of(source.stated)
        if receiver is not None:
            thread = threading.Thread(target=_keep_on, args=(receiver, source, own), name=source.name, daemon=True)
            thread.start()
            threads.append(thread)
    return Receivers(own, tuple(threads), stop)


def _keep_on(receiver: Receiver, source: Source, others: Mapping[str, Source]) -> None:
    """Receive for as long as nobody stops it; what goes wrong is noted, and tried again after a while."""
    wait = FIRST_S
    while not source.stop.is_set():
        began = source.now()
        try:
            receiver(source, others)
        except FabwatchError as fault:
            _note(source, f"{fault.what} hint: {fault.hint}")
        except Exception as fault:  # noqa: BLE001 - whatever a library raises, the source goes on
            _note(source, f"{type(fault).__name__}: {fault}"[:300])
        if source.now() - began > LONGEST_S:
            wait = FIRST_S
        source.stop.wait(wait)
        wait = min(wait * 2, LONGEST_S)
    _note(source, None)


def _note(source: Source, error: str | None) -> None:
    try:
        source.queue.note(connected_since=None, error=error)
    except FabwatchError:
        # The queue itself is the fault, and says so to whoever reads it.
        return
