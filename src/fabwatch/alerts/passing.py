"""One pass: what is so now becomes cases, and what has to be sent is sent; a channel that fails holds up no other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fabwatch.alerts.alarms import Alarm
from fabwatch.alerts.cases import FAILED, SENDING, SENT, Case, Message, brought_up, cases, event, note, texts_of
from fabwatch.alerts.channels import send
from fabwatch.alerts.messages import Words
from fabwatch.store.lake import Lake
from fabwatch.store.rows import insert
from fabwatch.terms.errors import CannotSend
from fabwatch.terms.settings.alerting import AlertSettings, ChannelSettings
from fabwatch.terms.tables import ALERT_EVENTS

GIVEN_UP = timedelta(minutes=5)
"""After that a message that was being sent is taken as lost, and goes out again under its mark."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
Sender = Callable[[str, ChannelSettings, Words], None]


@dataclass(frozen=True)
class Due:
    """A message that has to go out."""

    case: Case
    channel: str
    number: int


def one_pass(
    lake: Lake, stated: AlertSettings, moment: datetime, alarms: list[Alarm], sender: Sender = send
) -> tuple[int, int]:
    """Bring the cases up to the alarms of a moment, and send what is due; how many were sent, and how many were not."""
    with lake.writing():
        brought_up(lake, moment, alarms)
        due = list(_due(cases(lake), stated, moment))
        # Noted first, alone among writers: no other server takes the same message.
        insert(lake, ALERT_EVENTS, [event(moment, one.case, SENDING, channel=one.channel, number=one.number) for one in due])
    sent = failed = 0
    for one in due:
        channel = stated.channels[one.channel]
        try:
            sender(one.channel, channel, words_of(one.case, one.number, stated.address, channel.language))
        except CannotSend as fault:
            note(lake, [event(moment, one.case, FAILED, channel=one.channel, number=one.number, text=fault.what)])
            failed += 1
        else:
            note(lake, [event(moment, one.case, SENT, channel=one.channel, number=one.number)])
            sent += 1
    return sent, failed


def words_of(case: Case, number: int, address: str, language: str) -> Words:
    """The message of a case in a language."""
    own = case.opened
    text = texts_of(own)[language == "es"]
    return Words(case.name, number, own["rule"], own["subject"], own["area"], text, own["noted_at"], address, language)


def _due(known: list[Case], stated: AlertSettings, moment: datetime) -> Iterator[Due]:
    for case in known:
        if case.closed_at is not None:
            continue
        for name, channel in stated.channels.items():
            if _wants(channel, case):
                number = _number(case, stated.remind_hours, moment)
                if _is_due(case, (name, number), moment):
                    yield Due(case, name, number)


def _wants(channel: ChannelSettings, case: Case) -> bool:
    own = case.opened
    if channel.rules and own["rule"] not in channel.rules:
        return False
    return not channel.areas or own["area"] is None or own["area"] in channel.areas


def _number(case: Case, remind_hours: float, moment: datetime) -> int:
    """Which message of the case it is time for; once somebody has seen it there are no more reminders."""
    until = moment if case.acknowledged is None else case.acknowledged["noted_at"]
    return int((until - case.opened["noted_at"]) / timedelta(hours=remind_hours)) if remind_hours else 0


def _is_due(case: Case, message: Message, moment: datetime) -> bool:
    """Whether a message was not sent yet, is not being sent, and does not wait after it failed."""
    events = case.messages.get(message, [])
    if not events:
        # A case that was seen before its first message is told nobody.
        return case.acknowledged is None
    last = events[-1]
    if last["event"] == SENT:
        return False
    if last["event"] == SENDING:
        return bool(moment - last["noted_at"] >= GIVEN_UP)
    tries = sum(one["event"] == FAILED for one in events)
    return bool(moment - last["noted_at"] >= min(FIRST_WAIT * 2 ** min(tries - 1, 10), LONGEST_WAIT))
