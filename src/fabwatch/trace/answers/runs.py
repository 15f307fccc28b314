"""Answers about what a tool did: runs, what each sensor did in each step, and which runs deviate from the reference runs."""

from dataclasses import dataclass, field
from datetime import datetime

from fabwatch.terms.answers import Answer, Listing, Row, plain
from fabwatch.terms.clock import iso
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.words import sentence

SUMMARY_COLUMNS = (
    "run", "wafer", "tool", "chamber", "recipe", "step", "sensor", "unit", "n", "mean", "std", "min", "max", "first", "last",
    "slope", "setpoint", "outside_s",
)  # fmt: skip
"""The original columns of `trace summary`; later ones come after them."""


@dataclass(frozen=True)
class Run:
    """One wafer (or lot) on one tool."""

    run: str
    tool: str
    chamber: str | None
    """The chambers that it went through, separated by `;`."""
    recipe: str | None
    wafer: str | None
    lot: str | None
    start: datetime | None
    """None if the log only has elapsed time."""
    end: datetime | None
    rows: int
    alarms: int
    slot: str | None = None
    stage: str | None = None
    seconds: float | None = None
    labels: str | None = None
    """Words of the log that are the same in all its rows (JSON)."""


@dataclass(frozen=True, repr=False)
class Runs(Answer):
    """The runs in the logs, the latest first."""

    runs: tuple[Run, ...]

    def rows(self) -> list[Row]:
        """One row per run."""
        return [plain(run) for run in self.runs]

    def sentence(self, language: str = "en") -> str:
        """How many runs, samples and alarms."""
        values = {"rows": sum(run.rows for run in self.runs), "alarms": sum(run.alarms for run in self.runs)}
        return sentence(language, "runs", runs=len(self.runs), tools=len({run.tool for run in self.runs}), **values)


@dataclass(frozen=True)
class Samples(Listing):
    """Rows of a log: file, byte, line, seconds, and the value of each sensor."""

    samples: tuple[Row, ...]


@dataclass(frozen=True)
class Sensors(Listing):
    """The sensors and counters of a run."""

    sensors: tuple[str, ...]


@dataclass(frozen=True)
class StepRow:
    """What one sensor did in one step of a run."""

    run: str
    wafer: str | None
    tool: str
    chamber: str | None
    recipe: str | None
    step: str | None
    sensor: str
    unit: str | None
    n: int
    mean: float | None
    std: float | None
    """Standard deviation of a sample (n - 1)."""
    min: float | None
    max: float | None
    first: float | None
    last: float | None
    slope: float | None
    """Least squares, in units per second."""
    setpoint: float | None
    """Mean setpoint, if the log has one."""
    outside_s: float | None
    """Seconds outside the tolerance of the setpoint."""
    settle_s: float | None
    """Seconds from the start of the step to the last sample outside the tolerance."""
    over: float | None
    """Largest deviation above the setpoint."""
    under: float | None


@dataclass(frozen=True, repr=False)
class StepSummary(Answer):
    """What each sensor did in each step of the runs."""

    steps: tuple[StepRow, ...]

    def rows(self) -> list[Row]:
        """One row per run, chamber, step and sensor."""
        return [dict(vars(row)) for row in self.steps]

    def sentence(self, language: str = "en") -> str:
        """How many runs, sensors and rows."""
        runs, sensors = {row.run for row in self.steps}, {row.sensor for row in self.steps}
        return sentence(language, "step_summary", runs=len(runs), sensors=len(sensors), rows=len(self.steps))


@dataclass(frozen=True)
class SensorFault:
    """One sensor in one step that deviates from the reference runs."""

    sensor: str
    step: str | None
    z: float
    """Deviation from the good runs in robust standard deviations, of the mean or of the spread, whichever is larger."""
    sentence: str
    chamber: str | None = None
    unit: str | None = None
    kind: str = "mean"
    """mean: it ran high or low; std: it was more or less stable; for a rule, the statistic it watches."""
    value: float | None = None
    usual: float | None = None
    from_s: float | None = None
    """Seconds after the start of the step when it left the envelope of the good runs."""
    near: int = 0
    """Good runs that are close to it."""
    of: int = 0
    rule: str | None = None
    """The rule that raised it; None for the score of the whole run."""


