"""Tables published into PostgreSQL: all of them at once or none, with views that always show one state of the fab.

Each publishing writes tables of its own (`at_risk__12`) and lets the views (`at_risk`) show them in the same transaction, so
that whoever reads sees the former state or the new one, never a part. The last versions stay for those who read them still.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.csv

from fabwatch.publish.flat import FlatTable
from fabwatch.publish.functions import TYPES, functions, quoted
from fabwatch.terms.errors import CannotPublish
from fabwatch.terms.settings.outside import PublishSettings

ROWS = 50_000
"""Rows that are sent at once."""
SAID = 200
VERSIONS = "published"
LOCK = 0x66616270
"""The lock of those who publish into one schema."""


def publish(connection: Any, stated: PublishSettings, tables: Sequence[FlatTable], about: dict[str, Any]) -> int:
    """Publish tables with their functions; returns the version. Raises CannotPublish; then nothing has changed.

    `about` is what is noted of the version: snapshot, as_of, demo, fabwatch.
    """
    schema = quoted(stated.db_schema)
    with _told(connection), connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({LOCK}, hashtext(%s))", (stated.db_schema,))
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        version = _next_version(cursor, schema)
        for table in tables:
            _fill(cursor, schema, table, version)
            _show(cursor, schema, table, version)
        for statement in functions(schema, tables):
            cursor.execute(statement)
        _note(cursor, schema, version, tables, about)
        for reader in stated.readers:
            _grant(cursor, schema, reader, [table.name for table in tables])
        connection.commit()
    _forget(connection, schema, version - stated.keep)
    return version


def _next_version(cursor: Any, schema: str) -> int:
    cursor.execute(
        f"CREATE TABLE IF NOT EXISTS {schema}.{VERSIONS} (version bigint, table_name text, rows bigint, "
        "published_at timestamptz DEFAULT now(), as_of timestamp, snapshot bigint, demo boolean, fabwatch text, why text)"
    )
    cursor.execute(f"SELECT coalesce(max(version), 0) + 1 FROM {schema}.{VERSIONS}")
    return int(cursor.fetchone()[0])


def _fill(cursor: Any, schema: str, table: FlatTable, version: int) -> None:
    own = f"{schema}.{quoted(f'{table.name}__{version}')}"
    columns = ", ".join(f"{quoted(name)} {TYPES[kind]}" for name, kind in table.kinds.items())
    cursor.execute(f"CREATE TABLE {own} ({columns})")
    with cursor.copy(f"COPY {own} FROM STDIN (FORMAT csv)") as copy:
        for piece in _csv(table.rows):
            copy.write(piece)
    for name in table.parameters[:1]:
        cursor.execute(f"CREATE INDEX ON {own} ({quoted(name)})")


def _csv(rows: pa.Table) -> Iterator[bytes]:
    """The rows as CSV, where an empty cell is one that is not there and an empty text is in quotes."""
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    for begin in range(0, rows.num_rows, ROWS):
        sink = io.BytesIO()
        pyarrow.csv.write_csv(rows.slice(begin, ROWS), sink, options)
        yield sink.getvalue()


def _show(cursor: Any, schema: str, table: FlatTable, version: int) -> None:
    """Let the view show the new table. One with other columns is made anew, which no view of others may hinder."""
    view, own = f"{schema}.{quoted(table.name)}", f"{schema}.{quoted(f'{table.name}__{version}')}"
    cursor.execute("SAVEPOINT shown")
    try:
        cursor.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {own}")
    except Exception as fault:
        if getattr(fault, "sqlstate", None) not in ("42P16", "42601"):
            raise
        cursor.execute("ROLLBACK TO SAVEPOINT shown")
        cursor.execute(f"DROP VIEW {view}")
        cursor.execute(f"CREATE VIEW {view} AS SELECT * FROM {own}")
    cursor.execute("RELEASE SAVEPOINT shown")
    comment = table.comment.replace("'", "''")
    cursor.execute(f"COMMENT ON VIEW {view} IS '{comment}'")


def _note(cursor: Any, schema: str, version: int, tables: Sequence[FlatTable], about: dict[str, Any]) -> None:
    names = ", ".join(about)
    marks = ", ".join(["%s"] * (4 + len(about)))
    cursor.executemany(
        f"INSERT INTO {schema}.{VERSIONS} (version, table_name, rows, why, {names}) VALUES ({marks})",
        [(version, table.name, table.rows.num_rows, table.why, *about.values()) for table in tables],
    )


def _grant(cursor: Any, schema: str, reader: str, names: Sequence[str]) -> None:
    role = "PUBLIC" if reader.upper() == "PUBLIC" else quoted(reader)
    cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    for name in (*names, VERSIONS):
        cursor.execute(f"GRANT SELECT ON {schema}.{quoted(name)} TO {role}")
    cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}")


def _forget(connection: Any, schema: str, last: int) -> None:
    """Drop the tables of old versions; one that somebody reads still is dropped another time."""
    with _told(connection), connection.cursor() as cursor:
        cursor.execute(f"SELECT version, table_name FROM {schema}.{VERSIONS} WHERE version <= %s", (last,))
        old = cursor.fetchall()
        connection.commit()
    for version, name in old:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '500ms'")
                cursor.execute(f"DROP TABLE IF EXISTS {schema}.{quoted(f'{name}__{version}')}")
                cursor.execute(f"DELETE FROM {schema}.{VERSIONS} WHERE version = %s AND table_name = %s", (version, name))
            connection.commit()
        except Exception as fault:
            connection.rollback()
            # A view of somebody's own may stand on it, or a long question: neither is a reason to fail.
            if getattr(fault, "sqlstate", None) not in ("55P03", "2BP01"):
                raise CannotPublish(_first(fault)) from fault


@contextmanager
def _told(connection: Any) -> Iterator[None]:
    try:
        yield
    except CannotPublish:
        raise
    except Exception as fault:
        connection.rollback()
        if getattr(fault, "sqlstate", None) == "2BP01":
            hint = "drop and make that view again after this, or take it off the columns that have changed"
            raise CannotPublish(_first(fault), hint) from fault
        if hasattr(fault, "sqlstate"):
            raise CannotPublish(_first(fault)) from fault
        raise


def _first(fault: Exception) -> str:
    lines = str(fault).strip().splitlines() or [type(fault).__name__]
    return " ".join(lines[:2])[:SAID]
