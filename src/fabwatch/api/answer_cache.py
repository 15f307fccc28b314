"""The answer cache: a question that was put already costs nothing for as long as the fab stands still."""

import asyncio
import dataclasses
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fabwatch.api.jobs import Act, Ask, FabState, Job, Loading, ReadState, WorkAhead
from fabwatch.api.workers import Pool
from fabwatch.fab.actions import Action
from fabwatch.fab.answers import FeatureRows
from fabwatch.fab.door import Present, present_of
from fabwatch.fab.questions import Answerable, Composed, RiskQuestion
from fabwatch.terms.clock import Clock, utc_now
from fabwatch.terms.errors import FabwatchError, TooFewFailures
from fabwatch.terms.questions import NOW, A, Cost, Timed
from fabwatch.terms.settings import Settings, read_settings
from fabwatch.terms.settings.place import SQLITE

if TYPE_CHECKING:
    from fabwatch.ingest.summary import IngestSummary

FRESH = timedelta(minutes=15)
"""How old what lies ahead may be for a question about now."""
STANDS = timedelta(minutes=3)
"""How long the moment of questions about now stands still while nothing is loaded."""
PATIENCE = 0.6
"""Seconds that a question about now waits for a newer outlook before it gets the one at hand, marked as such."""
LOOK_EVERY = 0.5
"""Seconds between two looks at whether the fab has changed."""
ROWS_KEPT = 400_000
ROW_BYTES = 500
"""What a row takes in memory, for tables that are kept by columns."""
R = TypeVar("R")


@dataclass(frozen=True)
class CachedAnswer(Generic[A]):
    """An answer, the state of the fab that it rests on, and whether a newer one is being made."""

    answer: A
    state: str
    stale: bool = False
    ahead: float = 0.0
    """Which outlook it rests on: of one state there are several in turn, and at first none; 0 where it rests on none."""


@dataclass(frozen=True)
class _Outlook:
    """What lies ahead of one moment for the whole fab: the answer to each question that is worked out before it is asked."""

    state: str
    present: Present
    made: float
    answers: Mapping[Answerable[Any], Any]
    fault: TooFewFailures | None = None


Key = tuple[str, Answerable[Any], Present | None]


