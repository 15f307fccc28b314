"""What is an alert at a moment: of each tool the most specific rule, and what concerns the record as a whole."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from fabwatch.databases.notes import ACCOUNTS, SIGN_IN, all_noted
from fabwatch.live.state import standing
from fabwatch.models.listing import registry_of
from fabwatch.models.watching.counting import counted_models
from fabwatch.quals.answers import Forecasts
from fabwatch.quals.questions import ForecastQuestion
from fabwatch.risk.answers import Tools
from fabwatch.risk.questions import RiskQuestion, ToolsQuestion
from fabwatch.spc.violations import violations_of
from fabwatch.store.disk import days_left, disks_of, short_of
from fabwatch.store.record import newest
from fabwatch.store.view import View
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import TooFewFailures
from fabwatch.terms.settings.alerting import ALERT_RULES, AlertSettings
from fabwatch.terms.words import sentence as say
from fabwatch.trace.questions import FaultsQuestion

RECORD = "the record"
OF_CAUSE = {"failed": "failed", "restored": "failed", "limit": "limit", "out_of_spec": "out_of_spec"}
"""The rule of each cause that a tool needs a qual now for."""
DAY = timedelta(days=1)
TWICE = 2
"""A server that is started again fails once; that is no reason to wake somebody."""
QUIET = """
SELECT DISTINCT tool FROM planned WHERE done_at BETWEEN $now AND $until
"""
NOT_LOADED = """
SELECT path, status FROM loads WHERE status IN ('inbox', 'failed') AND loaded_at <= $now
QUALIFY row_number() OVER (PARTITION BY path ORDER BY loaded_at DESC) = 1
"""


@dataclass(frozen=True)
class Alarm:
    """Something that people should be told."""

    subject: str
    rule: str
    area: str | None
    texts: tuple[str, str]
    """In English and in Spanish."""


@dataclass(frozen=True)
class Board:
    """How the tools stand, and the forecasts where a rule needs them."""

    tools: Tools
    forecasts: Forecasts | None = None


def questions_of(rules: Collection[str]) -> tuple[bool, bool]:
    """Whether rules need the chances of the tools, and the windows; without them a pass costs a fraction."""
    return "out_of_spec" in rules or "window" in rules, "window" in rules


def board_of(view: View, rules: Collection[str]) -> Board:
    """How the tools stand at a moment, as far as the rules need it."""
    chances, windows = questions_of(rules)
    question = ToolsQuestion()
    if not chances:
        settings = view.lake.settings.fab
        return Board(question.compose(settings, (RiskQuestion().answer(view), None, None)))
    forecasts = None
    if windows:
        with suppress(TooFewFailures):
            forecasts = ForecastQuestion().answer(view)
    return Board(question.answer(view), forecasts)


def alarms(view: View, stated: AlertSettings, board: Board) -> list[Alarm]:
    """The alarms of a moment, one for each subject: of several the rule that stands first in ALERT_RULES."""
    wanted = set(stated.rules)
    found: dict[str, Alarm] = {}
    for alarm in sorted(_all(view, stated, wanted, board), key=lambda one: ALERT_RULES.index(one.rule)):
        found.setdefault(alarm.subject, alarm)
    quiet = _quiet(view, stated.maintenance_hours)
    return [alarm for subject, alarm in found.items() if subject not in quiet]


def _all(view: View, stated: AlertSettings, wanted: set[str], board: Board) -> Iterator[Alarm]:
    areas = {row.tool: row.area for row in board.tools.tools}
    for row in board.tools.tools:
        rule = OF_CAUSE.get(row.cause.cause)
        if rule in wanted and rule is not None:
            yield Alarm(row.tool, rule, row.area, (row.cause.sentence("en"), row.cause.sentence("es")))
    if "window" in wanted:
        yield from _windows(board.forecasts, areas)
    if "charts" in wanted:
        yield from _charts(view, areas)
    if "faults" in wanted:
        yield from _faults(view, areas)
    for rule, look in OF_NO_TOOL.items():
        if rule in wanted:
            yield from look(view, stated)


def _windows(forecasts: Forecasts | None, areas: dict[str, str | None]) -> Iterator[Alarm]:
    """Tools whose window for the next failed qual has begun."""
    for one in forecasts.tools if forecasts else ():
        if one.grounded and one.window.from_days is not None and one.window.from_days <= 0:
            yield Alarm(one.tool, "window", areas.get(one.tool), (one.sentence("en"), one.sentence("es")))


def _charts(view: View, areas: dict[str, str | None]) -> Iterator[Alarm]:
    """Tools whose control charts broke their rules within a day."""
    for tool, area in areas.items():
        events = violations_of(view, tool, view.as_of - DAY, view.as_of)
        if events:
            yield Alarm(tool, "charts", area, _both("alert_charts", charts="; ".join(one.what for one in events)))


def _faults(view: View, areas: dict[str, str | None]) -> Iterator[Alarm]:
    """Tools with runs of the last day that deviate from the reference runs."""
    runs: dict[str, list[str]] = {}
    for run in FaultsQuestion().answer(view).runs:
        if run.faulty and run.start is not None and run.start >= view.as_of - DAY:
            runs.setdefault(run.tool, []).append(run.run)
    for tool, own in runs.items():
        yield Alarm(tool, "faults", areas.get(tool), _both("alert_faults", runs=len(own), run=own[0]))


def _not_loaded(view: View, _: AlertSettings) -> Iterator[Alarm]:
    for row in view.lake.rows(NOT_LOADED, {"now": view.as_of}):
        yield Alarm(str(row["path"]), "not_loaded", None, _both(f"alert_{row['status']}", path=row["path"]))


def _connections(view: View, _: AlertSettings) -> Iterator[Alarm]:
    """Databases that rows could not be pulled from, and what could not be published, twice in a row or more."""
    settings = view.lake.settings
    stated = {"pull": {f"{name}.{kind}" for name, one in settings.databases.items() for kind in one.pull}}
    stated["publish"] = set(settings.publish)
    stated[SIGN_IN] = set() if settings.server.oidc is None else {ACCOUNTS}
    for what, names in stated.items():
        for name, one in all_noted(view.lake.folder, what):
            if name in names and one.error and one.failures >= TWICE:
                words = {"failures": one.failures, "at": iso(one.tried_at), "error": one.error}
                yield Alarm(f"{what} {name}", "connection", None, _both("alert_connection", what=what, name=name, **words))


def _quiet_sources(view: View, _: AlertSettings) -> Iterator[Alarm]:
    """Live sources that are silent for longer than fab.toml allows."""
    stated = view.lake.settings.live
    if any(one.quiet_minutes for one in stated.values()):
        for source in standing(view.lake.folder, stated, view.as_of):
            if source.quiet:
                words = {"at": iso(source.last_message_at), "minutes": stated[source.source].quiet_minutes}
                yield Alarm(source.source, "quiet", None, _both("alert_quiet", source=source.source, **words))


def _silent(view: View, alerts: AlertSettings) -> Iterator[Alarm]:
    hours = alerts.silent_hours
    last = newest(view.lake, view.as_of)
    if last is not None and view.as_of - last > timedelta(hours=hours):
        yield Alarm(RECORD, "silent", None, _both("alert_silent", at=iso(last), hours=hours))


def _disk(view: View, alerts: AlertSettings) -> Iterator[Alarm]:
    """Disks of the fab that are nearly full, or full soon."""
    for name, disk in disks_of(view.lake.folder, view.lake.settings.fab).items():
        days = days_left(view.lake.folder, name, disk, view.as_of)
        fault = short_of(disk, days, alerts.disk_share, alerts.disk_days)
        if fault is not None:
            words = {"free": disk.free / 1e9, "share": disk.share, "days": days, "files": disk.inodes_free}
            yield Alarm(f"disk {name}", "disk", None, _both(f"alert_disk_{fault}", disk=name, **words))


def _models(view: View, _: AlertSettings) -> Iterator[Alarm]:
    """Versions in use that are no better than no model."""
    registry = registry_of(view.lake.folder)
    used = {name: registry.used(name) for name in registry.names()}
    for one in counted_models(view.lake.folder):
        if one.alert and used.get(one.model) == one.version and one.score is not None and one.score.value is not None:
            name = f"{one.model}@{one.version}"
            figures = {"metric": one.score.metric, "value": one.score.value, "floor": one.score.floor}
            yield Alarm(name, "model", None, _both("alert_model", model=name, **figures))


OF_NO_TOOL: Mapping[str, Callable[[View, AlertSettings], Iterator[Alarm]]] = {
    "not_loaded": _not_loaded,
    "connection": _connections,
    "quiet": _quiet_sources,
    "silent": _silent,
    "disk": _disk,
    "model": _models,
}
"""Rules about files, sources, disks and models."""


def _quiet(view: View, hours: float) -> set[str]:
    """Tools before planned work."""
    if not hours:
        return set()
    rows = view.lake.rows(QUIET, {"now": view.as_of, "until": view.as_of + timedelta(hours=hours)})
    return {str(row["tool"]) for row in rows}


def _both(key: str, **values: object) -> tuple[str, str]:
    return say("en", key, **values), say("es", key, **values)
