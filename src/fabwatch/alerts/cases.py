"""Cases as the events say them: opened, sent, acknowledged, closed. Nothing is ever changed, only added."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fabwatch.alerts.alarms import Alarm
from fabwatch.alerts.answers import AlertCase
from fabwatch.store.lake import Lake, Record
from fabwatch.store.rows import insert
from fabwatch.terms.errors import DecidedAlready, UnknownCase
from fabwatch.terms.settings.alerting import ALERT_RULES
from fabwatch.terms.tables import ALERT_EVENTS

OPENED, SENDING, SENT, FAILED, ACKNOWLEDGED, CLOSED = "opened", "sending", "sent", "failed", "acknowledged", "closed"
_OPEN = """
SELECT rule, count(*) AS cases FROM lake.alert_events
WHERE event = $opened AND alert NOT IN (SELECT alert FROM lake.alert_events WHERE event = $closed) GROUP BY rule"""
Message = tuple[str, int]
"""The channel of a message and its number: 0 is the first of a case, then come reminders."""


def texts_of(opened: Record) -> tuple[str, str]:
    """What was so, in English and in Spanish."""
    english, _, spanish = str(opened["text"]).partition("\n")
    return english, spanish or english


@dataclass
class Case:
    """A case with all that became of it."""

    opened: Record
    closed_at: datetime | None = None
    acknowledged: Record | None = None
    messages: dict[Message, list[Record]] = field(default_factory=dict)
    """The events of each message, the oldest first."""

    @property
    def name(self) -> str:
        """Its name, such as A-0001."""
        return str(self.opened["alert"])

    @property
    def key(self) -> tuple[str, str]:
        """Subject and rule."""
        return str(self.opened["subject"]), str(self.opened["rule"])

    def answer(self) -> AlertCase:
        """As people see it."""
        last = [events[-1] for events in self.messages.values()]
        failed = [event for event in last if event["event"] == FAILED]
        seen = self.acknowledged
        return AlertCase(
            self.name,
            *self.key,
            self.opened["area"],
            *texts_of(self.opened),
            self.opened["noted_at"],
            self.closed_at,
            sum(event["event"] == SENT for event in last),
            failed[-1]["text"] if failed else None,
            None if seen is None else seen["who"],
            None if seen is None else seen["noted_at"],
        )


def cases(lake: Lake) -> list[Case]:
    """All cases, the oldest first."""
    found: dict[str, Case] = {}
    # Events of one moment stand in the order in which a case lives.
    order = f"list_position({[OPENED, SENDING, FAILED, SENT, ACKNOWLEDGED, CLOSED]}, event)"
    for row in lake.rows(f"SELECT * FROM lake.alert_events ORDER BY noted_at, alert, {order}"):
        event, name = row["event"], row["alert"]
        if event == OPENED:
            found[name] = Case(row)
        elif name in found:
            case = found[name]
            if event == CLOSED:
                case.closed_at = row["noted_at"]
            elif event == ACKNOWLEDGED:
                case.acknowledged = row
            else:
                case.messages.setdefault((row["channel"], int(row["number"])), []).append(row)
    return list(found.values())


def open_by_rule(lake: Lake) -> dict[str, int]:
    """How many cases are open, by rule; 0 for a rule without one."""
    counts = lake.rows(_OPEN, {"opened": OPENED, "closed": CLOSED})
    return dict.fromkeys(ALERT_RULES, 0) | {str(row["rule"]): int(row["cases"]) for row in counts}


def brought_up(lake: Lake, moment: datetime, alarms: Sequence[Alarm]) -> list[Case]:
    """Open and close cases by the alarms of a moment; the open ones afterwards. To be called in a transaction.

    A case is one subject under one rule: where another rule becomes the first, the case is closed and another one opened.
    """
    known = cases(lake)
    standing = {case.key: case for case in known if case.closed_at is None}
    wanted = {(alarm.subject, alarm.rule): alarm for alarm in alarms}
    closed = [event(moment, case, CLOSED) for key, case in standing.items() if key not in wanted]
    number = max((int(case.name.partition("-")[2]) for case in known), default=0)
    opened = []
    for key, alarm in wanted.items():
        if key not in standing:
            number += 1
            row = {
                "noted_at": moment,
                "alert": f"A-{number:04d}",
                "event": OPENED,
                "subject": alarm.subject,
                "rule": alarm.rule,
            }
            opened.append({**row, "area": alarm.area, "text": "\n".join(alarm.texts)})
    insert(lake, ALERT_EVENTS, [*closed, *opened])
    return [case for key, case in standing.items() if key in wanted] + [Case(row) for row in opened]


def acknowledged(lake: Lake, moment: datetime, who: str, name: str) -> AlertCase:
    """Somebody has seen a case: it is not sent again. To be called in a transaction. Raises DecidedAlready."""
    known = {case.name: case for case in cases(lake)}
    if name not in known:
        raise UnknownCase(f"No case {name[:60]}.")
    case = known[name]
    if case.acknowledged is not None:
        raise DecidedAlready(f"{name} was acknowledged by {case.acknowledged['who']}.", "fabwatch alerts list shows by whom")
    seen = event(moment, case, ACKNOWLEDGED, who=who)
    insert(lake, ALERT_EVENTS, [seen])
    case.acknowledged = seen
    return case.answer()


def event(moment: datetime, case: Case, kind: str, **more: object) -> Record:
    """An event of a case."""
    own = {name: case.opened[name] for name in ("alert", "subject", "rule", "area")}
    return {"noted_at": moment, "event": kind, "text": None, "channel": None, "number": None, "who": None, **own, **more}


def note(lake: Lake, events: Iterable[Record]) -> None:
    """Add events, in a transaction of their own."""
    rows = list(events)
    if rows:
        with lake.writing():
            insert(lake, ALERT_EVENTS, rows)
