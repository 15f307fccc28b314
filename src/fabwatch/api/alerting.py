"""The passes of alerts that the service makes: with the answers that it has at hand, in a process of their own."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabwatch.api.answer_cache import AnswerCache
from fabwatch.api.by_itself import Due, Started, by_itself
from fabwatch.api.jobs import Job
from fabwatch.fab.alerts import Board, questions_of
from fabwatch.fab.questions import ForecastQuestion, ToolsQuestion
from fabwatch.terms.errors import TooFewFailures
from fabwatch.terms.settings import Settings

if TYPE_CHECKING:
    from fabwatch.fab import Fab

LOG = logging.getLogger("fabwatch")


@dataclass(frozen=True)
class Pass(Job[tuple[int, int]]):
    """One pass; without a board the worker asks for what it needs."""

    board: Board | None

    def run(self, fab: "Fab") -> tuple[int, int]:
        """How many messages were sent, and how many were not."""
        return fab.run_alerts(self.board)


async def alerting(cache: AnswerCache) -> None:
    """Make passes for as long as the service lives."""
    due = Due()

    async def turn(settings: Settings, started: Started) -> None:
        stated = settings.alerts
        if not stated.on or not due.now("pass", stated.every_s):
            return
        _, failed = await started().run(Pass(await _board(cache, stated.rules)))
        if failed:
            LOG.warning("%s messages of alerts could not be sent; see fabwatch alerts list", failed)

    await by_itself(cache.folder, "a pass of alerts was not made", turn)


async def _board(cache: AnswerCache, rules: tuple[str, ...]) -> Board | None:
    """How the tools stand, from the answers at hand, where a rule needs forecasts: they are not made twice."""
    chances, windows = questions_of(rules)
    if not chances or cache.present().reason is not None:
        return None
    forecasts = None
    if windows:
        try:
            forecasts = await cache.answer(ForecastQuestion())
        except TooFewFailures:
            forecasts = None
    return Board(await cache.answer(ToolsQuestion()), forecasts)
