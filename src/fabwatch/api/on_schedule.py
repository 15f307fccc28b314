"""What the service does by itself as often as fab.toml says, in a process of its own: pulls from databases, publishing."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabwatch.api.answer_cache import AnswerCache
from fabwatch.api.by_itself import Due, Started, by_itself
from fabwatch.api.jobs import Job
from fabwatch.api.metrics.counts import Counts
from fabwatch.api.workers import Pool
from fabwatch.fab.answers import Published, Pulled
from fabwatch.terms.errors import FabwatchError
from fabwatch.terms.settings import Settings
from fabwatch.terms.settings.outside import DatabaseSettings, PublishSettings

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


@dataclass(frozen=True)
class PublishOne(Job[Published]):
    """Publish what one part of fab.toml states."""

    name: str

    def run(self, fab: "Fab") -> Published:
        """What was published."""
        return fab.publish(self.name)


async def on_schedule(cache: AnswerCache, counts: Counts) -> None:
    """Pull from each database, and publish, as often as fab.toml says, for as long as the service lives."""
    due = Due()

    async def turn(settings: Settings, started: Started) -> None:
        for name in _due(settings.databases, due, "pull"):
            counts.pull(name, well=await _pull(started(), name))
        for name in _due(settings.publish, due, "publish"):
            await _publish(started(), name)

    await by_itself(cache.folder, "nothing was pulled or published", turn)


async def _pull(pool: Pool, name: str) -> bool:
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


async def _publish(pool: Pool, name: str) -> None:
    try:
        await pool.run(PublishOne(name))
    except FabwatchError as fault:
        LOG.warning("%s was not published: %s", name, fault.what)


def _due(stated: Mapping[str, DatabaseSettings] | Mapping[str, PublishSettings], due: Due, what: str) -> list[str]:
    return [n for n, one in stated.items() if one.every_minutes and due.now(f"{what} {n}", one.every_minutes * MINUTE)]
