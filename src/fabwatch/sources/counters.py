"""Counters: what a tool itself counts, such as hours of RF power or the usage of a part."""

from collections.abc import Iterator

from fabwatch.sources.kinds import CHAMBER_NAMES, TOOL_NAMES, Columns, Fault, Kind, names, unchanged
from fabwatch.terms.tables import COUNTERS


def faults(columns: Columns) -> Iterator[Fault]:
    """Counters have no rules: one that falls was reset, and counts on from there."""
    yield from ()


COUNTERS_KIND = Kind(
    table=COUNTERS,
    aliases={
        **names("tool", *TOOL_NAMES),
        **names("chamber", *CHAMBER_NAMES),
        **names("counter", "counter_name", "counter_id", "usage_type"),
        **names("read_at", "read_time", "counter_time", "logged_at"),
        **names("value", "counter_value", "count_value", "usage"),
    },
    needs=(("tool",), ("counter",), ("read_at",), ("value",)),
    faults=faults,
    quick=unchanged,
    vague={**names("read_at", "time", "timestamp", "datetime", "date"), **names("counter", "parameter", "name")},
)
