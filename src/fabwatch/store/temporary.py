"""Temporary tables: small tables of one connection that a question reads beside the lake, made in one way."""

import pyarrow as pa

from fabwatch.store.lake import Lake, Parameters


def temp_table(lake: Lake, name: str, rows: pa.Table | pa.Schema | str, parameters: Parameters | None = None) -> str:
    """Make the temporary table `name` of Arrow rows, of no rows yet (a schema), or of what a statement gives.

    It takes the place of an earlier one of that name, and is gone when the transaction that made it is undone. Returns the
    statement that was run.
    """
    if isinstance(rows, str):
        statement = f"CREATE OR REPLACE TEMP TABLE {name} AS {rows}"
        lake.ask(statement, parameters)
        return statement
    statement = f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM incoming"
    with lake.incoming(rows.empty_table() if isinstance(rows, pa.Schema) else rows):
        lake.ask(statement)
    return statement


def append(lake: Lake, name: str, rows: pa.Table) -> None:
    """Add Arrow rows to a table (of the lake: `lake.NAME`), column by column of that name; the others stay empty."""
    with lake.incoming(rows):
        lake.ask(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")
