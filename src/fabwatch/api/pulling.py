"""Pulls from the fab's databases that the service makes by itself, in a process of their own."""

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabwatch.api.answer_cache import AnswerCache
from fabwatch.api.by_itself import Started, by_itself
from fabwatch.api.jobs import Job
from fabwatch.api.metrics.counts import Counts
from fabwatch.api.workers import Pool
from fabwatch.fab.answers import Pulled
from fabwatch.terms.errors import FabwatchError
from fabwatch.terms.settings import Settings

if TYPE_CHECKING:
    from fabwatch.fab import Fab

LOG = logging.getLogger("fabwatch")
MINUTE = 60.0


@dataclass(frozen=True)
class PullOne(Job[Pulled]):
    """Pull from one database."""

    name: str

    def run(self, fab: "Fab") -> Pulled:
        """What became of its rows."""
        return fab.pull(self.name)


async def pulling(cache: AnswerCache, counts: Counts) -> None:
    """Pull from each database as often as fab.toml says, for as long as the service lives."""
    last: dict[str, float] = {}

    async def turn(settings: Settings, started: Started) -> None:
        for name in _due(settings, last):
            last[name] = time.monotonic()
            counts.pull(name, well=await _pulled(started(), name))

    await by_itself(cache.folder, "nothing was pulled", turn)


async def _pulled(pool: Pool, name: str) -> bool:
    """Pull from a database; whether all of it came."""
    try:
        answer = await pool.run(PullOne(name))
    except FabwatchError as fault:
        LOG.warning("nothing was pulled from %s: %s", name, fault.what)
        return False
    for one in answer.tables:
        if one.error is not None:
            LOG.warning("%s of %s was not pulled to its end: %s", one.kind, name, one.error)
    return all(one.error is None for one in answer.tables)


def _due(settings: Settings, last: dict[str, float]) -> list[str]:
    """Databases whose time has come."""
    now = time.monotonic()
    return [
        name
        for name, stated in settings.databases.items()
        if stated.every_minutes and now - last.get(name, -1e9) >= stated.every_minutes * MINUTE
    ]
