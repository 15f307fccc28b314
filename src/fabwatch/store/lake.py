"""The lake: a fab folder with a catalog, Parquet files, one writer at a time and any number of readers."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.store.anchor import Anchor, Head
from fabwatch.store.catalogs import Catalog
from fabwatch.store.catalogs.file import MARK
from fabwatch.store.data_place import DataPlace
from fabwatch.store.engine import CATALOG, CATALOG_LOST, translated
from fabwatch.store.folder import MOVED, Folder
from fabwatch.store.schema import SQL_TYPES, columns_sql
from fabwatch.store.seals import seal
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import BadQuestion, FabwatchError, NothingThen, StoreBroken
from fabwatch.terms.settings import Settings
from fabwatch.terms.tables import TABLES
from fabwatch.terms.words import PLANNED

REMEMBERED = 4
T = TypeVar("T")
Record = dict[str, Any]
"""One row of a statement's result by column; its types are those of the tables."""
Parameters = Mapping[str, object]
"""Named parameters of a statement."""
_WITHOUT = "write it without that sign"
Elsewhere = Callable[[str, Any], duckdb.DuckDBPyConnection | None]
"""Runs a statement with its parameters on another engine; None for one that is to be run here."""
WAIT_FOR_WRITER = 600.0
"""Seconds a writer waits for another one: longer than the largest file takes to commit."""


