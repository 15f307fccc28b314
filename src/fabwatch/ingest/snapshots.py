"""Snapshots: whether all rows of a log are in a longer one that was loaded before."""

from collections.abc import Iterable

import pyarrow as pa

from fabwatch.ingest.streams import Stream
from fabwatch.sources.toollog.columns import KEYS
from fabwatch.sources.toollog.reader import LogBatch, LogFile
from fabwatch.store.lake import Lake, identifier, samples_name
from fabwatch.store.temporary import append, temp_table

RUN = tuple(key for key in KEYS if key != "chamber")
"""What tells runs apart; the chambers of a run are columns of its samples."""
FIXED = ("t", "chamber", "step")


class Snapshot:
    """The rows of a log that is not stored."""

    def __init__(self, lake: Lake, log: LogFile, batches: Iterable[LogBatch]):
        self._lake, self._log = lake, log
        temp_table(lake, "snapshot", log.schema)
        self._rows = 0
        for batch in batches:
            append(lake, "snapshot", batch.samples)
            self._rows += batch.samples.num_rows

    def is_in(self, stream: Stream) -> bool:
        """True if every row of it is in the stream, with the same time and values, and of the same wafers."""
        loads = self._lake.rows(
            "SELECT DISTINCT load, shape FROM lake.parts WHERE stream = $name AND shape IS NOT NULL", {"name": stream.name}
        )
        shapes = sorted({row["shape"] for row in loads})
        return bool(self._rows and shapes) and self._same_runs(stream) and not self._unknown(shapes, stream)

    def _same_runs(self, stream: Stream) -> bool:
        known = self._lake.ask(
            f"SELECT DISTINCT {', '.join(RUN)} FROM lake.parts WHERE stream = $name", {"name": stream.name}
        )
        there = set(known.fetchall())
        return all(tuple(part.keys.get(key) for key in RUN) in there for part in self._log.parts)

    def _unknown(self, shapes: list[str], stream: Stream) -> int:
        names = [*FIXED, *self._common(shapes)]
        columns = ", ".join(map(identifier, names))
        of_stream = "load IN (SELECT load FROM lake.parts WHERE stream = $name)"
        known = " UNION ALL ".join(f"SELECT {columns} FROM lake.{samples_name(shape)} WHERE {of_stream}" for shape in shapes)
        rows = self._lake.ask(
            f"SELECT count(*) FROM (SELECT {columns} FROM snapshot EXCEPT ALL SELECT * FROM ({known}))",
            {"name": stream.name},
        )
        return int(rows.fetchall()[0][0])

    def _common(self, shapes: list[str]) -> list[str]:
        """The columns that the snapshot and all shapes have: one that is empty at first is missing from the snapshot."""
        common = {
            field.name: pa.types.is_string(field.type)
            for field in self._log.schema
            if field.name not in (*FIXED, "part", "byte_offset")
        }
        for shape in shapes:
            rows = self._lake.rows("SELECT column_name, number FROM lake.sensors WHERE shape = $shape", {"shape": shape})
            there = {row["column_name"]: not row["number"] for row in rows}
            common = {name: text for name, text in common.items() if there.get(name) == text}
        return sorted(common)
