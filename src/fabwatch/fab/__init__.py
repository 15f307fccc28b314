"""The one door: a Fab has a method a question, and is the only place where settings, store and rooms are joined."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fabwatch.decisions import audit as audits
from fabwatch.decisions import holds as hold_lists
from fabwatch.decisions import limits
from fabwatch.fab.door import Moment, moment_of
from fabwatch.fab.logs import Logs
from fabwatch.fab.overview import overview
from fabwatch.fab.polishing import Polishing
from fabwatch.ingest.loading import Ingest, Progress
from fabwatch.ingest.summary import IngestSummary
from fabwatch.quals.cards import Selection
from fabwatch.quals.curve import curve
from fabwatch.quals.forecast import Wish, forecast
from fabwatch.quals.interval import costs_of, interval
from fabwatch.quals.ledger import keep, score
from fabwatch.risk.board import areas, board
from fabwatch.risk.containment import Suspicion, contain
from fabwatch.risk.exposure import By, risk
from fabwatch.risk.history import history
from fabwatch.risk.outlook import plan
from fabwatch.spc.summary import Period, readings, stats
from fabwatch.stats.renewal import Costs
from fabwatch.store.doctor import Finding, examine, sweep
from fabwatch.store.state import state
from fabwatch.store.tidy import tidy
from fabwatch.terms.advice import Curves, Intervals, Plan
from fabwatch.terms.answers import Containment, Risk
from fabwatch.terms.boards import Areas, History, Overview, Readings, Stats, Tools
from fabwatch.terms.clock import Clock, utc_now
from fabwatch.terms.decisions import Act, Audit, Decision, Entry, HoldList
from fabwatch.terms.errors import DiskFull, StoreBroken, StoreBusy, TooFewFailures, unknown
from fabwatch.terms.forecasts import Forecasts
from fabwatch.terms.scores import Score
from fabwatch.trace.upkeep import bring_up


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
        by: By = "tool",
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Risk:
        """Which wafers are at risk: run since the last good qual, per tool, chamber and qual type.

        Times are datetimes (without a zone: UTC) or ISO 8601 text. `as_of` counts what had happened by then, `known_at`
        what had been loaded by then. Raises UnknownTool and UnknownTime.
        """
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return risk(self._lake, snapshot, moment, known, Selection(area, tool, qual_type), by)

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
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return contain(self._lake, snapshot, moment, known, Suspicion(tool, qual_type, chamber, moment_of(at)))

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
        wish = Wish(coverage, clock).checked()
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            answer = forecast(self._lake, snapshot, moment, known, Selection(area, tool, qual_type), wish)
        if moment > self._clock() + timedelta(minutes=1):
            future = "FutureDate: that time has not come, and what happens until then is not known"
            rows = tuple(replace(row, doubts=(*row.doubts, future)) for row in answer.tools)
            return replace(answer, tools=rows)
        if as_of is None and known is None:
            # A forecast of the past is a replay; only what was said in earnest is kept and held against us.
            return self.keep(answer)
        return answer

    def keep(self, answer: Forecasts) -> Forecasts:
        """Keep forecasts that were made in earnest, to be scored later; where that cannot be, they stay as they are."""
        with suppress(StoreBusy, StoreBroken, DiskFull):
            keep(self._lake, answer)
            return replace(answer, kept=True)
        return answer

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
        wish = Wish(coverage, clock).checked()
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            chosen = Selection(area, tool, qual_type)
            return score(self._lake, snapshot, moment, known, chosen, wish, every_days)

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
        wish = Wish(clock=clock).checked()
        priced, stated = self._costs(costs)
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            chosen = Selection(area, tool, qual_type)
            return interval(self._lake, snapshot, moment, known, chosen, wish, priced, stated, qual_hours)

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
        priced, stated = self._costs(costs)
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return curve(self._lake, snapshot, moment, known, Selection(None, tool, qual_type), priced, stated)

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
        priced, stated = self._costs(costs)
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return plan(self._lake, snapshot, moment, known, Selection(area, tool, qual_type), priced, stated, days)

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
        moment, known = self._moment(as_of, known_at)
        asked: dict[str, Any] = {"as_of": moment, "known_at": known}
        stated = self.settings.fab
        days = stated.horizon_days if horizon is None else horizon
        exposed = self.risk(**asked)
        try:
            return board(exposed, self.forecast(**asked), self.plan(**asked), stated, days, area)
        except TooFewFailures:
            return board(exposed, None, None, stated, days, area)

    def areas(self, *, as_of: Moment = None, known_at: Moment = None) -> Areas:
        """Every area in one line: its tools, its wafers at risk, and how many tools need somebody."""
        return areas(self.risk(as_of=as_of, known_at=known_at), self.settings.fab)

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
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return history(self._lake, snapshot, moment, known, tool, qual_type, chamber, days)

    def stats(
        self,
        *,
        by: str = "tool",
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
        moment, known = self._moment(as_of, known_at)
        period = Period(moment_of(since), moment_of(until))
        with self._lake.reading(known) as snapshot:
            return stats(self._lake, snapshot, moment, known, Selection(area, tool, qual_type), by, period)

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
        moment, known = self._moment(as_of, known_at)
        period = Period(moment_of(since), moment_of(until))
        with self._lake.reading(known) as snapshot:
            return readings(self._lake, snapshot, moment, known, Selection(None, tool, qual_type), period)

    def overview(self, *, as_of: Moment = None, known_at: Moment = None) -> Overview:
        """The fab as a whole: what was loaded, until when it is known, how many wafers are at risk."""
        moment, known = self._moment(as_of, known_at)
        return overview(self._lake, self.risk(as_of=moment, known_at=known))

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
        self._lake.pin(moment_of(known_at))
        return hold_lists.lists(self._lake, hold, tool)

    def decide(
        self,
        tool: str,
        qual_type: str,
        name: str,
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
            raise unknown(f"qual of {tool} of the type", qual_type, kinds)
        chambers = {row.chamber for row in exposed.tools}
        if chamber not in chambers:
            raise unknown(f"chamber of {tool}", chamber, chambers)
        moment = self._now()
        wanted = Decision(tool, chamber, qual_type, name, value, moment, who, reason)
        return limits.decide(self._lake, moment, who, wanted)

    def decisions(self, *, tool: str | None = None, known_at: Moment = None) -> list[Decision]:
        """Limits and intervals that were set, the latest first."""
        self._lake.pin(moment_of(known_at))
        return limits.decisions(self._lake, tool)

    def audit(self, limit: int | None = None) -> list[Entry]:
        """The entries of the audit, the latest first."""
        return audits.entries(self._lake, limit)

    def verify_audit(self, expected: str | None = None) -> Audit:
        """Check the audit entry by entry; `expected` is a hash noted earlier that has to be in it still."""
        return audits.verify(self._lake, expected)

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
    ) -> IngestSummary:
        """Load files, folders or patterns, each exactly once; `again` reads them anew. Raises NoSuchPath."""
        given = [paths] if isinstance(paths, (str, Path)) else paths
        summary = Ingest(self._lake, self._clock).load([Path(p) for p in given], kind, dry_run, again, progress)
        if (summary.has_logs or again) and not dry_run:
            bring_up(self._lake, anew=again)
        return summary

    def inbox(self) -> list[dict[str, Any]]:
        """The files that wait for a word in fab.toml, and what to write there."""
        self._lake.pin()
        return Ingest(self._lake, self._clock).waiting()

    def retry(self, progress: Progress | None = None) -> IngestSummary:
        """Try the files of the inbox again."""
        summary = Ingest(self._lake, self._clock).retry(progress)
        if summary.has_logs:
            bring_up(self._lake)
        return summary

    def loads(self) -> list[dict[str, Any]]:
        """The ledger of files, newest first."""
        self._lake.pin()
        return self._lake.rows("SELECT * FROM loads ORDER BY loaded_at DESC, path")

    def problems(self, rule: str | None = None, limit: int = 1000) -> list[dict[str, Any]]:
        """What was set aside and why, newest load first."""
        self._lake.pin()
        return self._lake.rows(
            "SELECT p.* FROM problems AS p JOIN loads AS l USING (load) WHERE $rule IS NULL OR p.rule = $rule "
            "ORDER BY l.loaded_at DESC, p.path, p.line LIMIT $limit",
            {"rule": rule, "limit": limit},
        )

    def tidy(self) -> dict[str, tuple[int, int]]:
        """Merge small data files; returns how many files each table had and has."""
        return tidy(self._lake)

    def doctor(self) -> list[Finding]:
        """Look at every table, the catalog, the files and the ledger; nothing is changed."""
        return examine(self._lake)

    def sweep(self) -> int:
        """Delete data files that no snapshot names; returns how many."""
        return sweep(self._lake)

    def _costs(self, asked: Mapping[str, float | None] | None) -> tuple[Costs, bool]:
        """The costs to reckon with, and whether they are the user's own."""
        given = dict(asked or {})
        stated = "costs" in self.settings.model_fields_set or any(value is not None for value in given.values())
        return costs_of(self.settings.costs, given), stated
