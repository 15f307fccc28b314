"""The questions about tool logs: runs, step summaries, faults, one run, statistics, chambers, rules, golden runs."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from fabwatch.store.view import Answerable, View
from fabwatch.terms.questions import (
    LONGEST_RUN,
    Cost,
    KnownAt,
    Param,
    Reach,
    Recipe,
    Run,
    Sensor,
    Since,
    Spec,
    Step,
    Timed,
    Tool,
    Until,
    as_stated,
    declaration,
)

if TYPE_CHECKING:
    from fabwatch.trace.answers import (
        Backtest,
        Chambers,
        Faults,
        Goldens,
        Rules,
        Runs,
        Samples,
        Sensors,
        SensorStats,
        StepSummary,
        Trace,
    )

TAG = "traces"
RunName = Annotated[str, Param("The run.", argument=True, longest=LONGEST_RUN)]
Second = Annotated[float | None, Param("From this second of the run on.", least=0, most=1e9)]


@declaration
class RunsQuestion(Timed, Answerable["Runs"]):
    """The runs in tool logs: each wafer on each tool, with its samples and alarms."""

    spec: ClassVar = Spec("trace runs", "/trace/runs", "runs", "runs", reach=Reach.TOOL, tag=TAG)
    tool: Tool = None
    run: Run = None

    def answer(self, view: View) -> "Runs":
        """The runs, the latest first. Raises UnknownTool."""
        from fabwatch.trace.run_list import runs

        return runs(view, self.tool, self.run)


@declaration
class StepSummaryQuestion(Timed, Answerable["StepSummary"]):
    """Each sensor in each step of a run: n, mean, std, min, max, slope, seconds off its setpoint."""

    spec: ClassVar = Spec(
        "trace summary",
        "/trace/summary",
        "step_summary",
        "steps",
        Cost.DEEP,
        Reach.TOOL,
        tag=TAG,
        example={"format": "csv"},
        scans=True,
    )
    tool: Tool = None
    run: Run = None

    def answer(self, view: View) -> "StepSummary":
        """The summary. Raises UnknownTool."""
        from fabwatch.trace.run_list import step_summary

        return step_summary(view, self.tool, self.run)


@declaration
class FaultsQuestion(Timed, Answerable["Faults"]):
    """Runs that deviate from the reference runs, the sensors that do, and how many wafers that touches."""

    spec: ClassVar = Spec(
        "trace faults", "/trace/faults", "faults", "runs", Cost.DEEP, Reach.TOOL, working="comparing …", tag=TAG
    )
    tool: Tool = None
    run: Run = None

    def answer(self, view: View) -> "Faults":
        """Every run with its score, the faulty first. Raises UnknownTool."""
        from fabwatch.trace.faults import faults

        return faults(view, self.tool, self.run)


@declaration
class TraceQuestion(Timed, Answerable["Trace"]):
    """One run compared with good runs: each sensor over each step with the envelope, and the alarms on the same axis."""

    spec: ClassVar = Spec(
        "trace run", "/trace/run", "trace", "steps", Cost.DEEP, Reach.TOOL, tag=TAG, example={"run": "{run}"}
    )
    run: RunName
    tool: Tool = None
    sensors: Annotated[tuple[str, ...], Param("Only this sensor; can be repeated.", alias="sensor")] = ()
    step: Step = None
    since: Second = None
    until: Annotated[float | None, Param("Up to this second of the run.", least=0, most=1e9)] = None
    beside: Annotated[bool, Param("Compare with good runs.")] = True

    def answer(self, view: View) -> "Trace":
        """The traces. Raises UnknownTool and BadQuestion."""
        from fabwatch.trace.envelope import Window
        from fabwatch.trace.run_trace import trace

        window = Window(self.step, None, self.since, self.until)
        return trace(view, self.run, self.sensors, window, self.beside)


@declaration
class SamplesQuestion(Answerable["Samples"]):
    """The few rows of a run nearest to a second after its begin: file, byte, line, values."""

    spec: ClassVar = Spec("", "", "samples", tag=TAG)
    run: RunName
    at: Annotated[float, Param("Seconds after the begin of the run.", least=0, most=1e9)] = 0.0
    known_at: KnownAt = None

    def answer(self, view: View) -> "Samples":
        """The rows. Raises UnknownTool."""
        from fabwatch.trace.answers import Samples
        from fabwatch.trace.rows import samples

        return Samples(tuple(samples(view.lake, self.run, self.at)))


@declaration
class SensorsQuestion(Answerable["Sensors"]):
    """The sensors and counters of a run, in the order of its log."""

    spec: ClassVar = Spec("", "", "sensors", tag=TAG)
    run: RunName
    known_at: KnownAt = None

    def answer(self, view: View) -> "Sensors":
        """The sensors; none for a run that is not there."""
        from fabwatch.trace.answers import Sensors
        from fabwatch.trace.envelope import sensors_of

        return Sensors(tuple(sensors_of(view.lake, self.run)))


@declaration
class SensorStatsQuestion(Timed, Answerable["SensorStats"]):
    """Statistics of sensors over many runs: n, mean, std, min, max, range, seconds off the setpoint."""

    spec: ClassVar = Spec(
        "trace stats",
        "/trace/stats",
        "sensor_stats",
        "groups",
        Cost.DEEP,
        Reach.TOOL,
        tag=TAG,
        example={"by": "step"},
        scans=True,
    )
    by: Annotated[
        Literal["tool", "chamber", "area", "recipe", "step", "sensor", "lot", "day", "week", "month"],
        Param("One row per group of this kind and sensor."),
    ] = "sensor"
    tool: Tool = None
    recipe: Recipe = None
    step: Step = None
    sensor: Sensor = None
    since: Since = None
    until: Until = None

    def answer(self, view: View) -> "SensorStats":
        """The statistics. Raises UnknownTool."""
        from fabwatch.trace.figures import Choice, sensor_stats

        span = as_stated(self.since), as_stated(self.until)
        return sensor_stats(view, self.by, Choice(self.tool, self.recipe, self.step, self.sensor, *span))


@declaration
class ChambersQuestion(Timed, Answerable["Chambers"]):
    """One sensor in one step, chamber by chamber, the one that differs most first."""

    spec: ClassVar = Spec(
        "trace chambers",
        "/trace/chambers",
        "chambers",
        "chambers",
        Cost.DEEP,
        Reach.TOOL,
        tag=TAG,
        example={"sensor": "{sensor}"},
        scans=True,
    )
    sensor: Annotated[str, Param("The sensor.", argument=True)]
    step: Step = None
    recipe: Recipe = None
    tool: Tool = None

    def answer(self, view: View) -> "Chambers":
        """The chambers; without a step or recipe those with most runs. Raises UnknownTool and NothingRecorded."""
        from fabwatch.trace.chambers import chambers

        return chambers(view, self.sensor, self.step, self.recipe, self.tool)


@declaration
class RulesQuestion(Timed, Answerable["Rules"]):
    """The rules that watch logs, which of them are on, and their false alarm rates when they were switched on."""

    spec: ClassVar = Spec("trace rules", "/trace/rules", "rules", "rules", reach=Reach.OPEN, tag=TAG)

    def answer(self, view: View) -> "Rules":
        """Every rule, those that are on first."""
        from fabwatch.trace.backtest import rules

        return rules(view)


@declaration
class BacktestQuestion(Timed, Answerable["Backtest"]):
    """Try a rule on the record before you switch it on: alarms and false alarms per 1,000 wafers, and the faults caught."""

    spec: ClassVar = Spec(
        "trace backtest",
        "/trace/backtest",
        "backtest",
        "tools",
        Cost.DEEP,
        Reach.TOOL,
        working="trying the rule on the record …",
        tag=TAG,
        example={"rule": "neighbours"},
    )
    rule: Annotated[str, Param("neighbours, setpoint, golden, or one of fab.toml.", argument=True)]
    tool: Tool = None

    def answer(self, view: View) -> "Backtest":
        """How the rule would have performed. Raises BadQuestion for no such rule, UnknownTool."""
        from fabwatch.trace.backtest import backtest

        return backtest(view, self.rule, self.tool)


@declaration
class GoldensQuestion(Answerable["Goldens"]):
    """Every version of the golden runs, who chose it and why."""

    spec: ClassVar = Spec("trace goldens", "/trace/goldens", "goldens", "goldens", reach=Reach.FAB, tag=TAG)
    known_at: KnownAt = None

    def answer(self, view: View) -> "Goldens":
        """The versions, the latest first."""
        from fabwatch.trace.answers import Goldens
        from fabwatch.trace.backtest import all_goldens

        return Goldens(tuple(all_goldens(view.lake)))


QUESTIONS: tuple[type[Answerable[Any]], ...] = (
    RunsQuestion,
    StepSummaryQuestion,
    FaultsQuestion,
    TraceQuestion,
    SamplesQuestion,
    SensorsQuestion,
    SensorStatsQuestion,
    ChambersQuestion,
    RulesQuestion,
    BacktestQuestion,
    GoldensQuestion,
)
