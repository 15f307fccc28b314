"""A view of the fab: one snapshot as of one moment, which is all that a room is handed with a question."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fabwatch.terms.answers import Header, How
from fabwatch.terms.errors import TooFewFailures
from fabwatch.terms.questions import A, Question

if TYPE_CHECKING:
    from fabwatch.store.lake import Lake
    from fabwatch.terms.settings.place import FabSettings


@dataclass(frozen=True)
class ToolEvent:
    """Something that a room knows to have happened to a tool."""

    at: datetime
    chamber: str | None
    kind: str
    what: str


ToolEvents = Callable[["View", str, datetime, datetime], "Sequence[ToolEvent]"]
"""What a room knows of a tool between two moments."""


@dataclass(frozen=True)
class View:
    """One snapshot of the lake, pinned for as long as a question is being answered."""

    lake: "Lake"
    snapshot: int
    as_of: datetime
    """What had happened by then counts."""
    known_at: datetime | None = None
    """What had been loaded by then counts; None for everything."""
    as_of_reason: str | None = None
    """Why the moment is not the present one, where nobody stated it."""
    future: bool = False
    """The moment has not come yet."""
    engine: str = "duckdb"
    """What runs the statements that scan."""
    tool_events: tuple[ToolEvents, ...] = ()
    """What rooms that stand above the one that answers know of a tool; the fab hands it in, as it joins the rooms."""

    def header(self, method: str, sql: str) -> Header:
        """What every answer begins with: its times, whether the fab is made up, and how the answer was computed."""
        how = How(method, sql, self.snapshot, self.engine)
        return self.as_of, self.known_at, self.lake.settings.fab.demo, how, self.as_of_reason


class Answerable(Question[A]):
    """A question that a room answers from a view."""

    @abstractmethod
    def answer(self, view: View) -> A:
        """The answer. Raises BadQuestion and its kin, StoreBroken and its kin."""


class Composed(Answerable[A]):
    """A question whose answer is put together from the answers to others of the same view."""

    @abstractmethod
    def parts(self) -> tuple[Answerable[Any], ...]:
        """The questions that it is put together from."""

    @abstractmethod
    def compose(self, settings: "FabSettings", answers: Sequence[Any]) -> A:
        """The answer from those to `parts()`, in their order; None stands for a part that cannot be forecast yet."""

    def answer(self, view: View) -> A:
        """The answer, with all parts of one view."""
        return self.compose(view.lake.settings.fab, [_answer_if_any(part, view) for part in self.parts()])


def _answer_if_any(question: Answerable[Any], view: View) -> Any:
    try:
        return question.answer(view)
    except TooFewFailures:
        return None
