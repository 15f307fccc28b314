"""The one door: a Fab has a method a question, and is the only place where settings, store and rooms are joined."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fabwatch.ingest.loading import Ingest, Progress
from fabwatch.ingest.summary import IngestSummary
from fabwatch.quals.cards import Selection
from fabwatch.quals.forecast import Wish, forecast
from fabwatch.quals.interval import costs_of, interval
from fabwatch.quals.ledger import keep, score
from fabwatch.risk.containment import Suspicion, contain
from fabwatch.risk.exposure import By, risk
from fabwatch.risk.outlook import plan
from fabwatch.stats.renewal import Costs
from fabwatch.store.doctor import Finding, examine, sweep
from fabwatch.store.lake import Lake
from fabwatch.store.tidy import tidy
from fabwatch.terms.advice import Intervals, Plan
from fabwatch.terms.answers import Containment, Risk
from fabwatch.terms.clock import Clock, asked_time, to_utc, utc_now
from fabwatch.terms.errors import DiskFull, StoreBroken, StoreBusy
from fabwatch.terms.forecasts import Forecasts
from fabwatch.terms.scores import Score
from fabwatch.terms.settings import read_settings

Moment = datetime | str | None


class Fab:
    """A fab folder, open for questions and for loading."""

    def __init__(self, path: str | Path, *, create: bool = False, clock: Clock = utc_now):
        """Open the fab in `path`, or make one there with `create`. Raises NoFab, BadSettings and NewerFab."""
        self.path = Path(path)
        self.settings = read_settings(self.path)
        self._clock = clock
        self._lake = Lake(self.path, self.settings, create=create)

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
            return contain(self._lake, snapshot, moment, known, Suspicion(tool, qual_type, chamber, _moment_of(at)))

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
        return Ingest(self._lake, self._clock).load([Path(p) for p in given], kind, dry_run, again, progress)

    def inbox(self) -> list[dict[str, Any]]:
        """The files that wait for a word in fab.toml, and what to write there."""
        self._lake.pin()
        return Ingest(self._lake, self._clock).waiting()

    def retry(self, progress: Progress | None = None) -> IngestSummary:
        """Try the files of the inbox again."""
        return Ingest(self._lake, self._clock).retry(progress)

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

    def _moment(self, as_of: Moment, known_at: Moment) -> tuple[datetime, datetime | None]:
        known = _moment_of(known_at)
        return _moment_of(as_of) or known or self._clock().replace(microsecond=0), known


def _moment_of(given: Moment) -> datetime | None:
    if given is None:
        return None
    return asked_time(given) if isinstance(given, str) else to_utc(given)
