"""Temporary tables are made in one way, hold what they are given, and leave nothing of an earlier one behind."""

import re
from pathlib import Path

import pyarrow as pa

import fabwatch
from fabwatch.store.temporary import append, temp_table

SOURCE = Path(fabwatch.__file__).parent
ROWS = pa.table({"tool": pa.array(["E1", None], pa.string()), "n": pa.array([1, 2], pa.int64())})


def test_a_temporary_table_holds_rows_a_schema_or_what_a_statement_gives(fab):
    lake = fab._lake
    temp_table(lake, "chosen", ROWS)
    assert lake.ask("SELECT * FROM chosen").fetchall() == [("E1", 1), (None, 2)]
    temp_table(lake, "chosen", "SELECT tool FROM chosen WHERE n = $n", {"n": 1})
    assert lake.ask("SELECT * FROM chosen").fetchall() == [("E1",)]
    temp_table(lake, "chosen", ROWS.schema)
    assert lake.ask("SELECT * FROM chosen").fetchall() == []
    append(lake, "chosen", ROWS.select(["n"]))
    assert lake.ask("SELECT * FROM chosen").fetchall() == [(None, 1), (None, 2)]


def test_a_temporary_table_is_gone_with_the_transaction_that_was_undone(fab):
    lake = fab._lake
    lake.ask("BEGIN")
    temp_table(lake, "chosen", ROWS)
    lake.ask("ROLLBACK")
    assert not lake.ask("SELECT 1 FROM duckdb_tables() WHERE table_name = 'chosen'").fetchall()


def test_there_is_one_way_to_make_one():
    """Elsewhere rows are neither registered with the engine by hand nor written into statements."""
    ways = re.compile(r"TEMP(ORARY)? TABLE|\.incoming\(|(?<!atexit)(?<!registry)\.register\(|FROM \(VALUES")
    other = [path.name for path in SOURCE.rglob("*.py") if ways.search(path.read_text()) and path.name != "temporary.py"]
    ways_of_the_lake = (
        "the lake registers rows, engines hand theirs back, its tables are counted; store/temporary.py makes tables"
    )
    assert sorted(other) == ["lake.py", "scans.py", "schema.py"], ways_of_the_lake
