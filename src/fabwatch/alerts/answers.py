"""Answers about alerts."""

from dataclasses import dataclass
from datetime import datetime

from fabwatch.terms.answers import Answer, Row, plain
from fabwatch.terms.words import sentence as say


@dataclass(frozen=True)
class AlertCase:
    """One case: what it is about, since when, who was told, and who has seen it."""

    case: str
    subject: str
    """The tool, file or model."""
    rule: str
    area: str | None
    text: str
    text_es: str
    opened_at: datetime
    closed_at: datetime | None
    sent: int
    """Messages that were sent, reminders among them."""
    failed: str | None
    """Why the last message could not be sent, where it has not been since."""
    acknowledged_by: str | None
    acknowledged_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether it is still so."""
        return self.closed_at is None


@dataclass(frozen=True, repr=False)
class Alerts(Answer):
    """The cases, open ones first."""

    on: bool
    """Whether the service sends them."""
    cases: tuple[AlertCase, ...]

    def rows(self) -> list[Row]:
        """One row a case."""
        return [plain(one) for one in self.cases]

    def sentence(self, language: str = "en") -> str:
        """How many are open, and how many of them nobody has seen."""
        current = [one for one in self.cases if one.open]
        unseen = sum(one.acknowledged_by is None for one in current)
        text = say(language, "alerts", open=len(current), unseen=unseen)
        return text if self.on else f"{text} {say(language, 'alerts_off')}"


@dataclass(frozen=True)
class WouldFire:
    """A case that there would have been."""

    subject: str
    rule: str
    area: str | None
    first: datetime
    last: datetime
    text: str


@dataclass(frozen=True, repr=False)
class AlertTrial(Answer):
    """What would have been sent in the last days, before it is switched on."""

    days: float
    looks: int
    """At how many moments of these days it was looked."""
    cases: tuple[WouldFire, ...]

    def rows(self) -> list[Row]:
        """One row a case."""
        return [plain(one) for one in self.cases]

    def sentence(self, language: str = "en") -> str:
        """How often it would have fired."""
        return say(language, "alert_trial", cases=len(self.cases), days=self.days, looks=self.looks)
