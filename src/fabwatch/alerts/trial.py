"""What would have been sent: the rules at moments of the past, each with what was known then."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from fabwatch.alerts.alarms import Alarm, alarms, board_of
from fabwatch.alerts.answers import WouldFire
from fabwatch.store.view import View
from fabwatch.terms.settings.alerting import AlertSettings

LOOKS = 60
Views = Callable[[datetime], AbstractContextManager[View]]
PAST = ("failed", "limit", "out_of_spec", "window", "charts", "faults", "silent")
"""Rules that can be asked of the past; of files and models nobody knows what was so then."""


def tried(views: Views, stated: AlertSettings, until: datetime, days: float) -> tuple[list[WouldFire], int]:
    """The cases that there would have been in the days before `until`, and at how many moments it was looked."""
    own = stated.model_copy(update={"rules": tuple(rule for rule in stated.rules if rule in PAST)})
    step = timedelta(days=days) / LOOKS
    found: list[WouldFire] = []
    standing: dict[tuple[str, str], tuple[Alarm, datetime, datetime]] = {}
    for look in range(1, LOOKS + 1):
        moment = until - step * (LOOKS - look)
        with views(moment) as view:
            now = {(alarm.subject, alarm.rule): alarm for alarm in alarms(view, own, board_of(view, own.rules))}
        found += [_case(*standing.pop(key)) for key in list(standing) if key not in now]
        for key, alarm in now.items():
            first = standing[key][1] if key in standing else moment
            standing[key] = (alarm, first, moment)
    found += [_case(*one) for one in standing.values()]
    return sorted(found, key=lambda one: (one.first, one.subject)), LOOKS


def _case(alarm: Alarm, first: datetime, last: datetime) -> WouldFire:
    return WouldFire(alarm.subject, alarm.rule, alarm.area, first, last, alarm.texts[0])
