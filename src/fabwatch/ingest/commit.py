"""What a transaction stores of files: their rows, the places in them, and their problems."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.ingest.balance import balanced
from fabwatch.ingest.clocks import note_clocks
from fabwatch.ingest.copies import note_copies
from fabwatch.ingest.spool import Spool
from fabwatch.sources.kinds import Kind
from fabwatch.sources.reading import WHERE
from fabwatch.sources.text import as_text
from fabwatch.store.lake import Lake, Record
from fabwatch.store.receipts import note_receipts
from fabwatch.store.rows import schema_of
from fabwatch.store.schema import SQL_TYPES
from fabwatch.store.temporary import append, temp_table
from fabwatch.store.waiting import KNOWN_TOOLS, insert_new, note_places, times_of
from fabwatch.terms.problems import Problem, UnknownTool
from fabwatch.terms.tables import PROBLEMS, REFERRING


@dataclass
class Counts:
    """What became of the rows of one file."""

    read: int = 0
    """Records of the file, readable or not."""
    staged: int = 0
    aside: int = 0
    waiting: int = 0
    """Rows that wait until their time has come."""
    parked: int = 0
    """Rows that wait until their tool is known."""
    rows: int = 0
    """Rows stored."""

    @property
    def duplicates(self) -> int:
        """Rows that are there already."""
        return self.staged - self.parked - self.rows

    def balance(self, *, kept: int, lost: int = 0) -> None:
        """Compare them with the rows that the lake holds, and with the duplicates that it does not. Raises CannotRead."""
        balanced(
            self.read,
            stored=self.rows,
            kept=kept,
            aside=self.aside,
            duplicates=self.duplicates,
            waiting=self.parked + self.waiting,
            lost=lost,
        )


class Aside:
    """The problems of files on their way into the lake."""

    def __init__(self, lake: Lake):
        self._lake = lake
        self._any = False

    def add(self, load: str, path: str, kind: str | None, problems: Sequence[Problem]) -> None:
        """Add problems of a file."""
        if not self._any:
            temp_table(self._lake, "staged_problems", schema_of(PROBLEMS.stored))
            self._any = True
        if problems:
            rows = [{"load": load, "path": path, "kind": kind} | _row(problem) for problem in problems]
            append(self._lake, "staged_problems", pa.Table.from_pylist(rows, schema=schema_of(PROBLEMS.columns)))

    def commit(self) -> None:
        """Move them into the lake. Call it inside `lake.writing()`."""
        if self._any:
            self._lake.ask("INSERT INTO lake.problems SELECT * FROM staged_problems")


def _row(problem: Problem) -> dict[str, object]:
    return {
        "line": problem.line,
        "byte_offset": problem.byte_offset,
        "rule": problem.rule.code,
        "why": problem.why.replace("\0", ""),
        "hint": problem.way_out.replace("\0", ""),
        "raw": problem.raw[:100_000].replace("\0", ""),
        "waiting": None if problem.waiting is None else json.dumps(problem.waiting, default=str),
    }


_LOAD = pa.field("load", pa.string())
SITED = ("metrology", "wat")
"""Tables of readings by site, which a file may leave out."""
_PLACE = ("tool", "chamber", "tool_type", "area", "route", "product", "step_no", "step")


def _distinct(moves: pa.Table) -> pa.Table:
    """The different places of some moves, with a wafer where the moves are by wafer."""
    by_wafer = pc.if_else(pc.is_valid(moves.column("wafer")), pa.scalar("*"), pa.scalar(None, pa.string()))
    places = moves.select(_PLACE).append_column("wafer", by_wafer).unify_dictionaries()
    distinct = places.group_by([*_PLACE, "wafer"], use_threads=False).aggregate([])
    texts = [pa.string() if pa.types.is_dictionary(field.type) else field.type for field in distinct.schema]
    return distinct.cast(pa.schema([pa.field(name, kind) for name, kind in zip(distinct.column_names, texts, strict=True)]))


class Staging:
    """The rows of files of one kind on their way into the lake."""

    def __init__(self, lake: Lake, kind: Kind, aside: Aside):
        self._lake, self._table, self._aside = lake, kind.table, aside
        self._paths: dict[str, str] = {}
        self._counts: dict[str, Counts] = {}
        self._places: list[pa.Table] = []
        where = WHERE if self._table.name in REFERRING else ()
        self._spool = Spool(lake, pa.schema([*schema_of(kind.columns), _LOAD, *where]))

    def begin(self, load: str, path: str) -> Counts:
        """Begin with the rows of a file; what is returned says what became of them."""
        self._paths[load], self._counts[load] = path, Counts()
        return self._counts[load]

    def add(self, load: str, rows: pa.Table, records: int) -> None:
        """Add typed rows, made of so many records; their place in the file is kept only for rows that may have to wait."""
        self._spool.add(rows.append_column(_LOAD, pa.repeat(pa.scalar(load), rows.num_rows)))
        if self._table.name == "moves":
            self._places.append(_distinct(rows))
        self._counts[load].staged += rows.num_rows
        self._counts[load].read += records

    def close(self) -> None:
        """Delete what is on disk."""
        self._spool.close()

    def commit(self, now: datetime) -> bool:
        """Move everything into the lake; true if rows may be among it that others wait for. Call it inside `lake.writing()`.

        Raises CannotRead if the rows do not add up.
        """
        table = self._table
        introduced = 0
        source, parts = self._spool.source(changing=table.name in (*REFERRING, *SITED))
        if table.name == "moves":
            introduced = self._note_places()
            self._supersede(source)
        if table.name in SITED:
            self._number_sites()
        if table.name in REFERRING:
            self._park()
        stored = insert_new(self._lake, table, source, parts)
        if table.name == "tools":
            introduced = stored
        self._balance(source, stored)
        if any(counts.waiting for counts in self._counts.values()):
            note_clocks(self._lake, table, now)
        return introduced > 0

    def _balance(self, source: str, stored: int) -> None:
        """Compare what was read of each file with what the lake holds of it, and note that in the ledger."""
        table = self._table
        kept = note_receipts(self._lake, table, list(self._counts), times_of(table, source))
        for load, counts in self._counts.items():
            counts.rows = kept[load]
        shared = [load for load, counts in self._counts.items() if counts.duplicates]
        lost = note_copies(self._lake, table, source, shared) if shared else 0
        for counts in self._counts.values():
            counts.balance(kept=counts.rows)
        total = Counts(*map(sum, zip(*map(astuple, self._counts.values()), strict=True)))
        replace(total, rows=stored).balance(kept=total.rows, lost=lost)

    def _note_places(self) -> int:
        """Note where the moves went; returns how many of these places are new."""
        if not self._places:
            return 0
        temp_table(self._lake, "staged_places", pa.concat_tables(self._places))
        self._places = []
        return note_places(self._lake, "staged_places")

    def _supersede(self, source: str) -> None:
        """Moves that were derived from logs give way to those of the MES: they are the same passes once more."""
        if self._lake.is_untouched("parts"):
            return
        logged = f"SELECT DISTINCT tool FROM lake.parts WHERE tool IN (SELECT tool FROM {source})"
        tools = [tool for (tool,) in self._lake.ask(logged).fetchall()]
        if tools:
            self._lake.ask(
                "DELETE FROM lake.moves WHERE list_contains($tools, tool) "
                "AND load IN (SELECT load FROM lake.loads WHERE kind = 'log')",
                {"tools": tools},
            )

    def _number_sites(self) -> None:
        """Equal readings of one file without the name of a site are of as many sites; the first keeps none."""
        names = ", ".join(self._table.names)
        number = f"row_number() OVER (PARTITION BY load, {names})"
        kind = SQL_TYPES[self._table.column("site").kind]
        temp_table(
            self._lake,
            "staged",
            "SELECT * EXCLUDE (number) REPLACE ("
            f"CASE WHEN site IS NULL AND number > 1 THEN number::{kind} ELSE site END AS site) "
            f"FROM (SELECT *, {number} AS number FROM staged)",
        )

    def _park(self) -> None:
        unknown = self._lake.rows(f"SELECT * FROM staged WHERE tool NOT IN {KNOWN_TOOLS} ORDER BY load, _line")
        if not unknown:
            return
        self._lake.ask(f"DELETE FROM staged WHERE tool NOT IN {KNOWN_TOOLS}")
        for load, rows in groupby(unknown, itemgetter("load")):
            problems = [self._unknown(row) for row in rows]
            self._counts[load].parked = len(problems)
            self._aside.add(load, self._paths[load], self._table.name, problems)

    def _unknown(self, row: Record) -> Problem:
        why = f"tool: {row['tool']} is in no tool list and no move"
        waiting = {name: row[name] for name in self._table.names}
        return Problem(UnknownTool, why, row["_line"], row["_byte_offset"], as_text(row["_raw"]), waiting)
