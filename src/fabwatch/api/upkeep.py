"""Upkeep that the service does by itself: what is free is noted each hour, and what is kept no longer goes once a day."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabwatch.api.answer_cache import AnswerCache
from fabwatch.api.by_itself import Due, Started, by_itself
from fabwatch.api.jobs import Job
from fabwatch.terms.settings import Settings

if TYPE_CHECKING:
    from fabwatch.fab import Fab

LOG = logging.getLogger("fabwatch")
HOUR_S, DAY_S = 3600.0, 86_400.0


@dataclass(frozen=True)
class LetGo(Job[int]):
    """Let go of what is kept no longer, and give the disk back what no state needs."""

    def run(self, fab: "Fab") -> int:
        """How many rows went."""
        gone = sum(one.rows for one in fab.apply_retention())
        fab.compact()
        return gone


@dataclass(frozen=True)
class NoteDisk(Job[None]):
    """Note what is free."""

    def run(self, fab: "Fab") -> None:
        """Nothing is told."""
        fab.note_disk()


async def upkeep(cache: AnswerCache) -> None:
    """Keep the folder in order for as long as the service lives."""
    due = Due()

    async def turn(settings: Settings, started: Started) -> None:
        if due.now("disk", HOUR_S):
            await cache.look(NoteDisk())
        if settings.retention.is_stated and due.now("retention", DAY_S):
            rows = await started().run(LetGo())
            if rows:
                LOG.info("%s rows are kept no longer; the audit says of which tables", rows)

    await by_itself(cache.folder, "the upkeep was not done", turn)
