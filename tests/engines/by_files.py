"""An engine for tests: DuckDB over the very files that a statement was handed, and nothing else of the lake.

What was left out by mistake is not there, so that its answer is another one; a statement takes milliseconds.
"""

from typing import Any

import duckdb
import pyarrow as pa

from fabwatch.store.engines import SPARK, Tables
from fabwatch.store.engines.pruning import Part
from fabwatch.store.engines.statements import Statement
from fabwatch.store.lake import Parameters


class ByFiles:
    """Runs a statement over files alone, and counts those that it was handed."""

    name = SPARK
    reads_files = True

    def __init__(self) -> None:
        self.handed: dict[str, int] = {}
        """How many files of each table the last statement was handed."""

    def run(self, statement: Statement, parameters: Parameters, tables: Tables) -> pa.Table:
        """The rows of a statement."""
        engine = duckdb.connect()
        engine.execute("SET TimeZone = 'UTC'; ATTACH ':memory:' AS lake")
        for name, rows in tables.handed.items():
            engine.register(name, rows)
        for name, part in tables.stored.items():
            self.handed[name] = len(part.table.files)
            for place in ("lake.", ""):
                _show(engine, place + name, part)
        return engine.execute(statement.text, parameters).to_arrow_table()

    def is_there(self) -> bool:
        """It is never lost."""
        return True

    def close(self) -> None:
        """Nothing is open."""


def _show(engine: Any, name: str, part: Part) -> None:
    columns = ", ".join(f'{_empty(kind)} AS "{column}"' for column, kind in part.table.types)
    engine.execute(f"CREATE TABLE {name} AS SELECT {columns} LIMIT 0")
    for file in part.table.files:
        if file.deletes or file.partial or file.gone:
            raise ValueError("this engine knows plain files alone")
        engine.execute(f"INSERT INTO {name} BY NAME SELECT * FROM read_parquet(?)", [file.path])
    if part.table.inlined.num_rows:
        rows = part.table.inlined
        engine.register("inlined", rows)
        engine.execute(f"INSERT INTO {name} BY NAME SELECT * FROM inlined")
        engine.unregister("inlined")


def _empty(kind: str) -> str:
    return f"NULL::{kind}"
