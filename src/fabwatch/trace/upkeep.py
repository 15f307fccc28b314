"""After logs are loaded: summarise their parts, and derive moves, counters and restores from their runs."""

from datetime import datetime

from fabwatch.store.lake import Lake
from fabwatch.trace import moves, summary


def refresh_derived(lake: Lake, latest: datetime, again: bool = False) -> int:
    """Update everything derived from logs, in one transaction; returns how many parts were summarised.

    Only what the new loads affect is derived again; with `again` everything is, as when files are read again. Rows that
    waited for a tool are stored if their time has come by `latest`.
    """
    if lake.is_untouched("parts"):
        # A fab without logs has nothing to derive.
        return 0
    waiting = lake.rows(
        "SELECT DISTINCT p.load FROM lake.parts AS p WHERE p.shape IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM lake.step_summary AS s WHERE s.load = p.load)"
    )
    if not waiting and not again:
        return 0
    with lake.writing():
        parts = summary.refresh_derived(lake, lake.settings.logs)
        moves.refresh_derived(lake, latest, None if again else {row["load"] for row in waiting})
    return parts
