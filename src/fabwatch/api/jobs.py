"""What a worker is handed: an object that knows what to do with the fab, and what that gives."""

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fabwatch.fab.actions import Action
from fabwatch.fab.door import Present
from fabwatch.fab.questions import QUESTIONS, Answerable, ForecastQuestion
from fabwatch.terms.errors import DiskFull, StoreBroken, StoreBusy
from fabwatch.terms.questions import A, Cost

if TYPE_CHECKING:
    from fabwatch.fab import Fab
    from fabwatch.ingest.answers import Explanation
    from fabwatch.ingest.progress import Step
    from fabwatch.ingest.stating import Statement
    from fabwatch.ingest.summary import IngestSummary

LOG = logging.getLogger("fabwatch")
R = TypeVar("R", covariant=True)
AHEAD: tuple[Answerable[Any], ...] = tuple(kind() for kind in QUESTIONS if kind.spec.cost is Cost.AHEAD)
"""The questions that are worked out for the whole fab before anybody asks."""


class Job(ABC, Generic[R]):
    """Something for a worker to do."""

    @abstractmethod
    def run(self, fab: "Fab") -> R:
        """Do it."""


@dataclass(frozen=True)
class Ask(Job[A]):
    """Answer a question; `present` is the moment that one about now stands for."""

    question: Answerable[A]
    present: Present | None = None

    def run(self, fab: "Fab") -> A:
        """The answer."""
        return fab.ask(self.question, self.present)


@dataclass(frozen=True)
class Act(Job[R]):
    """Carry out what somebody decided."""

    action: Action[R]
    who: str

    def run(self, fab: "Fab") -> R:
        """What it gives."""
        return self.action.act(fab, self.who)


@dataclass(frozen=True)
class FabState:
    """What answers rest on: a word that changes with the fab, and when the newest thing on record happened."""

    word: str
    newest: datetime | None


class ReadState(Job[FabState]):
    """See whether the fab has changed."""

    def run(self, fab: "Fab") -> FabState:
        """Its state."""
        return FabState(fab.state(), fab.newest())


@dataclass(frozen=True)
class WorkAhead(Job[Mapping[Answerable[Any], Any]]):
    """Answer, for all tools, what lies ahead of one moment; live forecasts are kept for the score."""

    present: Present
    live: bool

    def run(self, fab: "Fab") -> Mapping[Answerable[Any], Any]:
        """The answer to each question of `AHEAD`. Raises TooFewFailures."""
        if self.live:
            _admit_due(fab)
        answers: dict[Answerable[Any], Any] = {question: fab.ask(question, self.present) for question in AHEAD}
        if self.live and self.present.reason is None:
            forecasts = ForecastQuestion()
            try:
                answers[forecasts] = fab.record(answers[forecasts])
            except (StoreBusy, StoreBroken, DiskFull) as fault:
                LOG.warning("the forecasts of %s were not recorded: %s", self.present.at, fault.what)
        return answers


def _admit_due(fab: "Fab") -> None:
    """Rows of a fast clock come in while nothing is loaded, too."""
    try:
        fab.admit_due()
    except (StoreBusy, StoreBroken, DiskFull) as fault:
        LOG.warning("rows whose time has come were not stored: %s", fault.what)


@dataclass(frozen=True)
class Loading(Job["IngestSummary"]):
    """Bring files in; how far that is stands in the file `progress`."""

    progress: str

    def step(self, step: "Step") -> None:
        """Note how far it is; whoever reads the note finds a whole one."""
        note = Path(f"{self.progress}.partial")
        note.write_text(json.dumps([step.done, step.total, step.read, step.size, step.storing]), encoding="utf-8")
        note.replace(self.progress)


@dataclass(frozen=True)
class LoadFiles(Loading):
    """Load files; `again` reads those anew that are there already."""

    paths: tuple[str, ...]
    again: bool = False

    def run(self, fab: "Fab") -> "IngestSummary":
        """What became of them."""
        return fab.ingest(self.paths, again=self.again, progress=self.step)


class RetryInbox(Loading):
    """Try the files of the inbox again."""

    def run(self, fab: "Fab") -> "IngestSummary":
        """What became of them."""
        return fab.retry(progress=self.step)


@dataclass(frozen=True)
class TrySource(Job["Explanation"]):
    """See how a file would be read with a statement."""

    load: str
    statement: "Statement"

    def run(self, fab: "Fab") -> "Explanation":
        """How it would be read."""
        return fab.try_source(self.load, self.statement)


@dataclass(frozen=True)
class WriteSource(Job["Explanation"]):
    """Write a statement about a file into fab.toml."""

    load: str
    statement: "Statement"
    who: str
    reason: str
    seen: str | None

    def run(self, fab: "Fab") -> "Explanation":
        """How it is read from then on."""
        return fab.write_source(self.load, self.statement, who=self.who, reason=self.reason, seen=self.seen)
