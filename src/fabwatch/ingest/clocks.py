"""Clocks: tools whose times are ahead of the clock of this machine, as the rows show that have to wait."""

from datetime import datetime

from fabwatch.store.lake import Lake
from fabwatch.terms.problems import FutureTime
from fabwatch.terms.settings.files import LOG
from fabwatch.terms.tables import Table


def note_log_clocks(lake: Lake, now: datetime) -> None:
    """The same for the rows of a log."""
    _note(lake, LOG, now, "make_timestamp(((waiting->>'$.t')::DOUBLE * 1000000)::BIGINT)")


def note_clocks(lake: Lake, table: Table, now: datetime) -> None:
    """Note how far ahead the times of each tool are among the rows that were set aside. Call it inside `lake.writing()`."""
    times = [column.name for column in table.columns if column.kind == "time"]
    if not times or "tool" not in table.names:
        return
    latest = "greatest(" + ", ".join(f"(waiting->>'$.{name}')::TIMESTAMP" for name in times) + ")"
    _note(lake, table.name, now, latest)


def _note(lake: Lake, kind: str, now: datetime, latest: str) -> None:
    lake.ask(
        f"INSERT INTO lake.clocks SELECT (waiting->>'$.tool'), load, max(epoch({latest} - $now)), count(*), $now "
        "FROM staged_problems WHERE rule = $rule AND kind = $kind AND waiting IS NOT NULL "
        "AND (waiting->>'$.tool') IS NOT NULL GROUP BY 1, 2",
        {"kind": kind, "now": now, "rule": FutureTime.code},
    )
