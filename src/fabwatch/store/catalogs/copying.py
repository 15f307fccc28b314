"""A catalog copied into another one, whichever of them is a file and whichever a server: all of it, or nothing."""

from pathlib import Path

import duckdb

from fabwatch.store.catalogs import Catalog
from fabwatch.store.data_place import DataPlace
from fabwatch.store.engine import connect, translated
from fabwatch.terms.errors import StoreBroken

MEMORY = "500MB"
_SOURCE, _TARGET = "copied_from", "copied_to"
_LAKE = "lake_of_target"
_WANTED = "(table_name LIKE 'ducklake\\_%' ESCAPE '\\' OR table_name = 'fabwatch_seals')"
_INLINED = "ducklake_inlined_data_"
_NOT_TAKEN = ("ducklake_inlined_data_tables", "ducklake_inlined_delete_tables")
"""What names tables of rows that are kept in a catalog: a catalog that is copied has none, and makes its own."""


def copy_catalog(source: Catalog, target: Catalog, data: DataPlace, temporary: Path) -> None:
    """Copy every table of the source into the target, which becomes a lake by it; what was there before is replaced.

    Nobody may write to the source meanwhile, and nothing may be inlined in it. Raises StoreBroken and its kin.
    """
    try:
        with connect(MEMORY, temporary, sorted({*source.extensions, *target.extensions, *data.extensions})) as connection:
            source.prepare(connection)
            target.prepare(connection)
            where, options = target.source()
            # The engine makes the tables as it wants to find them.
            connection.execute(
                f"ATTACH 'ducklake:{where}' AS {_LAKE} (DATA_PATH '{data.url}', OVERRIDE_DATA_PATH true, {options})"
            )
            connection.execute(f"DETACH {_LAKE}")
            connection.execute(source.plain(_SOURCE, True))
            connection.execute(target.plain(_TARGET, False))
            _copy(connection)
    except duckdb.Error as fault:
        raise translated(fault) from fault


def _copy(connection: duckdb.DuckDBPyConnection) -> None:
    there, wanted = _tables(connection, _TARGET), _tables(connection, _SOURCE)
    for table in [name for name in wanted if name.startswith(_INLINED) and name not in _NOT_TAKEN]:
        if connection.execute(f"SELECT count(*) FROM {_SOURCE}.{table}").fetchall() != [(0,)]:
            raise StoreBroken(f"Rows are kept in the table {table} of the catalog itself, which cannot be copied.")
    tables = [name for name in wanted if not name.startswith(_INLINED) and name not in _NOT_TAKEN]
    for table in tables:
        if table not in there:
            columns = ", ".join(f"{name} {kind}" for name, kind in _columns(connection, _SOURCE, table))
            connection.execute(f"CREATE TABLE {_TARGET}.{table} ({columns})")
    connection.execute("BEGIN")
    for table in [name for name in there if not name.startswith(_INLINED) or name in _NOT_TAKEN]:
        connection.execute(f"DELETE FROM {_TARGET}.{table}")
    for table in tables:
        names, cells = _cells(connection, table)
        connection.execute(f"INSERT INTO {_TARGET}.{table} ({names}) SELECT {cells} FROM {_SOURCE}.{table}")
    connection.execute("COMMIT")
    for table in tables:
        _compare(connection, table)


def _compare(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    names, cells = _cells(connection, table)
    sums = [
        connection.execute(
            f"SELECT count(*), coalesce(sum(hash(concat_ws(chr(31), {what}))::HUGEINT), 0) FROM {place}.{table}"
        ).fetchall()
        for place, what in ((_SOURCE, _as_texts(cells)), (_TARGET, _as_texts(names)))
    ]
    if sums[0] != sums[1]:
        raise StoreBroken(f"The table {table} of the catalog is another one after it was copied: nothing was changed.")


def _as_texts(cells: str) -> str:
    return ", ".join(f"coalesce(({cell})::VARCHAR, chr(30))" for cell in cells.split(", "))


def _cells(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str, str]:
    """The names of a table's columns, and each as the target keeps it."""
    known = {name for name, _ in _columns(connection, _SOURCE, table)}
    kept = [(name, kind) for name, kind in _columns(connection, _TARGET, table) if name in known]
    return ", ".join(f'"{name}"' for name, _ in kept), ", ".join(f'"{name}"::{kind}' for name, kind in kept)


def _tables(connection: duckdb.DuckDBPyConnection, place: str) -> list[str]:
    sql = f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{place}' AND {_WANTED} ORDER BY 1"
    return [name for (name,) in connection.execute(sql).fetchall()]


def _columns(connection: duckdb.DuckDBPyConnection, place: str, table: str) -> list[tuple[str, str]]:
    sql = (
        f"SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = '{place}' AND table_name = '{table}' "
        "ORDER BY column_index"
    )
    return connection.execute(sql).fetchall()
