"""The door to tool logs: runs, figures, faults, rules, golden runs."""

from collections.abc import Sequence
from typing import Any

from fabwatch.decisions import logs as decided
from fabwatch.fab.door import Door, Moment, moment_of
from fabwatch.terms.rules import Backtest, Chambers, Golden, Rules, SensorStats
from fabwatch.terms.traces import Faults, Runs, StepSummary, Trace
from fabwatch.trace.answers import runs, step_summary
from fabwatch.trace.backtest import all_goldens, backtest, rules
from fabwatch.trace.chambers import chambers
from fabwatch.trace.chosen import alike
from fabwatch.trace.faults import faults
from fabwatch.trace.figures import Choice, sensor_stats
from fabwatch.trace.golden import Window, sensors_of
from fabwatch.trace.rows import samples
from fabwatch.trace.rules import rule_named
from fabwatch.trace.single import trace


class Logs(Door):
    """Questions about what happened inside the tools."""

    def runs(
        self, *, tool: str | None = None, run: str | None = None, as_of: Moment = None, known_at: Moment = None
    ) -> Runs:
        """The runs that tool logs tell of, the latest first. Raises UnknownTool and UnknownTime."""
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return runs(self._lake, snapshot, moment, known, tool, run)

    def step_summary(
        self, *, tool: str | None = None, run: str | None = None, as_of: Moment = None, known_at: Moment = None
    ) -> StepSummary:
        """What each sensor did in each step of the runs. Raises UnknownTool and UnknownTime."""
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return step_summary(self._lake, snapshot, moment, known, tool, run)

    def faults(
        self, *, tool: str | None = None, run: str | None = None, as_of: Moment = None, known_at: Moment = None
    ) -> Faults:
        """Which runs left the path of the good ones, and which sensors did. Raises UnknownTool and UnknownTime."""
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return faults(self._lake, snapshot, moment, known, tool, run)

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
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return trace(self._lake, snapshot, moment, known, run, sensors, Window(step, None, since, until), beside)

    def samples(self, run: str, at: float = 0.0, *, known_at: Moment = None) -> list[dict[str, Any]]:
        """The few rows of a run nearest to a second after its begin: file, byte, line, values. Raises UnknownTool."""
        with self._lake.reading(moment_of(known_at)):
            return samples(self._lake, run, at)

    def sensors(self, run: str, *, known_at: Moment = None) -> list[str]:
        """The sensors and counters of a run, in the order of its log; none for a run that is not there."""
        with self._lake.reading(moment_of(known_at)):
            return sensors_of(self._lake, run)

    def sensor_stats(
        self,
        *,
        by: str = "sensor",
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
        moment, known = self._moment(as_of, known_at)
        choice = Choice(tool, recipe, step, sensor, moment_of(since), moment_of(until))
        with self._lake.reading(known) as snapshot:
            return sensor_stats(self._lake, snapshot, moment, known, by, choice)

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
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return chambers(self._lake, snapshot, moment, known, sensor, step, recipe, tool)

    def rules(self, *, as_of: Moment = None, known_at: Moment = None) -> Rules:
        """The rules that watch logs, which of them count, and with which figure they were switched on."""
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return rules(self._lake, snapshot, moment, known)

    def backtest(self, rule: str, *, tool: str | None = None, as_of: Moment = None, known_at: Moment = None) -> Backtest:
        """How a rule would have done on the record: alarms and false alarms per 1,000 wafers.

        Raises BadQuestion for no such rule, UnknownTool and UnknownTime.
        """
        moment, known = self._moment(as_of, known_at)
        with self._lake.reading(known) as snapshot:
            return backtest(self._lake, snapshot, moment, known, rule, tool)

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
        self._lake.pin(moment_of(known_at))
        return all_goldens(self._lake)
