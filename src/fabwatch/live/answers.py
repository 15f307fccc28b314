"""Answers about live sources."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.words import sentence as say


@dataclass(frozen=True)
class LiveSource:
    """How one live source stands."""

    source: str
    kind: str
    by: str
    """mqtt, mqtts, hsms or http."""
    state: str
    """connected, waiting (over HTTP nothing connects), stopped (nothing receives), or failing."""
    connected_since: datetime | None
    last_message_at: datetime | None
    messages: int
    """Messages that came, each counted once."""
    duplicates: int
    """Messages that came again."""
    queued: int
    """Messages that wait to be loaded."""
    queued_bytes: int
    rows: int
    """Rows that were stored."""
    there_already: int
    set_aside: int
    """Rows and messages that were set aside, those that wait for their time or their tool among them."""
    waiting: int
    """Batches that wait in the inbox for a word in fab.toml."""
    failed: int
    """Batches that could not be loaded; their files are kept in live/NAME/failed."""
    quiet: bool
    """Whether it is silent for longer than `quiet_minutes`."""
    error: str | None
    """What is wrong at present."""


@dataclass(frozen=True, repr=False)
class LiveSources(Answer):
    """How all live sources stand."""

    sources: tuple[LiveSource, ...]

    def rows(self) -> list[Row]:
        """One row a source."""
        return [plain(one) for one in self.sources]

    def sentence(self, language: str = "en") -> str:
        """How many receive, and what waits."""
        wrong = sum(one.error is not None or one.quiet for one in self.sources)
        sums = {name: sum(getattr(one, name) for one in self.sources) for name in ("messages", "queued", "set_aside")}
        return say(language, "live", sources=len(self.sources), wrong=wrong, **sums)