class AnswerCache:
    """Asks the workers, keeps their answers for as long as the fab stands still, and works ahead."""

    def __init__(self, folder: Path, clock: Clock = utc_now, as_of: datetime | None = None):
        self.folder, self.as_of = folder, as_of
        self._clock = clock
        self._settings = read_settings(folder)
        self._quick = Pool(folder, workers=2, waiting=120)
        self._deep = Pool(folder, workers=1, waiting=64, nice=5)
        self._outlooks = Pool(folder, workers=1, waiting=2, nice=5)
        self._long = Pool(folder, workers=1, waiting=8, nice=10)
        self._loader = Pool(folder, workers=1, waiting=50, nice=10)
        self._answers: OrderedDict[Key, CachedAnswer[Any]] = OrderedDict()
        self._rows = 0
        self._running: dict[Key, asyncio.Future[CachedAnswer[Any]]] = {}
        self._state = FabState("", None)
        self._moment = datetime.min  # noqa: DTZ901 - naive UTC, as everywhere inside
        self._looked = 0.0
        self._marks: tuple[float, ...] = ()
        self._looking: asyncio.Future[str] | None = None
        self._ahead: _Outlook | None = None
        self._working: asyncio.Future[None] | None = None
        self._began = 0.0

    def close(self) -> None:
        """Stop the workers."""
        for pool in self.pools.values():
            pool.close()

    @property
    def settings(self) -> Settings:
        """What fab.toml states."""
        return self._settings

    @property
    def made(self) -> float:
        """When the outlook at hand was made, by a clock that only runs."""
        return self._ahead.made if self._ahead else 0.0

    @property
    def pools(self) -> Mapping[str, Pool]:
        """The workers, by what they are for."""
        return {
            "quick": self._quick,
            "deep": self._deep,
            "outlook": self._outlooks,
            "long": self._long,
            "loader": self._loader,
        }

    def at_hand(self, question: Answerable[A]) -> A | None:
        """The newest answer to a question that is kept, of whatever state of the fab; None where nobody got one."""
        for (_, known, _), cached in reversed(self._answers.items()):
            if known == question:
                answer: A = cached.answer
                return answer
        return None

    def present(self) -> Present:
        """The moment that a question about now stands for.

        Wafers at risk change when something is loaded or decided, and then it is the very second; in between it moves on
        every few minutes, so that an answer serves all who ask. Where the record ended over a day ago it is its end.
        """
        if self.as_of is not None:
            return Present(self.as_of)
        now = self._clock().replace(microsecond=0)
        if now - self._moment >= STANDS or now < self._moment:
            self._moment = now
        return present_of(self._state.newest, self._moment)

    def now(self) -> datetime:
        """The time of `present`."""
        return self.present().at

    async def state(self) -> str:
        """What the answers rest on now; see `fabwatch.store.state`."""
        if self._state.word and time.monotonic() - self._looked < LOOK_EVERY:
            return self._state.word
        marks = self._touched()
        if self._state.word and marks == self._marks:
            self._looked = time.monotonic()
            return self._state.word
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look(marks))
            # Whoever waited for it may have gone by the time the service stops.
            self._looking.add_done_callback(lambda looking: looking.cancelled() or looking.exception())
        return await asyncio.shield(self._looking)

    async def _look(self, marks: tuple[float, ...]) -> str:
        before = self._state.word
        try:
            self._state = await self._quick.run(ReadState())
            self._settings = read_settings(self.folder)
            self._marks, self._looked = marks, time.monotonic()
            if self._state.word != before:
                self._moment = self._clock().replace(microsecond=0)
            return self._state.word
        finally:
            self._looking = None

    def _touched(self) -> tuple[float, ...]:
        kind, _, catalog = self._settings.fab.catalog.partition(":")
        if kind != SQLITE:
            # Other machines write to it, and no file tells.
            return (time.monotonic(),)
        paths = (self.folder / name for name in (catalog, f"{catalog}-wal", "fab.toml"))
        return tuple(path.stat().st_mtime if path.exists() else 0.0 for path in paths)

    async def answer(self, question: Answerable[A]) -> A:
        """The answer to a question, and nothing about it."""
        return (await self.ask(question)).answer

    async def ask(self, question: Answerable[A]) -> CachedAnswer[A]:
        """The answer to a question. Raises TooBusy and what the Fab raises."""
        state = await self.state()
        if isinstance(question, Timed) and question.as_of == NOW:
            question = replace(question, as_of=self._clock().replace(microsecond=0))
        if isinstance(question, Composed):
            return await self._composed(question, state)
        present = self.present() if _is_about_now(question) else None
        if question.spec.cost is Cost.LIVE:
            now = Present(self.as_of or self._clock().replace(microsecond=0)) if present else None
            return CachedAnswer(await self._quick.run(Ask(question, now)), state)
        if question.spec.cost is Cost.AHEAD and present is not None:
            outlook = await self._outlook(state)
            known_answer = _from_outlook(outlook, question)
            if known_answer is not None:
                return CachedAnswer(known_answer, outlook.state, outlook.state != state, outlook.made)
            present = outlook.present
        return await self._cached(question, present, state)

    async def daily(self, question: Answerable[A]) -> CachedAnswer[A]:
        """The answer as of the last midnight, made once a day: for what costs much and hardly changes."""
        await self.state()
        present = self.present()
        if present.reason is None and self.as_of is None:
            present = Present(present.at.replace(hour=0, minute=0, second=0))
        return await self._cached(question, present if _is_about_now(question) else None, "today")

    async def act(self, action: Action[R], who: str) -> R:
        """Let a worker write a decision; the next question sees it."""
        try:
            return await self._quick.run(Act(action, who))
        finally:
            self._looked = 0.0

    async def look(self, job: Job[R]) -> R:
        """Let a worker look at something that takes a blink."""
        return await self._quick.run(job)

    async def read_file(self, job: Job[R]) -> R:
        """Let a worker read a file for somebody who waits for it; it may change fab.toml."""
        try:
            return await self._deep.run(job)
        finally:
            self._looked = 0.0

    async def load(self, job: Loading) -> "IngestSummary":
        """Let the loader take files in."""
        try:
            return await self._loader.run(job)
        finally:
            self._looked = 0.0

    async def _composed(self, question: Composed[A], state: str) -> CachedAnswer[A]:
        """An answer that is put together here from answers at hand."""
        parts = question.parts()
        outlook, stale = None, False
        if _is_about_now(question):
            if any(part.spec.cost is Cost.AHEAD for part in parts):
                outlook = await self._outlook_if_any(state)
                # Where none can be shown the next one may be on its way: that of an empty fab after its first load.
                stale = self._ahead is not None and self._ahead.state != state
            present = outlook.present if outlook else self.present()
        else:
            present = None
        made = outlook.made if outlook else 0.0
        # A newer outlook of the same moment is another answer.
        key: Key = (f"{state}/{made}/{stale}", question, present)
        if key not in self._answers:
            answers = [await self._part(part, outlook, present, state) for part in parts]
            composed = question.compose(self._settings.fab, answers)
            self._keep(key, CachedAnswer(composed, state, stale, made))
        return self._answers[key]

    async def _part(self, part: Answerable[Any], outlook: _Outlook | None, present: Present | None, state: str) -> Any:
        if part.spec.cost is Cost.AHEAD and present is not None:
            return outlook.answers.get(part) if outlook else None
        try:
            return (await self._cached(part, present, state)).answer
        except TooFewFailures:
            return None

    async def _outlook_if_any(self, state: str) -> _Outlook | None:
        try:
            return await self._outlook(state)
        except TooFewFailures:
            return None

    async def _cached(self, question: Answerable[A], present: Present | None, state: str) -> CachedAnswer[A]:
        key: Key = (state, question, present)
        if key in self._answers:
            self._answers.move_to_end(key)
            return self._answers[key]
        whole = await self._whole(question, present, state)
        part = question.part(whole.answer) if whole else None
        if part is not None:
            return self._keep(key, CachedAnswer(part, state))
        if key not in self._running:
            self._running[key] = asyncio.ensure_future(self._worked_out(key))
        return await asyncio.shield(self._running[key])

    async def _whole(self, question: Answerable[A], present: Present | None, state: str) -> CachedAnswer[A] | None:
        """The answer for the whole fab that holds this one: asked where that costs no more, else if it is at hand."""
        whole = question.whole()
        if whole is None:
            return None
        if question.spec.cost is Cost.QUICK:
            return await self._cached(whole, present, state)
        return self._answers.get((state, whole, present))

    async def _worked_out(self, key: Key) -> CachedAnswer[Any]:
        state, question, present = key
        try:
            # A run alone is read in a blink, and somebody is waiting with the mouse in hand.
            deep = question.spec.cost in (Cost.DEEP, Cost.AHEAD) and getattr(question, "beside", True)
            pool = self._long if question.spec.cost is Cost.LONG else self._deep if deep else self._quick
            return self._keep(key, CachedAnswer(await pool.run(Ask(question, present)), state))
        finally:
            del self._running[key]

    def _keep(self, key: Key, answer: CachedAnswer[A]) -> CachedAnswer[A]:
        if key in self._answers:
            self._rows -= weight(self._answers[key].answer)
        self._answers[key] = answer
        self._rows += weight(answer.answer)
        while self._rows > ROWS_KEPT and len(self._answers) > 1:
            _, dropped = self._answers.popitem(last=False)
            self._rows -= weight(dropped.answer)
        return answer

    async def _outlook(self, state: str) -> _Outlook:
        """What lies ahead as of now: the one at hand when it is fresh, else a new one is begun and waited for a while."""
        ahead = self._ahead
        if ahead is not None and ahead.state == state and ahead.made + FRESH.total_seconds() > time.monotonic():
            return _opened(ahead)
        if self._working is None:
            self._began = time.monotonic()
            self._working = asyncio.ensure_future(self._work_ahead(state))
        working = asyncio.shield(self._working)
        if ahead is None:
            await working
        else:
            # Only who asks right after the change waits; as long as it takes, the others get what is at hand at once.
            await asyncio.wait([working], timeout=max(self._began + PATIENCE - time.monotonic(), 0.0))
        if self._ahead is None:
            raise TooFewFailures("No forecast can be made of this fab yet.")
        return _opened(self._ahead)

    async def _work_ahead(self, state: str) -> None:
        try:
            present = self.present()
            answers: Mapping[Answerable[Any], Any] = {}
            fault: TooFewFailures | None = None
            try:
                answers = await self._outlooks.run(WorkAhead(present, live=self.as_of is None))
            except TooFewFailures as few:
                fault = few
            self._ahead = _Outlook(state, present, time.monotonic(), answers, fault)
        finally:
            self._working = None

    async def warm(self) -> None:
        """Work out what every page begins with, before anybody asks."""
        try:
            state = await self.state()
            # A worker that has to be started first would take its time from whoever asks first.
            await self._deep.run(ReadState())
            await self.ask(RiskQuestion())
            await self._outlook(state)
        except FabwatchError:
            # An empty fab has nothing to work out; whoever asks is answered why.
            return


