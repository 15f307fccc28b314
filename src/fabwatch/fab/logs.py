"""The door to tool logs: runs, statistics, faults, rules, golden runs."""

from collections.abc import Sequence
from typing import Literal

from fabwatch.decisions import logs as decided
from fabwatch.fab.door import Door
from fabwatch.terms.answers import Row
from fabwatch.terms.questions import Moment
from fabwatch.trace.answers import Backtest, Chambers, Faults, Golden, Rules, Runs, SensorStats, StepSummary, Trace
from fabwatch.trace.golden_runs import alike
from fabwatch.trace.monitors import rule_named
from fabwatch.trace.questions import (
    BacktestQuestion,
    ChambersQuestion,
    FaultsQuestion,
    GoldensQuestion,
    RulesQuestion,
    RunsQuestion,
    SamplesQuestion,
    SensorsQuestion,
    SensorStatsQuestion,
    StepSummaryQuestion,
    TraceQuestion,
)

SensorStatsBy = Literal["tool", "chamber", "area", "recipe", "step", "sensor", "lot", "day", "week", "month"]


class Logs(Door):
    """Questions about what happened inside the tools."""

    def runs(
        self, *, tool: str | None = None, run: str | None = None, as_of: Moment = None, known_at: Moment = None
    ) -> Runs:
        """The runs that tool logs tell of, the latest first. Raises UnknownTool and UnknownTime."""
        return self.ask(RunsQuestion(tool=tool, run=run, as_of=as_of, known_at=known_at))

    def step_summary(
        self, *, tool: str | None = None, run: str | None = None, as_of: Moment = None, known_at: Moment = None
    ) -> StepSummary:
        """What each sensor did in each step of the runs. Raises UnknownTool and UnknownTime."""
        return self.ask(StepSummaryQuestion(tool=tool, run=run, as_of=as_of, known_at=known_at))

    def faults(
        self, *, tool: str | None = None, run: str | None = None, as_of: Moment = None, known_at: Moment = None
    ) -> Faults:
        """Which runs deviate from the reference runs, and in which sensors. Raises UnknownTool and UnknownTime."""
        return self.ask(FaultsQuestion(tool=tool, run=run, as_of=as_of, known_at=known_at))

    def trace(
        self,
        run: str,
        *,
        sensors: Sequence[str] = (),
        step: str | None = None,
        since: float | None = None,
        until: float | None = None,
        beside: bool = True,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Trace:
        """One run beside the good ones, for some sensors or all; with `beside=False` the run alone.

        `since` and `until` cut out seconds after the begin of the run. Raises UnknownTool, UnknownTime and BadQuestion.
        """
        return self.ask(
            TraceQuestion(
                run=run,
                sensors=tuple(sensors),
                step=step,
                since=since,
                until=until,
                beside=beside,
                as_of=as_of,
                known_at=known_at,
            )
        )

    def samples(self, run: str, at: float = 0.0, *, known_at: Moment = None) -> list[Row]:
        """The few rows of a run nearest to a second after its begin: file, byte, line, values. Raises UnknownTool."""
        return list(self.ask(SamplesQuestion(run=run, at=at, known_at=known_at)).samples)

    def sensors(self, run: str, *, known_at: Moment = None) -> list[str]:
        """The sensors and counters of a run, in the order of its log; none for a run that is not there."""
        return list(self.ask(SensorsQuestion(run=run, known_at=known_at)).sensors)

    def sensor_stats(
        self,
        *,
        by: SensorStatsBy = "sensor",
        tool: str | None = None,
        recipe: str | None = None,
        step: str | None = None,
        sensor: str | None = None,
        since: Moment = None,
        until: Moment = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> SensorStats:
        """Sensors in figures by tool, chamber, area, recipe, step, lot or period. Raises UnknownTool and BadQuestion."""
        return self.ask(
            SensorStatsQuestion(
                by=by,
                tool=tool,
                recipe=recipe,
                step=step,
                sensor=sensor,
                since=since,
                until=until,
                as_of=as_of,
                known_at=known_at,
            )
        )

    def chambers(
        self,
        sensor: str,
        *,
        step: str | None = None,
        recipe: str | None = None,
        tool: str | None = None,
        as_of: Moment = None,
        known_at: Moment = None,
    ) -> Chambers:
        """One sensor in one step, chamber beside chamber, the one that stands apart first.

        Without a step or recipe those of most runs. Raises UnknownTool and BadQuestion.
        """
        return self.ask(ChambersQuestion(sensor=sensor, step=step, recipe=recipe, tool=tool, as_of=as_of, known_at=known_at))

    def rules(self, *, as_of: Moment = None, known_at: Moment = None) -> Rules:
        """The rules that watch logs, which of them count, and with which figure they were switched on."""
        return self.ask(RulesQuestion(as_of=as_of, known_at=known_at))

    def backtest(self, rule: str, *, tool: str | None = None, as_of: Moment = None, known_at: Moment = None) -> Backtest:
        """How a rule would have done on the record: alarms and false alarms per 1,000 wafers.

        Raises BadQuestion for no such rule, UnknownTool and UnknownTime.
        """
        return self.ask(BacktestQuestion(rule=rule, tool=tool, as_of=as_of, known_at=known_at))

    def switch_rule(self, rule: str, counts: bool, *, who: str, reason: str) -> Rules:
        """Let a rule count, with what it does on the record, or no more; written to the audit. Raises BadQuestion."""
        stated = rule_named(self.settings, rule).text
        tried = self.backtest(rule) if counts else None
        decided.switch(self._lake, self._now(), who, rule, stated, tried, counts, reason)
        return self.rules()

    def choose_golden(self, runs: Sequence[str], *, who: str, reason: str, automatic: bool = False) -> Golden:
        """Make some runs of one kind its golden ones, as a new version; with `automatic` all good runs of their kind.

        Written to the audit. Raises UnknownTool for no such run, and BadQuestion for runs that cannot be compared.
        """
        moment = self._now()
        with self._lake.reading():
            kind, chosen = alike(self._lake, moment, runs, automatic)
        return decided.choose(self._lake, moment, who, kind, chosen, reason)

    def drop_golden(self, run: str, *, who: str, reason: str) -> Golden:
        """Take the choice for the kind of a run back: its good runs are found by themselves again."""
        moment = self._now()
        with self._lake.reading():
            kind, _ = alike(self._lake, moment, [run], automatic=False)
        return decided.choose(self._lake, moment, who, kind, (), reason)

    def goldens(self, *, known_at: Moment = None) -> list[Golden]:
        """Every version of golden runs that was chosen, the latest first."""
        return list(self.ask(GoldensQuestion(known_at=known_at)).goldens)
