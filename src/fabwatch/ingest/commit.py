"""The one transaction of a file: its rows, the places in them, its problems and its line in the ledger."""

import json
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from fabwatch.ingest.balance import balanced
from fabwatch.ingest.clocks import note_clocks
from fabwatch.ingest.copies import lost, note_copies
from fabwatch.ingest.spool import Spool
from fabwatch.sources.kinds import Kind
from fabwatch.sources.reading import WHERE
from fabwatch.sources.text import as_text
from fabwatch.store.lake import Lake
from fabwatch.store.receipts import note_receipt
from fabwatch.store.rows import schema_of
from fabwatch.store.temporary import append, temp_table
from fabwatch.store.waiting import KNOWN_TOOLS, admit_waiting, insert_new, note_places
from fabwatch.terms.clock import SKEW
from fabwatch.terms.problems import Problem, UnknownTool
from fabwatch.terms.tables import PROBLEMS, REFERRING


@dataclass
class Counts:
    """Row counts of a transaction."""

    rows: int = 0
    duplicates: int = 0
    parked: int = 0
    """Rows that wait until their tool is known."""
    waiting: int = 0
    """Rows that wait until their time has come."""


class Aside:
    """The problems of one file on their way into the lake."""

    def __init__(self, lake: Lake, load: str, path: str, kind: str | None):
        self._lake, self._load, self._path, self._kind = lake, load, path, kind
        temp_table(lake, "staged_problems", schema_of(PROBLEMS.stored))

    def add(self, problems: list[Problem]) -> None:
        """Add problems."""
        if problems:
            rows = [self._row(problem) for problem in problems]
            append(self._lake, "staged_problems", pa.Table.from_pylist(rows, schema=schema_of(PROBLEMS.columns)))

    def commit(self) -> None:
        """Move them into the lake. Call it inside `lake.writing()`."""
        self._lake.ask("INSERT INTO lake.problems SELECT * FROM staged_problems")

    def _row(self, problem: Problem) -> dict[str, object]:
        return {
            "load": self._load,
            "path": self._path,
            "kind": self._kind,
            "line": problem.line,
            "byte_offset": problem.byte_offset,
            "rule": problem.rule.code,
            "why": problem.why.replace("\0", ""),
            "hint": problem.way_out.replace("\0", ""),
            "raw": problem.raw[:100_000].replace("\0", ""),
            "waiting": None if problem.waiting is None else json.dumps(problem.waiting, default=str),
        }


_PLACE = ("tool", "chamber", "tool_type", "area", "route", "product", "step_no", "step")


def _distinct(moves: pa.Table) -> pa.Table:
    """The different places of some moves, with a wafer where the moves are by wafer."""
    by_wafer = pc.if_else(pc.is_valid(moves.column("wafer")), pa.scalar("*"), pa.scalar(None, pa.string()))
    places = moves.select(_PLACE).append_column("wafer", by_wafer).unify_dictionaries()
    distinct = places.group_by([*_PLACE, "wafer"], use_threads=False).aggregate([])
    texts = [pa.string() if pa.types.is_dictionary(field.type) else field.type for field in distinct.schema]
    return distinct.cast(pa.schema([pa.field(name, kind) for name, kind in zip(distinct.column_names, texts, strict=True)]))


class Staging:
    """The rows and problems of one file on their way into the lake."""

    def __init__(self, lake: Lake, load: str, path: str, kind: Kind, now: datetime):
        self._lake, self._load, self._kind, self._now = lake, load, kind, now
        self.aside = Aside(lake, load, path, kind.table.name)
        self.staged = self.read = 0
        self._places: list[pa.Table] = []
        where = WHERE if kind.table.name in REFERRING else ()
        self._spool = Spool(lake, pa.schema([*schema_of(kind.columns), *where]))
        self._source, self._parts = "staged", list[str]()

    def __enter__(self) -> "Staging":
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def add(self, rows: pa.Table, records: int) -> None:
        """Add typed rows, made of so many records; their place in the file is kept only for rows that may have to wait."""
        self._spool.add(rows)
        if self._kind.table.name == "moves":
            self._places.append(_distinct(rows))
        self.staged += rows.num_rows
        self.read += records

    def commit(self, counts: Counts, aside: int) -> None:
        """Move everything into the lake; `aside` of its rows were set aside. Call it inside `lake.writing()`.

        Raises CannotRead if the rows do not add up.
        """
        table = self._kind.table
        introduced = 0
        self._source, self._parts = self._spool.source(changing=table.name in (*REFERRING, "metrology"))
        if table.name == "moves":
            introduced = self._note_places()
            self._supersede()
        if table.name == "metrology":
            self._number_sites()
        if table.name in REFERRING:
            counts.parked = self._park()
        counts.rows = insert_new(self._lake, table, self._source, f"'{self._load}'", self._parts)
        counts.duplicates = self.staged - counts.parked - counts.rows
        self._balance(counts, aside)
        if table.name == "tools":
            introduced = counts.rows
        if counts.waiting:
            note_clocks(self._lake, self._load, self._kind.table, self._now)
        if introduced:
            admit_waiting(self._lake, self._now + SKEW)
        self.aside.commit()

    def _balance(self, counts: Counts, aside: int) -> None:
        table, missing = self._kind.table, 0
        if counts.duplicates and note_copies(self._lake, table, self._source, self._load):
            missing = lost(self._lake, table)
        kept = note_receipt(self._lake, table, self._load)
        balanced(
            self.read,
            stored=counts.rows,
            kept=kept,
            aside=aside,
            duplicates=counts.duplicates,
            waiting=counts.parked + counts.waiting,
            lost=missing,
        )

    def _note_places(self) -> int:
        """Note where the moves went; returns how many of these places are new."""
        if not self._places:
            return 0
        temp_table(self._lake, "staged_places", pa.concat_tables(self._places))
        self._places = []
        return note_places(self._lake, "staged_places")

    def _supersede(self) -> None:
        """Moves that were derived from logs give way to those of the MES: they are the same passes once more."""
        if self._lake.is_untouched("parts"):
            return
        logged = f"SELECT DISTINCT tool FROM lake.parts WHERE tool IN (SELECT tool FROM {self._source})"
        tools = [tool for (tool,) in self._lake.ask(logged).fetchall()]
        if tools:
            self._lake.ask(
                "DELETE FROM lake.moves WHERE list_contains($tools, tool) "
                "AND load IN (SELECT load FROM lake.loads WHERE kind = 'log')",
                {"tools": tools},
            )

    def _number_sites(self) -> None:
        """Equal readings of one file without the name of a site are of as many sites; the first keeps none."""
        names = ", ".join(self._kind.table.names)
        number = f"row_number() OVER (PARTITION BY {names})"
        temp_table(
            self._lake,
            "staged",
            "SELECT * EXCLUDE (number) REPLACE ("
            "CASE WHEN site IS NULL AND number > 1 THEN number::INTEGER ELSE site END AS site) "
            f"FROM (SELECT *, {number} AS number FROM staged)",
        )

    def _park(self) -> int:
        unknown = self._lake.rows(f"SELECT * FROM staged WHERE tool NOT IN {KNOWN_TOOLS}")
        if not unknown:
            return 0
        self._lake.ask(f"DELETE FROM staged WHERE tool NOT IN {KNOWN_TOOLS}")
        self.aside.add(
            [
                Problem(
                    UnknownTool,
                    f"tool: {row['tool']} is in no tool list and no move",
                    row["_line"],
                    row["_byte_offset"],
                    as_text(row["_raw"]),
                    {name: row[name] for name in self._kind.table.names},
                )
                for row in unknown
            ]
        )
        return len(unknown)