def _is_about_now(question: Answerable[Any]) -> bool:
    return isinstance(question, Timed) and question.as_of is None and question.known_at is None


def _from_outlook(outlook: _Outlook, question: Answerable[A]) -> A | None:
    """The answer or the part of an answer of an outlook; None when something else is asked for."""
    if question in outlook.answers:
        answer: A = outlook.answers[question]
        return answer
    whole = question.whole()
    if whole is None or whole not in outlook.answers:
        return None
    known_answer: A | None = question.part(outlook.answers[whole])
    return known_answer


def _opened(outlook: _Outlook) -> _Outlook:
    if outlook.fault is not None:
        raise TooFewFailures(outlook.fault.what, outlook.fault.hint)
    return outlook


def weight(value: Any) -> int:
    """How many rows an answer holds, with those inside its rows: what it takes in memory."""
    if dataclasses.is_dataclass(value):
        return 10 + sum(_rows(getattr(value, field.name)) for field in dataclasses.fields(value))
    return 10 + _rows(value)


def _rows(rows: Any) -> int:
    if isinstance(rows, FeatureRows):
        return rows.nbytes // ROW_BYTES
    if not isinstance(rows, (tuple, list)) or not rows:
        return 0
    first = rows[0]
    if not dataclasses.is_dataclass(first):
        return len(rows)
    inner = [field.name for field in dataclasses.fields(first) if isinstance(getattr(first, field.name), tuple)]
    return len(rows) + sum(_rows(getattr(row, name)) for row in rows for name in inner)
