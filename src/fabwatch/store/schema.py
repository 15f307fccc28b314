"""The tables of `terms.tables` as statements that make them, and how a fab of an earlier fabwatch gets what it lacks."""

import hashlib
from collections.abc import Sequence

import duckdb

from fabwatch.store.seals import MAKE
from fabwatch.terms.tables import TABLES, Column, Table

SQL_TYPES = {
    "text": "VARCHAR",
    "whole": "BIGINT",
    "number": "DOUBLE",
    "time": "TIMESTAMP",
    "flag": "BOOLEAN",
    "date": "DATE",
}
_COUNTED = """
BEGIN;
CREATE TEMP TABLE uncounted AS SELECT table_id FROM __ducklake_metadata_lake.ducklake_table
WHERE end_snapshot IS NULL AND table_id NOT IN (SELECT table_id FROM __ducklake_metadata_lake.ducklake_table_stats);
INSERT INTO __ducklake_metadata_lake.ducklake_table_column_stats (table_id, column_id)
SELECT table_id, column_id FROM __ducklake_metadata_lake.ducklake_column WHERE table_id IN (FROM uncounted);
INSERT INTO __ducklake_metadata_lake.ducklake_table_stats SELECT table_id, 0, 0, 0 FROM uncounted;
DROP TABLE uncounted;
COMMIT"""
"""A count of 0 for tables that were never written to: without one the engine asks the catalog for each of their columns
at every statement, 60 to 200 ms instead of 5 (its version 1.5; what it does not find it does not remember)."""


def fingerprint() -> str:
    """A word for all tables with their columns: it changes with each of them, whether or not somebody thinks of it."""
    return hashlib.sha256(";".join(map(ddl, TABLES)).encode()).hexdigest()[:16]


def ddl(table: Table) -> str:
    """The statement that makes a table of the lake."""
    return f"CREATE TABLE IF NOT EXISTS lake.{table.name} ({columns_sql(table.stored)})"


def columns_sql(columns: Sequence[Column]) -> str:
    """Columns with their types, as a statement that makes a table names them."""
    return ", ".join(f"{column.name} {SQL_TYPES[column.kind]}" for column in columns)


def bring_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables and columns that a lake lacks, in one transaction; done again it does no harm."""
    connection.execute(";".join(["BEGIN", *map(ddl, TABLES), "COMMIT"]))
    known = "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake'"
    there = set(connection.execute(known).fetchall())
    lacking = [(table, column) for table in TABLES for column in table.stored if (table.name, column.name) not in there]
    if lacking:
        alter = [f"ALTER TABLE lake.{t.name} ADD COLUMN {columns_sql([column])}" for t, column in lacking]
        connection.execute(";".join(["BEGIN", *alter, "COMMIT"]))
    connection.execute(_COUNTED)
    connection.execute(MAKE)
