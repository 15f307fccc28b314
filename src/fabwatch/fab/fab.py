"""The one door: a Fab has a method a question, and is the only place where settings, store and rooms are joined."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from fabwatch.decisions import holds as hold_lists
from fabwatch.decisions import limits
from fabwatch.decisions.answers import Act, Audit, Decision, DecisionName, Entry, HoldList
from fabwatch.fab.alerts import AlertRoom
from fabwatch.fab.charts import Charts
from fabwatch.fab.features import FeatureTables
from fabwatch.fab.live import LiveRoom
from fabwatch.fab.logs import Logs
from fabwatch.fab.models import ModelRoom
from fabwatch.fab.operating import Operating
from fabwatch.fab.polishing import Polishing
from fabwatch.fab.publishing import Publishing
from fabwatch.fab.pulling import Pulling
from fabwatch.fab.questions import (
    AreasQuestion,
    AuditCheckQuestion,
    AuditQuestion,
    ContainQuestion,
    CurveQuestion,
    DecisionsQuestion,
    ForecastQuestion,
    HistoryQuestion,
    HoldsQuestion,
    IntervalQuestion,
    OverviewQuestion,
    PlanQuestion,
    ReadingsQuestion,
    RiskQuestion,
    ScoreQuestion,
    StatsQuestion,
    ToolsQuestion,
)
from fabwatch.fab.results import Results
from fabwatch.fab.sources import Sources
from fabwatch.quals.answers import Curves, Forecasts, Intervals, Score
from fabwatch.quals.ledger import record
from fabwatch.risk.answers import Areas, Containment, History, Overview, Plan, Risk, Tools
from fabwatch.spc.answers import Readings, Stats
from fabwatch.store.engines import DUCKDB
from fabwatch.store.state import state
from fabwatch.terms.clock import Clock, utc_now
from fabwatch.terms.errors import BadQuestion, unknown
from fabwatch.terms.questions import Moment

RiskBy = Literal["tool", "area", "tool_type"]
StatsBy = Literal["tool", "chamber", "area", "tool_type", "qual_type", "day", "week", "month"]
LIVE = timedelta(hours=1)
"""How old a forecast may be to be recorded as one that was made for now."""
COSTS = ("qual", "contain", "scrap", "fail", "false")


class Fab(
    Pulling, Publishing, LiveRoom, Sources, Logs, Polishing, Charts, Results, ModelRoom, FeatureTables, AlertRoom, Operating
):
    """A fab folder, open for questions and for loading."""

    def __init__(self, path: str | Path, *, create: bool = False, clock: Clock = utc_now, engine: str = DUCKDB):
        """Open the fab in `path`, or make one there with `create`. Raises NoFab, BadSettings and NewerFab.

        `engine` runs the statements that scan: duckdb, spark, spark://HOST:PORT, or postgres:NAME of [databases].
        """
        super().__init__(Path(path), create, clock, engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        self._close_queues()
        self._engine.close()
        self._lake.close()

    def risk(
        self,
        *,
        area: str | None = None,
        tool: str | None = None,
        qual_type: str | None = None,
        by: RiskBy = "tool",
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Risk:
        """Which wafers are at risk: run since the last good qual, per tool, chamber and qual type.

        Times are datetimes (without a zone: UTC) or ISO 8601 text. `as_of` counts what had happened by then, `known_at`
        what had been loaded by then. Raises UnknownTool and UnknownTime.
        """
        return self.ask(RiskQuestion(area=area, tool=tool, qual_type=qual_type, by=by, as_of=as_of, known_at=known_at))

    def contain(
        self,
        tool: str,
        *,
        qual_type: str | None = None,
        chamber: str | None = None,
        at: Moment = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Containment:
        """The wafers and lots between the last good qual and the failed one, those after it, and where they are now.

        `at` is the failed or suspect qual; without it the latest failed one counts. Raises UnknownTool, UnknownTime and
        NothingFailed.
        """
        return self.ask(
            ContainQuestion(tool=tool, qual_type=qual_type, chamber=chamber, at=at, as_of=as_of, known_at=known_at)
        )

    def forecast(
        self,
        *,
        area: str | None = None,
        tool: str | None = None,
        qual_type: str | None = None,
        coverage: float = 0.8,
        clock: str = "auto",
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Forecasts:
        """When each tool or chamber will fail its next qual, from its own history and that of its sisters.

        `coverage` in (0, 1) is that of the window, `clock` is auto, wafers, days or a counter. Raises UnknownTool,
        UnknownTime, TooFewFailures and BadQuestion.
        """
        return self.ask(
            ForecastQuestion(
                area=area, tool=tool, qual_type=qual_type, coverage=coverage, clock=clock, as_of=as_of, known_at=known_at
            )
        )

    def record(self, answer: Forecasts) -> Forecasts:
        """Keep live forecasts, so that they are scored when their outcome is known; once a day for one state of knowledge.

        Raises BadQuestion for forecasts of another time than now, StoreBusy, StoreBroken and DiskFull.
        """
        if abs(self._now() - answer.as_of) > LIVE or answer.known_at is not None:
            raise BadQuestion(
                "Only forecasts for the present can be recorded.",
                "forecast without as_of, on a fab with data of the last day",
            )
        record(self._lake, answer)
        return replace(answer, kept=True)

    def score(
        self,
        *,
        area: str | None = None,
        tool: str | None = None,
        qual_type: str | None = None,
        coverage: float = 0.8,
        clock: str = "auto",
        every_days: float | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Score:
        """How past forecasts turned out: rolled forward through the history, and those that were kept.

        `every_days` is the step between two origins; without it six are spread over the time on record. Raises
        UnknownTool, UnknownTime, TooFewFailures and BadQuestion.
        """
        return self.ask(
            ScoreQuestion(
                area=area,
                tool=tool,
                qual_type=qual_type,
                coverage=coverage,
                clock=clock,
                every_days=every_days,
                as_of=as_of,
                known_at=known_at,
            )
        )

    def interval(
        self,
        *,
        area: str | None = None,
        tool: str | None = None,
        qual_type: str | None = None,
        clock: str = "auto",
        costs: Mapping[str, float | None] | None = None,
        qual_hours: float | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Intervals:
        """How often to check each tool or chamber: the interval of least cost, as a range, beside today's.

        `costs` by name (qual, contain, scrap, fail, false) stand in for those of fab.toml. `qual_hours` a week are shared
        by all tools of the selection. Raises UnknownTool, UnknownTime, TooFewFailures and BadQuestion.
        """
        return self.ask(
            IntervalQuestion(
                area=area,
                tool=tool,
                qual_type=qual_type,
                clock=clock,
                qual_hours=qual_hours,
                as_of=as_of,
                known_at=known_at,
                **_priced(costs),
            )
        )

    def curve(
        self,
        tool: str | None = None,
        *,
        qual_type: str | None = None,
        costs: Mapping[str, float | None] | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Curves:
        """What a check every so many wafers would mean for a tool, or for each: wafers at risk, chance to fail, cost.

        `costs` as for `interval`. Raises UnknownTool, UnknownTime, TooFewFailures and BadQuestion.
        """
        return self.ask(CurveQuestion(tool=tool, qual_type=qual_type, as_of=as_of, known_at=known_at, **_priced(costs)))

    def plan(
        self,
        days: int = 7,
        *,
        area: str | None = None,
        tool: str | None = None,
        qual_type: str | None = None,
        costs: Mapping[str, float | None] | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Plan:
        """What to check on each of the coming days, the largest expected loss first.

        `costs` as for `interval`. Raises UnknownTool, UnknownTime, TooFewFailures and BadQuestion.
        """
        return self.ask(
            PlanQuestion(
                days=days, area=area, tool=tool, qual_type=qual_type, as_of=as_of, known_at=known_at, **_priced(costs)
            )
        )

    def tools(
        self,
        *,
        area: str | None = None,
        horizon: float | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Tools:
        """Every tool in one line: status and cause, wafers at risk, chance to fail within `horizon` days, next check.

        Without a horizon that of fab.toml.
        Raises UnknownTool, UnknownTime and BadQuestion.
        """
        return self.ask(ToolsQuestion(area=area, horizon=horizon, as_of=as_of, known_at=known_at))

    def areas(self, *, as_of: Moment = None, known_at: Moment = None) -> Areas:
        """Every area in one line: its tools, its wafers at risk, and how many tools need somebody."""
        return self.ask(AreasQuestion(as_of=as_of, known_at=known_at))

    def history(
        self,
        tool: str,
        *,
        qual_type: str | None = None,
        chamber: str | None = None,
        days: float = 30.0,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> History:
        """Wafers at risk of a tool or chamber over the last `days`, with its quals and restores.

        Raises UnknownTool, UnknownTime and BadQuestion.
        """
        return self.ask(
            HistoryQuestion(tool=tool, qual_type=qual_type, chamber=chamber, days=days, as_of=as_of, known_at=known_at)
        )

    def stats(
        self,
        *,
        by: StatsBy = "tool",
        area: str | None = None,
        tool: str | None = None,
        qual_type: str | None = None,
        since: Moment = None,
        until: Moment = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Stats:
        """Readings of quals in figures: n, mean, std, min, max, range, Cpk, by tool, area, type or period.

        Raises UnknownTool, UnknownTime and BadQuestion.
        """
        return self.ask(
            StatsQuestion(
                by=by, area=area, tool=tool, qual_type=qual_type, since=since, until=until, as_of=as_of, known_at=known_at
            )
        )

    def readings(
        self,
        tool: str,
        *,
        qual_type: str | None = None,
        since: Moment = None,
        until: Moment = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Readings:
        """The readings of one tool in order of time, with moving ranges. Raises UnknownTool and UnknownTime."""
        return self.ask(
            ReadingsQuestion(tool=tool, qual_type=qual_type, since=since, until=until, as_of=as_of, known_at=known_at)
        )

    def overview(self, *, as_of: Moment = None, known_at: Moment = None) -> Overview:
        """The fab as a whole: what was loaded, until when it is known, how many wafers are at risk."""
        return self.ask(OverviewQuestion(as_of=as_of, known_at=known_at))

    def hold(
        self,
        tool: str,
        *,
        who: str,
        reason: str,
        names: Collection[str] | None = None,
        qual_type: str | None = None,
        chamber: str | None = None,
        at: Moment = None,
        as_of: Moment = None,
    ) -> HoldList:
        """Hold wafers of a containment: those of `names` (wafers or lots), or all; written to the audit.

        Raises what `contain` raises, and BadQuestion for names that are not contained or a missing reason.
        """
        contained = self.contain(tool, qual_type=qual_type, chamber=chamber, at=at, as_of=as_of)
        return hold_lists.hold(self._lake, self._now(), who, contained, names, reason)

    def dispose(self, hold: str, act: Act, *, who: str, reason: str, names: Collection[str] | None = None) -> HoldList:
        """Release or scrap wafers of a hold list: those of `names`, or all that are held. Raises BadQuestion."""
        return hold_lists.dispose(self._lake, self._now(), who, hold, act, names, reason)

    def holds(self, *, hold: str | None = None, tool: str | None = None, known_at: Moment = None) -> list[HoldList]:
        """The hold lists, the latest first. Raises BadQuestion for one that is not there."""
        return list(self.ask(HoldsQuestion(hold=hold, tool=tool, known_at=known_at)).holds)

    def decide(
        self,
        tool: str,
        qual_type: str,
        name: DecisionName,
        value: float | None,
        *,
        who: str,
        reason: str,
        chamber: str = "*",
    ) -> Decision:
        """Set a limit (warning, inhibit) or qual interval (interval_wafers, interval_days); None takes it back.

        Written to the audit. Raises UnknownTool, and BadQuestion for what cannot be meant or a missing reason.
        """
        exposed = self.risk(tool=tool)
        kinds = {row.qual_type for row in exposed.tools if row.qual_type} | set(self.settings.quals)
        if qual_type not in kinds:
            raise unknown(f"qual of {tool} of type", qual_type, kinds)
        chambers = {row.chamber for row in exposed.tools}
        if chamber not in chambers:
            raise unknown(f"chamber of {tool}", chamber, chambers)
        moment = self._now()
        wanted = Decision(tool, chamber, qual_type, name, value, moment, who, reason)
        return limits.decide(self._lake, moment, who, wanted)

    def decisions(self, *, tool: str | None = None, known_at: Moment = None) -> list[Decision]:
        """Limits and intervals that were set, the latest first."""
        return list(self.ask(DecisionsQuestion(tool=tool, known_at=known_at)).decisions)

    def audit(self, limit: int | None = None) -> list[Entry]:
        """The entries of the audit, the latest first."""
        return list(self.ask(AuditQuestion(limit=limit)).entries)

    def verify_audit(self, expected: str | None = None) -> Audit:
        """Check the audit entry by entry; `expected` is a hash noted earlier that has to be in it still."""
        return self.ask(AuditCheckQuestion(expected=expected))

    def state(self) -> str:
        """What the answers rest on, as one word: it changes with each load, decision and change of fab.toml."""
        return state(self._lake)


def _priced(costs: Mapping[str, float | None] | None) -> dict[str, float | None]:
    """The costs by the names of the fields of a question. Raises BadQuestion for a cost that there is none of."""
    for name in costs or {}:
        if name not in COSTS:
            raise unknown("cost", name, COSTS, f"costs are {', '.join(COSTS)}")
    return {f"cost_{name}": value for name, value in (costs or {}).items()}
