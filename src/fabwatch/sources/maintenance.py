"""Maintenance: repairs, PMs and part changes that make a tool as good as new."""

from collections.abc import Iterator

from fabwatch.sources.kinds import CHAMBER_NAMES, TOOL_NAMES, Columns, Fault, Kind, names, unchanged
from fabwatch.terms.tables import RESTORES


def faults(columns: Columns) -> Iterator[Fault]:
    """A restore has no rule of its own."""
    yield from ()


MAINTENANCE_KIND = Kind(
    table=RESTORES,
    aliases={
        **names("tool", *TOOL_NAMES),
        **names("chamber", *CHAMBER_NAMES),
        **names("done_at", "done", "finished_at", "completed_at", "pm_time", "pm_date", "repair_time", "maint_time"),
        **names("done_at", "maintenance_time", "end_time", "end_at", "restored_at"),
        **names("kind", "maint_type", "maintenance_type", "pm_type", "work_type", "activity"),
    },
    needs=(("tool",), ("done_at",)),
    faults=faults,
    quick=unchanged,
    vague=names("done_at", "time", "timestamp", "datetime", "date"),
)
