"""Readers: so that no file is deleted under somebody who reads it, readers hold a lock together, and a cleaner alone."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

try:
    import fcntl
except ImportError:  # pragma: no cover - where the system has no such locks, files that are needed no more stay
    fcntl = None  # type: ignore[assignment]


class Readers(Protocol):
    """The lock of those who read a fab; it ends with their process, however that ends."""

    def shared(self) -> AbstractContextManager[None]:
        """Held while a question is answered."""

    def exclusive(self) -> AbstractContextManager[bool]:
        """Held while files are deleted; yields False where somebody is reading."""


class FileReaders:
    """That lock as one of the file system."""

    def __init__(self, folder: Path):
        self._path = folder / ".reading.lock"

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Held while a question is answered."""
        file = self._opened()
        try:
            if file is not None and fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_SH)
            yield
        finally:
            if file is not None:
                os.close(file)

    @contextmanager
    def exclusive(self) -> Iterator[bool]:
        """Held while files are deleted; yields False where somebody is reading."""
        file = self._opened()
        try:
            yield file is not None and _locked(file)
        finally:
            if file is not None:
                os.close(file)

    def _opened(self) -> int | None:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            # A fab that cannot be written is not tidied either.
            return None


def _locked(file: int) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
