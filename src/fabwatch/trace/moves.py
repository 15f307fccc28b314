"""Moves, readings of usage counters, and restores (where a counter was reset), from the logs of a fab without an MES."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from fabwatch.equipment.runs import runs_sql
from fabwatch.store.lake import Lake
from fabwatch.store.questions import filled, question
from fabwatch.store.temporary import temp_table
from fabwatch.store.waiting import admit_waiting
from fabwatch.terms.tables import COUNTERS, MOVES, PLACES, RESTORES, Table

KEY = ("tool", "recipe", "lot", "wafer", "slot", "stage")
"""What the parts of one run have in common."""
SLACK = 1.0
"""Seconds by which a rounded time may lie outside its part."""


def refresh_derived(lake: Lake, latest: datetime, loads: Collection[str] | None = None) -> None:
    """Derive moves, counters and restores from runs again, for the runs of these loads or, with None, for all.

    A run may go on over several loads, and what is derived of it is entered under the first of them. So the touched loads
    are those with a part of a run that has a part in a new one; every run with a part in a touched load is derived, and
    what stands under these is replaced. A tool whose moves come from other files keeps those: its runs are the same passes.
    Call it inside `lake.writing()`.
    """
    if loads is None:
        temp_table(lake, "touched", "SELECT DISTINCT load FROM lake.parts")
        temp_table(lake, "touched_parts", "SELECT * FROM lake.parts")
    else:
        temp_table(lake, "fresh", pa.table({"load": pa.array(sorted(loads), pa.string())}))
        temp_table(lake, "touched", f"SELECT load FROM fresh UNION SELECT load FROM ({_with_runs_of('fresh')})")
        temp_table(lake, "touched_parts", _with_runs_of("touched"))
    span = _span(lake)
    if span is None:
        # Without a date there is no move, and no reading has a time.
        return
    temp_table(lake, "runs", runs_sql("touched_parts"))
    lake.ask(
        "CREATE OR REPLACE TEMP VIEW summaries AS SELECT load, part, chamber, step, sensor, n, first, last, t_first, t_last "
        f"FROM lake.step_summary WHERE load IN (SELECT load FROM touched_parts) AND {span.of_summaries}"
    )
    introduced = _derive_moves(lake, span)
    if lake.rows("SELECT 1 FROM lake.sensors WHERE role = 'usage' LIMIT 1"):
        _derive_counters(lake, span)
    if introduced:
        admit_waiting(lake, latest)


@dataclass(frozen=True)
class Span:
    """From when to when the touched parts last, in seconds: with it the engine leaves out files of other days."""

    begin: float
    end: float
    dated: bool
    """True if all of them have a date."""

    @property
    def of_summaries(self) -> str:
        """The condition on step summaries, which have no times where a part has no date."""
        return f"t_last >= {self.begin} AND t_first <= {self.end}" if self.dated else "true"

    def of(self, column: str) -> str:
        """The condition on a column of times."""
        begin, end = (f"make_timestamp({round(moment * 1_000_000)})" for moment in (self.begin, self.end))
        return f"{column} BETWEEN {begin} AND {end}"


def _of_logs(table: Table) -> str:
    """The condition on rows of a table that they are derived of logs: those of files are of few loads."""
    return f"load NOT IN (SELECT load FROM lake.loads WHERE kind = '{table.name}')"


def _with_runs_of(loads: str) -> str:
    """SQL of the parts of all runs that have a part in one of these loads."""
    same = " AND ".join(f"k.{name} IS NOT DISTINCT FROM p.{name}" for name in KEY)
    keys = f"SELECT DISTINCT {', '.join(KEY)} FROM lake.parts WHERE load IN (SELECT load FROM {loads})"
    return f"SELECT p.* FROM lake.parts AS p SEMI JOIN ({keys}) AS k ON {same}"


def _span(lake: Lake) -> Span | None:
    """When the touched parts last; None if none of them has a date."""
    found = lake.ask(
        "SELECT min(begin_s) FILTER (dated), max(end_s) FILTER (dated), bool_and(dated AND begin_s IS NOT NULL) "
        "FROM touched_parts"
    ).fetchall()
    begin, end, dated = found[0]
    return None if begin is None else Span(begin - SLACK, end + SLACK, bool(dated))


def _derive_moves(lake: Lake, span: Span) -> int:
    """Derive the moves; returns how many places are new. They are noted whether or not the moves count.

    Else what is known of a tool would rest on whether its logs or its moves of the MES came first.
    """
    temp_table(lake, "derived", question("trace", "derived_moves"))
    noted = lake.ask(
        "INSERT INTO lake.places SELECT DISTINCT tool, chamber, NULL, NULL, NULL, NULL, step, true FROM derived "
        f"EXCEPT SELECT {', '.join(PLACES.names)} FROM lake.places"
    )
    introduced = int(noted.fetchall()[0][0])
    if lake.rows("SELECT 1 FROM lake.loads WHERE kind = 'moves' LIMIT 1"):
        lake.ask(
            "DELETE FROM derived WHERE tool IN (SELECT tool FROM lake.moves "
            f"WHERE tool IN (SELECT tool FROM touched_parts) AND NOT {_of_logs(MOVES)})"
        )
    _replace(lake, MOVES, f"load IN (SELECT load FROM touched) AND {span.of(MOVES.at)}")
    return introduced


def _derive_counters(lake: Lake, span: Span) -> None:
    """Derive the readings of usage counters, and restores from the first reading on that has changed."""
    temp_table(lake, "derived", question("trace", "derived_counters"))
    _replace(lake, COUNTERS, f"load IN (SELECT load FROM touched) AND {span.of(COUNTERS.at)}")
    temp_table(
        lake,
        "changed",
        "SELECT tool, min(read_at) AS since FROM (SELECT tool, read_at FROM gone UNION ALL SELECT tool, read_at FROM come) "
        "GROUP BY tool",
    )
    if not lake.rows("SELECT 1 FROM changed LIMIT 1"):
        return
    temp_table(lake, "derived", filled(question("trace", "derived_restores"), of_logs=_of_logs(COUNTERS)))
    since = (
        "EXISTS (SELECT 1 FROM changed AS c WHERE c.tool IS NOT DISTINCT FROM restores.tool AND restores.done_at >= c.since)"
    )
    _replace(lake, RESTORES, f"{_of_logs(RESTORES)} AND {since}")


def _replace(lake: Lake, table: Table, there: str) -> None:
    """Let the derived rows of touched loads take the place of those that are `there`; equal ones are left as they are.

    Leaves what has gone and what has come in the temporary tables of these names.
    """
    names = ", ".join((*table.names, "load"))
    lake_rows = f"SELECT {names} FROM lake.{table.name} WHERE {there}"
    temp_table(lake, "gone", f"{lake_rows} EXCEPT SELECT {names} FROM derived")
    temp_table(lake, "come", f"SELECT {names} FROM derived EXCEPT ALL {lake_rows}")
    if lake.rows("SELECT 1 FROM gone LIMIT 1"):
        lake.ask(f"DELETE FROM lake.{table.name} WHERE {there} AND ({names}) IN (SELECT ({names}) FROM gone)")
    if lake.rows("SELECT 1 FROM come LIMIT 1"):
        lake.ask(
            f"INSERT INTO lake.{table.name} SELECT {', '.join(table.names)}, {table.at}::DATE, load FROM come "
            f"ORDER BY tool, {table.at}"
        )
