"""What every part of the door stands on: the folder, its settings, the lake and the clock."""

from datetime import datetime
from pathlib import Path

from fabwatch.store.lake import Lake
from fabwatch.terms.clock import Clock, asked_time, to_utc
from fabwatch.terms.settings import read_settings

Moment = datetime | str | None


class Door:
    """A fab folder that is open."""

    def __init__(self, path: Path, create: bool, clock: Clock):
        self.path = path
        self.settings = read_settings(path)
        self._clock = clock
        self._lake = Lake(path, self.settings, create=create)

    def _moment(self, as_of: Moment, known_at: Moment) -> tuple[datetime, datetime | None]:
        known = moment_of(known_at)
        return moment_of(as_of) or known or self._now(), known

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)


def moment_of(given: Moment) -> datetime | None:
    """A time as it is asked for, naive UTC. Raises UnknownTime."""
    if given is None:
        return None
    return asked_time(given) if isinstance(given, str) else to_utc(given)
