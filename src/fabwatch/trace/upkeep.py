"""What follows the loading of logs: their parts are summed up, and their runs become moves, counters and restores."""

from fabwatch.store.lake import Lake
from fabwatch.trace import moves, summary


def refresh_derived(lake: Lake) -> int:
    """Bring everything that is made of logs up to date, in one transaction; returns how many parts were summed up."""
    waiting = lake.rows(
        "SELECT 1 FROM lake.parts AS p WHERE NOT EXISTS (SELECT 1 FROM lake.step_summary AS s WHERE s.load = p.load) LIMIT 1"
    )
    if not waiting:
        return 0
    with lake.writing():
        found = summary.refresh_derived(lake, lake.settings.logs)
        moves.refresh_derived(lake)
    return found
