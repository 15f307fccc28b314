"""The catalog as a file of SQLite in the fab folder: for one machine, with locks of its file system."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from fabwatch.store.engine import quoted
from fabwatch.store.readers import FileReaders
from fabwatch.terms.errors import StoreBroken, StoreBusy

MARK = "fabwatch.json"
_QUICK_CHECK = """
import sqlite3, sys
for how in ("mode=ro", "immutable=1"):  # the second where nothing can be written beside it
    try:
        print(sqlite3.connect(f"file:{sys.argv[1]}?{how}", uri=True).execute("PRAGMA quick_check").fetchone()[0])
        break
    except sqlite3.OperationalError as fault:
        last = fault
else:
    print(last)"""
_COPY = """
import sqlite3, sys
source, target = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True), sqlite3.connect(sys.argv[2])
source.backup(target)
target.close()"""


class FileCatalog:
    """A file of SQLite."""

    extensions: tuple[str, ...] = ("sqlite_scanner", "ducklake")

    def __init__(self, folder: Path, name: str):
        self._folder, self.label = folder, name
        self.path = folder / name
        self.readers = FileReaders(folder)
        self._lock = FileLock(str(folder / ".writing.lock"))
        self._known: tuple[int, int] | None = None
        """Which file it was when it was opened: an engine that finds none makes an empty one with the same name."""
        self._copy: tempfile.TemporaryDirectory[str] | None = None

    @contextmanager
    def writer(self, wait: float) -> Iterator[None]:
        """A lock of the file system, which ends with the process."""
        try:
            with self._lock.acquire(timeout=wait):
                yield
        except Timeout:
            raise StoreBusy(f"Another process has been writing to {self._folder} for {wait:.0f} s.") from None

    def is_there(self) -> bool:
        """Whether the file is there and holds something."""
        return self.path.exists() and self.path.stat().st_size > 0

    def mark(self) -> Mapping[str, object]:
        """What the mark says; nothing where it cannot be read: a disk that was full leaves an empty one."""
        return mark_in(self._folder)

    def write_mark(self, mark: Mapping[str, object]) -> None:
        """Beside the catalog, which only its owner may read from then on."""
        self.path.chmod(0o600)
        write_mark(self._folder, mark)

    def forget_mark(self) -> None:
        """Nothing: the mark is that of the folder."""

    def note_moved(self, where: str) -> tuple[str, ...]:
        """Put it aside, so that whoever has it open still finds it gone."""
        del where
        left = []
        for part in ("", "-wal", "-shm"):
            own = self.path.with_name(f"{self.path.name}{part}")
            if own.exists():
                aside = self.path.with_name(f"{self.path.name}.moved{part}")
                own.replace(aside)
                left.append(str(aside))
        return tuple(left)

    def is_writable(self) -> bool:
        """Whether this process may write the file, and beside it."""
        return all(os.access(place, os.W_OK) for place in (self._folder, self.path) if place.exists())

    def lacking(self) -> str | None:
        """An empty one in its place would make the data files belong to nothing."""
        if not self.is_there() or self._known not in (None, self._which()):
            return f"The catalog {self.path} is gone or empty."
        return None

    def _which(self) -> tuple[int, int]:
        stat = self.path.stat()
        return stat.st_dev, stat.st_ino

    def prepare(self, connection: Any) -> None:
        """Nothing."""

    def source(self) -> tuple[str, str]:
        """A long question holds its snapshot for as long as it takes; with a write-ahead log no load waits for it."""
        self._known = self._which() if self.is_there() and self._copy is None else None
        options = "DATA_INLINING_ROW_LIMIT 10, META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 20000"
        return f"sqlite:{quoted(self.readable())}", options

    def plain(self, name: str, read_only: bool) -> str:
        """As a database of SQLite."""
        return f"ATTACH '{quoted(self.path)}' AS {name} (TYPE sqlite{', READ_ONLY' if read_only else ''})"

    def files(self) -> list[Path]:
        """The one file."""
        return [self.readable()]

    def readable(self) -> Path:
        """The file, or a copy of it where the folder cannot be written: to read it takes a file beside it."""
        if self.is_writable():
            return self.path
        if self._copy is None:
            self._copy = tempfile.TemporaryDirectory(prefix="fabwatch-")
            for part in ("", "-wal"):
                source = self.path.with_name(self.path.name + part)
                if source.exists():
                    shutil.copyfile(source, Path(self._copy.name, source.name))
        return Path(self._copy.name, self.path.name)

    def verdict(self) -> str:
        """What SQLite says of the file."""
        return verdict_on(self.readable())

    def copy(self, target: Path) -> None:
        """Copy it as it stands. By another process: a second library on one file would let go of the first one's locks."""
        target.unlink(missing_ok=True)
        done = subprocess.run(  # noqa: S603 - this program itself
            [sys.executable, "-I", "-c", _COPY, str(self.readable()), str(target)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StoreBroken(f"The catalog cannot be copied: {done.stderr.strip().rpartition(chr(10))[2]}")
        target.chmod(0o600)

    def close(self) -> None:
        """Remove what was copied."""
        if self._copy is not None:
            self._copy.cleanup()


def verdict_on(path: Path) -> str:
    """What SQLite says of a file: `ok`, or what is wrong."""
    # By another process: a second library on one file would let go of the locks that the first one holds on it.
    looked = subprocess.run(  # noqa: S603 - this program itself
        [sys.executable, "-I", "-c", _QUICK_CHECK, str(path)], capture_output=True, text=True, check=False
    )
    return looked.stdout.strip() or looked.stderr.strip().rpartition("\n")[2]


def write_mark(folder: Path, mark: Mapping[str, object]) -> None:
    """Written beside and put in its place, so that it is whole or not there."""
    beside = folder / f".{MARK}"
    with beside.open("w", encoding="utf-8") as file:
        file.write(json.dumps(mark) + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / MARK)


def mark_in(folder: Path) -> dict[str, object]:
    """What the mark in a folder says; nothing where there is none that can be read."""
    try:
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return mark if isinstance(mark, dict) else {}


def put_in_place(source: Path, path: Path) -> None:
    """Put a copy of another catalog into the place of one that nobody has open."""
    beside = path.with_name(f".{path.name}")
    shutil.copyfile(source, beside)
    beside.chmod(0o600)
    for part in ("-wal", "-shm"):
        # What is in them belongs to the former catalog.
        path.with_name(f"{path.name}{part}").unlink(missing_ok=True)
    beside.replace(path)
