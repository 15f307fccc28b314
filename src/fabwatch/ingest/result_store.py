"""What files of results store: which of it is there already, the rows themselves, and how they are taken back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.sources.result_file import ResultRows, schema_of
from fabwatch.store.files import add
from fabwatch.store.lake import Lake, Record
from fabwatch.store.temporary import append
from fabwatch.terms.problems import Problem
from fabwatch.terms.tables import BY_NAME, RECORDS, RESULTS

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


class ResultStore:
    """Rows of files on their way into the lake, in one transaction; `flush` writes what is held."""

    def __init__(self, lake: Lake):
        self._lake = lake
        self._known: dict[str, list[Record]] = {}
        self._held: dict[str, list[pa.Table]] = {}

    def look_up(self, heads: Iterable[tuple[str, pa.Table]]) -> None:
        """Look up what is there of what files are about, with one statement for each kind of them."""
        for table, group in groupby(sorted(heads, key=lambda head: head[0]), key=lambda head: head[0]):
            rows = [row for _, some in group for row in some.to_pylist()]
            lots = sorted({str(row["lot"] or row["wafer"]) for row in rows} - {"None"})
            digests = sorted({str(row["digest"]) for row in rows} - {"None"})
            names = ", ".join(f"t.{name}" for name in (*NAMES[table], *OCCASIONS[table], "cut", "digest", "load"))
            self._known[table] = self._lake.rows(
                f"SELECT {names}, l.path, l.loaded_at FROM lake.{table} AS t JOIN lake.loads AS l USING (load) "
                "WHERE list_contains($lots, coalesce(t.lot, t.wafer)) OR list_contains($digests, t.digest)",
                {"lots": lots, "digests": digests},
            )

    def store(self, load: str, path: str, pieces: Iterator[object]) -> Stored:
        """Take the rows of a file, as a reader hands them over. Call it inside `lake.writing()`. Raises CannotRead."""
        stored = Stored()
        for table, group in groupby(_rows(pieces, stored), key=lambda piece: piece.table):
            if table in NUMBERS:
                self._begin(table, load, path, pa.concat_tables([piece.rows for piece in group]), stored)
                if stored.whole is not None:
                    break
            else:
                self._write(load, table, group, stored)
        return stored

    def flush(self) -> None:
        """Write what is held."""
        for table, held in self._held.items():
            append(self._lake, f"lake.{table}", pa.concat_tables(held))
        self._held = {}

    def kept_rows(self, loads: Sequence[str]) -> dict[str, int]:
        """How many records the lake holds of each load."""
        union = " UNION ALL ".join(f"SELECT load FROM lake.{name} WHERE list_contains($loads, load)" for name in RECORDS)
        counts = self._lake.ask(f"SELECT load, count(*) FROM ({union}) AS kept GROUP BY load", {"loads": list(loads)})
        return dict(counts.fetchall())

    def _begin(self, table: str, load: str, path: str, rows: pa.Table, stored: Stored) -> None:
        """Compare what a file is about with what is there, and take what is new of it."""
        new = []
        known = [row for row in self._known.get(table, []) if row["load"] != load]
        for row in rows.to_pylist():
            before = [other for other in known if _is_same_occasion(table, row, other)]
            cut = [other for other in before if other["cut"]]
            if row["cut"] and len(cut) < len(before):
                stored.whole = next(other for other in before if not other["cut"])
                return
            if not row["cut"]:
                stored.replaced += [other for other in cut if other not in stored.replaced]
            gone = {other["load"] for other in stored.replaced}
            alike = [o for o in known if row["digest"] and o["digest"] == row["digest"] and o["load"] not in gone]
            if any(all(other[name] == row[name] for name in NAMES[table]) for other in alike):
                stored.there.add(row[NUMBERS[table]])
                continue
            if alike:
                names = ", ".join(sorted({_name(other) for other in alike}))
                row["doubts"] = "; ".join(filter(None, [row["doubts"], f"the same results as {names}"]))
            new.append(row)
            self._known.setdefault(table, []).append({**row, "load": load, "path": path, "loaded_at": None})
        if new:
            self._hold(table, _with_load(pa.Table.from_pylist(new, schema=schema_of(BY_NAME[table])), load))
        if stored.there:
            stored.notes.append(f"{len(stored.there)} of {rows.num_rows} were there already, under the same name")

    def _hold(self, table: str, rows: pa.Table) -> None:
        if rows.num_rows:
            self._held.setdefault(table, []).append(rows)

    def _write(self, load: str, table: str, group: Iterator[ResultRows], stored: Stored) -> None:
        """Hold rows of one table while they are few; many are written as a file of their own."""
        number = next((name for name in NUMBERS.values() if name in BY_NAME[table].names), None)
        held: list[pa.Table] = []
        rows = 0
        flow = _flow(group, load, number, stored)
        for piece in flow:
            held.append(piece)
            rows += piece.num_rows
            if rows > FEW:
                schema = pa.schema([pa.field("load", pa.string()), *schema_of(BY_NAME[table])])
                add(self._lake, table, schema, _chain(held, flow))
                return
        for piece in held:
            self._hold(table, piece)


def forget(lake: Lake, load: str) -> None:
    """Delete what an earlier load of this content stored."""
    for table in RESULTS:
        lake.ask(f"DELETE FROM lake.{table.name} WHERE load = $load", {"load": load})


def _rows(pieces: Iterator[object], stored: Stored) -> Iterator[ResultRows]:
    for piece in pieces:
        if isinstance(piece, ResultRows):
            stored.problems += piece.problems
            stored.aside += piece.aside
            stored.records += piece.records
            yield piece
        elif isinstance(piece, list):
            stored.notes += piece


def _is_same_occasion(table: str, row: Record, other: Record) -> bool:
    """Whether both are of one wafer, tested or inspected on the same tool at the same time."""
    if row[OCCASIONS[table][1]] is None or not (row["lot"] or row["wafer"]):
        return False
    return all(row[name] == other[name] for name in (*NAMES[table], *OCCASIONS[table]))


def _name(row: Record) -> str:
    return " ".join(str(row[name]) for name in ("lot", "wafer") if row[name]) or "parts without a name"


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


def _with_load(rows: pa.Table, load: str) -> pa.Table:
    return rows.add_column(0, "load", pa.repeat(pa.scalar(load, pa.string()), rows.num_rows))
