"""Alerts: the part of the door that says what people are told, and tells them."""

from contextlib import AbstractContextManager
from datetime import datetime

from fabwatch.alerts.alarms import Board, board_of, questions_of
from fabwatch.alerts.answers import AlertCase, Alerts, AlertTrial
from fabwatch.alerts.questions import AlertsQuestion
from fabwatch.decisions.audit import append
from fabwatch.fab.door import Door
from fabwatch.store.disk import disks_of, note_free
from fabwatch.store.view import View
from fabwatch.terms.answers import How
from fabwatch.terms.errors import BadQuestion, unknown
from fabwatch.terms.questions import NOW, Timed

__all__ = ["AlertRoom", "Board", "questions_of"]
METHOD = (
    "The rules of [alerts] at moments of the past, each with what had happened by then; of files and models nobody knows."
)
MOST_DAYS = 366.0


class AlertRoom(Door):
    """Cases of alerts, and passes that open, send and close them."""

    def alerts(self, *, closed: bool = False) -> Alerts:
        """The cases, open ones first; `closed`: those that are no more as well."""
        return self.ask(AlertsQuestion(closed=closed))

    def ack_alert(self, case: str, *, who: str, reason: str) -> AlertCase:
        """Somebody has seen a case: it is not sent again. Written to the audit. Raises BadQuestion and DecidedAlready."""
        from fabwatch.alerts.cases import acknowledged
        from fabwatch.decisions.audit import reasoned

        text, moment = reasoned(reason), self._clock()
        with self._lake.writing():
            seen = acknowledged(self._lake, moment, who, case)
            append(self._lake, moment, who, "alert", {"case": case, "subject": seen.subject, "rule": seen.rule}, text)
        return seen

    def run_alerts(self, board: Board | None = None) -> tuple[int, int]:
        """One pass: open and close cases by what is so now, send what is due; how many were sent, and how many were not."""
        from fabwatch.alerts.alarms import alarms
        from fabwatch.alerts.passing import one_pass

        stated = self.settings.alerts
        note_free(self.path, disks_of(self.path, self.settings.fab), self._clock())
        with self._view(Timed(as_of=NOW)) as view:
            found = alarms(view, stated, board or board_of(view, stated.rules))
        return one_pass(self._lake, stated, self._clock(), found)

    def test_alert(self, channel: str) -> None:
        """Send a test message by a channel of fab.toml. Raises BadQuestion and CannotSend."""
        from fabwatch.alerts.channels import send
        from fabwatch.alerts.messages import Words
        from fabwatch.terms.words import sentence as say

        stated = self.settings.alerts
        if channel not in stated.channels:
            if not stated.channels:
                raise BadQuestion(
                    "fab.toml names no channel.", "write [alerts.channels.NAME] with a url; see docs/alerts.md"
                )
            raise unknown("channel", channel, stated.channels)
        own = stated.channels[channel]
        name, text = self.settings.fab.name or self.path.name, say(own.language, "alert_test", channel=channel)
        send(channel, own, Words("A-0000", 0, "test", name, None, text, self._now(), stated.address, own.language))

    def try_alerts(self, days: float = 30.0) -> AlertTrial:
        """How often alerts would have fired in the last days by the rules of fab.toml, and when. Raises BadQuestion."""
        from fabwatch.alerts.trial import tried

        if not 0 < days <= MOST_DAYS:
            raise BadQuestion(f"days must be above 0, up to {MOST_DAYS:g} (got {days:g}).", "such as 30")
        with self._lake.reading():
            until = self._present().at
        cases, looks = tried(self._at, self.settings.alerts, until, days)
        return AlertTrial(until, None, self.settings.fab.demo, How(METHOD, "", 0), None, days, looks, tuple(cases))

    def _at(self, moment: datetime) -> AbstractContextManager[View]:
        """A view of the past."""
        return self._view(Timed(as_of=moment))
