"""Answers about connections."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.words import sentence as say

FAILING = "failing"


@dataclass(frozen=True)
class Connection:
    """How the fab stands with one thing outside of it."""

    what: str
    """catalog, data, pull, publish, sign-in, live or channel."""
    name: str
    place: str
    """Where it is; no secret and no user is in it."""
    state: str
    """ok, failing, quiet, stopped, or never (nothing was exchanged yet)."""
    done_at: datetime | None
    """When something last went well."""
    tried_at: datetime | None
    rows: int | None
    """Rows or messages of what last went well; of a live source all that came."""
    failures: int
    """How many have failed since then."""
    error: str | None
    """What is wrong."""


@dataclass(frozen=True, repr=False)
class Connections(Answer):
    """How all connections stand."""

    connections: tuple[Connection, ...]

    def rows(self) -> list[Row]:
        """One row a connection."""
        return [plain(one) for one in self.connections]

    def sentence(self, language: str = "en") -> str:
        """How many there are, and which fail."""
        failing = [f"{one.what} {one.name}" for one in self.connections if one.state == FAILING]
        if failing:
            return say(language, "connections_failing", count=len(self.connections), failing=", ".join(failing))
        return say(language, "connections", count=len(self.connections))
