"""The record: when the newest thing that a fab knows of happened."""

from datetime import datetime, timedelta

from fabwatch.store.lake import Lake

WINDOWS = (timedelta(days=1), timedelta(days=60), timedelta(days=400))
"""How far back is looked, one after the other: a bound is what keeps the engine from reading the whole history."""
ENDED = timedelta(days=1)
"""A record whose newest entry is older than this has ended: a question about now is answered as of its end."""
END_OF_RECORD = "end of record"
_NEWEST = """
SELECT max(moment) FROM (
    SELECT max(end_at) AS moment FROM moves WHERE end_at > $since AND end_at <= $by
    UNION ALL SELECT max(greatest(processed_at, coalesce(resulted_at, processed_at))) FROM quals
    WHERE processed_at > $since AND greatest(processed_at, coalesce(resulted_at, processed_at)) <= $by
    UNION ALL SELECT max(done_at) FROM restores WHERE done_at > $since AND done_at <= $by
    UNION ALL SELECT max(measured_at) FROM metrology WHERE measured_at > $since AND measured_at <= $by
    UNION ALL SELECT max(coalesce(end_at, start_at)) FROM wafer_tests
    WHERE coalesce(end_at, start_at) > $since AND coalesce(end_at, start_at) <= $by
    UNION ALL SELECT max(tested_at) FROM sort_summary WHERE tested_at > $since AND tested_at <= $by
    UNION ALL SELECT max(measured_at) FROM wat WHERE measured_at > $since AND measured_at <= $by
    UNION ALL SELECT max(inspected_at) FROM inspections WHERE inspected_at > $since AND inspected_at <= $by) AS latest"""


def newest(lake: Lake, by: datetime) -> datetime | None:
    """When the newest move, qual, restore, measurement, test or inspection was, up to `by`; None for none."""
    for window in WINDOWS:
        latest = _newest(lake, by - window, by)
        if latest is not None:
            return latest
    return _newest(lake, datetime.min, by)  # noqa: DTZ901 - naive UTC, as everywhere inside


def newest_by_the_minute(lake: Lake, by: datetime) -> datetime | None:
    """The same up to the end of the minute, looked up once a minute and snapshot: every question about now needs it."""
    minute = by.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return lake.remember(("newest", minute), lambda: newest(lake, minute))


def _newest(lake: Lake, since: datetime, by: datetime) -> datetime | None:
    latest: datetime | None = lake.ask(_NEWEST, {"since": since, "by": by}).fetchall()[0][0]
    return latest
