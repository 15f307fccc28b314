"""The folder of a fab: its catalog and its data, in it or elsewhere, and how they are made and opened."""

import tempfile
import time
from pathlib import Path

import duckdb

from fabwatch.store.catalogs import catalog_of
from fabwatch.store.catalogs.file import MARK, FileCatalog
from fabwatch.store.data_place import data_place
from fabwatch.store.downgrade import keep_before
from fabwatch.store.engine import CATALOG_LOST, connect, harden, translated
from fabwatch.store.schema import bring_up, fingerprint
from fabwatch.terms.errors import NewerFab, NoFab, StoreBroken
from fabwatch.terms.settings.place import FabSettings

FORMAT = 9
MOVED = "state it as the catalog in fab.toml, or open the fab again where that was done"
MINE = 0o700
"""Who may read a fab may read every file that was loaded into it: by itself nobody but its owner."""


class Folder:
    """One fab folder."""

    def __init__(self, path: Path, settings: FabSettings):
        self.path, self._settings = path, settings
        self.catalog = catalog_of(path, settings)
        self.data = data_place(path, settings)
        self._elsewhere: tempfile.TemporaryDirectory[str] | None = None

    def check_there(self) -> None:
        """Raises NoFab where there is no fab."""
        if not (self.path / MARK).exists() and not self.catalog.is_there():
            raise NoFab(f"There is no fab in {self.path}.")

    def opened(self, wait: float) -> duckdb.DuckDBPyConnection:
        """A connection to the fab, which is made, or gets what it lacks, where it is not whole. Raises NewerFab."""
        lacking = self.catalog.lacking() if self.catalog.mark() else None
        if lacking:
            # An empty one in its place would make the data files belong to nothing.
            raise StoreBroken(lacking, MOVED if "moved to" in lacking else CATALOG_LOST)
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
        return self.catalog.is_writable()

    def attached(self, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        """A connection to the lake in the folder. Raises StoreBroken and its kin."""
        temporary = self.path / "tmp"
        if self.is_writable():
            self.data.make()
        else:
            temporary = self._temporary()
        connection = connect(self._settings.memory, temporary, (*self.catalog.extensions, *self.data.extensions))
        self.catalog.prepare(connection)
        self.data.prepare(connection, self._settings.s3)
        source, options = self.catalog.source()
        attach = (
            f"ATTACH 'ducklake:{source}' AS lake (DATA_PATH '{self.data.url}', OVERRIDE_DATA_PATH true, {options}"
            f"{', READ_ONLY' if read_only else ''})"
        )
        for wait in (0.05, 0.2, 0.5, 1.0, 2.0, None):
            try:
                connection.execute(attach)
                harden(connection, [self.data.folder or self.data.url, temporary], self.catalog.files())
                return connection
            except duckdb.Error as fault:
                # Another process may be committing to the catalog at this very moment; that takes milliseconds.
                if "locked" not in str(fault) or wait is None:
                    connection.close()
                    raise translated(fault) from fault
                time.sleep(wait)
        raise AssertionError("the last try either returns or raises")

    def close(self) -> None:
        """Let go of the catalog, and remove what was needed meanwhile."""
        self.catalog.close()
        if self._elsewhere is not None:
            self._elsewhere.cleanup()

    def _made(self, wait: float) -> duckdb.DuckDBPyConnection:
        if not self.path.exists():
            self.path.mkdir(MINE, parents=True)
        with self.catalog.writer(wait):
            mark = dict(self.catalog.mark())
            if isinstance(self.catalog, FileCatalog) and self.catalog.is_there() and _is_earlier(mark):
                keep_before(self.catalog, self.path, mark)
            connection = self.attached()
            if not self._is_whole():
                bring_up(connection)
                # The mark comes last: without it the folder is made again, which does no harm.
                self.catalog.write_mark({"format": FORMAT, "tables": fingerprint()})
        return connection

    def _is_whole(self) -> bool:
        """Whether the fab has every table and column that there are. Raises NewerFab."""
        mark = self.catalog.mark()
        made = mark.get("format")
        if isinstance(made, int) and made > FORMAT:
            raise NewerFab(f"{self.path} has format {made}; this fabwatch reads up to {FORMAT}.")
        if made != FORMAT or mark.get("tables") != fingerprint() or not self.catalog.is_there():
            return False
        # Another machine may have made it: this folder is then to be known as that of a fab too.
        return (self.path / MARK).exists()

    def _temporary(self) -> Path:
        if self._elsewhere is None:
            self._elsewhere = tempfile.TemporaryDirectory(prefix="fabwatch-")
        return Path(self._elsewhere.name, "tmp")


def _is_earlier(mark: dict[str, object]) -> bool:
    made = mark.get("format")
    return isinstance(made, int) and made < FORMAT
