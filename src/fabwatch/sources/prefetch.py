"""Prefetching: a thread makes the next pieces while the last one is being written."""

from collections.abc import Iterator
from queue import Empty, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")
WAITING = 2
"""Pieces that may wait, so that memory stays bounded."""


class Ahead(Generic[T]):
    """The items of an iterator, made in advance by a thread; an error of the iterator is raised to the consumer."""

    def __init__(self, items: Iterator[T]):
        self._items = items
        self._ready: Queue[T | None] = Queue(WAITING)
        self._stopped = Event()
        self.fault: BaseException | None = None
        """The error that the iterator raised; its items end there."""
        self._thread = Thread(target=self._make, daemon=True)

    def __iter__(self) -> Iterator[T]:
        self._thread.start()
        try:
            while (item := self._ready.get()) is not None:
                yield item
        finally:
            self._stopped.set()
            while self._thread.is_alive():
                self._drain()
                self._thread.join(0.05)
        if self.fault is not None:
            raise self.fault

    def _make(self) -> None:
        try:
            for item in self._items:
                if self._stopped.is_set():
                    return
                self._ready.put(item)
        except BaseException as fault:  # noqa: BLE001 - raised again where the items are taken
            self.fault = fault
        self._ready.put(None)

    def _drain(self) -> None:
        try:
            while True:
                self._ready.get_nowait()
        except Empty:
            return
