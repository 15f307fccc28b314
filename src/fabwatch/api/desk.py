"""The desk: keeps answers at hand, so that a question that was put already costs nothing."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fabwatch.api.workers import Pool
from fabwatch.quals.forecast import ForecastOptions, combined
from fabwatch.risk.board import areas, board
from fabwatch.risk.exposure import narrowed
from fabwatch.terms.answers import Answer
from fabwatch.terms.clock import Clock, utc_now
from fabwatch.terms.errors import FabwatchError, TooFewFailures
from fabwatch.terms.forecasts import Forecasts
from fabwatch.terms.settings import Settings, read_settings

DEEP = frozenset(
    {
        "forecast",
        "interval",
        "curve",
        "plan",
        "score",
        "faults",
        "step_summary",
        "trace",
        "backtest",
        "chambers",
        "sensor_stats",
        "replay",
        "predicted_rates",
        "rate_model",
    }
)
"""Questions that read the whole history: they have a worker of their own, so that quick ones never wait behind them."""
AHEAD = frozenset({"forecast", "interval", "curve", "plan"})
"""Those that are worked out for the whole fab before anybody asks."""
LONG = frozenset({"score"})
"""Those that take minutes in a large fab; what lies ahead must not wait for them."""
FRESH = timedelta(minutes=15)
"""How old what lies ahead may be for a question about now."""
STANDS = timedelta(minutes=3)
"""How long the moment of questions about now stands still while nothing is loaded."""
PATIENCE = 0.6
"""Seconds that a question about now waits for a newer outlook before it gets the one at hand, marked as such."""
LOOK_EVERY = 0.5
"""Seconds between two looks at whether the fab has changed."""
ROWS_KEPT = 400_000
NARROW = {"area", "tool", "qual_type"}


@dataclass(frozen=True)
class Held:
    """An answer, the state of the fab that it rests on, and whether a newer one is being made."""

    answer: Any
    state: str
    stale: bool = False


@dataclass(frozen=True)
class _Outlook:
    state: str
    moment: datetime
    made: float
    answers: Mapping[str, Any]


class Desk:
    """Asks the workers, remembers what they said for as long as the fab stands still, and works ahead."""

    def __init__(self, folder: Path, clock: Clock = utc_now, as_of: datetime | None = None):
        self.folder, self.as_of = folder, as_of
        self._clock = clock
        self._settings = read_settings(folder)
        self._quick = Pool(folder, workers=2, waiting=120)
        self._deep = Pool(folder, workers=1, waiting=64, nice=5)
        self._outlooks = Pool(folder, workers=1, waiting=2, nice=5)
        self._long = Pool(folder, workers=1, waiting=8, nice=10)
        self._loader = Pool(folder, workers=1, waiting=50, nice=10)
        self._kept: OrderedDict[Any, Held] = OrderedDict()
        self._rows = 0
        self._asking: dict[Any, asyncio.Future[Held]] = {}
        self._state = ""
        self._moment = datetime.min  # noqa: DTZ901 - naive UTC, as everywhere inside
        self._looked = 0.0
        self._marks: tuple[float, ...] = ()
        self._looking: asyncio.Future[str] | None = None
        self._ahead: _Outlook | None = None
        self._working: asyncio.Future[None] | None = None
        self._began = 0.0

    def close(self) -> None:
        """Stop the workers."""
        for pool in (self._quick, self._deep, self._outlooks, self._long, self._loader):
            pool.close()

    @property
    def settings(self) -> Settings:
        """What fab.toml states."""
        return self._settings

    @property
    def made(self) -> float:
        """When the outlook at hand was made, by a clock that only runs."""
        return self._ahead.made if self._ahead else 0.0

    def now(self) -> datetime:
        """The moment that a question about now stands for.

        Wafers at risk change when something is loaded or decided, and then it is the very second; in between it moves on
        every few minutes, so that an answer serves all who ask.
        """
        now = self._clock().replace(microsecond=0)
        if now - self._moment >= STANDS or now < self._moment:
            self._moment = now
        return self.as_of or self._moment

    async def state(self) -> str:
        """What the answers rest on now; see `fabwatch.store.state`."""
        if self._state and time.monotonic() - self._looked < LOOK_EVERY:
            return self._state
        marks = self._touched()
        if self._state and marks == self._marks:
            self._looked = time.monotonic()
            return self._state
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look(marks))
        return await asyncio.shield(self._looking)

    async def _look(self, marks: tuple[float, ...]) -> str:
        before = self._state
        try:
            self._state = str(await self._quick.run("state", {}))
            self._settings = read_settings(self.folder)
            self._marks, self._looked = marks, time.monotonic()
            if self._state != before:
                self._moment = self._clock().replace(microsecond=0)
            return self._state
        finally:
            self._looking = None

    def _touched(self) -> tuple[float, ...]:
        found = []
        for name in ("catalog.sqlite", "catalog.sqlite-wal", "fab.toml"):
            path = self.folder / name
            found.append(path.stat().st_mtime if path.exists() else 0.0)
        return tuple(found)

    async def ask(self, question: str, **asked: Any) -> Held:
        """The answer to a question of the Fab. Raises TooBusy and what the Fab raises."""
        asked = _given(asked)
        state = await self.state()
        if question in ("areas", "tools"):
            return await self._composed(question, asked, state)
        if question in AHEAD and "as_of" not in asked and "known_at" not in asked:
            ahead = await self._outlook(state)
            found = _narrowed(ahead, question, asked)
            if found is not None:
                return Held(found, ahead.state, stale=ahead.state != state)
            asked["as_of"] = ahead.moment
        if "as_of" not in asked and "known_at" not in asked:
            asked["as_of"] = self.now()
        return await self._kept_or_asked(question, asked, state)

    async def of_today(self, question: str, **asked: Any) -> Held:
        """The answer as of the last midnight, made once a day: for what costs much and hardly changes."""
        moment = asked.pop("as_of", None) or self.as_of or self._clock().replace(hour=0, minute=0, second=0, microsecond=0)
        return await self._kept_or_asked(question, {**asked, "as_of": moment}, "today")

    async def act(self, method: str, **asked: Any) -> Any:
        """Let a worker write a decision; the next question sees it."""
        try:
            return await self._quick.run(method, asked)
        finally:
            self._looked = 0.0

    async def look_up(self, method: str, **asked: Any) -> Any:
        """What a method of the Fab gives that changes with the state of the fab alone."""
        asked = _given(asked)
        state = await self.state()
        key = (state, method, _key(asked))
        if key not in self._kept:
            self._keep(key, Held(await self._quick.run(method, asked), state))
        return self._kept[key].answer

    async def fresh(self, method: str, **asked: Any) -> Any:
        """What a method of the Fab gives at this very moment, whatever was said before."""
        return await self._quick.run(method, _given(asked))

    async def load(self, method: str, **asked: Any) -> dict[str, Any]:
        """Let the loader take files in."""
        try:
            return dict(await self._loader.run(method, asked))
        finally:
            self._looked = 0.0

    async def _composed(self, question: str, asked: dict[str, Any], state: str) -> Held:
        """Boards are made here of answers that are at hand, and kept."""
        live = "as_of" not in asked and "known_at" not in asked
        if question == "areas":
            exposed = await self.ask("risk", **asked)
            key = (state, question, _key(asked | {"as_of": exposed.answer.as_of}))
            return self._kept.get(key) or self._keep(key, Held(areas(exposed.answer, self._settings.fab), state))
        told = await self._outlook_if_any(state) if live else None
        moment: dict[str, Any] = {name: asked[name] for name in ("as_of", "known_at") if name in asked}
        if told is not None:
            moment = {"as_of": told.moment}
        exposed = await self.ask("risk", **moment)
        stated = self._settings.fab
        horizon, area = asked.get("horizon", stated.horizon_days), asked.get("area")
        key = (state, question, _key({**moment, "horizon": horizon, "area": area, "made": told.made if told else 0.0}))
        if key in self._kept:
            return self._kept[key]
        if told is not None:
            parts = (told.answers.get("forecast"), told.answers.get("plan"))
        else:
            parts = await self._parts(moment) if moment else (None, None)
        found = board(exposed.answer, *parts, stated, horizon, area)
        return self._keep(key, Held(found, state, stale=told is not None and told.state != state))

    async def _outlook_if_any(self, state: str) -> _Outlook | None:
        try:
            return await self._outlook(state)
        except TooFewFailures:
            return None

    async def _parts(self, moment: dict[str, Any]) -> tuple[Any, Any]:
        try:
            return (await self.ask("forecast", **moment)).answer, (await self.ask("plan", **moment)).answer
        except TooFewFailures:
            return None, None

    async def _kept_or_asked(self, question: str, asked: dict[str, Any], state: str) -> Held:
        key = (state, question, _key(asked))
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        whole = await self._whole(question, asked, key, state)
        narrow = _part(question, whole.answer, asked) if whole else None
        if narrow is not None:
            return self._keep(key, Held(narrow, state))
        if key not in self._asking:
            self._asking[key] = asyncio.ensure_future(self._asked(question, asked, key, state))
        return await asyncio.shield(self._asking[key])

    async def _whole(self, question: str, asked: dict[str, Any], key: Any, state: str) -> Held | None:
        """The answer for the whole fab, of which a part may be asked; the risk of all tools costs as much as that of one."""
        general = {name: value for name, value in asked.items() if name not in NARROW}
        if question == "risk" and general.get("by", "tool") == "tool" and asked != general:
            general.pop("by", None)
            return await self._kept_or_asked(question, general, state)
        return self._kept.get((state, question, _key(general))) if asked != general else None

    async def _asked(self, question: str, asked: dict[str, Any], key: Any, state: str) -> Held:
        try:
            # A run alone is read in a blink, and somebody is waiting with the mouse in hand.
            deep = question in DEEP and asked.get("beside", True)
            pool = self._long if question in LONG else self._deep if deep else self._quick
            return self._keep(key, Held(await pool.run(question, asked), state))
        finally:
            del self._asking[key]

    def _keep(self, key: Any, held: Held) -> Held:
        if key in self._kept:
            self._rows -= _weight(self._kept[key])
        self._kept[key] = held
        self._rows += _weight(held)
        while self._rows > ROWS_KEPT and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._rows -= _weight(gone)
        return held

    async def _outlook(self, state: str) -> _Outlook:
        """What lies ahead as of now: the one at hand when it is fresh, else a new one is begun and waited for a while."""
        ahead = self._ahead
        if ahead is not None and ahead.state == state and ahead.made + FRESH.total_seconds() > time.monotonic():
            return self._unfolded(ahead)
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
        return self._unfolded(self._ahead)

    def _unfolded(self, ahead: _Outlook) -> _Outlook:
        if "fault" in ahead.answers:
            fault = ahead.answers["fault"]
            raise TooFewFailures(fault.what, fault.hint)
        return ahead

    async def _work_ahead(self, state: str) -> None:
        try:
            moment = self.now()
            found = await self._outlooks.run("outlook", {"as_of": self.as_of, "moment": moment})
            self._ahead = _Outlook(state, moment, time.monotonic(), found)
        finally:
            self._working = None

    async def warm(self) -> None:
        """Work out what every page begins with, before anybody asks."""
        try:
            state = await self.state()
            # A worker that has to be started first would take its time from whoever asks first.
            await self._deep.run("state", {})
            await self.ask("risk")
            await self._outlook(state)
        except FabwatchError:
            # An empty fab has nothing to work out; whoever asks is told why.
            return


def _given(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was really asked: the rest is as the Fab has it."""
    return {name: value for name, value in asked.items() if value is not None}


