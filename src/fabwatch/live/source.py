"""A live source as its receiver is handed it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fabwatch.live.queue import Queue
from fabwatch.terms.errors import CannotReceive
from fabwatch.terms.settings.outside import LiveSettings


@dataclass(frozen=True)
class Source:
    """A live source with its queue, as a receiver is handed it."""

    name: str
    stated: LiveSettings
    queue: Queue
    now: Callable[[], float]
    stop: threading.Event

    def connected(self) -> None:
        """Note that it receives now."""
        self.queue.note(connected_since=repr(self.now()), error=None)


Receiver = Callable[[Source, Mapping[str, Source]], None]
"""Receives from one source until it is stopped or something goes wrong. Raises CannotReceive and its kin."""


def cannot(source: Source, why: object) -> CannotReceive:
    """The error of a source, without its address."""
    return CannotReceive(f"Live source {source.name}: {str(why)[:200]}.")
