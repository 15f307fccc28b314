"""What happened to a tool around the time in which it made bad wafers: failed quals, restores, chart violations, alarms."""

from datetime import datetime, timedelta

from fabwatch.store.lake import Record
from fabwatch.store.view import View
from fabwatch.yields.answers import Event

AROUND = timedelta(days=3)
"""How long before and after the stretch is looked."""
MOST = 12
ALARM = "alarm"
_EVENTS = """
SELECT * FROM (
    SELECT processed_at AS moment, chamber, 'failed' AS kind, qual_type AS what
    FROM quals WHERE tool = $tool AND processed_at BETWEEN $since AND $until AND NOT passed
      AND coalesce(resulted_at, processed_at) <= $as_of
    UNION ALL SELECT done_at, chamber, 'restore', coalesce(kind, 'restore')
    FROM restores WHERE tool = $tool AND done_at BETWEEN $since AND $until AND done_at <= $as_of
    UNION ALL SELECT make_timestamp((a.t * 1000000)::BIGINT), p.chambers, 'alarm', coalesce(a.code, a.text)
    FROM alarms AS a JOIN parts AS p ON p.load = a.load AND p.part = a.part
    WHERE p.tool = $tool AND a.dated AND a.kind = 'alarm'
      AND a.t BETWEEN epoch($since) AND epoch($until) AND a.t <= epoch($as_of)
) AS events
WHERE $chamber IS NULL OR chamber IS NULL OR chamber = $chamber
ORDER BY kind = 'alarm', moment
"""


def events_of(view: View, tool: str, chamber: str | None, since: datetime, until: datetime) -> tuple[Event, ...]:
    """Failed quals and restores of a tool around a stretch of time, what other rooms know, and its first alarms."""
    begin, end = since - AROUND, until + AROUND
    parameters = {"tool": tool, "chamber": chamber, "since": begin, "until": end, "as_of": view.as_of}
    rows = [_event(row) for row in view.lake.rows(_EVENTS, parameters)]
    known = [event for events in view.tool_events for event in events(view, tool, begin, end)]
    others = [Event(event.at, event.chamber, event.kind, event.what) for event in known if _is_of(event.chamber, chamber)]
    alarms = [event for event in rows if event.kind == ALARM]
    rest = [event for event in rows if event.kind != ALARM]
    return tuple(sorted([*rest, *others, *alarms][:MOST], key=lambda event: event.at))


def _is_of(own: str | None, chamber: str | None) -> bool:
    """Whether what happened to a chamber, or to the whole tool, concerns this one."""
    return chamber is None or own is None or own == chamber


def _event(row: Record) -> Event:
    return Event(row["moment"], row["chamber"], row["kind"], row["what"])
