"""What every part of the door stands on: the folder, its settings, the lake and the clock; how a question is answered."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import ThreadpoolController

from fabwatch.spc.violations import violations_of
from fabwatch.store.engines import DUCKDB, POSTGRES
from fabwatch.store.engines.opening import Opening, check_stated
from fabwatch.store.lake import Lake
from fabwatch.store.record import END_OF_RECORD, ENDED, newest, newest_by_the_minute
from fabwatch.store.view import Answerable, View
from fabwatch.terms.clock import Clock
from fabwatch.terms.errors import BadQuestion, StoreBroken
from fabwatch.terms.questions import NOW, A, Cost, Timed, as_stated
from fabwatch.terms.settings import read_settings

SELECT_HINT = "write one SELECT over the tables of docs/tables.md, such as SELECT tool, count(*) FROM moves GROUP BY tool"

if TYPE_CHECKING:
    import pandas as pd

    from fabwatch.store.engines.postgres_copy import Copied


@dataclass(frozen=True)
class Present:
    """The moment that a question about now stands for, and why where that is not the present one."""

    at: datetime
    reason: str | None = None


def present_of(newest: datetime | None, now: datetime) -> Present:
    """The moment that a question about now stands for: a record that ended over a day ago is answered as of its end."""
    if newest is None or now - newest <= ENDED:
        return Present(now)
    return Present(newest, END_OF_RECORD)


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def _one_thread() -> AbstractContextManager[object]:
    """No threads for small products of matrices: they cost several times the processor time where other work goes on."""
    limit: AbstractContextManager[object] = _blas().limit(limits=1, user_api="blas")
    return limit


class Door:
    """A fab folder that is open."""

    def __init__(self, path: Path, create: bool, clock: Clock, engine: str = DUCKDB):
        self.path = path
        self.settings = read_settings(path)
        self._clock = clock
        self._engine = Opening(engine, self.settings)
        self._lake = Lake(path, self.settings, create=create)

    def ask(self, question: Answerable[A], present: Present | None = None) -> A:
        """The answer to any question. Raises BadQuestion, StoreBroken and their kin.

        `present` is the moment that a question about now stands for; without it that of the clock, or the end of the record
        where that ended over a day ago.
        """
        if isinstance(question, Timed):
            times: Timed = question
            # What is asked on the spot, such as a time to polish, is asked for now whatever is on record.
            at = present or (Present(self._now()) if question.spec.cost is Cost.LIVE else None)
        else:
            times, at = Timed(known_at=getattr(question, "known_at", None)), Present(self._now())
        with self._view(times, at) as view, _one_thread(), self._engine.scanning(view):
            return question.answer(view)

    def sql(self, statement: str) -> "pd.DataFrame":
        """What a SELECT over the tables gives, as a data frame; the fab is opened for reading alone.

        The tables are those of docs/tables.md. Raises BadQuestion with what the engine says.
        """
        try:
            frame: pd.DataFrame = self._lake.read_only(statement)
        except StoreBroken as fault:
            what = fault.what.removeprefix("The fab cannot be read or written: ")
            raise BadQuestion(f"That statement cannot be run: {what}", SELECT_HINT) from fault
        return frame

    @contextmanager
    def _view(self, times: Timed, at: Present | None = None) -> Iterator[View]:
        """One snapshot for all that a question reads, as of its moment."""
        known = as_stated(times.known_at)
        with self._lake.reading(known) as snapshot:
            moment = self._moment(times, known, at)
            future = moment.at > self._now()
            yield View(self._lake, snapshot, moment.at, known, moment.reason, future, self._engine.name, (violations_of,))

    def _moment(self, times: Timed, known: datetime | None, at: Present | None) -> Present:
        if times.as_of == NOW:
            return Present(self._now())
        stated = as_stated(times.as_of) or known
        if stated is not None:
            return Present(stated)
        return at or self._present()

    def _present(self) -> Present:
        """The moment that a question about now stands for."""
        now = self._now()
        return present_of(newest_by_the_minute(self._lake, now), now)

    def copy_to_engine(self, name: str) -> "list[Copied]":
        """Bring the tables in a PostgreSQL database of fab.toml up to date; says what was sent of the tables that changed.

        Raises BadQuestion for a database that there is none of, ExtraMissing, EngineFailed.
        """
        from fabwatch.store.engines.postgres import copy_to

        check_stated(f"{POSTGRES}:{name}", self.settings)
        with self._lake.reading() as snapshot:
            return copy_to(self._lake, name, self.settings.databases[name], snapshot)

    def newest(self) -> datetime | None:
        """When the newest thing on record happened; None for an empty fab."""
        with self._lake.reading():
            return newest(self._lake, self._now())

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)