class Lake:
    """An open fab folder."""

    def __init__(self, folder: Path, settings: Settings, *, create: bool = False):
        self.folder = folder
        self.settings = settings
        self._folder = Folder(folder, settings.fab)
        self._anchor = Anchor(folder, settings.fab.anchor)
        self._heads: dict[str, Head] = {}
        """The last entries of the chains that the open transaction has made longer."""
        self._pinned: int | None = None
        self._remembered: dict[tuple[Hashable, ...], Any] = {}
        self._names: dict[int, frozenset[str]] = {}
        self._changed = (-1, -1)
        """The newest snapshot, and the newest of those that changed what answers rest on."""
        self._shown: tuple[int | None, frozenset[str]] | None = None
        self._elsewhere: Elsewhere | None = None
        try:
            if not create:
                self._folder.check_there()
            self.connection = self._folder.opened(WAIT_FOR_WRITER)
        except BaseException:
            self._folder.close()
            raise

    def read_only(self, statement: str) -> Any:
        """What one SELECT gives, as a data frame, by a connection of its own that cannot write. Raises StoreBroken."""
        with self._folder.attached(read_only=True) as connection:
            try:
                connection.execute("USE lake")
                (only,) = connection.extract_statements(statement)
                return connection.execute(only).df()
            except ValueError:
                raise StoreBroken("The fab cannot be read or written: one statement is needed.") from None
            except duckdb.Error as fault:
                raise translated(fault) from fault

    @property
    def data(self) -> DataPlace:
        """Where the Parquet files are."""
        return self._folder.data

    @property
    def catalog(self) -> Catalog:
        """What snapshots and files are noted in."""
        return self._folder.catalog

    def close(self) -> None:
        """Let go of the fab."""
        self.connection.close()
        self._folder.close()

    def ask(self, sql: str, parameters: Parameters | Sequence[object] | None = None) -> duckdb.DuckDBPyConnection:
        """Run one statement; what it gives is fetched from the result. Raises StoreBroken and its kin."""
        if parameters:
            _check_words(parameters)
        try:
            result = None if self._elsewhere is None else self._elsewhere(sql, parameters)
            return self.connection.execute(sql, parameters) if result is None else result
        except duckdb.Error as fault:
            # A catalog that was moved away or lost while it was open is what is said, and not what the engine makes of it.
            self._check_current()
            raise translated(fault) from fault
        except RuntimeError as fault:
            if "interrupted" in str(fault):
                # What the engine makes of Ctrl-C: it is no fault of the file that is being loaded.
                raise KeyboardInterrupt from fault
            raise

    def rows(self, sql: str, parameters: Parameters | Sequence[object] | None = None) -> list[Record]:
        """The rows of one question as dictionaries."""
        result = self.ask(sql, parameters)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def note_head(self, chain: str, head: Head) -> None:
        """Say what the last entry of a chain is once the open transaction is committed."""
        self._heads[chain] = head

    def head(self, table: str) -> Head:
        """The last entry of a table whose entries are chained; number 0 without a hash where there is none."""
        last = self.ask(f"SELECT seq, hash FROM lake.{table} ORDER BY seq DESC LIMIT 1").fetchall()
        return Head(*last[0]) if last else Head(0, "")

    def note_restored(self) -> None:
        """Say in the anchor that audit and ledger go on from where they are now: the catalog came from a backup."""
        self._anchor.note_restored({"audit": self.head("audit").seq, "ledger": self.head("receipts").seq})

    def anchored(self, chain: str) -> list[Head]:
        """What was noted of a chain outside the tables."""
        return self._anchor.noted(chain)

    def is_well(self) -> bool:
        """Whether the fab can be read."""
        try:
            self.ask("SELECT count(*) FROM lake.loads")
        except FabwatchError:
            return False
        return True

    def newest(self) -> int:
        """The number of the newest snapshot, which every load, decision and derivation changes."""
        return int(self.ask(f"SELECT max(snapshot_id) FROM {CATALOG}.ducklake_snapshot").fetchall()[0][0])

    def is_untouched(self, table: str) -> bool:
        """True if no row was ever committed to a table: asking the catalog costs a fifth of looking into the table."""
        counts = self.ask(
            f"SELECT record_count FROM {CATALOG}.ducklake_table_stats JOIN {CATALOG}.ducklake_table USING (table_id) "
            "WHERE table_name = $table AND end_snapshot IS NULL",
            {"table": table},
        )
        return counts.fetchall() == [(0,)]

    def records(self, kind: type[T], sql: str, parameters: Parameters | None = None) -> list[T]:
        """The rows of one question, each as an object whose fields are the columns."""
        return [kind(**row) for row in self.rows(sql, parameters)]

    @contextmanager
    def incoming(self, rows: Any) -> Iterator[None]:
        """Let statements read an Arrow table under the name `incoming`. Raises BadQuestion for zero bytes in its texts."""
        check_texts(rows)
        self.connection.register("incoming", rows)
        try:
            yield
        finally:
            self.connection.unregister("incoming")

    @contextmanager
    def scanning(self, elsewhere: Elsewhere | None) -> Iterator[None]:
        """Let another engine run the statements that it takes, until the question is answered."""
        self._elsewhere = elsewhere
        try:
            yield
        finally:
            self._elsewhere = None

    @contextmanager
    def writing(self, wait: float | None = None) -> Iterator[None]:
        """One transaction, alone among writers: all of it is kept, or nothing. Raises StoreBusy, DiskFull."""
        with self._sole_writer(WAIT_FOR_WRITER if wait is None else wait):
            self._heads.clear()
            self.ask("BEGIN")
            try:
                yield
                self.ask("COMMIT")
            except BaseException:
                with _quiet():
                    self.connection.execute("ROLLBACK")
                raise
            with _quiet():
                # What could not be sealed now is sealed with the next load.
                seal(self.ask, self.data)
            self._anchor.note(self._heads)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Nobody writes meanwhile; what is yielded says whether nobody reads either. Raises StoreBusy, DiskFull."""
        with self._sole_writer(WAIT_FOR_WRITER), self.catalog.readers.exclusive() as alone:
            yield alone

    @contextmanager
    def _sole_writer(self, wait: float) -> Iterator[None]:
        try:
            with self.catalog.writer(wait):
                self._check_current()
                yield
        except OSError as fault:
            raise translated(fault) from fault

    @contextmanager
    def reading(self, known_at: datetime | None = None) -> Iterator[int]:
        """One snapshot for all statements of a question; yields its number. Raises UnknownTime (see `pin`)."""
        with self.catalog.readers.shared():
            self._check_current()
            version = self._begin_newest() if known_at is None else self._begin_at(known_at)
            try:
                yield version
            finally:
                with _quiet():
                    self.connection.execute("ROLLBACK")

    def _check_current(self) -> None:
        """Raises StoreBroken where the catalog was moved while it was open: what is written to it would be lost."""
        lacking = self.catalog.lacking()
        if lacking:
            raise StoreBroken(lacking, f"where it was moved, {MOVED}; else {CATALOG_LOST}")

    def pin(self, known_at: datetime | None = None) -> int:
        """Let every question read one snapshot: the newest, or the one that stood at `known_at`. Returns its number.

        Raises UnknownTime when nothing had been loaded by `known_at`.
        """
        version = self._version(known_at)
        self._show(version, self._tables(version))
        self._forget_other_than(version)
        return version

    def _begin_newest(self) -> int:
        """Begin a transaction that reads the newest snapshot: in it every table is as of that one without saying so.

        A table that is read "as of" a snapshot costs two to three times as much of the engine.
        """
        while True:
            self.ask("BEGIN")
            version = self._version(None)
            if self._shown == (None, self._names.get(version)):
                self._forget_other_than(version)
                return version
            # The first question of a snapshot: a load may have made a table for a new shape of log.
            self.ask("ROLLBACK")
            self._show(None, self._tables(version))

    def _begin_at(self, known_at: datetime) -> int:
        version = self.pin(known_at)
        # One transaction: the catalog is then looked up once for all statements and not once for each.
        self.ask("BEGIN")
        return version

    def _tables(self, version: int) -> frozenset[str]:
        """The tables of the lake in a snapshot."""
        if version not in self._names:
            rows = self.ask(
                f"SELECT table_name FROM {CATALOG}.ducklake_table WHERE begin_snapshot <= $version "
                "AND (end_snapshot IS NULL OR end_snapshot > $version)",
                {"version": version},
            ).fetchall()
            self._names = {version: frozenset(row[0] for row in rows)}
        return self._names[version]

    def _show(self, version: int | None, tables: frozenset[str]) -> None:
        """Let the plain names of the tables mean those of a snapshot, or without one those of the transaction that reads."""
        if self._shown == (version, tables):
            return
        self._shown = None
        # A fab of an earlier format had no such table then.
        exists = {table.name: table.name in tables for table in TABLES if not table.kept}
        exists |= {name: True for name in sorted(tables) if name.startswith(samples_name(""))}
        then, lacking = ("", {}) if version is None else (f"AT (VERSION => {version})", self._lacking(version))
        views = [
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT *{lacking.get(name, '') if there else ''} "
            f"FROM lake.{name} {then if there else 'WHERE false'}"
            for name, there in exists.items()
        ]
        # Work to come is no restore: no question may count it as one.
        at, there = (then, "true") if exists["restores"] else ("", "false")
        for name, rows in {"restores": f"kind IS DISTINCT FROM '{PLANNED}'", "planned": f"kind = '{PLANNED}'"}.items():
            views.append(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM lake.restores {at} WHERE {there} AND {rows}")
        # In one transaction the catalog is looked up once for all of them: 20 ms instead of 160.
        try:
            self.ask(";".join(["BEGIN", *views, "COMMIT"]))
        except FabwatchError:
            with _quiet():
                self.connection.execute("ROLLBACK")
            raise
        self._shown = (version, tables)

    def _lacking(self, version: int) -> dict[str, str]:
        """What is to be added to the columns of each table as it was in a snapshot: those that came later, empty."""
        later = [(table, column) for table in TABLES for column in table.columns if column.later]
        rows = self.ask(
            f"SELECT t.table_name, c.column_name FROM {CATALOG}.ducklake_column AS c JOIN {CATALOG}.ducklake_table AS t "
            "USING (table_id) WHERE c.begin_snapshot <= $version AND (c.end_snapshot IS NULL OR c.end_snapshot > $version) "
            "AND list_contains($names, c.column_name)",
            {"version": version, "names": [column.name for _, column in later]},
        )
        there = set(rows.fetchall())
        lacking: dict[str, str] = {}
        for table, column in later:
            if (table.name, column.name) not in there:
                lacking[table.name] = lacking.get(table.name, "") + f", NULL::{SQL_TYPES[column.kind]} AS {column.name}"
        return lacking

    def _forget_other_than(self, version: int) -> None:
        if version != self._pinned:
            self._pinned = version
            self._remembered.clear()

    def remember(self, key: tuple[Hashable, ...], make: Callable[[], T]) -> T:
        """What `make` gives, made once for the snapshot that is pinned; the last few of each kind are kept.

        The first part of the key is the kind. What is kept must not be changed by whoever gets it.
        """
        if key not in self._remembered:
            alike = [known for known in self._remembered if known[0] == key[0]]
            if len(alike) >= REMEMBERED:
                del self._remembered[alike[0]]
            self._remembered[key] = make()
        value: T = self._remembered[key]
        return value

    def remember_change(self, newest: "Callable[[Lake, int], int]") -> int:
        """The newest snapshot that changed what `newest` looks for; only those since the last call are looked at."""
        current = self._version(None)
        if current != self._changed[0]:
            self._changed = (current, newest(self, self._changed[1]))
        return self._changed[1]

    def _version(self, known_at: datetime | None) -> int:
        if known_at is None:
            return int(self.ask("SELECT id FROM ducklake_current_snapshot('lake')").fetchall()[0][0])
        row = self.ask(
            "SELECT max(snapshot_id), min(snapshot_time)::TIMESTAMP FROM ducklake_snapshots('lake') "
            "WHERE snapshot_time::TIMESTAMP <= $known_at",
            {"known_at": known_at},
        ).fetchall()[0]
        tables = "SELECT min(snapshot_id) FROM ducklake_snapshots('lake') WHERE schema_version >= 1"
        complete = int(self.ask(tables).fetchall()[0][0])
        if row[0] is None or row[0] < complete:
            first = self.ask(
                "SELECT snapshot_time::TIMESTAMP FROM ducklake_snapshots('lake') WHERE snapshot_id = $id",
                {"id": complete},
            ).fetchall()[0][0]
            if complete > 1:
                kept = f"it is kept for keep_days = {self.settings.fab.keep_days:g} of fab.toml, now since {iso(first)}"
                raise NothingThen(f"What was known by {iso(known_at)} is not kept any more.", kept)
            raise NothingThen(
                f"Nothing had been loaded by {iso(known_at)}.", f"the fab was made at {iso(first)}: ask for a later time"
            )
        return int(row[0])


def samples_name(shape: str) -> str:
    """The table of the samples of one shape of log."""
    return f"samples_{shape}"


def identifier(name: str) -> str:
    """The name of a column as a statement writes it, whatever signs are in it."""
    return '"' + name.replace('"', '""') + '"'


def check_texts(rows: pa.Table) -> None:
    """Raises BadQuestion for a text with a zero byte: where the catalog compares it, its own statement would end there."""
    for field, column in zip(rows.schema, rows.columns, strict=True):
        if pa.types.is_string(field.type) and pc.any(pc.match_substring(column, "\0")).as_py():
            raise BadQuestion(f"{field.name}: a text with a zero byte cannot be stored.", _WITHOUT)


def _check_words(parameters: Parameters | Sequence[object]) -> None:
    values = parameters.values() if isinstance(parameters, Mapping) else parameters
    for value in values:
        if "\0" in value if isinstance(value, str) else isinstance(value, list) and any("\0" in str(word) for word in value):
            raise BadQuestion("A text with a zero byte in it is no name of anything.", _WITHOUT)


@contextmanager
def _quiet() -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, FabwatchError):
        return


__all__ = ["CATALOG", "MARK", "SQL_TYPES", "Lake", "Parameters", "Record", "columns_sql", "identifier", "samples_name"]
