"""A question reads no file that cannot change its answer, and every file that could."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fabwatch.fab import Fab
from fabwatch.store.engine import CATALOG
from fabwatch.store.engines.opening import Opening
from fabwatch.store.engines.scans import Scans
from fabwatch.store.temporary import temp_table
from tests.engines.by_files import ByFiles
from tests.fabs import made_once

DAYS = 8
MOVES = """
INSERT INTO lake.moves (lot, wafer, wafers, product, step_no, tool, chamber, kind, end_at, day, load)
SELECT 'L' || $day || chr((65 + n // 6)::INT), 'L' || $day || '.' || lpad(n::VARCHAR, 2, '0'), 1, 'P', n,
       CASE WHEN n % 2 = 0 THEN 'ETCH-1' ELSE 'ETCH-2' END, CASE WHEN n % 3 = 0 THEN 'A' END, 'production', moment,
       moment::DATE, 'made'
FROM (SELECT n, $begin::TIMESTAMP + to_hours(2 * n::INT) AS moment FROM range(12) AS moves(n))
ORDER BY n % 2, moment
"""
OWN = """
INSERT INTO lake.moves (lot, wafer, wafers, step_no, tool, kind, end_at, day, load)
SELECT 'OWN', 'OWN.' || n, 1, n, 'CMP-9', 'production', moment, moment::DATE, 'own'
FROM (SELECT n, TIMESTAMP '2026-06-03' + to_minutes(n::INT) AS moment FROM range(12) AS moves(n))
"""
"""A file of one tool and one lot, in the middle of the others."""
ALL = DAYS + 1
NEEDED = {
    "a time as a value": ("WHERE end_at > $at", 3),
    "a time as text with a zone": ("WHERE end_at > '2026-06-07 23:00:00-08'", ALL),
    "a time that is worked out": ("WHERE end_at > $at::TIMESTAMP + INTERVAL 1 DAY", ALL),
    "the end of a file": ("WHERE end_at >= $edge", 6),
    "the begin of a file": ("WHERE m.end_at <= $begin", 2),
    "a time and a tool": ("WHERE end_at <= $at AND tool = 'CMP-9'", 1),
    "the value first": ("WHERE $at < end_at AND 'CMP-9' <> tool", 3),
    "some tools": ("WHERE tool IN ('CMP-9', 'CMP-8')", 1),
    "between": ("WHERE end_at BETWEEN $begin AND $edge", 3),
    "a list": ("WHERE list_contains($some, lot)", 2),
    "a value that is stated": ("WHERE ($lot IS NULL OR lot = $lot)", 1),
    "a value that is not": ("WHERE ($none IS NULL OR lot = $none)", ALL),
    "a whole number": ("WHERE step_no > 20", 0),
    "a number as a text": ("WHERE lot > 5::VARCHAR", ALL),
    "a day": ("WHERE day = $day", 2),
    "either": ("WHERE tool = 'CMP-9' OR end_at > $at", ALL),
    "not": ("WHERE NOT (tool = 'CMP-9')", ALL),
    "no tool of some": ("WHERE tool NOT IN ('CMP-9')", ALL),
    "what a function makes of it": ("WHERE lower(tool) = 'cmp-9'", ALL),
    "a join with a small table": ("JOIN small AS s ON s.lot = m.lot", 2),
    "a join in which empty is like empty": ("JOIN small AS s ON s.product IS NOT DISTINCT FROM m.product", ALL),
    "a join that keeps the rows": ("LEFT JOIN small AS s ON s.lot = m.lot AND m.tool = 'CMP-9'", ALL),
    "a column that both have": ("JOIN small AS s ON true WHERE m.lot = 'OWN' AND s.product = 'P'", 1),
    "rows that are joined or empty": ("RIGHT JOIN small AS s ON m.lot = s.lot AND m.tool = 'NONE'", ALL),
    "a condition after such a join": ("RIGHT JOIN small AS s ON m.lot = s.lot WHERE m.tool = 'CMP-9'", 1),
    "another place": ("WHERE tool = 'CMP-9' AND 0 < (SELECT count(*) FROM moves WHERE end_at > $at)", 4),
    "another place without bounds": ("WHERE tool = 'CMP-9' AND 0 < (SELECT count(*) FROM moves)", ALL),
}
"""What is asked of moves, and how many files may hold such a move."""
WHOLE = {
    "a name of its own": "WITH moves AS (SELECT * FROM lake.moves) SELECT count(*) FROM moves WHERE tool = 'CMP-9'",
    "a window that is looked into": "SELECT n FROM (SELECT tool, row_number() OVER (ORDER BY end_at, tool, lot) AS n FROM "
    "moves) AS a WHERE tool = 'CMP-9' AND n > 3 ORDER BY n",
}
"""Statements in which a condition is not yet one of the rows that are read."""
VALUES = {
    "at": datetime(2026, 6, 6, 22),
    "edge": datetime(2026, 6, 3, 22),
    "begin": datetime(2026, 6, 2),
    "day": datetime(2026, 6, 3).date(),
    "some": ["L2A", "L7B", None],
    "lot": "OWN",
    "none": None,
}


def _made(place: Path) -> None:
    with Fab(place / "fab", create=True) as fab:
        lake = fab._lake
        for day in range(1, DAYS + 1):
            with lake.writing():
                lake.ask(MOVES, {"day": day, "begin": f"2026-06-{day:02d}"})
        with lake.writing():
            lake.ask(OWN)
            lake.ask("INSERT INTO lake.tools (tool, load) VALUES ('ETCH-1', 'made'), ('ETCH-2', 'made')")
        with lake.writing():
            lake.ask(
                "INSERT INTO lake.quals (tool, qual_type, processed_at, passed, day, load) SELECT tool, 'particles', "
                "TIMESTAMP '2026-06-06 22:00:00', true, DATE '2026-06-06', 'made' FROM lake.tools"
            )


@pytest.fixture
def fab(tmp_path: Path) -> Iterator[Fab]:
    shutil.copytree(made_once("pruning", _made) / "fab", tmp_path / "fab")
    with Fab(tmp_path / "fab") as opened:
        yield opened


def _files_for(fab: Fab, sql: str) -> int:
    """How many files a statement is handed, from which it has to give what it gives over all of them."""
    values = {name: value for name, value in VALUES.items() if f"${name}" in sql}
    lake, engine = fab._lake, ByFiles()
    with lake.reading() as snapshot:
        temp_table(lake, "small", pa.table({"lot": ["L1A", "OWN", None], "product": ["P", None, None]}))
        wanted = lake.ask(sql, values).fetchall()
        with lake.scanning(Scans(lake, engine, snapshot)):
            assert lake.ask(sql, values).fetchall() == wanted
    return engine.handed["moves"]


def _by_files(fab: Fab, ask: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, int]:
    engine = ByFiles()
    with monkeypatch.context() as patched:
        patched.setattr(Opening, "_opened", lambda self: engine)
        with Fab(fab.path, engine="spark") as elsewhere:
            answer = ask(elsewhere)
    return answer, engine.handed["moves"]


@pytest.mark.parametrize("case", NEEDED)
def test_a_statement_reads_the_files_that_it_needs_and_no_other(fab: Fab, case: str) -> None:
    asked, files = NEEDED[case]
    assert _files_for(fab, f"SELECT count(*), min(m.wafer), max(m.wafer) FROM moves AS m {asked}") == files


@pytest.mark.parametrize("case", WHOLE)
def test_a_condition_on_what_was_made_of_the_rows_leaves_no_file_out(fab: Fab, case: str) -> None:
    assert _files_for(fab, WHOLE[case]) == ALL


def test_a_move_at_the_very_moment_that_a_question_is_asked_for_counts(fab: Fab, monkeypatch: pytest.MonkeyPatch) -> None:
    for moment in ("2026-06-07T00:00:00", "2026-06-07T02:00:00+02:00", "2026-06-06T23:59:59"):
        wanted = fab.risk(as_of=moment)
        answer, files = _by_files(fab, lambda there, at=moment: there.risk(as_of=at), monkeypatch)
        assert [row.wafers for row in answer.tools] == [row.wafers for row in wanted.tools]
        assert answer.total.wafers == wanted.total.wafers
        assert files < DAYS + 1


def test_a_file_of_which_the_catalog_notes_nothing_is_read(fab: Fab, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = fab.lot_history("L3A")
    assert _by_files(fab, lambda there: there.lot_history("L3A"), monkeypatch)[1] == 1
    for undone in ("SET min_value = NULL", "SET max_value = NULL"):
        with fab._lake.writing():
            fab._lake.ask(f"UPDATE {CATALOG}.ducklake_file_column_stats {undone} WHERE data_file_id = 2")
        answer, files = _by_files(fab, lambda there: there.lot_history("L3A"), monkeypatch)
        assert (answer.passes, files) == (wanted.passes, 1)
    with fab._lake.writing():
        fab._lake.ask(f"DELETE FROM {CATALOG}.ducklake_file_column_stats WHERE data_file_id IN (2, 5)")
    answer, files = _by_files(fab, lambda there: there.lot_history("L3A"), monkeypatch)
    assert (answer.passes, files) == (wanted.passes, 2), "the other file without a note may have held it too"


def test_a_largest_text_that_is_noted_cut_short_hides_no_row(fab: Fab, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = fab.lot_history("L3B")
    assert wanted.passes
    with fab._lake.writing():
        fab._lake.ask(
            f"UPDATE {CATALOG}.ducklake_file_column_stats SET min_value = left(min_value, 1), "
            "max_value = left(max_value, 2) WHERE max_value = 'L3B'"
        )
    assert _by_files(fab, lambda there: there.lot_history("L3B"), monkeypatch)[0].passes == wanted.passes


def test_a_value_that_cannot_be_read_as_its_type_hides_no_row(fab: Fab, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = fab.risk(as_of="2026-06-08T23:00:00")
    with fab._lake.writing():
        fab._lake.ask(
            f"UPDATE {CATALOG}.ducklake_file_column_stats SET max_value = 'infinite' WHERE max_value LIKE '2026-06-0%'"
        )
    answer, _ = _by_files(fab, lambda there: there.risk(as_of="2026-06-08T23:00:00"), monkeypatch)
    assert answer.total.wafers == wanted.total.wafers > 0


def test_a_lot_of_many_signs_and_of_signs_beyond_ascii_is_read(fab: Fab, monkeypatch: pytest.MonkeyPatch) -> None:
    for lot in ("L" * 200, "Ä-Los", "ω", "🜁"):
        with fab._lake.writing():
            fab._lake.ask(
                "INSERT INTO lake.moves (lot, wafers, tool, kind, end_at, day, load) SELECT $lot, 1, 'CMP-9', 'production', "
                "TIMESTAMP '2026-06-05', DATE '2026-06-05', 'long' FROM range(12)",
                {"lot": lot},
            )
        wanted = fab.lot_history(lot)
        assert wanted.passes == _by_files(fab, lambda there, lot=lot: there.lot_history(lot), monkeypatch)[0].passes
