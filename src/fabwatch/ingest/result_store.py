"""What files of results store: which of it is there already, the rows themselves, and how they are taken back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.sources.result_file import ResultRows, schema_of
from fabwatch.store.files import add
from fabwatch.store.lake import Lake, Record
from fabwatch.store.temporary import append
from fabwatch.terms.problems import Problem
from fabwatch.terms.tables import BY_NAME, RESULTS

NUMBERS = {"wafer_tests": "wafer_test", "inspections": "inspection"}
"""The tables that say what a file is about, each with the column that the other rows refer to."""
NAMES = {
    "wafer_tests": ("format", "lot", "wafer", "insertion", "retest"),
    "inspections": ("lot", "wafer", "layer"),
}
OCCASIONS = {"wafer_tests": ("tester", "start_at"), "inspections": ("tool", "inspected_at")}
"""With its names, what tells one test of a wafer from the next."""
FEW = 20_000
"""Rows up to which a table is written by the engine and not as a file beside it."""


@dataclass
class Stored:
    """What was stored of a file of results."""

    rows: int = 0
    duplicates: int = 0
    aside: int = 0
    records: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    replaced: list[Record] = field(default_factory=list)
    """Loads of copies that were cut, whose place it takes."""
    whole: Record | None = None
    """The load of the whole file of which this one is a cut copy; nothing is stored then."""
    there: set[int] = field(default_factory=set)
    """Numbers of what is there already."""


def store(lake: Lake, load: str, pieces: Iterator[object]) -> Stored:
    """Write the rows of a file, as a reader hands them over. Call it inside `lake.writing()`. Raises CannotRead."""
    stored = Stored()
    for table, group in groupby(_rows(pieces, stored), key=lambda piece: piece.table):
        if table in NUMBERS:
            _begin(lake, table, load, pa.concat_tables([piece.rows for piece in group]), stored)
            if stored.whole is not None:
                break
        else:
            _write(lake, load, table, group, stored)
    return stored


def forget(lake: Lake, load: str) -> None:
    """Delete what an earlier load of this content stored."""
    for table in RESULTS:
        lake.ask(f"DELETE FROM lake.{table.name} WHERE load = $load", {"load": load})


def kept_rows(lake: Lake, load: str) -> int:
    """How many records the lake holds of a load."""
    counts = (f"(SELECT count(*) FROM lake.{name} WHERE load = $load)" for name in ("dies", "tests", "defects"))
    return int(lake.ask(f"SELECT {' + '.join(counts)}", {"load": load}).fetchall()[0][0])


def _rows(pieces: Iterator[object], stored: Stored) -> Iterator[ResultRows]:
    for piece in pieces:
        if isinstance(piece, ResultRows):
            stored.problems += piece.problems
            stored.aside += piece.aside
            stored.records += piece.records
            yield piece
        elif isinstance(piece, list):
            stored.notes += piece


def _begin(lake: Lake, table: str, load: str, rows: pa.Table, stored: Stored) -> None:
    """Compare what a file is about with what is there, and store what is new of it."""
    new = []
    for row in rows.to_pylist():
        before = _same_occasion(lake, table, load, row)
        cut = [known for known in before if known["cut"]]
        if row["cut"] and len(cut) < len(before):
            stored.whole = next(known for known in before if not known["cut"])
            return
        if not row["cut"]:
            stored.replaced += [known for known in cut if known not in stored.replaced]
        alike = _same_content(lake, table, load, row, [known["load"] for known in stored.replaced])
        if any(all(known[name] == row[name] for name in NAMES[table]) for known in alike):
            stored.there.add(row[NUMBERS[table]])
            continue
        if alike:
            names = ", ".join(sorted({_name(known) for known in alike}))
            row["doubts"] = "; ".join(filter(None, [row["doubts"], f"the same results as {names}"]))
        new.append(row)
    if new:
        fresh = pa.Table.from_pylist(new, schema=schema_of(BY_NAME[table]))
        append(lake, f"lake.{table}", _with_load(fresh, load))
    if stored.there:
        stored.notes.append(f"{len(stored.there)} of {rows.num_rows} were there already, under the same name")


def _same_occasion(lake: Lake, table: str, load: str, row: Record) -> list[Record]:
    """What other loads have of the same wafer, tested or inspected on the same tool at the same time."""
    names = (*NAMES[table], *OCCASIONS[table])
    if row[OCCASIONS[table][1]] is None or not (row["lot"] or row["wafer"]):
        return []
    where = " AND ".join(f"t.{name} IS NOT DISTINCT FROM ${name}" for name in names)
    return lake.rows(
        f"SELECT t.load, t.cut, l.path, l.loaded_at FROM lake.{table} AS t JOIN lake.loads AS l USING (load) "
        f"WHERE t.load <> $load AND {where}",
        {"load": load, **{name: row[name] for name in names}},
    )


def _same_content(lake: Lake, table: str, load: str, row: Record, replaced: list[str]) -> list[Record]:
    if row["digest"] is None:
        return []
    names = ", ".join(NAMES[table])
    return lake.rows(
        f"SELECT {names} FROM lake.{table} WHERE digest = $digest AND load <> $load AND NOT list_contains($gone, load)",
        {"digest": row["digest"], "load": load, "gone": replaced},
    )


def _name(row: Record) -> str:
    return " ".join(str(row[name]) for name in ("lot", "wafer") if row[name]) or "parts without a name"


def _write(lake: Lake, load: str, table: str, group: Iterator[ResultRows], stored: Stored) -> None:
    """Write rows of one table: by the engine while they are few, else as a file beside it."""
    number = next((name for name in NUMBERS.values() if name in BY_NAME[table].names), None)
    held: list[pa.Table] = []
    rows = 0
    flow = _flow(group, load, number, stored)
    for piece in flow:
        held.append(piece)
        rows += piece.num_rows
        if rows > FEW:
            schema = pa.schema([pa.field("load", pa.string()), *schema_of(BY_NAME[table])])
            add(lake, table, schema, _chain(held, flow))
            return
    if rows:
        append(lake, f"lake.{table}", pa.concat_tables(held))


def _chain(held: list[pa.Table], flow: Iterator[pa.Table]) -> Iterator[pa.Table]:
    while held:
        yield held.pop(0)
    yield from flow


def _flow(group: Iterator[ResultRows], load: str, number: str | None, stored: Stored) -> Iterator[pa.Table]:
    for piece in group:
        rows = piece.rows
        if stored.there and number is not None:
            there = pa.array(sorted(stored.there), pa.int64())
            rows = rows.filter(pc.invert(pc.is_in(rows.column(number), value_set=there)))
        if piece.counted:
            stored.rows += rows.num_rows
            stored.duplicates += piece.rows.num_rows - rows.num_rows
        yield _with_load(rows, load)


def _with_load(rows: pa.Table, load: str) -> Any:
    return rows.add_column(0, "load", pa.repeat(pa.scalar(load, pa.string()), rows.num_rows))
