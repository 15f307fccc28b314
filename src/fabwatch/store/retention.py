"""Retention: rows of large tables that nothing but a look at them needs go after the days that fab.toml says."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fabwatch.store.lake import Lake, samples_name
from fabwatch.terms.clock import seconds_of
from fabwatch.terms.settings.service import RetentionSettings

# A part goes as a whole, and only once its steps are summarised: what was learned of it stays.
_OLD_PARTS = """
EXISTS (SELECT 1 FROM lake.parts AS p JOIN lake.loads AS l ON l.load = p.load
    WHERE p.load = s.load AND p.part = s.part
    AND CASE WHEN p.dated THEN p.end_s < $seconds ELSE l.loaded_at < $before END
    AND p.load IN (SELECT load FROM lake.step_summary))"""
# What waits for another file is no history yet.
_OLD_PROBLEMS = "s.waiting IS NULL AND s.load IN (SELECT load FROM lake.loads WHERE loaded_at < $before)"


@dataclass(frozen=True)
class Due:
    """Rows of a table that are kept no longer."""

    table: str
    before: datetime
    rows: int


def due(lake: Lake, stated: RetentionSettings, now: datetime) -> list[Due]:
    """What would go now."""
    found = []
    for table, before, condition, values in _conditions(lake, stated, now):
        rows = lake.ask(f"SELECT count(*) FROM lake.{table} AS s WHERE {condition}", values).fetchall()[0][0]
        if rows:
            found.append(Due(table, before, int(rows)))
    return found


def remove(lake: Lake, stated: RetentionSettings, now: datetime) -> list[Due]:
    """Let it go. To be called in a transaction; states that are kept have it still, and the disk has it back after them."""
    gone = due(lake, stated, now)
    names = {one.table for one in gone}
    for table, _, condition, values in _conditions(lake, stated, now):
        if table in names:
            lake.ask(f"DELETE FROM lake.{table} AS s WHERE {condition}", values)
    return gone


Condition = tuple[str, datetime, str, dict[str, object]]


def _conditions(lake: Lake, stated: RetentionSettings, now: datetime) -> Iterator[Condition]:
    if stated.samples is not None:
        before = now - timedelta(days=stated.samples)
        shapes = lake.rows("SELECT DISTINCT shape FROM lake.parts WHERE shape IS NOT NULL ORDER BY shape")
        for row in shapes:
            values = {"seconds": seconds_of(before), "before": before}
            yield samples_name(row["shape"]), before, _OLD_PARTS, values
    if stated.problems is not None:
        before = now - timedelta(days=stated.problems)
        yield "problems", before, _OLD_PROBLEMS, {"before": before}
