"""The one transaction of a file: its rows, the places in them, its problems and its line in the ledger."""

import json
from dataclasses import dataclass

import pyarrow as pa

from fabwatch.sources.kinds import Kind
from fabwatch.sources.reading import WHERE
from fabwatch.sources.text import as_text
from fabwatch.store.lake import Lake
from fabwatch.store.rows import schema_of
from fabwatch.store.temporary import append, temp_table
from fabwatch.store.waiting import KNOWN_TOOLS, REFERRING, admit_waiting, insert_new
from fabwatch.terms.problems import Problem, UnknownTool
from fabwatch.terms.tables import PLACES, PROBLEMS


@dataclass
class Counts:
    """Row counts of a transaction."""

    rows: int = 0
    duplicates: int = 0
    parked: int = 0


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
            "why": problem.why,
            "hint": problem.way_out,
            "raw": problem.raw[:100_000],
            "waiting": None if problem.waiting is None else json.dumps(problem.waiting, default=str),
        }


class Staging:
    """The rows and problems of one file on their way into the lake."""

    def __init__(self, lake: Lake, load: str, path: str, kind: Kind):
        self._lake, self._load, self._kind = lake, load, kind
        self.aside = Aside(lake, load, path, kind.table.name)
        self.staged = 0
        temp_table(lake, "staged", pa.schema([*schema_of(kind.columns), *WHERE]))

    def add(self, rows: pa.Table) -> None:
        """Add typed rows; their position in the file is kept only for rows that may have to wait."""
        if self._kind.table.name not in REFERRING:
            rows = rows.drop_columns([f.name for f in WHERE])
        append(self._lake, "staged", rows)
        self.staged += rows.num_rows

    def commit(self, counts: Counts) -> None:
        """Move everything into the lake. Call it inside `lake.writing()`."""
        table = self._kind.table
        introduced = 0
        if table.name == "moves":
            introduced = int(self._lake.ask(_PLACES_SQL).fetchall()[0][0])
            self._supersede()
        if table.name in REFERRING:
            counts.parked = self._park()
        counts.rows = insert_new(self._lake, table, "staged", f"'{self._load}'")
        counts.duplicates = self.staged - counts.parked - counts.rows
        if table.name == "tools":
            introduced = counts.rows
        if introduced:
            admit_waiting(self._lake)
        self.aside.commit()

    def _supersede(self) -> None:
        """Moves that were derived from logs give way to those of the MES: they are the same passes once more."""
        logged = "SELECT DISTINCT tool FROM lake.parts WHERE tool IN (SELECT tool FROM staged)"
        tools = [tool for (tool,) in self._lake.ask(logged).fetchall()]
        if tools:
            self._lake.ask(
                "DELETE FROM lake.moves WHERE list_contains($tools, tool) "
                "AND load IN (SELECT load FROM lake.loads WHERE kind = 'log')",
                {"tools": tools},
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


_PLACES_SQL = f"""
INSERT INTO lake.places
SELECT DISTINCT tool, chamber, tool_type, area, coalesce(route, product), step_no, step, wafer IS NOT NULL
FROM staged
EXCEPT SELECT {", ".join(PLACES.names)} FROM lake.places
"""
