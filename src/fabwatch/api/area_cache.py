"""The answer cache as a key of one area sees it: no error names what belongs to another area."""

from collections.abc import Awaitable
from typing import Any, TypeVar

from fabwatch.api.answer_cache import AnswerCache, CachedAnswer
from fabwatch.fab.actions import Action
from fabwatch.fab.questions import Answerable
from fabwatch.terms.errors import FabwatchError
from fabwatch.terms.questions import A

R = TypeVar("R")


class AreaCache:
    """Asks the cache, and takes the nearest names out of what it raises: they are those of the whole fab."""

    def __init__(self, cache: AnswerCache):
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    async def ask(self, question: Answerable[A]) -> CachedAnswer[A]:
        """The answer to a question. Raises TooBusy and what the Fab raises."""
        return await _narrow(self._cache.ask(question))

    async def answer(self, question: Answerable[A]) -> A:
        """The answer to a question, and nothing about it."""
        return await _narrow(self._cache.answer(question))

    async def daily(self, question: Answerable[A]) -> CachedAnswer[A]:
        """The answer as of the last midnight."""
        return await _narrow(self._cache.daily(question))

    async def act(self, action: Action[R], who: str) -> R:
        """Let a worker write a decision."""
        return await _narrow(self._cache.act(action, who))


async def _narrow(answer: Awaitable[R]) -> R:
    try:
        return await answer
    except FabwatchError as fault:
        raise narrowed(fault) from None


def narrowed(fault: FabwatchError) -> FabwatchError:
    """An error without the nearest names."""
    return fault if fault.bare is None else type(fault)(fault.bare, type(fault).hint)
