"""The passes of alerts that the service makes: with the answers that it has at hand, in a process of their own."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabwatch.api.answer_cache import AnswerCache
from fabwatch.api.jobs import Job
from fabwatch.api.workers import Pool
from fabwatch.fab.alerts import Board, questions_of
from fabwatch.fab.questions import ForecastQuestion, ToolsQuestion
from fabwatch.terms.errors import FabwatchError, TooFewFailures
from fabwatch.terms.settings import read_settings

if TYPE_CHECKING:
    from fabwatch.fab import Fab

LOG = logging.getLogger("fabwatch")
LOOK_S = 1.0


@dataclass(frozen=True)
class Pass(Job[tuple[int, int]]):
    """One pass; without a board the worker asks for what it needs."""

    board: Board | None

    def run(self, fab: "Fab") -> tuple[int, int]:
        """How many messages were sent, and how many were not."""
        return fab.run_alerts(self.board)


async def alerting(cache: AnswerCache) -> None:
    """Make passes for as long as the service lives; what goes wrong in one is logged, and the next is made all the same."""
    pool: Pool | None = None
    last = float("-inf")
    try:
        while True:
            try:
                stated = read_settings(cache.folder).alerts
                if stated.on and time.monotonic() - last >= stated.every_s:
                    last = time.monotonic()
                    pool = pool or Pool(cache.folder, workers=1, waiting=1, nice=5)
                    _, failed = await pool.run(Pass(await _board(cache, stated.rules)))
                    if failed:
                        LOG.warning("%s messages of alerts could not be sent; see fabwatch alerts list", failed)
            except FabwatchError as fault:
                LOG.warning("a pass of alerts was not made: %s", fault.what)
            except Exception:
                LOG.exception("a pass of alerts was not made")
            # What is stated is looked at more often than a pass is made: who switches alerts on does not wait.
            await asyncio.sleep(LOOK_S)
    finally:
        if pool is not None:
            pool.close()


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
