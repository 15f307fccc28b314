"""The one door: a Fab has a method a question, and is the only place where settings, store and rooms are joined."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from fabwatch.decisions import holds as hold_lists
from fabwatch.decisions import limits
from fabwatch.decisions.answers import Act, Audit, Decision, DecisionName, Entry, HoldList
from fabwatch.decisions.audit import append, reasoned
from fabwatch.fab.logs import Logs
from fabwatch.fab.mending import begin_repair, was_read_again
from fabwatch.fab.polishing import Polishing
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
    InboxQuestion,
    IntervalQuestion,
    LoadsQuestion,
    OverviewQuestion,
    PlanQuestion,
    ProblemsQuestion,
    ReadingsQuestion,
    RiskQuestion,
    ScoreQuestion,
    StatsQuestion,
    ToolsQuestion,
)
from fabwatch.ingest.answers import InboxFile, Load, SetAside
from fabwatch.ingest.loading import Ingest, Progress
from fabwatch.ingest.summary import IngestSummary
from fabwatch.quals.answers import Curves, Forecasts, Intervals, Score
from fabwatch.quals.ledger import record
from fabwatch.risk.answers import Areas, Containment, History, Overview, Plan, Risk, Tools
from fabwatch.spc.answers import Readings, Stats
from fabwatch.store.backup import Backup, back_up
from fabwatch.store.check import Finding, examine
from fabwatch.store.compact import compact, sweep
from fabwatch.store.lake import Lake
from fabwatch.store.state import state
from fabwatch.terms.clock import SKEW, Clock, utc_now
from fabwatch.terms.errors import BadQuestion, nearest, unknown
from fabwatch.terms.questions import Moment
from fabwatch.trace.upkeep import refresh_derived

RiskBy = Literal["tool", "area", "tool_type"]
StatsBy = Literal["tool", "chamber", "area", "tool_type", "qual_type", "day", "week", "month"]
LIVE = timedelta(hours=1)
"""How old a forecast may be to be recorded as one that was made for now."""
COSTS = ("qual", "contain", "scrap", "fail", "false")


class Fab(Logs, Polishing):
    """A fab folder, open for questions and for loading."""

    def __init__(self, path: str | Path, *, create: bool = False, clock: Clock = utc_now):
        """Open the fab in `path`, or make one there with `create`. Raises NoFab, BadSettings and NewerFab."""
        super().__init__(Path(path), create, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
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
        """The wafers and lots between the last good qual and the failed one, and where they are now.

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
        """Every tool in one line: wafers at risk, the chance that it fails within `horizon` days, its next check.

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

    def ingest(
        self,
        paths: Sequence[str | Path] | str | Path,
        *,
        kind: str | None = None,
        dry_run: bool = False,
        again: bool = False,
        progress: Progress | None = None,
        within: str | Path | None = None,
    ) -> IngestSummary:
        """Load files, folders or patterns, each exactly once; `again` reads them anew. Raises NoSuchPath.

        Links that lead out of the folder `within` are not followed; those in a folder that is loaded never are.
        """
        named = [paths] if isinstance(paths, (str, Path)) else paths
        folder = None if within is None else Path(within)
        summary = Ingest(self._lake, self._clock).load([Path(p) for p in named], kind, dry_run, again, progress, folder)
        if not dry_run:
            # Also where no log has come: a load that was stopped may have left something to derive.
            refresh_derived(self._lake, self._clock() + SKEW, again)
        return summary

    def admit_due(self) -> None:
        """Store the rows that waited for their time, where it has come; every load does so as well."""
        if Ingest(self._lake, self._clock).admit_due():
            refresh_derived(self._lake, self._clock() + SKEW)

    def discard(self, load: str, *, who: str, reason: str) -> InboxFile:
        """Give up a file of the inbox; written to the audit. Raises BadQuestion for a load that does not wait."""
        waiting = {file.load: file for file in self.inbox()}
        if load not in waiting:
            near = nearest(load, waiting) or sorted(waiting)
            raise BadQuestion(
                f"No file waits under {load}.", f"fabwatch inbox lists them: {', '.join(near) or 'none waits'}"
            )
        ingest, given_up = Ingest(self._lake, self._clock), waiting[load]
        text = reasoned(reason)
        with self._lake.writing():
            ingest.forget(load)
            append(self._lake, self._now(), who, "discard", {"load": load, "path": given_up.path}, text)
        ingest.clear(load)
        return given_up

    def inbox(self) -> list[InboxFile]:
        """The files that wait for a word in fab.toml, and what to write there."""
        return list(self.ask(InboxQuestion()).files)

    def retry(self, progress: Progress | None = None) -> IngestSummary:
        """Try the files of the inbox again."""
        summary = Ingest(self._lake, self._clock).retry(progress)
        if summary.has_logs:
            refresh_derived(self._lake, self._clock() + SKEW)
        return summary

    def loads(self) -> list[Load]:
        """The ledger of files, newest first."""
        return list(self.ask(LoadsQuestion()).loads)

    def problems(self, rule: str | None = None, limit: int = 1000) -> list[SetAside]:
        """What was set aside and why, newest load first."""
        return list(self.ask(ProblemsQuestion(rule=rule, limit=limit)).problems)

    def compact(self) -> dict[str, tuple[int, int]]:
        """Merge small data files and give back what is needed no more; returns how many files each table had and has."""
        return compact(self._lake, self._clock())

    def check(self, *, deep: bool = False) -> list[Finding]:
        """Look at every table, the catalog, the files and the ledger; nothing is changed.

        `deep` compares every data file with the hash that was taken when it was committed.
        """
        return examine(self.path, self._lake, deep=deep)

    def back_up(self, folder: str | Path) -> Backup:
        """Copy the fab into a folder, which is a fab itself. Raises BadQuestion for a folder that is something else."""
        return back_up(self._lake, Path(folder), self._now())

    def repair(self, backup: str | Path | None = None) -> list[Finding]:
        """Mend damaged data files: from a backup of the fab, else by reading their loads again from their files."""
        repairs = begin_repair(self._lake, None if backup is None else Path(backup))
        # What was changed below the tables is seen by a new connection alone.
        self._lake.close()
        self._lake = Lake(self.path, self.settings)
        read = [self.ingest([path], kind=kind, again=True) for path, kind in repairs.read_again]
        return [*repairs.findings, *(was_read_again(result) for summary in read for result in summary.files)]

    def sweep(self) -> int:
        """Delete data files that no snapshot names; returns how many."""
        return sweep(self._lake)

    # Their former names.
    doctor, tidy = check, compact


def _priced(costs: Mapping[str, float | None] | None) -> dict[str, float | None]:
    """The costs by the names of the fields of a question. Raises BadQuestion for a cost that there is none of."""
    for name in costs or {}:
        if name not in COSTS:
            raise unknown("cost", name, COSTS, f"costs are {', '.join(COSTS)}")
    return {f"cost_{name}": value for name, value in (costs or {}).items()}