@dataclass(frozen=True)
class RunFault:
    """One run, judged by the other runs of its kind."""

    run: str
    wafer: str | None
    score: float | None
    limit: float | None
    faulty: bool
    sensors: tuple[SensorFault, ...] = ()
    tool: str = ""
    chamber: str | None = None
    recipe: str | None = None
    regime: str = ""
    """The group for comparing its level: its lot, or the common part of the wafer names."""
    start: datetime | None = None
    exposed: int = 0
    """For a faulty run, the wafers from this one until a run was good again."""
    still: bool = False
    """True if no good run has followed."""
    reasons: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """Active rules with an alarm here, each with its false alarms per 1,000 wafers."""


@dataclass(frozen=True, repr=False)
class Faults(Answer):
    """Runs judged by their kind, the faulty ones first, most wafers affected on top."""

    runs: tuple[RunFault, ...]
    reference: int
    """Number of good runs that the others are compared with."""
    false_per_1000: float | None
    """How many of 1,000 good runs are called faulty, each judged without itself; None without a known good run."""
    unjudged: tuple[Doubt, ...] = field(default=())
    """Which runs cannot be judged, and why."""

    def rows(self) -> list[Row]:
        """One row per run and sensor; a run without sensors has one row."""
        rows = []
        for run in self.runs:
            start = {
                name: value for name, value in plain(run).items() if name not in ("sensors", "reasons", "alarms", "rules")
            }
            names = ("sensor", "step", "z", "sentence")
            rows += [start | {name: getattr(sensor, name, None) for name in names} for sensor in run.sensors or (None,)]
        return rows

    def sentence(self, language: str = "en") -> str:
        """How many are faulty."""
        faulty = sum(run.faulty for run in self.runs)
        return sentence(language, "faults", faulty=faulty, runs=len(self.runs), reference=self.reference, at=iso(self.as_of))


@dataclass(frozen=True)
class TracePoint:
    """One moment of a step: the run, and the envelope of the good runs."""

    t: float
    """Seconds after the start of the step."""
    low: float | None
    middle: float | None
    high: float | None
    least: float | None
    """Smallest value of the run in this stretch, so that a one-sample spike stays visible."""
    most: float | None
    mean: float | None


@dataclass(frozen=True)
class StepTrace:
    """One sensor in one step of a run, with the envelope of the good runs."""

    sensor: str
    unit: str | None
    chamber: str | None
    step: str | None
    begin_s: float
    """Seconds after the start of the run."""
    points: tuple[TracePoint, ...]


@dataclass(frozen=True)
class LogMessage:
    """A message or alarm of a run, and where it is in its log."""

    seconds: float | None
    """After the start of the run."""
    kind: str
    code: str | None
    text: str
    path: str
    line: int
    byte_offset: int


@dataclass(frozen=True, repr=False)
class Trace(Answer):
    """A run compared with the reference runs."""

    run: str
    golden: str
    """Which good runs: how they were chosen, and how many; empty for the run alone."""
    steps: tuple[StepTrace, ...]
    alarms: tuple[LogMessage, ...] = ()

    def rows(self) -> list[Row]:
        """One row per moment."""
        return [
            {"sensor": s.sensor, "unit": s.unit, "chamber": s.chamber, "step": s.step, **vars(point)}
            for s in self.steps
            for point in s.points
        ]

    def sentence(self, language: str = "en") -> str:
        """What is compared with what."""
        key = "trace" if self.golden else "trace_alone"
        return sentence(language, key, run=self.run, golden=self.golden, steps=len(self.steps))
