"""The folder of a fab: the mark that says what it is, the catalog and the data, and how they are made and opened."""

import contextlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import duckdb
from filelock import FileLock

from fabwatch.store.engine import CATALOG_LOST, connect, harden, quoted, translated
from fabwatch.store.readers import Readers
from fabwatch.store.schema import bring_up, fingerprint
from fabwatch.terms.errors import NewerFab, NoFab, StoreBroken
from fabwatch.terms.settings import FabSettings

FORMAT = 9
MARK = "fabwatch.json"
MINE = 0o700
"""Who may read a fab may read every file that was loaded into it: by itself nobody but its owner."""


class Folder:
    """One fab folder."""

    def __init__(self, path: Path, settings: FabSettings):
        self.path, self._settings = path, settings
        self.lock = FileLock(str(path / ".writing.lock"))
        self.readers = Readers(path)
        self._copy: tempfile.TemporaryDirectory[str] | None = None

    @property
    def data(self) -> Path:
        """The folder of the Parquet files."""
        return self.path / "data"

    @property
    def catalog(self) -> Path:
        """The catalog file."""
        return self.path / self._settings.catalog_file

    @property
    def read_catalog(self) -> Path:
        """The catalog as it can be read: a copy, where the folder cannot be written."""
        return self.catalog if self.is_writable() else self._copied()[0]

    def check_there(self) -> None:
        """Raises NoFab where there is no fab."""
        if not self._has_catalog() and not self._mark():
            raise NoFab(f"There is no fab in {self.path}.")

    def opened(self, wait: float) -> duckdb.DuckDBPyConnection:
        """A connection to the fab, which is made, or gets what it lacks, where it is not whole. Raises NewerFab."""
        if self._mark() and not self._has_catalog():
            # An empty one in its place would make the data files belong to nothing.
            raise StoreBroken(f"The catalog {self.catalog} is gone or empty.", CATALOG_LOST)
        if self._is_whole():
            return self.attached(read_only=not self.is_writable())
        if not self.is_writable():
            hint = "open it once where it can be written, or copy the folder"
            raise StoreBroken(f"{self.path} was made by an earlier fabwatch and cannot be written.", hint)
        try:
            return self._made(wait)
        except (OSError, duckdb.Error) as fault:
            raise translated(fault) from fault

    def is_writable(self) -> bool:
        """Whether this process may write into the folder."""
        places = [place for place in (self.path, self.catalog) if place.exists()]
        return all(os.access(place, os.W_OK) for place in places)

    def attached(self, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        """A connection to the lake in the folder. Raises StoreBroken and its kin."""
        catalog, temporary = self.catalog, self.path / "tmp"
        if self.is_writable():
            self.data.mkdir(MINE, exist_ok=True)
        else:
            catalog, temporary = self._copied()
        connection = connect(self._settings.memory, temporary)
        attach = (
            f"ATTACH 'ducklake:sqlite:{quoted(catalog)}' AS lake "
            f"(DATA_PATH '{quoted(self.data)}/', OVERRIDE_DATA_PATH true, DATA_INLINING_ROW_LIMIT 10, "
            # A long question holds its snapshot for as long as it takes; with a write-ahead log no load waits for it.
            f"META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 20000{', READ_ONLY' if read_only else ''})"
        )
        for wait in (0.05, 0.2, 0.5, 1.0, 2.0, None):
            try:
                connection.execute(attach)
                harden(connection, [self.data, temporary], [catalog])
                return connection
            except duckdb.Error as fault:
                # Another process may be committing to the catalog at this very moment; that takes milliseconds.
                if "locked" not in str(fault) or wait is None:
                    connection.close()
                    raise translated(fault) from fault
                time.sleep(wait)
        raise AssertionError("the last try either returns or raises")

    def close(self) -> None:
        """Remove what was copied."""
        if self._copy is not None:
            self._copy.cleanup()

    def _made(self, wait: float) -> duckdb.DuckDBPyConnection:
        if not self.path.exists():
            self.path.mkdir(MINE, parents=True)
        with self.lock.acquire(timeout=wait):
            connection = self.attached()
            if not self._is_whole():
                bring_up(connection)
                with contextlib.suppress(OSError):
                    self.catalog.chmod(MINE & 0o600)
                # The mark comes last: without it the folder is made again, which does no harm.
                self._write_mark()
        return connection

    def _is_whole(self) -> bool:
        """Whether the fab has every table and column that there are. Raises NewerFab."""
        mark = self._mark()
        made = mark.get("format")
        if isinstance(made, int) and made > FORMAT:
            raise NewerFab(f"{self.path} has format {made}; this fabwatch reads up to {FORMAT}.")
        return made == FORMAT and mark.get("tables") == fingerprint() and self._has_catalog()

    def _mark(self) -> dict[str, object]:
        """What the mark says; nothing where it cannot be read: a disk that was full leaves an empty one."""
        try:
            mark = json.loads((self.path / MARK).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return mark if isinstance(mark, dict) else {}

    def _write_mark(self) -> None:
        """Written beside and put in its place, so that it is whole or not there."""
        beside = self.path / f".{MARK}"
        with beside.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"format": FORMAT, "tables": fingerprint()}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path / MARK)

    def _has_catalog(self) -> bool:
        return self.catalog.exists() and self.catalog.stat().st_size > 0

    def _copied(self) -> tuple[Path, Path]:
        """The catalog of a folder that cannot be written, where it can: to read it takes a file beside it."""
        if self._copy is None:
            self._copy = tempfile.TemporaryDirectory(prefix="fabwatch-")
            for part in ("", "-wal"):
                source = self.catalog.with_name(self.catalog.name + part)
                if source.exists():
                    shutil.copyfile(source, Path(self._copy.name, source.name))
        return Path(self._copy.name, self.catalog.name), Path(self._copy.name, "tmp")
