"""The audit that the service sends to a receiver of syslog: in a process of its own, so that nobody waits for it."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabwatch.api.answer_cache import AnswerCache
from fabwatch.api.by_itself import Started, by_itself
from fabwatch.api.jobs import Job
from fabwatch.terms.errors import FabwatchError
from fabwatch.terms.settings import Settings
from fabwatch.terms.settings.service import AuditSettings

if TYPE_CHECKING:
    from fabwatch.fab import Fab

EVERY_S, AGAIN_S = 2.0, 30.0
"""Seconds between two looks, and after one that failed."""


@dataclass(frozen=True)
class SendAudit(Job[int]):
    """Send what is new in the audit."""

    def run(self, fab: "Fab") -> int:
        """How many entries went out."""
        return fab.send_audit()


async def exporting(cache: AnswerCache) -> None:
    """Send what is new in the audit for as long as the service lives, where fab.toml says to whom."""
    not_before, tried = 0.0, AuditSettings()

    async def turn(settings: Settings, started: Started) -> None:
        nonlocal not_before, tried
        if not settings.audit.syslog or (time.monotonic() < not_before and settings.audit == tried):
            return
        tried = settings.audit
        try:
            await started().run(SendAudit())
            not_before = time.monotonic() + EVERY_S
        except FabwatchError:
            not_before = time.monotonic() + AGAIN_S
            raise

    await by_itself(cache.folder, "the audit was not sent", turn)
