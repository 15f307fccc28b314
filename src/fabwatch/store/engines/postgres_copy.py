"""Copying the tables of the lake into PostgreSQL, and keeping them: what has not changed is not sent again.

Each table stands in one schema with the types of the lake. A table whose files are the same as at the last copy is left
alone; of another one the loads whose rows are the same are. All is one transaction: readers see one moment of the fab.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc

from fabwatch.store.engines.live_files import live
from fabwatch.store.engines.scans import STORED
from fabwatch.store.lake import Lake
from fabwatch.terms.tables import TABLES

SCHEMA = "fabwatch"
MARKS = "copied_tables"
LOADS = "copied_loads"
LOCK = 7_166_322
"""Number of the lock that two copies at once wait for."""
PIECE = 100_000
TYPES = {
    "VARCHAR": 'text COLLATE "C"', "BIGINT": "bigint", "INTEGER": "integer", "SMALLINT": "smallint", "FLOAT": "real",
    "DOUBLE": "double precision", "BOOLEAN": "boolean", "TIMESTAMP": "timestamp", "DATE": "date", "HUGEINT": "numeric",
}  # fmt: skip
"""Text is compared byte by byte, as in the lake."""
_ARROW = {
    pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.int32(): "INTEGER", pa.int16(): "SMALLINT", pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN", pa.timestamp("us"): "TIMESTAMP", pa.date32(): "DATE",
}  # fmt: skip
INDEXES = {"moves": ("tool, end_at", "lot", "load"), "tests": ("test, load",), "dies": ("load, wafer_test",)}
_MAKE = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.{MARKS} (table_name text PRIMARY KEY, mark text NOT NULL, snapshot bigint NOT NULL,
    columns text NOT NULL, copied_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS {SCHEMA}.{LOADS} (table_name text, load text COLLATE "C", digest text NOT NULL)"""


@dataclass(frozen=True)
class Copied:
    """What a copy did with one table."""

    table: str
    sent: int
    """Rows that were sent."""
    removed: int


def copy_tables(lake: Lake, connection: Any, snapshot: int) -> list[Copied]:
    """Bring the tables in PostgreSQL to a snapshot that is being read (`Lake.reading`). Raises what the driver raises."""
    done: list[Copied] = []
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(_MAKE)
        cursor.execute(f"SELECT table_name, mark, columns FROM {SCHEMA}.{MARKS}")
        known = {name: (mark, columns) for name, mark, columns in cursor.fetchall()}
        for table in TABLES:
            if table.name not in STORED:
                continue
            now = live(lake, table.name, snapshot)
            mark, columns = known.get(table.name, (None, None))
            if mark == now.mark:
                continue
            if columns != str(now.types):
                _make_again(cursor, table.name, now.types)
            done.append(_kept(lake, cursor, table.name, [name for name, _ in now.types]))
            cursor.execute(
                f"INSERT INTO {SCHEMA}.{MARKS} (table_name, mark, snapshot, columns) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (table_name) DO UPDATE SET mark = excluded.mark, snapshot = excluded.snapshot, "
                "columns = excluded.columns, copied_at = now()",
                [table.name, now.mark, snapshot, str(now.types)],
            )
    for one in done:
        # Without its counts the planner of the server takes a table for a small one.
        connection.execute(f"ANALYZE {SCHEMA}.{one.table}")
    return done


def _make_again(cursor: Any, name: str, types: Sequence[tuple[str, str]]) -> None:
    cursor.execute(f"DROP TABLE IF EXISTS {SCHEMA}.{name}")
    cursor.execute(f"DELETE FROM {SCHEMA}.{LOADS} WHERE table_name = %s", [name])
    columns = ", ".join(f'"{column}" {TYPES[kind]}' for column, kind in types)
    cursor.execute(f"CREATE TABLE {SCHEMA}.{name} ({columns})")
    for place in INDEXES.get(name, ()):
        cursor.execute(f"CREATE INDEX ON {SCHEMA}.{name} ({place})")


def _kept(lake: Lake, cursor: Any, name: str, columns: Sequence[str]) -> Copied:
    """Send the loads whose rows differ from those at the last copy; a table without loads is sent whole."""
    here = _digests(lake, name, "load" in columns)
    cursor.execute(f"SELECT load, digest FROM {SCHEMA}.{LOADS} WHERE table_name = %s", [name])
    there: dict[str, str] = dict(cursor.fetchall())
    gone = [load for load in there if there[load] != here.get(load)]
    new = [load for load in here if there.get(load) != here[load]]
    removed = _remove(cursor, name, gone, "load" in columns)
    sent = _send(lake, cursor, name, new, "load" in columns)
    cursor.executemany(f"INSERT INTO {SCHEMA}.{LOADS} VALUES (%s, %s, %s)", [(name, load, here[load]) for load in new])
    return Copied(name, sent, removed)


def _digests(lake: Lake, name: str, by_load: bool) -> Mapping[str, str]:
    """A word for the rows of each load, whatever their order; '' stands for rows of no load, or for the whole table."""
    load = "coalesce(t.load, '')" if by_load else "''"
    rows = lake.connection.execute(
        f"SELECT {load} AS load, count(*) || ' ' || bit_xor(hash(t)) || ' ' || sum(hash(t)) FROM {name} AS t GROUP BY 1"
    )
    return dict(rows.fetchall())


def _remove(cursor: Any, name: str, loads: Sequence[str], by_load: bool) -> int:
    if not loads:
        return 0
    cursor.execute(f"DELETE FROM {SCHEMA}.{LOADS} WHERE table_name = %s AND load = ANY(%s)", [name, list(loads)])
    if by_load:
        cursor.execute(f"DELETE FROM {SCHEMA}.{name} WHERE coalesce(load, '') = ANY(%s)", [list(loads)])
    else:
        cursor.execute(f"DELETE FROM {SCHEMA}.{name}")
    return int(cursor.rowcount)


def _send(lake: Lake, cursor: Any, name: str, loads: Sequence[str], by_load: bool) -> int:
    if not loads:
        return 0
    chosen, values = ("WHERE list_contains($loads, coalesce(load, ''))", {"loads": list(loads)}) if by_load else ("", {})
    result = lake.connection.execute(f"SELECT * FROM {name} {chosen}", values)
    sent = 0
    for batch in result.to_arrow_reader(PIECE):
        fill(cursor, f"{SCHEMA}.{name}", pa.Table.from_batches([batch]))
        sent += batch.num_rows
    return sent


def create(cursor: Any, name: str, schema: pa.Schema, temporary: bool) -> None:
    """Make a table for rows of that schema."""
    columns = ", ".join(f'"{field.name}" {_type(field.type)}' for field in schema)
    cursor.execute(f"CREATE {'TEMP ' if temporary else ''}TABLE {name} ({columns}){' ON COMMIT DROP' if temporary else ''}")


def fill(cursor: Any, name: str, rows: pa.Table) -> None:
    """Add rows to a table, column by column in their order."""
    if not rows.num_rows:
        return
    buffer = io.BytesIO()
    pc.write_csv(rows, buffer, pc.WriteOptions(include_header=False))
    with cursor.copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
        copy.write(buffer.getvalue())


def _type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return TYPES["HUGEINT"]
    return TYPES[_ARROW[kind]]