def _key(asked: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(_given(asked).items()))


def _weight(held: Held) -> int:
    answer = held.answer
    if isinstance(answer, list):
        return 10 + len(answer)
    for name in ("tools", "items", "points", "readings", "groups", "runs", "steps", "chambers"):
        if isinstance(getattr(answer, name, None), tuple):
            return 10 + len(getattr(answer, name))
    return 10


def _narrowed(ahead: _Outlook, question: str, asked: dict[str, Any]) -> Answer | None:
    """The part of the outlook that is asked for; None when something else than a part is."""
    found: Answer | None = ahead.answers.get(question)
    if found is None or set(asked) - (NARROW if question != "plan" else set()):
        return None
    return _narrow(found, asked) if asked else found


def _part(question: str, answer: Any, asked: Mapping[str, Any]) -> Answer | None:
    """The part of a whole answer that is asked for, where it is the same as asking for the part."""
    if question == "risk" and not set(asked) - NARROW - {"as_of", "known_at", "by"}:
        wanted = {name: asked[name] for name in NARROW if name in asked}
        return narrowed(answer, **wanted) if asked.get("by", "tool") == "tool" else None
    return _narrow(answer, asked) if question == "forecast" else None


def _narrow(answer: Any, asked: Mapping[str, Any]) -> Answer | None:
    """Some rows of a whole answer; None when there are none, so that the Fab itself says why."""
    wanted = {name: asked[name] for name in NARROW if name in asked}
    rows = tuple(row for row in answer.tools if all(getattr(row, name) == value for name, value in wanted.items()))
    if not rows:
        return None
    if isinstance(answer, Forecasts):
        return replace(answer, tools=rows, combined=combined(rows, ForecastOptions(answer.coverage)))
    narrowed: Answer = replace(answer, tools=rows)
    return narrowed
