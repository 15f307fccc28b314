"""PostgreSQL over the tables that were copied into it: one schema, each table with the types that it has in the lake."""

import re
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from fabwatch.store.engines import POSTGRES, Tables
from fabwatch.store.engines.live_files import Live
from fabwatch.store.engines.postgres_copy import MARKS, SCHEMA, Copied, copy_tables, create, fill
from fabwatch.store.engines.statements import Statement
from fabwatch.store.lake import Lake, Parameters, samples_name
from fabwatch.terms.drivers import first_line, postgresql_words
from fabwatch.terms.errors import BadQuestion, EngineFailed, EngineLags, EngineLost, ExtraMissing, NotOnEngine
from fabwatch.terms.secrets import NoSecret, secret_of
from fabwatch.terms.settings.outside import DatabaseSettings

_VALUE = re.compile(r"%\(\w+\)s")
REACHED_WITHIN = 10
CANNOT = ("0A", "42")
"""Classes of SQLSTATE: not supported, and no statement that it understands."""
GONE = ("08", "57")
"""Classes of SQLSTATE: no connection, and a server that stops."""
CANCELLED = "57014"
WAYS_OUT = {
    CANCELLED: "ask for a shorter time or fewer tools, or let it take longer: timeout_s of [databases.NAME] in fab.toml",
    "53100": "the disk of the server is full: free some of it there, or ask without --engine",
    "53200": "the server has too little memory for it: ask for a shorter time or fewer tools, or ask without --engine",
}
"""What helps, by SQLSTATE."""


class Postgres:
    """A connection to the database with the copied tables."""

    name = POSTGRES
    reads_files = False

    def __init__(self, name: str, stated: DatabaseSettings):
        """Raises ExtraMissing without psycopg, EngineFailed where the server is not there or does not let us in."""
        self._name, self._connection = name, connected(name, stated)
        self._driver: Any = driver()

    def run(self, statement: Statement, parameters: Parameters, tables: Tables) -> pa.Table:
        """The rows of a statement. Raises EngineLags where a table is older there, NotOnEngine, EngineFailed, EngineLost."""
        text = _escaped(statement.carried("postgres"))
        try:
            with self._connection.transaction(force_rollback=True), self._connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL search_path = pg_temp, {SCHEMA}, pg_catalog")
                self._check_current(cursor, [part.table for part in tables.stored.values()])
                for name, rows in tables.handed.items():
                    create(cursor, name, rows.schema, temporary=True)
                    fill(cursor, f"pg_temp.{name}", rows)
                cursor.execute(text, {key: _value(value) for key, value in parameters.items()})
                return _table(cursor)
        except self._driver.Error as fault:
            raise self._meaning(fault) from fault

    def is_there(self) -> bool:
        """Whether the server still answers on this connection."""
        try:
            self._connection.execute("SELECT 1")
        except self._driver.Error:
            return False
        return True

    def _meaning(self, fault: Any) -> NotOnEngine | EngineFailed:
        state, said = fault.sqlstate or "", first_line(fault)
        if state[:2] in CANNOT:
            return NotOnEngine(f"This question does not run on PostgreSQL: {said}")
        if state != CANCELLED and (self._connection.closed or state[:2] in GONE):
            return EngineLost(f"PostgreSQL {self._name} was lost while it worked: {said}")
        return EngineFailed(f"PostgreSQL {self._name} could not run it: {said}", WAYS_OUT.get(state))

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    def _check_current(self, cursor: Any, tables: list[Live]) -> None:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.{MARKS}"])
        there = cursor.fetchone()[0]
        cursor.execute(f"SELECT table_name, mark FROM {SCHEMA}.{MARKS}" if there else "SELECT '', ''")
        marks = dict(cursor.fetchall())
        samples = [table.name for table in tables if table.name.startswith(samples_name(""))]
        if samples:
            raise NotOnEngine("Samples of tool logs are not copied to PostgreSQL.")
        behind = [table.name for table in tables if marks.get(table.name) != table.mark]
        if behind:
            what = f"The tables in {self._name} are not those of this moment of the fab: {', '.join(behind)}."
            raise EngineLags(what, f"bring them up to date: fabwatch engine copy {self._name}")


def copy_to(lake: Lake, name: str, stated: DatabaseSettings, snapshot: int) -> list[Copied]:
    """Bring the copied tables to a snapshot that is being read. Raises ExtraMissing, EngineFailed, BadQuestion."""
    connection = connected(name, stated)
    try:
        return copy_tables(lake, connection, snapshot)
    except driver().Error as fault:
        raise EngineFailed(f"The tables could not be copied to {name}: {first_line(fault)}") from fault
    finally:
        connection.close()


def driver() -> Any:
    """The driver. Raises ExtraMissing."""
    try:
        import psycopg
    except ImportError:
        raise ExtraMissing("psycopg is not installed.", "pip install 'fabwatch[postgresql]'") from None
    return psycopg


def connected(name: str, stated: DatabaseSettings) -> Any:
    """A connection to a database of fab.toml. Raises ExtraMissing, EngineFailed, BadQuestion for no PostgreSQL."""
    scheme = urlsplit(stated.url).scheme
    if scheme != "postgresql":
        raise BadQuestion(f"Database {name} is {scheme}; only PostgreSQL can be an engine.", "name a postgresql:// one")
    psycopg = driver()
    try:
        return psycopg.connect(
            **postgresql_words(stated.url, stated.ca),
            password=(secret_of(stated.secret_env) if stated.secret_env else None) or None,
            connect_timeout=REACHED_WITHIN,
            options=f"-c statement_timeout={int(stated.timeout_s * 1000)} -c timezone=UTC -c jit=off",
            application_name="fabwatch",
            autocommit=True,
            # Values are written into the statement by the driver: the server cannot guess the type of an empty one.
            cursor_factory=psycopg.ClientCursor,
        )
    except NoSecret as fault:
        raise EngineFailed(f"Database {name}: {fault}") from None
    except psycopg.Error as fault:
        raise EngineFailed(f"PostgreSQL {name} cannot be reached: {first_line(fault)}") from fault


def _escaped(text: str) -> str:
    """A statement in which only the places for values have a percent sign that means something."""
    pieces, places = _VALUE.split(text), _VALUE.findall(text)
    return "".join(piece.replace("%", "%%") + place for piece, place in zip(pieces, [*places, ""], strict=True))


def _value(value: object) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _table(cursor: Any) -> pa.Table:
    rows = cursor.fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(cursor.description)
    return pa.table([pa.array(column) for column in columns], names=[str(n) for n in range(len(columns))])
