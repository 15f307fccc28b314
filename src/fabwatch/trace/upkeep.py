"""What follows the loading of logs: their parts are summed up, and their runs become moves, counters and restores."""

from fabwatch.store.lake import Lake
from fabwatch.trace import moves, summary


def bring_up(lake: Lake, anew: bool = False) -> int:
    """Bring everything that is made of logs up to date, in one transaction; returns how many parts were summed up.

    Only what the new loads touch is derived again; with `anew` everything is, as after files were read anew.
    """
    waiting = lake.rows(
        "SELECT DISTINCT p.load FROM lake.parts AS p WHERE p.shape IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM lake.step_summary AS s WHERE s.load = p.load)"
    )
    if not waiting and not anew:
        return 0
    with lake.writing():
        parts = summary.bring_up(lake, lake.settings.logs)
        moves.bring_up(lake, None if anew else {row["load"] for row in waiting})
    return parts
