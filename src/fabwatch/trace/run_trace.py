"""One run compared with good runs: its sensors step by step, with the alarms on the same time axis."""

from collections.abc import Sequence

from fabwatch.equipment.runs import over_runs
from fabwatch.store.lake import Lake
from fabwatch.store.view import View
from fabwatch.terms.errors import BadQuestion, unknown
from fabwatch.trace.answers import LogMessage, Trace
from fabwatch.trace.envelope import GOOD_AT_MOST, Window, drawn, parts_of, sensors_of
from fabwatch.trace.faults import good_runs
from fabwatch.trace.kept import check_kept
from fabwatch.trace.runs import SENSORS_LISTED, check_names, logged_runs

METHOD = (
    "Each step begins at its first sample. Envelope: 5th to 95th percentile of up to 60 good runs of the same kind, the "
    "nearest in time first. Thin band: smallest and largest sample of each time interval, so that a spike of one sample "
    "is visible."
)
MESSAGES = 500


def trace(
    view: View,
    run: str,
    sensors: Sequence[str],
    window: Window,
    beside: bool,
) -> Trace:
    """A run compared with good runs, or alone; all sensors by default. Raises UnknownTool and BadQuestion."""
    lake, as_of = view.lake, view.as_of
    parts = parts_of(lake, [run])
    if not parts:
        check_names(logged_runs(lake, as_of=as_of), None, run)
    if window.since is not None and window.until is not None and window.since >= window.until:
        raise BadQuestion(
            f"The end ({window.until:g} s) must be after the start ({window.since:g} s).", "choose a later end"
        )
    check_kept(lake, run, parts)
    good, chosen = good_runs(lake, as_of, run) if beside else ([], "")
    known = sensors_of(lake, run)
    for sensor in sensors:
        if sensor not in known:
            raise unknown("sensor", sensor, known, SENSORS_LISTED)
    drawing = drawn(lake, run, good, list(sensors) or known, window)
    messages = lake.remember(("heard", run), lambda: _messages(lake, run))
    header = view.header(METHOD, ";\n".join(drawing.sql))
    golden = f"{min(len(good), GOOD_AT_MOST)} runs, {chosen}" if beside else ""
    return Trace(*header, run, golden, tuple(drawing.steps), tuple(messages))


def _messages(lake: Lake, run: str) -> list[LogMessage]:
    """The messages and alarms of a run, in order of time."""
    return lake.records(
        LogMessage,
        over_runs(
            "SELECT a.t - min(r.begin_s) OVER () AS seconds, a.kind, a.code, a.text, l.path, a.line, a.byte_offset "
            "FROM runs AS r JOIN alarms AS a ON a.load = r.load AND a.part = r.part JOIN loads AS l ON l.load = a.load "
            f"WHERE r.run = $run ORDER BY a.t, a.byte_offset LIMIT {MESSAGES}"
        ),
        {"run": run},
    )
