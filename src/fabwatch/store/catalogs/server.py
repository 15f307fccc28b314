"""The catalog in PostgreSQL: several machines load and read one fab, with locks that the server keeps.

A lock of the server ends with the connection that holds it, so that a process that is killed holds nobody up. Should that
connection be cut while its process goes on, two may write at once: the engine never merges two commits here, so that the
later one is undone as a whole.
"""

import importlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fabwatch.store.catalogs.file import write_mark
from fabwatch.terms.drivers import first_line
from fabwatch.terms.errors import ExtraMissing, NoCatalog, StoreBusy
from fabwatch.terms.secrets import NoSecret, secret_of
from fabwatch.terms.settings.place import FabSettings

FABWATCH, WRITER, READERS = 0x66616277, 1, 2
"""The keys of the locks."""
_NAMED = "catalog_password"
ALIVE = "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
"""A machine that has gone without a word holds its locks no longer than half a minute."""
_MARK = "CREATE TABLE IF NOT EXISTS fabwatch_mark (one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one), mark TEXT NOT NULL)"


class ServerCatalog:
    """A database of PostgreSQL."""

    extensions: tuple[str, ...] = ("postgres_scanner", "ducklake")

    def __init__(self, folder: Path, settings: FabSettings):
        self._folder = folder
        self._stated = settings.catalog.partition(":")[2].strip()
        self._secret_env = settings.catalog_secret_env
        self.readers = ServerReaders(self)
        self._own: Any = None
        try:
            self._driver: Any = importlib.import_module("psycopg")
        except ImportError:
            what = "A catalog in PostgreSQL needs the package psycopg."
            raise ExtraMissing(what, "pip install 'fabwatch[postgresql]'") from None
        with self._told():
            parts = self._driver.conninfo.conninfo_to_dict(self._stated)
        self.label = f"{parts.get('dbname', 'postgres')} on {parts.get('host', 'localhost')}"

    @contextmanager
    def writer(self, wait: float) -> Iterator[None]:
        """A lock of the server."""
        self.ask(f"SET lock_timeout = {max(1, int(wait * 1000))}")
        try:
            self.ask(f"SELECT pg_advisory_lock({FABWATCH}, {WRITER})")
        except self._driver.errors.LockNotAvailable:
            raise StoreBusy(f"Another process has been writing to {self.label} for {wait:.0f} s.") from None
        try:
            yield
        finally:
            self.let_go(f"SELECT pg_advisory_unlock({FABWATCH}, {WRITER})")

    def is_there(self) -> bool:
        """Whether the database has the tables of a lake."""
        return bool(self.ask("SELECT to_regclass('ducklake_snapshot') IS NOT NULL")[0][0])

    def mark(self) -> Mapping[str, object]:
        """What the database notes of the fab: each machine sees it, whichever made it."""
        try:
            # One statement: it is asked before every question and every load.
            rows = self.ask("SELECT mark FROM fabwatch_mark")
        except self._driver.errors.UndefinedTable:
            return {}
        mark = json.loads(rows[0][0]) if rows else {}
        return mark if isinstance(mark, dict) else {}

    def write_mark(self, mark: Mapping[str, object]) -> None:
        """In the database, and in the folder, by which it is known as that of a fab."""
        self._note(mark)
        write_mark(self._folder, mark)

    def forget_mark(self) -> None:
        """Delete what is noted."""
        self.ask("DROP TABLE IF EXISTS fabwatch_mark")

    def note_moved(self, where: str) -> tuple[str, ...]:
        """Noted in it, so that each machine that has it open, or still states it, is told."""
        self._note({"moved": where})
        return (f"the database {self.label}",)

    def _note(self, mark: Mapping[str, object]) -> None:
        self.ask(_MARK)
        text = json.dumps(mark).replace("'", "''")
        self.ask(f"INSERT INTO fabwatch_mark (mark) VALUES ('{text}') ON CONFLICT (one) DO UPDATE SET mark = excluded.mark")

    def is_writable(self) -> bool:
        """Whether this process may write into the folder; the server says for itself what it lets be written."""
        return not self._folder.exists() or os.access(self._folder, os.W_OK)

    def lacking(self) -> str | None:
        """A database without a lake is one in which it is still to be made; one that was left says where the fab is."""
        moved = self.mark().get("moved")
        return f"The catalog in {self.label} was moved to {moved}." if moved else None

    def prepare(self, connection: Any) -> None:
        """The password, as a secret that no statement shows; and no merging of two commits."""
        password = self._password().replace("'", "''")
        connection.execute(f"CREATE OR REPLACE SECRET {_NAMED} (TYPE postgres, PASSWORD '{password}')")
        connection.execute("SET ducklake_max_retry_count = 0")

    def source(self) -> tuple[str, str]:
        """Rows that are kept in the catalog itself would be seen by no other engine, so that each is in a file."""
        stated = self._stated.replace("'", "''")
        return f"postgres:{stated}", f"DATA_INLINING_ROW_LIMIT 0, META_SECRET '{_NAMED}'"

    def plain(self, name: str, read_only: bool) -> str:
        """As a database of PostgreSQL."""
        stated = self._stated.replace("'", "''")
        return f"ATTACH '{stated}' AS {name} (TYPE postgres, SECRET {_NAMED}{', READ_ONLY' if read_only else ''})"

    def files(self) -> list[Path]:
        """None."""
        return []

    def verdict(self) -> str:
        """`ok` where the server answers."""
        return "ok" if self.is_there() else "the database has no tables of a lake"

    def close(self) -> None:
        """End the connection, and the locks with it."""
        own, self._own = self._own, None
        if own is not None:
            own.close()

    def ask(self, sql: str) -> list[Any]:
        """What the server says to a statement, on the connection that holds the locks. Raises NoCatalog."""
        with self._told():
            if self._own is None or self._own.closed:
                self._own = self._driver.connect(
                    self._stated,
                    password=self._password() or None,
                    connect_timeout=10,
                    autocommit=True,
                    options=ALIVE,
                    application_name="fabwatch",
                )
            cursor = self._own.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def let_go(self, sql: str) -> None:
        """Give a lock back; where the connection is gone, the lock is as well."""
        try:
            self.ask(sql)
        except NoCatalog:
            self._own = None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (self._driver.errors.LockNotAvailable, self._driver.errors.UndefinedTable, NoCatalog):
            raise
        except self._driver.Error as fault:
            raise NoCatalog(f"The catalog cannot be reached: {first_line(fault)}") from fault

    def _password(self) -> str:
        try:
            return secret_of(self._secret_env)
        except NoSecret:
            # A server may know its users by other means: a certificate, or the user of the machine.
            return ""


class ServerReaders:
    """The lock of those who read a fab, kept by the server."""

    def __init__(self, catalog: ServerCatalog):
        self._catalog = catalog

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Held while a question is answered."""
        self._catalog.ask(f"SELECT pg_advisory_lock_shared({FABWATCH}, {READERS})")
        try:
            yield
        finally:
            self._catalog.let_go(f"SELECT pg_advisory_unlock_shared({FABWATCH}, {READERS})")

    @contextmanager
    def exclusive(self) -> Iterator[bool]:
        """Held while files are deleted; yields False where somebody is reading."""
        alone = bool(self._catalog.ask(f"SELECT pg_try_advisory_lock({FABWATCH}, {READERS})")[0][0])
        try:
            yield alone
        finally:
            if alone:
                self._catalog.let_go(f"SELECT pg_advisory_unlock({FABWATCH}, {READERS})")
