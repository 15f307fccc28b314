"""Connections that can only read: PostgreSQL, Oracle, SQL Server, SQLite and ODBC, by the scheme of an address.

Passwords come from the environment, and no message repeats an address.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from fabwatch.terms.drivers import first_line, postgresql_words
from fabwatch.terms.errors import CannotPull, ExtraMissing
from fabwatch.terms.secrets import NoSecret, secret_of
from fabwatch.terms.settings.outside import DatabaseSettings
from fabwatch.terms.tls import trusting


@dataclass(frozen=True)
class Dialect:
    """How one kind of database is spoken to."""

    module: str
    """The driver."""
    extra: str
    mark: str
    """How a parameter stands in a statement."""
    connect: Callable[[Any, Any, str, DatabaseSettings], Any]
    batched: bool = False
    """Whether a cursor has to be named so that the server keeps the rows, not this process."""


def _postgresql(driver: Any, _: Any, secret: str, stated: DatabaseSettings) -> Any:
    options = f"-c default_transaction_read_only=on -c statement_timeout={int(stated.timeout_s * 1000)}"
    return driver.connect(
        **postgresql_words(stated.url, stated.ca),
        password=secret or None,
        connect_timeout=int(min(stated.timeout_s, 30)) or 1,
        options=options,
        application_name="fabwatch",
    )


def _oracle(driver: Any, parts: Any, secret: str, stated: DatabaseSettings) -> Any:
    place = f"{parts.hostname}:{parts.port or 1521}/{parts.path.lstrip('/')}"
    encrypted = {} if stated.ca is None else {"ssl_context": trusting(stated.ca)}
    dsn = place if stated.ca is None else f"tcps://{place}"
    made = driver.connect(user=unquote(parts.username or ""), password=secret, dsn=dsn, **encrypted)
    made.call_timeout = int(stated.timeout_s * 1000)
    made.cursor().execute("SET TRANSACTION READ ONLY")
    return made


def _sql_server(driver: Any, parts: Any, secret: str, stated: DatabaseSettings) -> Any:
    return driver.connect(
        dsn=parts.hostname,
        port=parts.port or 1433,
        database=parts.path.lstrip("/"),
        user=unquote(parts.username or ""),
        password=secret,
        timeout=stated.timeout_s,
        login_timeout=min(stated.timeout_s, 30),
        readonly=True,
        **({} if stated.ca is None else {"cafile": stated.ca, "validate_host": True}),
    )


def _sqlite(driver: Any, parts: Any, secret: str, stated: DatabaseSettings) -> Any:
    del secret
    return driver.connect(f"file:{parts.path}?mode=ro", uri=True, timeout=stated.timeout_s)


def _odbc(driver: Any, parts: Any, secret: str, stated: DatabaseSettings) -> Any:
    """By the name of a data source of this machine, or by all that its driver wants to be told."""
    words = [unquote(parts.query)] if parts.query else [f"DSN={parts.hostname}"]
    words += [f"UID={unquote(parts.username)}"] if parts.username else []
    words += [f"PWD={{{secret.replace('}', '}}')}}}"] if secret else []
    made = driver.connect(";".join(words), readonly=True, autocommit=False, timeout=int(min(stated.timeout_s, 30)) or 1)
    made.timeout = int(stated.timeout_s)
    return made


DIALECTS = {
    "postgresql": Dialect("psycopg", "postgresql", "%s", _postgresql, batched=True),
    "oracle": Dialect("oracledb", "oracle", ":1", _oracle),
    "mssql": Dialect("pytds", "mssql", "%s", _sql_server),
    "odbc": Dialect("pyodbc", "odbc", "?", _odbc),
    "sqlite": Dialect("sqlite3", "", "?", _sqlite),
}


@contextmanager
def connected(name: str, stated: DatabaseSettings, *, writing: bool = False) -> Iterator[tuple[Any, Dialect]]:
    """A connection to a database of fab.toml, which can only read unless `writing`. Raises CannotPull and ExtraMissing."""
    parts = urlsplit(stated.url)
    dialect = DIALECTS[parts.scheme]
    try:
        driver = importlib.import_module(dialect.module)
    except ModuleNotFoundError as fault:
        what = f"Database {name} needs the package {dialect.module}, which is not installed."
        raise ExtraMissing(what, f"pip install 'fabwatch[{dialect.extra}]'") from fault
    with told(name, driver):
        connection = dialect.connect(driver, parts, _secret(name, stated), stated)
        if writing:
            connection.execute("SET default_transaction_read_only = off")
            connection.commit()
    try:
        yield connection, dialect
    finally:
        connection.close()


@contextmanager
def told(name: str, driver: Any) -> Iterator[None]:
    """What a driver raises, as CannotPull: the first line of what it says, without an address."""
    try:
        yield
    except driver.Error as fault:
        raise CannotPull(f"Database {name}: {first_line(fault)}") from fault


def driver_of(dialect: Dialect) -> Any:
    """The module of a dialect that is connected already."""
    return importlib.import_module(dialect.module)


def _secret(name: str, stated: DatabaseSettings) -> str:
    try:
        return "" if stated.secret_env is None else secret_of(stated.secret_env)
    except NoSecret as fault:
        raise CannotPull(f"Database {name}: {fault}") from None
