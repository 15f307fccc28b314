"""After logs are loaded: summarise their parts, and derive moves, counters and restores from their runs."""

import logging
from collections.abc import Sequence
from datetime import datetime

from fabwatch.store.lake import Lake
from fabwatch.store.rows import insert
from fabwatch.terms.errors import DiskFull, FabwatchError, StoreBusy
from fabwatch.terms.problems import NotSummarised
from fabwatch.terms.tables import PROBLEMS
from fabwatch.trace import moves, summary

LOGGER = logging.getLogger("fabwatch")


def refresh_derived(lake: Lake, latest: datetime, again: bool = False, since: datetime | None = None) -> int:
    """Update everything derived from logs, in one transaction; returns how many parts were summarised.

    Only what the new loads affect is derived again; with `again` everything is, as when files are read again. Of a fab
    where nothing was left to do before `since` only what was loaded from then on is looked at. Rows that waited for a tool
    are stored if their time has come by `latest`. A log that cannot be summarised costs itself alone: then each is done by
    itself.
    """
    if lake.is_untouched("parts"):
        # A fab without logs has nothing to derive.
        return 0
    loads: list[str] = []
    try:
        with lake.writing():
            loads = summary.unsummarised(lake, since)
            if not loads and not again:
                return 0
            _forget(lake, loads)
            parts = summary.refresh_derived(lake, lake.settings.logs, loads)
            moves.refresh_derived(lake, latest, None if again else set(loads))
        return parts
    except (StoreBusy, DiskFull):
        raise
    except Exception:
        if not lake.is_well():
            raise
        LOGGER.debug("deriving from logs", exc_info=True)
    parts = sum(_summarised(lake, load) for load in loads)
    with lake.writing():
        moves.refresh_derived(lake, latest, None if again else set(loads))
    return parts


def _summarised(lake: Lake, load: str) -> int:
    """Summarise the parts of one load; where that fails, say so with the load. Returns how many there were."""
    try:
        with lake.writing():
            _forget(lake, [load])
            # Another process may have done it in the meantime.
            there = lake.rows("SELECT 1 FROM lake.step_summary WHERE load = $load LIMIT 1", {"load": load})
            return 0 if there else summary.refresh_derived(lake, lake.settings.logs, [load])
    except (StoreBusy, DiskFull):
        raise
    except Exception as fault:
        if not lake.is_well():
            raise
        what = fault.what if isinstance(fault, FabwatchError) else f"{type(fault).__name__}: {fault}"
        LOGGER.warning("the log of load %s could not be summarised: %s", load, what)
    with lake.writing():
        _forget(lake, [load])
        of_file = lake.rows("SELECT path, kind FROM lake.loads WHERE load = $load", {"load": load})
        problem = {"load": load, "rule": NotSummarised.code, "why": what[:400], "hint": NotSummarised.hint, "raw": ""}
        insert(lake, PROBLEMS, [problem | row for row in of_file])
    return 0


def _forget(lake: Lake, loads: Sequence[str]) -> None:
    """Take back what was said of loads that are tried again."""
    lake.ask(
        "DELETE FROM lake.problems WHERE rule = $rule AND list_contains($loads, load)",
        {"rule": NotSummarised.code, "loads": list(loads)},
    )
