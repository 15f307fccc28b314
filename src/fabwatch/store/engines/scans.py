"""Scans: the statements that read what grows with every wafer go to another engine, all others stay where they are.

What comes back is given the types that DuckDB would have given it, so that whoever asked sees no difference.
"""

import re
from collections.abc import Mapping

import duckdb
import pyarrow as pa

from fabwatch.store.engines import Engine, Tables
from fabwatch.store.engines.bounds import places
from fabwatch.store.engines.live_files import Live, live
from fabwatch.store.engines.pruning import Part, part
from fabwatch.store.engines.statements import Statement
from fabwatch.store.lake import Lake, Parameters, samples_name
from fabwatch.terms.tables import TABLES

GROWING = frozenset({"moves", "dies", "tests", "defects", "step_summary"})
"""The tables with a row for each wafer at each step, each part, each test; those of samples are named by their shape."""
VIEWS = frozenset({"restores"})
"""Tables of the lake whose plain name leaves rows out: those are handed over as they are read here."""
STORED = frozenset(table.name for table in TABLES if not table.kept) - VIEWS
RESULT = "scanned"
_MADE = re.compile(r"\s*CREATE OR REPLACE TEMP TABLE (\w+) AS (.*)", re.DOTALL)


class Scans:
    """What one engine answers for a lake, during one question."""

    def __init__(self, lake: Lake, engine: Engine, snapshot: int):
        self._lake, self._engine, self._snapshot = lake, engine, snapshot
        self._live: dict[str, Live] = {}

    def __call__(self, sql: str, parameters: Parameters | None) -> duckdb.DuckDBPyConnection | None:
        """The result of a statement that scans; None for any other. Raises EngineFailed, NotOnEngine."""
        made = _MADE.fullmatch(sql)
        text = made[2] if made else sql
        if not text.lstrip().startswith(("SELECT", "WITH", "--")):
            return None
        if not any(name in text for name in (*GROWING, samples_name(""))):
            # Most statements read small tables alone: they need not be taken apart to see it.
            return None
        statement = Statement(text)
        if not any(_grows(name) for name in statement.reads):
            return None
        return self._scanned(statement, parameters or {}, f"CREATE OR REPLACE TEMP TABLE {made[1]} AS " if made else "")

    def _scanned(self, statement: Statement, parameters: Parameters, into: str) -> duckdb.DuckDBPyConnection:
        connection = self._lake.connection
        described = connection.execute(f"DESCRIBE {statement.text}", parameters).fetchall()
        rows = self._engine.run(statement, parameters, self._tables(statement, parameters))
        # Some engines give columns other names in lower case; their order is what holds.
        rows = rows.rename_columns([f"c{number}" for number in range(len(described))])
        columns = [f'c{number}::{row[1]} AS "{row[0]}"' for number, row in enumerate(described)]
        connection.register(RESULT, rows)
        return connection.execute(f"{into}SELECT {', '.join(columns)} FROM {RESULT}")

    def _tables(self, statement: Statement, parameters: Parameters) -> Tables:
        stored = {name for name in statement.reads if name in STORED or _grows(name)}
        handed = {name: self._handed(name) for name in sorted(statement.reads - stored)}
        return Tables({name: self._part_of(name, statement, parameters, handed) for name in sorted(stored)}, handed)

    def _part_of(self, name: str, statement: Statement, parameters: Parameters, handed: Mapping[str, pa.Table]) -> Part:
        table = self._live_of(name)
        if not self._engine.reads_files:
            return Part(table, ())
        return part(self._lake, table, places(statement, parameters, name, dict(table.types), handed))

    def _live_of(self, name: str) -> Live:
        if name not in self._live:
            self._live[name] = live(self._lake, name, self._snapshot)
        return self._live[name]

    def _handed(self, name: str) -> pa.Table:
        table: pa.Table = self._lake.connection.execute(f"SELECT * FROM {name}").to_arrow_table()
        return table


def _grows(name: str) -> bool:
    return name in GROWING or name.startswith(samples_name(""))
