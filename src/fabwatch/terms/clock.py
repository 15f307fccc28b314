"""Time and time zones. This is the only place where zones are converted.

Inside fabwatch every time is a naive `datetime` in UTC; ISO 8601 with `Z` goes out.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from fabwatch.terms.errors import UnknownTime

Clock = Callable[[], datetime]

FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Years that a question may ask for; a year outside is a typing error."""

SKEW = timedelta(seconds=60)
"""How far a time may be ahead of this machine's clock before it counts as in the future."""


GAP = 3600.0
"""Seconds without a sample after which a run of a tool log has ended."""

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as everywhere inside


def utc_now() -> datetime:
    """The wall clock, as a naive UTC time."""
    return datetime.now(UTC).replace(tzinfo=None)


def to_utc(stamp: datetime) -> datetime:
    """A time with a zone, as a naive UTC time; a time without a zone is already UTC. Raises ValueError out of all range."""
    try:
        return stamp if stamp.tzinfo is None else stamp.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise ValueError(f"{stamp} is out of range") from None


def seconds_of(moment: datetime) -> float:
    """Seconds since 1970 of a naive UTC time."""
    return (moment - EPOCH).total_seconds()


def moment_at(seconds: float) -> datetime:
    """The naive UTC time this many seconds after 1970."""
    return EPOCH + timedelta(seconds=seconds)


class SkippedTime(ValueError):
    """The clock skipped this local time when summer time began."""


class RepeatedTime(ValueError):
    """This local time came twice when summer time ended."""


def zone_to_utc(zone: str, ambiguous: str = "") -> Callable[[datetime], datetime]:
    """A function from local time in `zone` (IANA name) to UTC.

    `ambiguous` is `first` or `second` for the hour that exists twice. The function raises SkippedTime and RepeatedTime.
    """
    place: tzinfo = ZoneInfo(zone)

    def convert(local: datetime) -> datetime:
        if local.tzinfo is not None:
            return to_utc(local)
        early = local.replace(tzinfo=place, fold=0).utcoffset() or timedelta(0)
        late = local.replace(tzinfo=place, fold=1).utcoffset() or timedelta(0)
        if early < late:
            raise SkippedTime(f"{local} does not exist in {zone}")
        if early > late and not ambiguous:
            raise RepeatedTime(f"{local} exists twice in {zone}")
        return local - (late if ambiguous == "second" else early)

    return convert


def iso(stamp: datetime | None) -> str | None:
    """ISO 8601 in UTC (`2026-03-17T06:30:00Z`), or None."""
    if stamp is None:
        return None
    return stamp.isoformat(timespec="microseconds" if stamp.microsecond else "seconds") + "Z"


def stated_time(text: str) -> datetime:
    """The time written in a question; without a zone it is UTC. Raises UnknownTime."""
    try:
        stamp = to_utc(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        raise UnknownTime(f"{text!r} is not a time.") from None
    if not FIRST_YEAR <= stamp.year <= LAST_YEAR:
        raise UnknownTime(f"{text!r} is outside the years {FIRST_YEAR} to {LAST_YEAR}.")
    return stamp
